/* SPDX-License-Identifier: MIT */
/*
 * memobj.h - memory objects: frames that several processes may map (kernel/mapping.h).
 *
 * An object's frames are all there before anybody can name it, and stay where they are until it is
 * destroyed: it is pinned by nature.  They are listed in index frames, each a table of
 * MEMOBJ_INDEX_COUNT frames and the next index frame.
 *
 *   MO1  An object's record is freed only when it has no mapping and no frame.
 *
 * Memory: frames and the record are charged to the owner.
 * Locks: LOCK_OBJECT, inside.
 */
#ifndef KERNEL_MEMOBJ_H
#define KERNEL_MEMOBJ_H

#include "base/list.h"
#include "kernel/pool.h"
#include "kernel/work.h"

#define MEMOBJ_INDEX_COUNT (ARCH_PAGE_BYTES / 8 - 1)

struct memobj {
    struct pool_node node;
    struct process *owner; /* NULL: made at boot, for ever */
    struct list link;      /* of the owner's; LOCK_OBJECT */
    struct list mappings;  /* LOCK_OBJECT */
    uint64_t bytes;
    uint64_t page_count;
    uint64_t made_count;  /* frames that were taken */
    uint64_t freed_count; /* and given back, from the front */
    uint64_t first_index; /* physical address, 0: none */
    uint64_t last_index;
};

extern struct pool memobj_pool;

/* At boot.  false: no memory. */
MUST_USE bool memobj_init(void);

/* At boot: an object that holds these bytes.  POOL_NONE: no memory. */
MUST_USE uint32_t memobj_of_bytes(const unsigned char *bytes, uint64_t length);

/* Reserve all that an object of `bytes` needs, and take its record.  LEDGER_FULL, NO_SLOT. */
MUST_USE enum status memobj_begin(struct process *owner, uint64_t bytes, uint32_t *index);

/* A step of WORK_MEMORY_CREATE; of WORK_DESTROY, whose object is stale. */
MUST_USE enum work_turn memobj_create_step(struct work *w);
MUST_USE enum work_turn memobj_destroy_step(struct work *w);

/* Who made it, NULL: boot.  Of use if the object is live afterwards. */
const struct process *memobj_owner(uint32_t index);

/* The frame of page `page`; 0: not there.  Cost: O(page / MEMOBJ_INDEX_COUNT). */
uint64_t memobj_frame(const struct memobj *m, uint64_t page);

/* The first memory object of a process that has ended, its references stale now; or POOL_NONE. */
MUST_USE uint32_t memobj_first_of(struct process *owner);

#endif /* KERNEL_MEMOBJ_H */
