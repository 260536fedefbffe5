/* SPDX-License-Identifier: MIT */
#include "kernel/memobj.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/fixture/outside.h"

#define PAGE ((uint64_t)ARCH_PAGE_BYTES)

static struct process process;
static struct work work;
static uint64_t frames_before;

static void start(void)
{
    outside_init();
    outside_process(&process, FIXTURE_FRAMES);
    /* The table's page is there from now on. */
    assert_int_equal(cap_reserve_at(&process.caps, CAP_LEDGER), STATUS_OK);
    cap_cancel(&process.caps, CAP_LEDGER);
    frames_before = frame_free_count();
}

static uint64_t index_frames(uint64_t pages)
{
    return (pages + MEMOBJ_INDEX_COUNT - 1) / MEMOBJ_INDEX_COUNT;
}

static const struct memobj *object(void)
{
    return pool_at(&memobj_pool, work.object);
}

/* What the process pays beyond its table's page. */
static void expect_charged(uint64_t frames, uint64_t objects, uint64_t slots)
{
    assert_int_equal(outside_used(&process, LEDGER_FRAMES), 1 + frames);
    assert_int_equal(outside_used(&process, LEDGER_OBJECTS), objects);
    assert_int_equal(outside_used(&process, LEDGER_SLOTS), slots);
    assert_int_equal(outside_reserved(&process, LEDGER_FRAMES), 0);
}

static void begin(uint64_t bytes)
{
    uint32_t slot, index;

    assert_int_equal(cap_reserve(&process.caps, &slot), STATUS_OK);
    assert_int_equal(memobj_begin(&process, bytes, &index), STATUS_OK);
    work_init(&work, WORK_MEMORY_CREATE, &process, THREAD_REF_NONE);
    work.object = index;
    work.slot = slot;
}

/* Steps until the end, each of a bounded number of frames.  Returns how many. */
static uint64_t finish(void)
{
    uint64_t steps = 1;
    uint64_t before = frame_free_count();

    while (work_step(&work) != WORK_DONE) { /* bound: frames change each time, or the kind */
        uint64_t now = frame_free_count();

        assert_true((now > before ? now - before : before - now) <= 2 * FRAMES_PER_STEP);
        before = now;
        steps++;
    }
    return steps;
}

static uint64_t destroy(void)
{
    assert_true(pool_stale(&memobj_pool, work.object));
    work.kind = WORK_DESTROY;
    return finish();
}

/* Each page has a zeroed frame of its own. */
static void check_frames(uint64_t pages)
{
    static const unsigned char zeros[ARCH_PAGE_BYTES];
    static bool seen[FIXTURE_FRAMES];

    memset(seen, 0, sizeof(seen));
    for (uint64_t i = 0; i < pages; i++) {
        uint64_t frame = memobj_frame(object(), i);
        uint64_t number = (frame - FIXTURE_PHYS_BASE) / PAGE;

        assert_true(number < FIXTURE_FRAMES);
        assert_false(seen[number]);
        seen[number] = true;
        assert_memory_equal(arch_phys_to_virt(frame), zeros, PAGE);
    }
    assert_int_equal(memobj_frame(object(), pages), 0);
    assert_int_equal(memobj_frame(object(), UINT64_MAX), 0);
}

/* Goal: frames taken and frames charged are the same, at every size, and all come back.  Method:
 * sizes around what one, two and three index frames list. */
static void test_memobj_frames_and_ledger_add_up(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 2, 7, 8, 9, 510, 511, 512, 1021, 1022, 1023, 1533, 1534};

    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        uint64_t frames = sizes[i] + index_frames(sizes[i]);
        struct cap_ref ref;

        start();
        begin(sizes[i] * PAGE);
        expect_charged(frames, 1, 1);
        assert_int_equal(finish(), (sizes[i] + FRAMES_PER_STEP - 1) / FRAMES_PER_STEP);
        assert_int_equal(frame_free_count(), frames_before - frames);
        expect_charged(frames, 1, 1);
        check_frames(sizes[i]);
        assert_int_equal(work.value, sizes[i] * PAGE);
        assert_int_equal(cap_lookup_kind(&process, (uint32_t)work.status, CAP_KIND_MEMORY, &ref),
                         STATUS_OK);
        assert_int_equal(ref.object, work.object);
        (void)destroy();
        assert_int_equal(frame_free_count(), frames_before);
        expect_charged(0, 0, 1);
        assert_int_equal(pool_free_count(&memobj_pool), MEMORIES_MAX);
        assert_int_equal(cap_lookup(&process, (uint32_t)work.status, &ref), STATUS_STALE);
    }
}

/* Goal: sizes are rounded up to pages.  Method: bytes at the ends of the first page. */
static void test_memobj_bytes_are_rounded_up(void **state)
{
    (void)state;
    static const uint64_t sizes[][2] = {{1, 1}, {PAGE - 1, 1}, {PAGE, 1}, {PAGE + 1, 2}};

    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        start();
        begin(sizes[i][0]);
        assert_int_equal(object()->bytes, sizes[i][1] * PAGE);
        assert_int_equal(object()->page_count, sizes[i][1]);
        expect_charged(sizes[i][1] + 1, 1, 1);
    }
}

