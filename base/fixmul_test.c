/* SPDX-License-Identifier: MIT */
/*
 * The reference here knows no 128-bit type: sums and products of two 64-bit words by hand, with
 * 32-bit digits.  A quotient is not computed a second time but held against the law
 *     q * d <= a < (q + 1) * d,
 * which exactly one q satisfies.
 */
#include "base/fixmul.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/prng.h"

#define RANDOM_TURNS 1000000

/* Two's complement: the words are the same for signed and unsigned. */
struct words {
    uint64_t high;
    uint64_t low;
};

static struct words words_add(struct words a, struct words b)
{
    struct words sum = {a.high + b.high, a.low + b.low};

    sum.high += sum.low < a.low;
    return sum;
}

static struct words words_negate(struct words a)
{
    return words_add((struct words){~a.high, ~a.low}, (struct words){0, 1});
}

static bool words_below(struct words a, struct words b)
{
    return a.high != b.high ? a.high < b.high : a.low < b.low;
}

static bool words_below_signed(struct words a, struct words b)
{
    a.high ^= UINT64_C(1) << 63;
    b.high ^= UINT64_C(1) << 63;
    return words_below(a, b);
}

static struct words words_multiply(uint64_t x, uint64_t y)
{
    uint64_t x1 = x >> 32, x0 = x & UINT32_MAX, y1 = y >> 32, y0 = y & UINT32_MAX;
    struct words product = {x1 * y1, x0 * y0};

    product = words_add(product, (struct words){(x1 * y0) >> 32, (x1 * y0) << 32});
    return words_add(product, (struct words){(x0 * y1) >> 32, (x0 * y1) << 32});
}

static struct words words_multiply_signed(int64_t x, int64_t y)
{
    uint64_t x_size = x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
    uint64_t y_size = y < 0 ? 0 - (uint64_t)y : (uint64_t)y;
    struct words product = words_multiply(x_size, y_size);

    return (x < 0) != (y < 0) ? words_negate(product) : product;
}

static struct words words_of(struct wide a)
{
    return (struct words){(uint64_t)a.high, a.low};
}

static struct wide wide_of(struct words a)
{
    return (struct wide){(int64_t)a.high, a.low};
}

/* Does floor(a / divisor) fit int64_t, the way wide_floor_div demands? */
static bool quotient_fits(struct words a, int64_t divisor)
{
    struct words end = words_multiply((uint64_t)1 << 63, (uint64_t)divisor);

    return words_below_signed(a, end) && words_below_signed(words_negate(end), a);
}

/* The law of floor division.  Not by cmocka's asserts: they cost more than the division. */
static void check_floor(struct words a, int64_t divisor)
{
    int64_t quotient = wide_floor_div_long(wide_of(a), divisor);
    struct words least = words_multiply_signed(quotient, divisor);
    struct words end = words_add(least, (struct words){0, (uint64_t)divisor});

    if (words_below_signed(a, least) || !words_below_signed(a, end))
        fail_msg("floor(%016llx:%016llx / %lld) came out as %lld", (unsigned long long)a.high,
                 (unsigned long long)a.low, (long long)divisor, (long long)quotient);
    if (wide_floor_div(wide_of(a), divisor) != quotient)
        fail_msg("floor(%016llx:%016llx / %lld) has a second answer", (unsigned long long)a.high,
                 (unsigned long long)a.low, (long long)divisor);
}

static void check_div(uint64_t x, uint64_t y, uint64_t divisor)
{
    uint64_t quotient = fixmul_div_long(x, y, divisor);
    struct words a = words_multiply(x, y);
    struct words least = words_multiply(quotient, divisor);
    struct words end = words_add(least, (struct words){0, divisor});

    if (words_below(a, least) || !words_below(a, end))
        fail_msg("%llu * %llu / %llu came out as %llu", (unsigned long long)x,
                 (unsigned long long)y, (unsigned long long)divisor, (unsigned long long)quotient);
    if (fixmul_div(x, y, divisor) != quotient)
        fail_msg("%llu * %llu / %llu has a second answer", (unsigned long long)x,
                 (unsigned long long)y, (unsigned long long)divisor);
}

static void check_mul(int64_t x, int64_t y, struct words a)
{
    struct words product = words_multiply_signed(x, y);
    struct words sum = words_add(a, product);

    assert_true(wide_mul_le(x, y, wide_of(a)) == !words_below_signed(a, product));
    if ((int64_t)(a.high ^ product.high) < 0 || (int64_t)(a.high ^ sum.high) >= 0) {
        struct wide result = wide_add_mul(wide_of(a), x, y); /* the sum fits 127 bits */

        assert_true(words_of(result).high == sum.high);
        assert_true(result.low == sum.low);
    }
}

/* A word of random length, so that short and long operands are equally common. */
static uint64_t random_word(struct prng *p)
{
    return prng_next(p) >> prng_below(p, 64);
}

