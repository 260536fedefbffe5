/* SPDX-License-Identifier: MIT */
/* bounds_test.c - the bounds, against what a hand computes. */
#include "tests/fairness/bounds.h"

#include "tests/fairness/world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Goal: no move is needed where CPUs can have equally many.  Method: 2, 8 and 16 on 8. */
static void test_bounds_none_need_move(void **state)
{
    (void)state;
    assert_int_equal(bounds_migrations_milli(16, 8, MS(60)), 0);
    assert_int_equal(bounds_migrations_milli(8, 8, MS(60)), 0);
    assert_int_equal(bounds_migrations_milli(2, 8, MS(60)), 0);
}

/* Goal: the formula.  Method: 3 on 2 with a range of 100 ms: one CPU has 1 thread, which gains 1/3,
 * one has 2, which lose 1/6; half their sum over the range: 2.5 a second.  12 on 8, 60 ms: 4 CPUs
 * gain 1/3, 4 lose 1/6: 2 / 2 / 0.06 = 16.67. */
static void test_bounds_migrations(void **state)
{
    (void)state;
    assert_in_range(bounds_migrations_milli(3, 2, MS(100)), 2499, 2500);
    assert_in_range(bounds_migrations_milli(12, 8, MS(60)), 16666, 16667);
}

static struct world world_of(const struct row *row, struct world_thread *threads, uint32_t count)
{
    return (struct world){.row = row, .threads = threads, .thread_count = count};
}

/* Goal: H + B, twice that with unequal weights or stolen time, and the longest slice counts. */
static void test_bounds_lag(void **state)
{
    (void)state;
    const struct row normal = {.groups = {{.count = 2}}};
    const struct row batch = {.groups = {{.count = 1}, {.count = 1, .is_batch = true}}};
    struct world_thread threads[] = {{.weight = 1024}, {.weight = 1024}};
    uint64_t capacity[] = {1000};
    struct world w = world_of(&normal, threads, 2);

    assert_int_equal(bounds_lag_ns(&w), MS(66));
    w.capacity = capacity;
    assert_int_equal(bounds_lag_ns(&w), MS(132));
    w = world_of(&batch, threads, 2);
    assert_int_equal(bounds_lag_ns(&w), MS(108));
    threads[1].weight = 15;
    assert_int_equal(bounds_lag_ns(&w), MS(216));
}

/* Goal: the wait grows with who competes and with what is stolen.  Method: 4 of equal weight: 4
 * slices and 2 (H + B); half the CPU stolen in a wait of 100 ms: 50 ms more. */
static void test_bounds_wait(void **state)
{
    (void)state;
    const struct row normal = {.cpu_count = 1, .groups = {{.count = 4}}};
    struct world_thread thread = {.weight = 1024};
    uint64_t capacity[] = {500};
    struct world w = world_of(&normal, &thread, 1);

    assert_int_equal(bounds_wait_ns(&w, 0, 4 * 1024, MS(100)), MS(4 * 3 + 2 * 66));
    w.capacity = capacity;
    assert_int_equal(bounds_wait_ns(&w, 0, 4 * 1024, MS(100)), MS(4 * 3 + 2 * 66 + 50));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds_none_need_move),
        cmocka_unit_test(test_bounds_migrations),
        cmocka_unit_test(test_bounds_lag),
        cmocka_unit_test(test_bounds_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
