/* SPDX-License-Identifier: MIT */
/*
 * cpuset.h - sets of CPUs that capabilities name.  A set never changes; narrowing makes another.
 *
 * Memory: the record is charged to who made it, as an object.  It ends when its maker releases the
 * handle it was made with, or ends itself.
 * Locks: LOCK_OBJECT, inside.
 */
#ifndef KERNEL_CPUSET_H
#define KERNEL_CPUSET_H

#include "base/cpumask.h"
#include "base/list.h"
#include "kernel/pool.h"
#include "abi/status.h"

struct process;

struct cpuset {
    struct pool_node node;
    struct process *owner; /* NULL: made at boot, for ever */
    struct list link;      /* of the owner's; LOCK_OBJECT */
    uint32_t slot;         /* of the owner's handle */
    struct cpumask mask;
};

extern struct pool cpuset_pool;

/* At boot.  false: no memory. */
MUST_USE bool cpuset_init(void);

/* At boot: the set of all CPUs.  POOL_NONE: no memory. */
MUST_USE uint32_t cpuset_of_machine(uint32_t cpu_count);

/* Make a set for `owner`; its handle will be in the reserved `slot`.  LEDGER_FULL, NO_SLOT. */
MUST_USE enum status cpuset_create(struct process *owner, const struct cpumask *mask, uint32_t slot,
                                   uint32_t *index);

const struct cpumask *cpuset_mask(uint32_t index);

/* Who made it, NULL: boot.  Of use if the set is live afterwards. */
const struct process *cpuset_owner(uint32_t index);

/* `process` has released the handle in `slot`: if that was the maker's, the set has ended. */
void cpuset_release(struct process *process, struct pool_ref ref, uint32_t slot);

/* A process has ended: end some of its sets.  Returns: none is left. */
MUST_USE bool cpuset_end_some(struct process *owner);

#endif /* KERNEL_CPUSET_H */