/* Goal: division is floor division, for every small operand.
 * Method: all 16-bit dividends of both signs by all 8-bit divisors. */
static void test_floor_div_exhaustive_16_by_8(void **state)
{
    (void)state;
    for (uint64_t a = 0; a <= UINT16_MAX; a++)
        for (int64_t divisor = 1; divisor <= UINT8_MAX; divisor++) {
            check_floor((struct words){0, a}, divisor);
            check_floor(words_negate((struct words){0, a}), divisor);
        }
}

/* The digits at which an estimated quotient digit is off by 0, 1 or 2 (TAOCP 2, 4.3.1). */
static const uint64_t digits[] = {0,          1,          2,          0x7fffffff,
                                  0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};
#define DIGITS ARRAY_COUNT(digits)

/* The number whose base-2^32 digits are given by `index` in base DIGITS. */
static uint64_t word_of_digits(size_t index)
{
    return digits[index / DIGITS % DIGITS] << 32 | digits[index % DIGITS];
}

/* Goal: every correction step of the long division is right.
 * Method: all dividends of four and divisors of two critical digits, both signs. */
static void test_floor_div_critical_digits(void **state)
{
    (void)state;
    uint32_t divisions = 0;

    for (size_t high = 0; high < DIGITS * DIGITS; high++)
        for (size_t low = 0; low < DIGITS * DIGITS; low++)
            for (size_t i = 0; i < DIGITS * DIGITS; i++) {
                struct words a = {word_of_digits(high), word_of_digits(low)};
                int64_t divisor = (int64_t)word_of_digits(i);

                if (divisor <= 0 || !quotient_fits(a, divisor))
                    continue;
                check_floor(a, divisor);
                check_floor(words_negate(a), divisor);
                divisions++;
            }
    assert_true(divisions > 10000); /* the filter above must not empty the test */
}

/* Goal: powers of two divide exactly and round down next to them.
 * Method: 2^n - 1, 2^n, 2^n + 1 by 2^m for all n, m whose quotient fits. */
static void test_floor_div_powers(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 126; n++)
        for (unsigned m = n > 62 ? n - 62 : 0; m < 63; m++) {
            struct words power = {n < 64 ? 0 : UINT64_C(1) << (n - 64),
                                  n < 64 ? UINT64_C(1) << n : 0};
            int64_t divisor = (int64_t)(UINT64_C(1) << m);

            for (uint64_t delta = 0; delta < 3; delta++) {
                struct words a = words_add(power, (struct words){0 - (uint64_t)(delta == 2),
                                                                 delta == 2 ? UINT64_MAX : delta});

                if (!quotient_fits(a, divisor))
                    continue;
                check_floor(a, divisor);
                check_floor(words_negate(a), divisor);
            }
        }
}

/* Goal: division holds over the whole range.  Method: 10^6 random dividends and divisors. */
static void test_floor_div_random(void **state)
{
    (void)state;
    struct prng p = prng_seed(21);

    for (int turn = 0; turn < RANDOM_TURNS; turn++) {
        int64_t divisor = (int64_t)(random_word(&p) >> 1) | 1;
        struct words a = {random_word(&p) % ((uint64_t)divisor / 2 + 1), prng_next(&p)};

        if (!quotient_fits(a, divisor))
            a.high = 0, a.low >>= 1;
        check_floor(a, divisor);
        check_floor(words_negate(a), divisor);
    }
}

/* Goal: the largest quotients of both signs come out, and what does not fit is a bug that shows.
 * Method: the edges of int64_t and one beyond; divisors that are not positive. */
static void test_floor_div_limits(void **state)
{
    (void)state;
    struct wide most = {0, INT64_MAX};
    struct wide least = wide_of(words_negate((struct words){0, INT64_MAX}));
    struct wide beyond = {0, UINT64_C(1) << 63};
    struct wide far = {INT64_MAX, UINT64_MAX};

    assert_true(wide_floor_div(most, 1) == INT64_MAX);
    assert_true(wide_floor_div(least, 1) == -INT64_MAX);
    expect_assert_failure((void)wide_floor_div(beyond, 1));
    expect_assert_failure((void)wide_floor_div(far, 1));
    expect_assert_failure((void)wide_floor_div(most, 0));
    expect_assert_failure((void)wide_floor_div(most, -1));
}

/* Goal: multiply-then-divide is exact for every small operand.  Method: all 8-bit triples. */
static void test_fixmul_div_exhaustive_8(void **state)
{
    (void)state;
    for (uint64_t x = 0; x <= UINT8_MAX; x++)
        for (uint64_t y = 0; y <= UINT8_MAX; y++)
            for (uint64_t divisor = 1; divisor <= UINT8_MAX; divisor++)
                check_div(x, y, divisor);
}

