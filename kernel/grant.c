/* SPDX-License-Identifier: MIT */
#include "kernel/grant.h"

#include "kernel/limits.h"
#include "kernel/object.h"
#include "kernel/process.h"

struct pool grant_pool;

bool grant_init(void)
{
    return pool_init(&grant_pool, sizeof(struct grant), GRANTS_MAX);
}

static struct grant *grant_at(uint32_t index)
{
    return pool_at(&grant_pool, index);
}

bool grant_is_live(struct pool_ref ref)
{
    for (uint32_t i = 0; i <= GRANT_DEPTH_MAX; i++) {
        struct pool_ref parent;
        bool is_live;

        if (ref.index == GRANT_ROOT)
            return true;
        parent = grant_at(ref.index)->parent;
        is_live = session_of_is_live(grant_at(ref.index)->owner);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        /* After the reads: else it may be a later use's. */
        if (!is_live || !pool_is_live(&grant_pool, ref))
            return false;
        ref = parent;
    }
    UNREACHABLE(); /* GR1 */
}

bool grant_descends(struct pool_ref ref, struct pool_ref above)
{
    for (uint32_t i = 0; i <= GRANT_DEPTH_MAX; i++) {
        if (above.index == GRANT_ROOT || (ref.index == above.index && ref.gen == above.gen))
            return true;
        if (ref.index == GRANT_ROOT)
            return false;
        ref = grant_at(ref.index)->parent;
    }
    return false;
}

enum status grant_create(struct process *owner, struct pool_ref parent, struct pool_ref *ref)
{
    uint32_t depth = parent.index == GRANT_ROOT ? 1 : grant_at(parent.index)->depth + 1;
    enum status status;
    uint32_t index;
    struct grant *g;

    if (depth > GRANT_DEPTH_MAX)
        return STATUS_GRANT_DEPTH;
    status = ledger_take(&owner->ledger, LEDGER_GRANTS, 1);
    if (status != STATUS_OK)
        return status;
    index = pool_take(&grant_pool);
    if (index == POOL_NONE) {
        ledger_release(&owner->ledger, LEDGER_GRANTS, 1);
        return STATUS_NO_SLOT;
    }
    g = grant_at(index);
    g->depth = depth;
    g->parent = parent;
    g->owner = owner;
    object_link(&owner->grants, &g->link);
    *ref = pool_ref_of(&grant_pool, index);
    return STATUS_OK;
}

enum status grant_pass(const struct process *process, uint32_t handle, struct cap_ref *ref)
{
    struct cap_ref through;
    enum status status;

    if (handle == CAP_NONE)
        return STATUS_OK;
    status = cap_lookup_kind(process, handle, CAP_KIND_GRANT, &through);
    if (status != STATUS_OK)
        return status;
    if (!grant_descends((struct pool_ref){through.object, through.object_gen},
                        (struct pool_ref){ref->grant, ref->grant_gen}))
        return STATUS_NOT_GRANTED;
    ref->grant = through.object;
    ref->grant_gen = through.object_gen;
    return STATUS_OK;
}

bool grant_revoke(struct pool_ref ref)
{
    return pool_stale_ref(&grant_pool, ref);
}

void grant_free(uint32_t index)
{
    struct grant *g = grant_at(index);
    struct process *owner = g->owner;

    object_unlink(&g->link);
    pool_give(&grant_pool, index);
    ledger_release(&owner->ledger, LEDGER_GRANTS, 1);
}

bool grant_end_some(struct process *owner)
{
    for (uint32_t i = 0; i < WAITERS_PER_STEP; i++) {
        struct list *first = object_first(&owner->grants);
        uint32_t index;

        if (first == NULL)
            return true;
        index = pool_index(&grant_pool, LIST_ENTRY(first, struct grant, link));
        (void)pool_stale(&grant_pool, index);
        grant_free(index);
    }
    return false;
}
