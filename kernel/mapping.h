/* SPDX-License-Identifier: MIT */
/*
 * mapping.h - a memory object in a process's address space.
 *
 *   MP1  A mapping is linked to its object and to its process, or its record is free.
 *   MP2  A mapping is claimed by at most one worker, which makes it or takes it away.
 *   MP3  It lives no longer than the capability it was made with: who ends an object or a grant
 *        takes away what was mapped by it.
 *
 * Memory: the record is charged to the process, as an object.
 * Locks: LOCK_OBJECT, inside.
 */
#ifndef KERNEL_MAPPING_H
#define KERNEL_MAPPING_H

#include "kernel/cap.h"
#include "kernel/memobj.h"

struct mapping {
    struct pool_node node;
    struct list of_memory;  /* LOCK_OBJECT */
    struct list of_process; /* LOCK_OBJECT */
    struct process *process;
    struct cap_ref cap; /* what it was made with: it lives no longer than that */
    uint64_t virt;
    uint64_t pages;
    uint32_t access;
    bool is_linked;  /* LOCK_OBJECT */
    bool is_claimed; /* LOCK_OBJECT */
};

extern struct pool mapping_pool;

/* At boot.  false: no memory. */
MUST_USE bool mapping_init(void);

/*
 * Reserve all that mapping the object of `cap`, of `pages` pages, at `virt` needs, and take a
 * record, claimed by `w` (its object, mapping and tables).
 * ADDRESS_IN_USE, LEDGER_FULL, NO_SLOT, STALE.
 */
MUST_USE enum status mapping_begin(struct work *w, const struct cap_ref *cap, uint64_t virt,
                                   uint64_t pages, uint32_t access);

/* A step of WORK_MAP; if it fails, what it did is undone by its later steps. */
MUST_USE enum work_turn mapping_make_step(struct work *w);

/* Claim, for its end, the mapping of w->process at `virt`, of this object.  false: there is none,
 * or somebody has claimed it. */
MUST_USE bool mapping_claim_at(struct work *w, uint32_t object, uint64_t virt);

enum mapping_claim { MAPPING_NONE, MAPPING_CLAIMED, MAPPING_BUSY };

/* Claim, for its end, some mapping of this object; or the one in record `index` if its capability
 * is dead. */
MUST_USE enum mapping_claim mapping_claim_of(struct work *w, struct memobj *m);
MUST_USE enum mapping_claim mapping_claim_dead(struct work *w, uint32_t index);

/* A step of taking the claimed mapping away; DONE: its record is free. */
MUST_USE enum work_turn mapping_unmap_step(struct work *w);

/* A process whose address space goes anyway: forget some of its mappings. */
MUST_USE enum work_turn mapping_forget_some(struct process *process);

#endif /* KERNEL_MAPPING_H */
