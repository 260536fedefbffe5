/* SPDX-License-Identifier: MIT */
/* lag_test.c - what a result says that each thread should have had. */
#include "sim/scenario.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CHECK_EVERY 97u

static void run(struct scenario *s, uint32_t cpu_count, bool has_costs, const char *text)
{
    scenario_run(s,
                 &(struct sim_config){.cpu_count = cpu_count,
                                      .has_costs = has_costs,
                                      .check_every = CHECK_EVERY},
                 text);
}

static void assert_near(int64_t value, int64_t want, uint64_t off)
{
    assert_in_range(value - want + (int64_t)off, 0, 2 * off);
}

/* Goal: equal hogs should have equal parts.  Method: 3 on 2 CPUs for 1 s, started 0.1 ms apart: 2/3
 * of 0.9998 s, and what the first two had before. */
static void test_lag_equal_hogs(void **state)
{
    (void)state;
    struct scenario s;
    int64_t shared_ns = 999800000 * 2 / 3;

    run(&s, 2, false,
        "{\"tasks\": {\"hog\": {\"instance\": 3, \"loop\": -1, \"run\": 1000}},"
        " \"global\": {\"duration\": 1}}");
    assert_near(s.threads[0].ideal_ns, shared_ns + 200000, 2);
    assert_near(s.threads[1].ideal_ns, shared_ns + 100000, 2);
    assert_near(s.threads[2].ideal_ns, shared_ns, 2);
    for (uint32_t i = 0; i < 3; i++) {
        int64_t lag_ns = s.threads[i].ideal_ns - s.threads[i].runtime_ns;

        assert_true(s.threads[i].lag_min_ns <= lag_ns);
        assert_true(s.threads[i].lag_max_ns >= lag_ns);
        assert_true(s.threads[i].lag_min_ns <= 0);
        assert_true(s.threads[i].lag_max_ns >= 0);
    }
    scenario_fini(&s);
}

/* Goal: weights, CPU sets and ends count.  Method: on 2 CPUs one of weight 1991 (nice -3) and one
 * pinned beside two; the sum of all is the time of both CPUs; one that ends keeps what it had. */
static void test_lag_weights_sets_and_ends(void **state)
{
    (void)state;
    struct scenario s;
    int64_t sum_ns = 0;

    run(&s, 2, false,
        "{\"tasks\": {\"heavy\": {\"priority\": -3, \"loop\": -1, \"run\": 1000},"
        " \"pin\": {\"cpus\": [0], \"loop\": -1, \"run\": 1000},"
        " \"hog\": {\"loop\": -1, \"run\": 1000},"
        " \"short\": {\"loop\": 10, \"run\": 1000}},"
        " \"global\": {\"duration\": 1}}");
    for (uint32_t i = 0; i < 3; i++)
        sum_ns += s.threads[i].ideal_ns;
    assert_true(s.threads[0].ideal_ns > s.threads[2].ideal_ns * 19 / 10);
    assert_near(s.threads[1].ideal_ns, s.threads[2].ideal_ns, 100000);
    /* The short one has its 10 ms; in the reference it has them at its own end there or later. */
    assert_near(sum_ns, 2 * 1000000000 - 100000 - 10000000, 10000000);
    assert_near(s.threads[3].ideal_ns, 10000000, 10000000);
    scenario_fini(&s);
}

/* Goal: kernel time is nobody's.  Method: 4 hogs on 2 CPUs with costs: what all should have is what
 * all have, to a microsecond. */
static void test_lag_kernel_time(void **state)
{
    (void)state;
    struct scenario s;
    int64_t ideal_ns = 0;
    int64_t runtime_ns = 0;

    run(&s, 2, true,
        "{\"tasks\": {\"hog\": {\"instance\": 4, \"loop\": -1, \"run\": 1000}},"
        " \"global\": {\"duration\": 1}}");
    assert_true(s.cpus[0].kernel_ns > 100000);
    for (uint32_t i = 0; i < 4; i++) {
        ideal_ns += s.threads[i].ideal_ns;
        runtime_ns += s.threads[i].runtime_ns;
    }
    assert_near(ideal_ns, runtime_ns, 10000);
    scenario_fini(&s);
}

/* Goal: where somebody sleeps, nothing is said of anybody.  Method: a hog and a sleeper. */
static void test_lag_unknown_with_sleepers(void **state)
{
    (void)state;
    struct scenario s;

    run(&s, 2, false,
        "{\"tasks\": {\"hog\": {\"loop\": -1, \"run\": 1000},"
        " \"nap\": {\"loop\": -1, \"run\": 100, \"sleep\": 1000}},"
        " \"global\": {\"duration\": 1}}");
    for (uint32_t i = 0; i < 2; i++) {
        assert_true(s.threads[i].ideal_ns == RESULT_UNKNOWN);
        assert_true(s.threads[i].lag_min_ns == RESULT_UNKNOWN);
        assert_true(s.threads[i].lag_max_ns == RESULT_UNKNOWN);
    }
    scenario_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lag_equal_hogs),
        cmocka_unit_test(test_lag_weights_sets_and_ends),
        cmocka_unit_test(test_lag_kernel_time),
        cmocka_unit_test(test_lag_unknown_with_sleepers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
