/* SPDX-License-Identifier: MIT */
/*
 * prng.h - the project's random numbers: xorshift64* (Vigna, "An experimental exploration of
 * Marsaglia's xorshift generators, scrambled", 2016).  One seed gives one sequence everywhere.
 * For tests, the simulator and fault injection; never in core/.
 */
#ifndef BASE_PRNG_H
#define BASE_PRNG_H

#include "base/types.h"

struct prng {
    uint64_t state;
};

static inline struct prng prng_seed(uint64_t seed)
{
    return (struct prng){seed * UINT64_C(0x9e3779b97f4a7c15) + UINT64_C(0x2545f4914f6cdd1d)};
}

static inline uint64_t prng_next(struct prng *p)
{
    uint64_t x = p->state != 0 ? p->state : 1;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    p->state = x;
    return x * UINT64_C(0x2545f4914f6cdd1d);
}

/* A number in 0..bound-1; `bound` must not be 0.  The bias is below 2^-32 for bounds we use. */
static inline uint64_t prng_below(struct prng *p, uint64_t bound)
{
    return (prng_next(p) >> 16) % bound;
}

#endif /* BASE_PRNG_H */
