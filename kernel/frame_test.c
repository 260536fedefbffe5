/* SPDX-License-Identifier: MIT */
#include "kernel/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "kernel/fixture/fixture.h"

#define PAGE ((uint64_t)ARCH_PAGE_BYTES)
#define TABLE_FRAMES 1u /* one bit per frame of the fixture's memory */

/* Two ranges with a hole of 10 frames. */
static const struct arch_range ranges[] = {
    {FIXTURE_PHYS_BASE, 40 * PAGE},
    {FIXTURE_PHYS_BASE + 50 * PAGE, 60 * PAGE},
};

static void start(void)
{
    fixture_init();
    frame_init(ranges, ARRAY_COUNT(ranges));
}

static bool is_in_ranges(uint64_t frame)
{
    for (size_t i = 0; i < ARRAY_COUNT(ranges); i++)
        if (frame >= ranges[i].base && frame - ranges[i].base < ranges[i].bytes)
            return true;
    return false;
}

static void expect_zeroed(uint64_t frame)
{
    static const unsigned char zeros[ARCH_PAGE_BYTES];

    assert_memory_equal(arch_phys_to_virt(frame), zeros, sizeof(zeros));
}

/* Goal: every frame of the ranges is handed out once, zeroed, nothing else.  Method: take all. */
static void test_frame_all_are_handed_out_once(void **state)
{
    (void)state;
    bool seen[FIXTURE_FRAMES] = {false};
    uint64_t count = 0;

    start();
    assert_int_equal(frame_free_count(), 100 - TABLE_FRAMES);
    for (uint64_t frame = frame_take(); frame != 0; frame = frame_take(), count++) {
        uint64_t number = (frame - FIXTURE_PHYS_BASE) / PAGE;

        assert_true(is_in_ranges(frame));
        assert_false(seen[number]);
        seen[number] = true;
        expect_zeroed(frame);
    }
    assert_int_equal(count, 100 - TABLE_FRAMES);
    assert_int_equal(frame_free_count(), 0);
}

/* Goal: given-back frames come again, zeroed, last first.  Method: dirty two, give, take. */
static void test_frame_given_back_comes_again(void **state)
{
    (void)state;
    start();
    uint64_t a = frame_take();
    uint64_t b = frame_take();

    memset(arch_phys_to_virt(a), 0xff, PAGE);
    memset(arch_phys_to_virt(b), 0xff, PAGE);
    frame_give(a);
    frame_give(b);
    assert_int_equal(frame_take(), b);
    assert_int_equal(frame_take(), a);
    expect_zeroed(a);
    expect_zeroed(b);
}

/* Goal: a run is contiguous and zeroed; one that fits nowhere is refused without loss. */
static void test_frame_run_is_contiguous(void **state)
{
    (void)state;
    start();
    uint64_t before = frame_free_count();

    assert_int_equal(frame_take_run(61 * PAGE), 0);
    assert_int_equal(frame_free_count(), before);
    uint64_t run = frame_take_run(50 * PAGE + 1); /* 51 frames: only the second range has them */

    assert_int_equal(run, ranges[1].base);
    assert_int_equal(frame_free_count(), before - 51);
    for (uint64_t i = 0; i < 51; i++)
        expect_zeroed(run + i * PAGE);
}

/* Goal: giving a frame back twice is a bug that panics.  Method: do it. */
static void test_frame_double_give_panics(void **state)
{
    (void)state;
    start();
    uint64_t frame = frame_take();

    frame_give(frame);
    expect_assert_failure(frame_give(frame));
}

/* Goal: so is giving what is no frame of ours.  Method: outside, unaligned, never taken. */
static void test_frame_foreign_give_panics(void **state)
{
    (void)state;
    start();
    expect_assert_failure(frame_give(FIXTURE_PHYS_BASE - PAGE));
    start();
    expect_assert_failure(frame_give(FIXTURE_PHYS_BASE + 110 * PAGE));
    start();
    expect_assert_failure(frame_give(FIXTURE_PHYS_BASE + 90 * PAGE));
    start();
    uint64_t frame = frame_take();

    expect_assert_failure(frame_give(frame + 8));
}

/* Goal: FR1 over a long random history.  Method: 100,000 takes and gives against a list. */
static void test_frame_count_is_conserved(void **state)
{
    (void)state;
    uint64_t held[FIXTURE_FRAMES];
    uint64_t held_count = 0;
    struct prng p = prng_seed(11);

    start();
    for (uint32_t turn = 0; turn < 100000; turn++) {
        if (prng_next(&p) % 2 == 0) {
            uint64_t frame = frame_take();

            assert_true((frame == 0) == (held_count == 100 - TABLE_FRAMES));
            if (frame != 0)
                held[held_count++] = frame;
        } else if (held_count > 0) {
            uint64_t i = prng_next(&p) % held_count;

            frame_give(held[i]);
            held[i] = held[--held_count];
        }
        assert_int_equal(frame_free_count() + held_count, 100 - TABLE_FRAMES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame_all_are_handed_out_once),
        cmocka_unit_test(test_frame_given_back_comes_again),
        cmocka_unit_test(test_frame_run_is_contiguous),
        cmocka_unit_test(test_frame_double_give_panics),
        cmocka_unit_test(test_frame_foreign_give_panics),
        cmocka_unit_test(test_frame_count_is_conserved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
