/* SPDX-License-Identifier: MIT */
#include "base/bits.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/prng.h"

/* Goal: the scans find the outermost bits.  Method: every pair of bits, with noise between them. */
static void test_bits_scans_find_the_ends(void **state)
{
    (void)state;
    struct prng p = prng_seed(1);

    for (uint32_t low = 0; low < 64; low++)
        for (uint32_t high = low; high < 64; high++) {
            uint64_t between = (UINT64_MAX >> (63 - high)) & (UINT64_MAX << low);
            uint64_t word = (prng_next(&p) & between) | UINT64_C(1) << low | UINT64_C(1) << high;

            assert_int_equal(bits_lowest(word), low);
            assert_int_equal(bits_highest(word), high);
        }
}

/* Goal: the count is the number of ones.  Method: random words, one bit looked at at a time. */
static void test_bits_count_agrees_with_a_loop(void **state)
{
    (void)state;
    struct prng p = prng_seed(2);

    assert_int_equal(bits_count(0), 0);
    assert_int_equal(bits_count(UINT64_MAX), 64);
    for (int turn = 0; turn < 10000; turn++) {
        uint64_t word = prng_next(&p) & prng_next(&p);
        uint32_t count = 0;

        for (uint32_t bit = 0; bit < 64; bit++)
            count += ((word >> bit) & 1u) != 0;
        assert_int_equal(bits_count(word), count);
    }
}

/* Goal: the nth set bit is the one with n set bits below it.
 * Method: a loop over the bits of 10,000 random words, dense and sparse; the ends. */
static void test_bits_nth_counts_set_bits(void **state)
{
    struct prng p = prng_seed(5);

    (void)state;
    for (unsigned turn = 0; turn < 10000; turn++) {
        uint64_t word = prng_next(&p);
        uint32_t nth = 0;

        if (turn % 2 != 0)
            word &= prng_next(&p) & prng_next(&p);
        for (uint32_t bit = 0; bit < 64; bit++)
            if ((word >> bit & 1) != 0)
                assert_int_equal(bits_nth(word, nth++), bit);
    }
    assert_int_equal(bits_nth(UINT64_C(1) << 63, 0), 63);
    assert_int_equal(bits_nth(UINT64_MAX, 63), 63);
}

/* Goal: rounding up gives the least multiple that is not below.  Method: all small values. */
static void test_bits_round_up_is_least_multiple(void **state)
{
    (void)state;
    for (uint64_t step = 1; step <= 256; step *= 2)
        for (uint64_t value = 0; value <= 1024; value++) {
            uint64_t rounded = bits_round_up(value, step);

            assert_int_equal(rounded % step, 0);
            assert_true(rounded >= value);
            assert_true(rounded - value < step);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits_scans_find_the_ends),
        cmocka_unit_test(test_bits_count_agrees_with_a_loop),
        cmocka_unit_test(test_bits_nth_counts_set_bits),
        cmocka_unit_test(test_bits_round_up_is_least_multiple),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
