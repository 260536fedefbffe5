/* SPDX-License-Identifier: MIT */
/* bits.h - bit scans and roundings on 64-bit words.  Pure; no locks; constant time. */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include "base/types.h"

/* Index of the lowest set bit; `word` must not be 0. */
static inline uint32_t bits_lowest(uint64_t word)
{
    return (uint32_t)__builtin_ctzll(word);
}

/* Index of the highest set bit; `word` must not be 0. */
static inline uint32_t bits_highest(uint64_t word)
{
    return 63u - (uint32_t)__builtin_clzll(word);
}

static inline uint32_t bits_count(uint64_t word)
{
    uint32_t count = 0;

    for (; word != 0; word &= word - 1) /* at most 64 turns; no library call when freestanding */
        count++;
    return count;
}

/* Round up to a multiple of `step`, a power of two. */
static inline uint64_t bits_round_up(uint64_t value, uint64_t step)
{
    return (value + step - 1) & ~(step - 1);
}

#endif /* BASE_BITS_H */
