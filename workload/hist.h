/* SPDX-License-Identifier: MIT */
/*
 * hist.h - a histogram of durations in a fixed number of bytes.
 *
 * Shape.  Values below 16 ns have a bucket each.  Above, every power of two is cut into 16 equal
 *         buckets, so a bucket is at most 1/16 as wide as its lowest value.  Values of 2^36 ns
 *         (68 s) and more share the last bucket.  Count, least, greatest and sum are kept exactly.
 *
 * Exact.  Where asked for (hist_count_exactly), values below a limit are also counted per
 *         microsecond in memory of the caller's, and those at or above it together.
 *
 * An all-zero `struct hist` is empty.  Freestanding; no locks: a histogram belongs to one thread.
 * Cost: add O(1), percentile O(HIST_BUCKETS).  2.2 KiB each.
 */
#ifndef WORKLOAD_HIST_H
#define WORKLOAD_HIST_H

#include "base/types.h"

#define HIST_SUB_BITS 4u  /* 2^4 buckets per power of two */
#define HIST_TOP_BITS 36u /* values of 2^36 and more share the last bucket */
#define HIST_BUCKETS ((HIST_TOP_BITS - HIST_SUB_BITS + 1u) * (1u << HIST_SUB_BITS) + 1u)

struct hist {
    uint64_t count;
    int64_t sum_ns; /* stops at INT64_MAX */
    int64_t min_ns; /* undefined while count is 0, like max_ns */
    int64_t max_ns;
    uint32_t buckets[HIST_BUCKETS]; /* each stops at UINT32_MAX */
    uint32_t *exact;      /* `exact_count` of them, the caller's; NULL: not asked for */
    uint32_t exact_count; /* values below so many microseconds, rounded down, have one */
    uint64_t beyond;      /* values that had none, while asked for */
};

/* From now on count exactly too: `counts` are `count` zeroes, and stay as long as `h`. */
void hist_count_exactly(struct hist *h, uint32_t *counts, uint32_t count);

/* Count one duration; a negative one counts as 0. */
void hist_add(struct hist *h, int64_t value_ns);

/* The mean, rounded down; 0 when empty. */
int64_t hist_mean_ns(const struct hist *h);

/*
 * A value that at least `percent` (1..100) of the samples do not exceed: the upper end of the
 * bucket where that many are reached, so at most 1/16 above the exact answer, and never outside
 * min_ns..max_ns.  0 when empty.
 */
int64_t hist_percentile_ns(const struct hist *h, uint32_t percent);

#endif /* WORKLOAD_HIST_H */
