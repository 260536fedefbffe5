/* SPDX-License-Identifier: MIT */
#include "kernel/cpuset.h"

#include "kernel/limits.h"
#include "kernel/object.h"
#include "kernel/process.h"

struct pool cpuset_pool;

bool cpuset_init(void)
{
    return pool_init(&cpuset_pool, sizeof(struct cpuset), CPUSETS_MAX);
}

static struct cpuset *cpuset_at(uint32_t index)
{
    return pool_at(&cpuset_pool, index);
}

uint32_t cpuset_of_machine(uint32_t cpu_count)
{
    uint32_t index = pool_take(&cpuset_pool);

    if (index == POOL_NONE)
        return index;
    cpuset_at(index)->owner = NULL;
    cpumask_fill(cpuset_at(index)->mask.words, CPUMASK_WORDS, cpu_count);
    return index;
}

enum status cpuset_create(struct process *owner, const struct cpumask *mask, uint32_t slot,
                          uint32_t *index)
{
    enum status status = object_take(&cpuset_pool, &owner->ledger, index);
    struct cpuset *set;

    if (status != STATUS_OK)
        return status;
    set = cpuset_at(*index);
    set->owner = owner;
    set->slot = slot;
    set->mask = *mask;
    object_link(&owner->cpusets, &set->link);
    return STATUS_OK;
}

const struct cpumask *cpuset_mask(uint32_t index)
{
    return &cpuset_at(index)->mask;
}

const struct process *cpuset_owner(uint32_t index)
{
    return cpuset_at(index)->owner;
}

static void end(struct pool_ref ref)
{
    struct cpuset *set = cpuset_at(ref.index);
    struct process *owner = set->owner;

    if (!pool_stale_ref(&cpuset_pool, ref))
        return; /* somebody else ends it, or has */
    object_unlink(&set->link);
    ledger_release(&owner->ledger, LEDGER_OBJECTS, 1);
    pool_give(&cpuset_pool, ref.index);
}

void cpuset_release(struct process *process, struct pool_ref ref, uint32_t slot)
{
    const struct cpuset *set = cpuset_at(ref.index);

    if (set->owner == process && set->slot == slot)
        end(ref);
}

bool cpuset_end_some(struct process *owner)
{
    for (uint32_t i = 0; i < WAITERS_PER_STEP; i++) {
        struct list *first = object_first(&owner->cpusets);

        if (first == NULL)
            return true;
        end(pool_ref_of(&cpuset_pool,
                        pool_index(&cpuset_pool, LIST_ENTRY(first, struct cpuset, link))));
    }
    return false;
}
