/* SPDX-License-Identifier: MIT */
#include "workload/hist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"

#define SAMPLES 5000

/* Goal: an empty histogram answers without dividing by 0.  Method: ask a zeroed one. */
static void test_hist_empty(void **state)
{
    struct hist h = {0};

    (void)state;
    assert_int_equal(hist_mean_ns(&h), 0);
    assert_int_equal(hist_percentile_ns(&h, 99), 0);
}

/* Goal: least, greatest, mean and count are exact.  Method: three values of different size. */
static void test_hist_exact_figures(void **state)
{
    struct hist h = {0};

    (void)state;
    hist_add(&h, 1000003);
    hist_add(&h, 17);
    hist_add(&h, 40);
    assert_int_equal(h.count, 3);
    assert_int_equal(h.min_ns, 17);
    assert_int_equal(h.max_ns, 1000003);
    assert_int_equal(hist_mean_ns(&h), (1000003 + 17 + 40) / 3);
}

/* Goal: one value is its own percentile, whatever its size.  Method: every power of two, +-1. */
static void test_hist_single_value(void **state)
{
    (void)state;
    for (unsigned shift = 0; shift < 63; shift++) {
        for (int64_t delta = -1; delta <= 1; delta++) {
            struct hist h = {0};
            int64_t value = (INT64_C(1) << shift) + delta;

            hist_add(&h, value);
            assert_int_equal(hist_percentile_ns(&h, 1), value);
            assert_int_equal(hist_percentile_ns(&h, 50), value);
            assert_int_equal(hist_percentile_ns(&h, 100), value);
        }
    }
}

static int compare(const void *a, const void *b)
{
    const int64_t *x = a;
    const int64_t *y = b;

    return (*x > *y) - (*x < *y);
}

/* Goal: a percentile is at most 1/16 above the exact one and never below.
 * Method: sort random samples over nine orders of magnitude and compare every percentile. */
static void test_hist_percentile_bound(void **state)
{
    static int64_t samples[SAMPLES];
    struct prng p = prng_seed(7);
    struct hist h = {0};

    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        samples[i] = (int64_t)(prng_next(&p) >> (30 + prng_below(&p, 34)));
        hist_add(&h, samples[i]);
    }
    qsort(samples, SAMPLES, sizeof samples[0], compare);
    for (uint32_t percent = 1; percent <= 100; percent++) {
        int64_t exact = samples[(SAMPLES * percent + 99) / 100 - 1];
        int64_t found = hist_percentile_ns(&h, percent);

        assert_true(found >= exact);
        assert_true(found <= exact + exact / 16);
    }
}

/* Goal: half of two samples is the lower one.  Method: two far apart, 50 and 51 percent. */
static void test_hist_percentile_rank(void **state)
{
    struct hist h = {0};

    (void)state;
    hist_add(&h, 10);
    hist_add(&h, 1000);
    assert_int_equal(hist_percentile_ns(&h, 50), 10);
    assert_int_equal(hist_percentile_ns(&h, 51), 1000);
}

/* Goal: a negative duration counts as 0.  Method: add one, look at the figures. */
static void test_hist_negative_is_zero(void **state)
{
    struct hist h = {0};

    (void)state;
    hist_add(&h, -5);
    assert_int_equal(h.min_ns, 0);
    assert_int_equal(h.max_ns, 0);
    assert_int_equal(hist_mean_ns(&h), 0);
}

/* Goal: neither sum nor buckets wrap.  Method: two of the greatest value; a bucket at its end. */
static void test_hist_saturates(void **state)
{
    struct hist h = {0};

    (void)state;
    hist_add(&h, INT64_MAX);
    hist_add(&h, INT64_MAX);
    assert_int_equal(h.sum_ns, INT64_MAX);
    assert_int_equal(hist_percentile_ns(&h, 99), INT64_MAX);
    h.buckets[3] = UINT32_MAX;
    hist_add(&h, 3);
    assert_int_equal(h.buckets[3], UINT32_MAX);
}

/* Goal: a percentage outside 1..100 is a bug.  Method: 0 and 101 must fail an assertion. */
static void test_hist_percent_range(void **state)
{
    struct hist h = {0};

    (void)state;
    expect_assert_failure(hist_percentile_ns(&h, 0));
    expect_assert_failure(hist_percentile_ns(&h, 101));
}

/* Goal: exact counts are kept per microsecond, rounded down, and beyond the limit together.
 * Method: both sides of each border; a value from before it was asked for. */
static void test_hist_counts_exactly_where_asked(void **state)
{
    uint32_t counts[3] = {0};
    struct hist h = {0};

    (void)state;
    hist_add(&h, 1500);
    hist_count_exactly(&h, counts, 3);
    hist_add(&h, -1);
    hist_add(&h, 999);
    hist_add(&h, 1000);
    hist_add(&h, 2999);
    hist_add(&h, 3000);
    hist_add(&h, INT64_MAX);
    assert_int_equal(counts[0], 2);
    assert_int_equal(counts[1], 1);
    assert_int_equal(counts[2], 1);
    assert_int_equal(h.beyond, 2);
    assert_int_equal(h.count, 7);
    counts[2] = UINT32_MAX;
    hist_add(&h, 2000);
    assert_int_equal(counts[2], UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hist_empty),
        cmocka_unit_test(test_hist_exact_figures),
        cmocka_unit_test(test_hist_single_value),
        cmocka_unit_test(test_hist_percentile_bound),
        cmocka_unit_test(test_hist_percentile_rank),
        cmocka_unit_test(test_hist_negative_is_zero),
        cmocka_unit_test(test_hist_saturates),
        cmocka_unit_test(test_hist_percent_range),
        cmocka_unit_test(test_hist_counts_exactly_where_asked),
    };

    return cmocka_run_group_tests_name("workload/hist", tests, NULL, NULL);
}
