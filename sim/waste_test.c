/* SPDX-License-Identifier: MIT */
#include "sim/waste.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum class { CLASS_CPU_0, CLASS_CPUS_1_2, CLASS_ALL, CLASS_COUNT };

static const uint64_t rows[CLASS_COUNT] = {0x1, 0x6, 0xf};

static struct waste begin(void)
{
    struct waste w;

    assert_true(waste_init(&w, rows, CLASS_COUNT, 1, (struct mono){100}));
    return w;
}

static uint64_t wasted_after(struct waste *w, uint64_t ns)
{
    uint64_t before_ns = w->wasted_ns;

    waste_advance(w, (struct mono){w->since.ns + ns});
    return w->wasted_ns - before_ns;
}

/* Goal: nothing is wasted unless somebody is idle and somebody waits.  Method: each alone. */
static void test_waste_needs_idle_and_queued(void **state)
{
    (void)state;
    struct waste w = begin();

    waste_idle(&w, 1, true);
    assert_true(wasted_after(&w, 10) == 0);
    waste_idle(&w, 1, false);
    waste_queued(&w, CLASS_ALL, true);
    assert_true(wasted_after(&w, 10) == 0);
    waste_idle(&w, 1, true);
    assert_true(wasted_after(&w, 10) == 10);
    waste_fini(&w);
}

/* Goal: every idle CPU that somebody queued may use counts once, and no other.
 * Method: CPUs 0, 1 and 3 idle; one queued on {0}, two queued on {1, 2}. */
static void test_waste_counts_allowed_cpus_once(void **state)
{
    (void)state;
    struct waste w = begin();

    waste_idle(&w, 0, true);
    waste_idle(&w, 1, true);
    waste_idle(&w, 3, true);
    waste_queued(&w, CLASS_CPUS_1_2, true);
    assert_true(wasted_after(&w, 10) == 10);
    waste_queued(&w, CLASS_CPUS_1_2, true);
    assert_true(wasted_after(&w, 10) == 10);
    waste_queued(&w, CLASS_CPU_0, true);
    assert_true(wasted_after(&w, 10) == 20);
    waste_fini(&w);
}

/* Goal: leaving a queue or an idle CPU ends the waste.  Method: take back one after the other. */
static void test_waste_ends(void **state)
{
    (void)state;
    struct waste w = begin();

    waste_idle(&w, 0, true);
    waste_idle(&w, 0, true); /* said twice */
    waste_idle(&w, 2, true);
    waste_queued(&w, CLASS_ALL, true);
    assert_true(wasted_after(&w, 5) == 10);
    waste_idle(&w, 0, false);
    assert_true(wasted_after(&w, 5) == 5);
    waste_queued(&w, CLASS_ALL, false);
    assert_true(wasted_after(&w, 5) == 0);
    waste_fini(&w);
}

/* Goal: a class that empties without having been filled is a bug. */
static void test_waste_asserts_balance(void **state)
{
    (void)state;
    struct waste w = begin();

    expect_assert_failure(waste_queued(&w, CLASS_ALL, false));
    waste_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waste_needs_idle_and_queued),
        cmocka_unit_test(test_waste_counts_allowed_cpus_once),
        cmocka_unit_test(test_waste_ends),
        cmocka_unit_test(test_waste_asserts_balance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