/* Goal: a refusal changes nothing.  Method: each reservation refused; a full pool. */
static void test_memobj_refusal_changes_nothing(void **state)
{
    (void)state;
    uint32_t index;

    for (uint32_t n = 1; n <= 3; n++) {
        start();
        if (n <= 2)
            port_store32(&process.ledger.fail_after, n);
        for (uint32_t i = 0; n == 3 && i < MEMORIES_MAX; i++)
            assert_int_equal(pool_take(&memobj_pool), i);
        assert_int_equal(memobj_begin(&process, 600 * PAGE, &index),
                         n == 3 ? STATUS_NO_SLOT : STATUS_LEDGER_FULL);
        expect_charged(0, 0, 0);
        assert_true(list_is_empty(&process.memories));
        assert_int_equal(pool_free_count(&memobj_pool), n == 3 ? 0 : MEMORIES_MAX);
        assert_int_equal(frame_free_count(), frames_before);
    }
}

/* Goal: a machine that has fewer frames than its ledgers promise refuses, and has all back; nobody
 * gets a handle.  Method: every number of frames too few, around steps and index frames. */
static void test_memobj_without_frames_is_undone(void **state)
{
    (void)state;
    const uint64_t pages = MEMOBJ_INDEX_COUNT + 2;
    const uint64_t frames = pages + 2;

    for (uint64_t left = 0; left < frames; left += left == 18 ? frames - 24 : 1) {
        struct cap_ref ref;

        start();
        begin(pages * PAGE);
        outside_leave_frames(left);
        (void)finish();
        assert_int_equal(work.status, STATUS_NO_MEMORY);
        assert_int_equal(frame_free_count(), left);
        expect_charged(0, 0, 0);
        assert_int_equal(cap_read(&process.caps, work.slot, &ref), STATUS_BAD_CAP);
        assert_int_equal(pool_free_count(&memobj_pool), MEMORIES_MAX);
        assert_true(list_is_empty(&process.memories));
    }
}

/* Goal: an object made half-way ends like a whole one.  Method: destroy it after every step. */
static void test_memobj_ends_half_made(void **state)
{
    (void)state;
    for (uint32_t steps = 0; steps < 5; steps++) {
        start();
        begin(5 * FRAMES_PER_STEP * PAGE);
        for (uint32_t i = 0; i < steps; i++)
            assert_int_equal(work_step(&work), WORK_MORE);
        cap_cancel(&process.caps, work.slot);
        (void)destroy();
        expect_charged(0, 0, 0);
        assert_int_equal(frame_free_count(), frames_before);
    }
}

/* Goal: an object of bytes holds them, then zeros, and knows their exact number.  Method: lengths
 * around pages and around one index frame. */
static void test_memobj_of_bytes_holds_them(void **state)
{
    (void)state;
    static unsigned char bytes[(MEMOBJ_INDEX_COUNT + 1) * ARCH_PAGE_BYTES];
    static const uint64_t lengths[] = {0, 1, PAGE - 1, PAGE, PAGE + 1, MEMOBJ_INDEX_COUNT *PAGE,
                                       MEMOBJ_INDEX_COUNT *PAGE + 5};

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i * 31 + i / PAGE);
    for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
        start();
        work.object = memobj_of_bytes(bytes, lengths[i]);
        assert_int_not_equal(work.object, POOL_NONE);
        assert_int_equal(object()->bytes, lengths[i]);
        assert_int_equal(object()->page_count, (lengths[i] + PAGE - 1) / PAGE);
        for (uint64_t at = 0; at < lengths[i]; at += PAGE) {
            const unsigned char *page = arch_phys_to_virt(memobj_frame(object(), at / PAGE));
            uint64_t piece = lengths[i] - at < PAGE ? lengths[i] - at : PAGE;

            assert_memory_equal(page, bytes + at, piece);
            for (uint64_t j = piece; j < PAGE; j++)
                assert_int_equal(page[j], 0);
        }
    }
    start();
    outside_leave_frames(3);
    assert_int_equal(memobj_of_bytes(bytes, 3 * PAGE), POOL_NONE);
}

/* Goal: a process that ends finds its objects one after the other, each dead from then on.  Method:
 * three, destroyed one by one. */
static void test_memobj_first_of_is_dead_at_once(void **state)
{
    (void)state;
    uint32_t index;

    start();
    for (uint32_t i = 0; i < 3; i++) {
        begin((i + 1) * PAGE);
        (void)finish();
    }
    for (uint32_t i = 0; i < 3; i++) {
        work_init(&work, WORK_DESTROY, &process, THREAD_REF_NONE);
        work.object = memobj_first_of(&process);
        assert_int_equal(object()->page_count, i + 1);
        assert_int_equal(pool_gen(&memobj_pool, work.object) % 2, 0);
        assert_int_equal(memobj_first_of(&process), work.object);
        (void)finish();
    }
    index = memobj_first_of(&process);
    assert_int_equal(index, POOL_NONE);
    expect_charged(0, 0, 3);
    assert_int_equal(frame_free_count(), frames_before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memobj_frames_and_ledger_add_up),
        cmocka_unit_test(test_memobj_bytes_are_rounded_up),
        cmocka_unit_test(test_memobj_refusal_changes_nothing),
        cmocka_unit_test(test_memobj_without_frames_is_undone),
        cmocka_unit_test(test_memobj_ends_half_made),
        cmocka_unit_test(test_memobj_of_bytes_holds_them),
        cmocka_unit_test(test_memobj_first_of_is_dead_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
