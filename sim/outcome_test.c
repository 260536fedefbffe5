/* SPDX-License-Identifier: MIT */
/* outcome_test.c - the two sums of a run's verdict, which no correct run can get wrong. */
#include "sim/outcome.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct result_header header = {.duration_ns = 100, .thread_count = 3, .cpu_count = 2};
static const struct result_thread threads[3] = {
    {.runtime_ns = 60}, {.runtime_ns = 20}, {.runtime_ns = 50}};
static const struct result_cpu cpus[2] = {{.busy_ns = 90, .idle_ns = 7, .kernel_ns = 3},
                                          {.busy_ns = 40, .idle_ns = 60, .kernel_ns = 0}};

/* Goal: sums that come out hold. */
static void test_outcome_sums_hold(void **state)
{
    (void)state;
    assert_true(outcome_verdict(&header, threads, cpus) == 0);
}

/* Goal: one lost nanosecond of a CPU is noticed, whichever of its times lost it. */
static void test_outcome_notices_lost_time(void **state)
{
    (void)state;
    struct result_cpu idle[2] = {cpus[0], cpus[1]};
    struct result_cpu kernel[2] = {cpus[0], cpus[1]};

    idle[1].idle_ns--;
    assert_true(outcome_verdict(&header, threads, idle) == RESULT_FAILED_CONSERVATION);
    kernel[0].kernel_ns++;
    assert_true(outcome_verdict(&header, threads, kernel) == RESULT_FAILED_CONSERVATION);
}

/* Goal: time that moved between CPUs is noticed, though the sum over all is the same. */
static void test_outcome_does_not_net_cpus(void **state)
{
    (void)state;
    struct result_cpu moved[2] = {cpus[0], cpus[1]};

    moved[0].idle_ns++;
    moved[1].idle_ns--;
    assert_true(outcome_verdict(&header, threads, moved) == RESULT_FAILED_CONSERVATION);
}

/* Goal: a thread's ledger that gained a nanosecond is noticed. */
static void test_outcome_notices_ledger(void **state)
{
    (void)state;
    struct result_thread wrong[3] = {threads[0], threads[1], threads[2]};

    wrong[2].runtime_ns++;
    assert_true(outcome_verdict(&header, wrong, cpus) == RESULT_FAILED_LEDGER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcome_sums_hold),
        cmocka_unit_test(test_outcome_notices_lost_time),
        cmocka_unit_test(test_outcome_does_not_net_cpus),
        cmocka_unit_test(test_outcome_notices_ledger),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
