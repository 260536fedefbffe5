/* SPDX-License-Identifier: MIT */
#include "base/fixmul.h"

#define DIGIT_BITS 32u
#define DIGIT_BASE (UINT64_C(1) << DIGIT_BITS)

/* One 32-bit digit of the quotient of (rest:next_digit) / divisor, divisor normalised. */
static uint64_t quotient_digit(uint64_t *rest, uint64_t next_digit, uint64_t divisor)
{
    uint64_t top = divisor >> DIGIT_BITS;
    uint64_t bottom = divisor & (DIGIT_BASE - 1);
    uint64_t digit = *rest / top;
    uint64_t partial = *rest % top;

    /* The estimate is at most 2 too large (TAOCP 4.3.1, theorem B). */
    for (unsigned step = 0; step < 2; step++) {
        if (digit < DIGIT_BASE && digit * bottom <= ((partial << DIGIT_BITS) | next_digit))
            break;
        digit--;
        partial += top;
        if (partial >= DIGIT_BASE)
            break;
    }
    *rest = ((*rest << DIGIT_BITS) | next_digit) - digit * divisor; /* modulo 2^64: exact */
    return digit;
}

/* (high:low) / divisor for high < divisor; the remainder in *rest. */
static uint64_t divide_two_words(uint64_t high, uint64_t low, uint64_t divisor, uint64_t *rest)
{
    ASSERT(divisor != 0);
    ASSERT(high < divisor);

    uint32_t shift = (uint32_t)__builtin_clzll(divisor);
    wide_uint value = (((wide_uint)high << 64) | low) << shift;
    uint64_t normalised = divisor << shift;
    uint64_t rest_word = (uint64_t)(value >> 64);
    uint64_t low_word = (uint64_t)value;
    uint64_t upper = quotient_digit(&rest_word, low_word >> DIGIT_BITS, normalised);
    uint64_t lower = quotient_digit(&rest_word, low_word & (DIGIT_BASE - 1), normalised);

    *rest = rest_word >> shift;
    return (upper << DIGIT_BITS) | lower;
}

int64_t wide_floor_div_long(struct wide a, int64_t divisor)
{
    ASSERT(divisor > 0);

    bool negative = a.high < 0;
    wide_uint value = (wide_uint)wide_join(a);
    wide_uint magnitude = negative ? 0 - value : value;
    uint64_t rest = 0;
    uint64_t quotient = divide_two_words((uint64_t)(magnitude >> 64), (uint64_t)magnitude,
                                         (uint64_t)divisor, &rest);

    if (!negative) {
        ASSERT(quotient <= (uint64_t)INT64_MAX);
        return (int64_t)quotient;
    }
    ASSERT(quotient < (UINT64_C(1) << 63));
    return -(int64_t)quotient - (rest != 0 ? 1 : 0);
}

uint64_t fixmul_div_long(uint64_t x, uint64_t y, uint64_t divisor)
{
    wide_uint product = (wide_uint)x * y;
    uint64_t rest = 0;

    return divide_two_words((uint64_t)(product >> 64), (uint64_t)product, divisor, &rest);
}
