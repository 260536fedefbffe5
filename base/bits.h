/* SPDX-License-Identifier: MIT */
/* bits.h - bit scans, roundings, even choices.  Pure; no locks; constant time but bits_nth. */
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
    /* Sums of 2, 4, then 8 bits side by side (Warren, Hacker's Delight, 5-1); no library call. */
    word -= (word >> 1) & UINT64_C(0x5555555555555555);
    word = (word & UINT64_C(0x3333333333333333)) + ((word >> 2) & UINT64_C(0x3333333333333333));
    word = (word + (word >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (uint32_t)((word * UINT64_C(0x0101010101010101)) >> 56);
}

/* Index of the set bit below which `nth` others are set; nth < bits_count(word). */
static inline uint32_t bits_nth(uint64_t word, uint32_t nth)
{
    uint32_t at = 0;

    for (uint32_t half = 32; half >= 8; half /= 2) { /* 3 turns: in which byte it is */
        uint32_t below = bits_count(word & ((UINT64_C(1) << half) - 1));

        if (nth < below)
            continue;
        nth -= below;
        at += half;
        word >>= half;
    }
    for (; nth > 0; nth--) /* bound: 7 */
        word &= word - 1;
    return at + bits_lowest(word);
}

/*
 * Number `step` of an endless walk over [0, count).  Steps of the golden ratio spread over any
 * count more evenly than chance does (Knuth, TAOCP 3, 6.4) and keep no time with anything, as a
 * plain round robin may.
 */
static inline uint32_t bits_walk(uint32_t step, uint32_t count)
{
    return (uint32_t)((uint64_t)(step * UINT32_C(0x9e3779b9)) * count >> 32);
}

/* Round up to a multiple of `step`, a power of two. */
static inline uint64_t bits_round_up(uint64_t value, uint64_t step)
{
    return (value + step - 1) & ~(step - 1);
}

#endif /* BASE_BITS_H */
