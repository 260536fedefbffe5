/* SPDX-License-Identifier: MIT */
#include "kernel/pool.h"

#include "kernel/frame.h"

#define GEN_LAST (UINT32_MAX - 1) /* even: a record that got here is retired */

bool pool_init(struct pool *pool, uint32_t record_bytes, uint32_t count)
{
    uint64_t phys = frame_take_run((uint64_t)record_bytes * count);

    ASSERT(record_bytes >= sizeof(struct pool_node));
    if (phys == 0)
        return false;
    *pool = (struct pool){
        .records = arch_phys_to_virt(phys),
        .record_bytes = record_bytes,
        .count = count,
        .first_free = POOL_NONE,
        .free_count = count,
    };
    return true;
}

static struct pool_node *node_of(struct pool *pool, uint32_t index)
{
    return pool_at(pool, index);
}

uint32_t pool_take(struct pool *pool)
{
    uint32_t index;

    lock_take(&pool->lock, LOCK_POOL);
    index = pool->first_free;
    if (index != POOL_NONE)
        pool->first_free = node_of(pool, index)->next_free;
    else if (pool->fresh < pool->count)
        index = pool->fresh++;
    if (index != POOL_NONE) {
        struct pool_node *node = node_of(pool, index);

        pool->free_count--;
        ASSERT(port_load32(&node->gen) % 2 == 0);
        port_store32(&node->gen, port_load32(&node->gen) + 1);
    }
    lock_give(&pool->lock, LOCK_POOL);
    return index;
}

bool pool_stale(struct pool *pool, uint32_t index)
{
    struct pool_node *node = node_of(pool, index);
    uint32_t gen = port_load32(&node->gen);

    return gen % 2 == 1 && port_cas32(&node->gen, &gen, gen + 1);
}

bool pool_stale_ref(struct pool *pool, struct pool_ref ref)
{
    return ref.gen % 2 == 1 &&
           port_cas32(&node_of(pool, ref.index)->gen, &ref.gen, ref.gen + 1);
}

void pool_give(struct pool *pool, uint32_t index)
{
    struct pool_node *node = node_of(pool, index);

    ASSERT(port_load32(&node->gen) % 2 == 0);
    if (port_load32(&node->gen) == GEN_LAST)
        return; /* retired: its generation must not repeat */
    lock_take(&pool->lock, LOCK_POOL);
    ASSERT(pool->free_count < pool->count);
    node->next_free = pool->first_free;
    pool->first_free = index;
    pool->free_count++;
    lock_give(&pool->lock, LOCK_POOL);
}

uint32_t pool_free_count(struct pool *pool)
{
    uint32_t count;

    lock_take(&pool->lock, LOCK_POOL);
    count = pool->free_count;
    lock_give(&pool->lock, LOCK_POOL);
    return count;
}
