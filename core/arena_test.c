/* SPDX-License-Identifier: MIT */
#include "core/fixture/fixture.h"

#include <string.h>

/* Goal: sizes outside the limits are refused, those at the limits are not. */
static void test_arena_refuses_impossible_sizes(void **state)
{
    (void)state;
    assert_int_equal(sched_bytes(0, 1), 0);
    assert_int_equal(sched_bytes(1, 0), 0);
    assert_int_equal(sched_bytes(CPU_MAX + 1, 1), 0);
    assert_int_equal(sched_bytes(1, THREAD_COUNT_MAX + 1), 0);
    assert_true(sched_bytes(CPU_MAX, THREAD_COUNT_MAX) > 0);
}

/* Goal: each slot is handed out once, and again after it was given back. */
static void test_arena_hands_out_each_slot_once(void **state)
{
    struct fixture *f = fixture_new(1, 5, 0);
    bool seen[5] = {false};

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        uint32_t slot = arena_slot_take(f->s);

        assert_true(slot < 5);
        assert_false(seen[slot]);
        seen[slot] = true;
    }
    assert_int_equal(arena_slot_take(f->s), SLOT_NONE);
    arena_slot_give(f->s, 3);
    assert_int_equal(arena_slot_take(f->s), 3);
    assert_int_equal(arena_slot_take(f->s), SLOT_NONE);
    expect_assert_failure(arena_check(f->s)); /* dead slots that are not listed */
    for (uint32_t slot = 0; slot < 5; slot++)
        arena_slot_give(f->s, slot);
    fixture_free(f);
}

/* Goal: the arena holds no address.  Method: run a machine, copy it elsewhere, run both on: the
 * copies stay equal byte for byte. */
static void test_arena_is_relocatable(void **state)
{
    struct fixture *f = fixture_new(4, 16, 0);
    struct fixture copy;

    (void)state;
    for (unsigned i = 0; i < 9; i++)
        (void)fixture_wake(f, i % 4, fixture_thread(f, 100 + i, LATENCY_NORMAL, 0, i % 4));
    fixture_run(f, 20 * NS_PER_MS);
    copy = *f;
    copy.s = aligned_alloc(64, f->s->bytes);
    assert_non_null(copy.s);
    memcpy(copy.s, f->s, f->s->bytes);
    fixture_run(f, 500 * NS_PER_MS);
    fixture_run(&copy, 500 * NS_PER_MS);
    assert_memory_equal(copy.s, f->s, f->s->bytes);
    free(copy.s);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena_refuses_impossible_sizes),
        cmocka_unit_test(test_arena_hands_out_each_slot_once),
        cmocka_unit_test(test_arena_is_relocatable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
