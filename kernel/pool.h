/* SPDX-License-Identifier: MIT */
/*
 * pool.h - records of one kind, as many as were made at boot, never used for anything else.
 *
 * So a pointer into a pool may be stale, never wild: who holds one looks at the generation.  A
 * record begins with its struct pool_node.  Two steps end it: pool_stale makes every reference to
 * it stale at once, pool_give makes it free once nothing links it any more.
 *
 *   PL1  free + taken == count, but for records retired because their generation would wrap.
 *   PL2  A generation only rises, and is odd exactly while the record is taken and live.
 *
 * Locks: LOCK_POOL, inside.  Cost: O(1) each.
 */
#ifndef KERNEL_POOL_H
#define KERNEL_POOL_H

#include "kernel/lock.h"

#define POOL_NONE UINT32_MAX

struct pool_node {
    struct port_atomic32 gen;
    uint32_t next_free; /* LOCK_POOL */
};

struct pool {
    struct lock lock;
    unsigned char *records;
    uint32_t record_bytes;
    uint32_t count;
    uint32_t first_free;
    uint32_t fresh; /* records from here on were never used */
    uint32_t free_count;
};

/* A reference that may be stale. */
struct pool_ref {
    uint32_t index;
    uint32_t gen;
};

/* Make a pool of zeroed records.  At boot; false: no memory. */
MUST_USE bool pool_init(struct pool *pool, uint32_t record_bytes, uint32_t count);

/* A free record's index, now live, its fields as they were left; POOL_NONE: all are taken. */
MUST_USE uint32_t pool_take(struct pool *pool);

/* Every reference to the live record becomes stale.  Returns: false if it was already.  The second
 * is for who holds a reference only: the record may be another's by now. */
bool pool_stale(struct pool *pool, uint32_t index);
MUST_USE bool pool_stale_ref(struct pool *pool, struct pool_ref ref);

/* The stale record is free. */
void pool_give(struct pool *pool, uint32_t index);

uint32_t pool_free_count(struct pool *pool);

static HOT void *pool_at(const struct pool *pool, uint32_t index)
{
    ASSERT(index < pool->count);
    return pool->records + (uint64_t)index * pool->record_bytes;
}

static HOT uint32_t pool_gen(const struct pool *pool, uint32_t index)
{
    return port_load32(&((const struct pool_node *)pool_at(pool, index))->gen);
}

static HOT bool pool_is_live(const struct pool *pool, struct pool_ref ref)
{
    return pool_gen(pool, ref.index) == ref.gen;
}

static inline struct pool_ref pool_ref_of(const struct pool *pool, uint32_t index)
{
    return (struct pool_ref){index, pool_gen(pool, index)};
}

static inline uint32_t pool_index(const struct pool *pool, const void *record)
{
    return (uint32_t)((uint64_t)((const unsigned char *)record - pool->records) /
                      pool->record_bytes);
}

#endif /* KERNEL_POOL_H */