/* Goal: multiply-then-divide is exact for wide products and all divisors, the largest included.
 * Method: critical digits in all three operands where the quotient fits; 10^6 random ones. */
static void test_fixmul_div_wide(void **state)
{
    (void)state;
    struct prng p = prng_seed(22);
    uint32_t divisions = 0;

    for (size_t i = 0; i < DIGITS * DIGITS; i++)
        for (size_t j = 0; j < DIGITS * DIGITS; j++)
            for (size_t k = 0; k < DIGITS * DIGITS; k++) {
                uint64_t x = word_of_digits(i), y = word_of_digits(j), divisor = word_of_digits(k);

                if (words_multiply(x, y).high >= divisor)
                    continue;
                check_div(x, y, divisor);
                divisions++;
            }
    assert_true(divisions > 100000);
    for (int turn = 0; turn < RANDOM_TURNS; turn++) {
        uint64_t x = random_word(&p), y = random_word(&p);
        uint64_t above = words_multiply(x, y).high + 1; /* the least divisor whose quotient fits */
        uint64_t divisor = above + random_word(&p) % (UINT64_MAX - above + 1);

        check_div(x, y, divisor);
    }
}

/* Goal: compare-with-product and add-product are exact for every small operand, beside the
 * boundary, in the low and in the high word.
 * Method: all signed 8-bit pairs, plain and shifted up; a one below, at, above the product. */
static void test_mul_compare_and_add_exhaustive_8(void **state)
{
    (void)state;
    static const unsigned shifts[] = {0, 27, 28, 55};

    for (int64_t x = INT8_MIN; x <= INT8_MAX; x++)
        for (int64_t y = INT8_MIN; y <= INT8_MAX; y++)
            for (size_t i = 0; i < ARRAY_COUNT(shifts); i++) {
                int64_t wide_x = x * (INT64_C(1) << shifts[i]);
                int64_t wide_y = y * (INT64_C(1) << shifts[i]);
                struct words product = words_multiply_signed(wide_x, wide_y);

                check_mul(wide_x, wide_y, product);
                check_mul(wide_x, wide_y, words_add(product, (struct words){0, 1}));
                check_mul(wide_x, wide_y,
                          words_add(product, (struct words){UINT64_MAX, UINT64_MAX}));
                check_mul(wide_x, wide_y, words_negate(product));
                check_mul(wide_x, wide_y, (struct words){0, 0});
            }
}

/* Goal: the same over the whole range.  Method: 10^6 random triples, half of them near equality. */
static void test_mul_compare_and_add_random(void **state)
{
    (void)state;
    struct prng p = prng_seed(23);

    for (int turn = 0; turn < RANDOM_TURNS; turn++) {
        int64_t x = (int64_t)prng_next(&p) >> prng_below(&p, 64);
        int64_t y = (int64_t)prng_next(&p) >> prng_below(&p, 64);
        struct words a = {prng_next(&p), prng_next(&p)};

        if (turn % 2 == 0)
            a = words_add(words_multiply_signed(x, y), (struct words){0, random_word(&p)});
        check_mul(x, y, a);
    }
}

/* Goal: the clock's multiply-and-shift drops no bit.  Method: 10^6 random words that fit. */
static void test_fixmul_shift_random(void **state)
{
    (void)state;
    struct prng p = prng_seed(24);

    for (int turn = 0; turn < RANDOM_TURNS; turn++) {
        uint64_t x = random_word(&p), y = random_word(&p);
        uint32_t shift = (uint32_t)prng_below(&p, 64);
        struct words product = words_multiply(x, y);

        if (product.high >> shift != 0)
            continue;
        uint64_t expected = product.low >> shift | (shift != 0 ? product.high << (64 - shift) : 0);

        assert_true(fixmul_shift(x, y, shift) == expected);
    }
}

/* Goal: zero is the only zero.  Method: each word alone. */
static void test_wide_is_zero(void **state)
{
    (void)state;
    assert_true(wide_is_zero((struct wide){0, 0}));
    assert_false(wide_is_zero((struct wide){0, 1}));
    assert_false(wide_is_zero((struct wide){1, 0}));
    assert_false(wide_is_zero((struct wide){-1, UINT64_MAX}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_floor_div_exhaustive_16_by_8),
        cmocka_unit_test(test_floor_div_critical_digits),
        cmocka_unit_test(test_floor_div_powers),
        cmocka_unit_test(test_floor_div_random),
        cmocka_unit_test(test_floor_div_limits),
        cmocka_unit_test(test_fixmul_div_exhaustive_8),
        cmocka_unit_test(test_fixmul_div_wide),
        cmocka_unit_test(test_mul_compare_and_add_exhaustive_8),
        cmocka_unit_test(test_mul_compare_and_add_random),
        cmocka_unit_test(test_fixmul_shift_random),
        cmocka_unit_test(test_wide_is_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
