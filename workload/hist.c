/* SPDX-License-Identifier: MIT */
#include "workload/hist.h"

#include "base/assert.h"
#include "base/bits.h"

#define SUB_COUNT (1u << HIST_SUB_BITS)
#define LAST_BUCKET (HIST_BUCKETS - 1u)

static uint32_t bucket_of(uint64_t value)
{
    if (value < SUB_COUNT)
        return (uint32_t)value;
    if (value >> HIST_TOP_BITS != 0)
        return LAST_BUCKET;

    uint32_t shift = bits_highest(value) - HIST_SUB_BITS;
    uint32_t sub = (uint32_t)(value >> shift) - SUB_COUNT;

    return (shift + 1) * SUB_COUNT + sub;
}

/* The greatest value that falls into `bucket`, which is not the last. */
static int64_t bucket_top(uint32_t bucket)
{
    if (bucket < SUB_COUNT)
        return bucket;

    uint32_t shift = bucket / SUB_COUNT - 1;
    uint64_t lowest = (uint64_t)(SUB_COUNT + bucket % SUB_COUNT) << shift;

    return (int64_t)(lowest + (UINT64_C(1) << shift) - 1);
}

void hist_count_exactly(struct hist *h, uint32_t *counts, uint32_t count)
{
    ASSERT(counts != NULL);
    h->exact = counts;
    h->exact_count = count;
    h->beyond = 0;
}

static void add_exactly(struct hist *h, uint64_t value)
{
    uint64_t us = value / NS_PER_US;

    if (us >= h->exact_count)
        h->beyond++;
    else if (h->exact[us] != UINT32_MAX)
        h->exact[us]++;
}

void hist_add(struct hist *h, int64_t value_ns)
{
    int64_t value = value_ns > 0 ? value_ns : 0;
    uint32_t *bucket = &h->buckets[bucket_of((uint64_t)value)];

    if (h->count == 0 || value < h->min_ns)
        h->min_ns = value;
    if (h->count == 0 || value > h->max_ns)
        h->max_ns = value;
    h->sum_ns = value > INT64_MAX - h->sum_ns ? INT64_MAX : h->sum_ns + value;
    h->count++;
    if (*bucket != UINT32_MAX)
        (*bucket)++;
    if (h->exact != NULL)
        add_exactly(h, (uint64_t)value);
}

int64_t hist_mean_ns(const struct hist *h)
{
    return h->count == 0 ? 0 : (int64_t)((uint64_t)h->sum_ns / h->count);
}

int64_t hist_percentile_ns(const struct hist *h, uint32_t percent)
{
    ASSERT(percent >= 1);
    ASSERT(percent <= 100);
    if (h->count == 0)
        return 0;

    /* ceil(count * percent / 100) without a product that could overflow */
    uint64_t rest = (h->count % 100) * percent;
    uint64_t wanted = h->count / 100 * percent + (rest + 99) / 100;
    uint64_t seen = 0;

    for (uint32_t i = 0; i < LAST_BUCKET; i++) {
        seen += h->buckets[i];
        if (seen >= wanted) {
            int64_t top = bucket_top(i);

            return top < h->max_ns ? top : h->max_ns;
        }
    }
    return h->max_ns;
}
