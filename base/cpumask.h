/* SPDX-License-Identifier: MIT */
/*
 * cpumask.h - sets of CPUs.
 *
 * `struct cpumask` is a value of fixed size (1024 CPUs), used in tables and arguments.  Inside the
 * scheduler's arena a thread's mask is a row of only as many words as the machine has clusters of
 * 64 CPUs, so the functions work on rows of words.  Pure; no locks; cost O(words).
 */
#ifndef BASE_CPUMASK_H
#define BASE_CPUMASK_H

#include "base/bits.h"

#define CPU_MAX 1024u
#define CPU_NONE UINT32_MAX
#define CPUMASK_WORD_BITS 64u
#define CPUMASK_WORDS (CPU_MAX / CPUMASK_WORD_BITS)

struct cpumask {
    uint64_t words[CPUMASK_WORDS];
};

static inline uint32_t cpumask_words_for(uint32_t cpu_count)
{
    return (cpu_count + CPUMASK_WORD_BITS - 1) / CPUMASK_WORD_BITS;
}

static inline bool cpumask_test(const uint64_t *row, uint32_t cpu)
{
    return (row[cpu / CPUMASK_WORD_BITS] >> (cpu % CPUMASK_WORD_BITS)) & 1u;
}

static inline void cpumask_set(uint64_t *row, uint32_t cpu)
{
    row[cpu / CPUMASK_WORD_BITS] |= UINT64_C(1) << (cpu % CPUMASK_WORD_BITS);
}

static inline void cpumask_clear(uint64_t *row, uint32_t cpu)
{
    row[cpu / CPUMASK_WORD_BITS] &= ~(UINT64_C(1) << (cpu % CPUMASK_WORD_BITS));
}

/* Exactly the CPUs 0..cpu_count-1; the rest of `words` words is cleared. */
static inline void cpumask_fill(uint64_t *row, uint32_t words, uint32_t cpu_count)
{
    for (uint32_t i = 0; i < words; i++) {
        uint32_t first = i * CPUMASK_WORD_BITS;

        if (cpu_count <= first)
            row[i] = 0;
        else if (cpu_count - first >= CPUMASK_WORD_BITS)
            row[i] = UINT64_MAX;
        else
            row[i] = (UINT64_C(1) << (cpu_count - first)) - 1;
    }
}

static inline bool cpumask_is_empty(const uint64_t *row, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++)
        if (row[i] != 0)
            return false;
    return true;
}

static inline uint32_t cpumask_count(const uint64_t *row, uint32_t words)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < words; i++)
        count += bits_count(row[i]);
    return count;
}

/* The lowest CPU of the set, or CPU_NONE. */
static inline uint32_t cpumask_first(const uint64_t *row, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++)
        if (row[i] != 0)
            return i * CPUMASK_WORD_BITS + bits_lowest(row[i]);
    return CPU_NONE;
}

/* The CPU of the set below which `nth` others are in it, or CPU_NONE. */
static inline uint32_t cpumask_nth(const uint64_t *row, uint32_t words, uint32_t nth)
{
    for (uint32_t i = 0; i < words; i++) {
        uint32_t count = bits_count(row[i]);

        if (nth < count)
            return i * CPUMASK_WORD_BITS + bits_nth(row[i], nth);
        nth -= count;
    }
    return CPU_NONE;
}

#endif /* BASE_CPUMASK_H */
