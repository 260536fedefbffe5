/* SPDX-License-Identifier: MIT */
/*
 * fixmul.h - the 128-bit steps of the scheduler's exact arithmetic.
 *
 * Everything wider than 64 bits happens here, so that the policy files need no wide type and this
 * file can be tested exhaustively at small width (fixmul_test.c repeats each formula over all
 * 8-bit operands with 16-bit results).  `struct wide` is a signed 128-bit integer in two words.
 * Pure; constant time except the long divisions (two 32-bit digits each); no call into
 * the compiler's library, which a freestanding kernel does not have.
 */
#ifndef BASE_FIXMUL_H
#define BASE_FIXMUL_H

#include "base/assert.h"

__extension__ typedef __int128 wide_int;
__extension__ typedef unsigned __int128 wide_uint;

struct wide {
    int64_t high;
    uint64_t low;
};

static inline wide_int wide_join(struct wide a)
{
    return (wide_int)(((wide_uint)(uint64_t)a.high << 64) | a.low);
}

static inline struct wide wide_split(wide_int a)
{
    return (struct wide){(int64_t)(uint64_t)((wide_uint)a >> 64), (uint64_t)(wide_uint)a};
}

/* a + x * y, exact as long as the result fits 127 bits (the callers' bounds say why it does). */
static inline struct wide wide_add_mul(struct wide a, int64_t x, int64_t y)
{
    return wide_split(wide_join(a) + (wide_int)x * y);
}

/* x * y <= a ? */
static inline bool wide_mul_le(int64_t x, int64_t y, struct wide a)
{
    return (wide_int)x * y <= wide_join(a);
}

static inline bool wide_is_zero(struct wide a)
{
    return a.high == 0 && a.low == 0;
}

/*
 * floor(a / divisor), for 0 < divisor < 2^63 and a quotient that fits int64_t.
 * Long division with 32-bit digits (Knuth, TAOCP 2, 4.3.1 D) of the magnitude; a negative
 * dividend with a remainder rounds down, not towards 0.  (INT64_MIN itself is refused: nobody
 * needs it, and its magnitude has no int64_t.)
 */
int64_t wide_floor_div_long(struct wide a, int64_t divisor);

/* The same; a dividend of one word, which nearly all are, takes the processor's own division. */
static inline int64_t wide_floor_div(struct wide a, int64_t divisor)
{
    int64_t low = (int64_t)a.low;

    if (!LIKELY(divisor > 0 && a.high == low >> 63))
        return wide_floor_div_long(a, divisor);
    int64_t quotient = low / divisor;

    return low % divisor < 0 ? quotient - 1 : quotient;
}

/* floor(x * y / divisor) for x, y >= 0, divisor > 0; the quotient must fit uint64_t. */
uint64_t fixmul_div_long(uint64_t x, uint64_t y, uint64_t divisor);

/* The same; a product of one word takes the processor's own division. */
static inline uint64_t fixmul_div(uint64_t x, uint64_t y, uint64_t divisor)
{
    uint64_t product;

    if (divisor == 0 || __builtin_mul_overflow(x, y, &product))
        return fixmul_div_long(x, y, divisor);
    return product / divisor;
}

/* (x * y) >> shift for shift in 0..63; the result must fit uint64_t.  Clock conversion. */
static inline uint64_t fixmul_shift(uint64_t x, uint64_t y, uint32_t shift)
{
    return (uint64_t)(((wide_uint)x * y) >> shift);
}

#endif /* BASE_FIXMUL_H */
