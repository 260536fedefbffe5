/* SPDX-License-Identifier: MIT */
/*
 * vspace.h - a process's address space: pages in and out, and copying from and to user memory.
 *
 * Copies go through the direct map, page by page, after a walk of the page tables with the access
 * asked for; the kernel never touches a user address itself, so a copy cannot fault.  Every byte is
 * read once: what is validated is the kernel's copy.  A walk may meet another thread's unmapping;
 * then it sees the page or not, and a frame it found stays a frame of the object mapped until every
 * CPU has passed (kernel/quiesce.h), which this CPU does not do before it leaves the kernel.  For
 * the same reason a table that is pruned stays a table until then.
 *
 * Tables are charged to the space's ledger.  Who maps knows beforehand how many a range needs
 * (vspace_reserve), so that mapping it cannot be refused half-way.
 *
 *   VS1  `cpus` has the bit of every CPU whose tables are these.
 *
 * Locks: LOCK_SPACE for mapping, inside; copies take none.
 */
#ifndef KERNEL_VSPACE_H
#define KERNEL_VSPACE_H

#include "abi/status.h"
#include "kernel/ledger.h"
#include "kernel/lock.h"

struct vspace {
    uint64_t root; /* physical address of the top table; 0: there is none */
    struct resource_ledger *ledger;
    struct port_atomic64 cpus;
    struct lock lock;
};

/* Frames that nothing maps any more, but that CPUs may still read: linked through themselves. */
struct vspace_limbo {
    uint64_t first;
    uint32_t count;
};

/* An address space without user pages.  LEDGER_FULL, NO_MEMORY. */
MUST_USE enum status vspace_init(struct vspace *space, struct resource_ledger *ledger);

/* Reserve what tables are missing for `pages` pages from `virt` on; *tables says how many.
 * LEDGER_FULL. */
MUST_USE enum status vspace_reserve(struct vspace *space, uint64_t virt, uint64_t pages,
                                    uint32_t *tables);

/* Give back what of a reservation was not needed. */
void vspace_cancel(struct vspace *space, uint32_t tables);

/* Map the frame `phys` at `virt`, both page-aligned, with tables from a reservation, which becomes
 * less.  ADDRESS_IN_USE, NO_MEMORY. */
MUST_USE enum status vspace_map_reserved(struct vspace *space, uint64_t virt, uint64_t phys,
                                         uint32_t access, uint32_t *tables);

/* Both for one page.  LEDGER_FULL, ADDRESS_IN_USE: nothing has changed then; NO_MEMORY: empty
 * tables may be there, in the ledger, too. */
MUST_USE enum status vspace_map(struct vspace *space, uint64_t virt, uint64_t phys,
                                uint32_t access);

/* Map a fresh zeroed frame of the ledger's, which goes with the space.  *frame says which. */
MUST_USE enum status vspace_map_fresh(struct vspace *space, uint64_t virt, uint32_t access,
                                      uint64_t *frame);

/*
 * Remove `pages` pages from `virt` on; what is not mapped there is passed over.  Tables that are
 * empty then go to `limbo`.  The frames are the caller's affair; and nobody uses either before all
 * CPUs of `cpus` have passed.
 */
void vspace_unmap(struct vspace *space, uint64_t virt, uint64_t pages, struct vspace_limbo *limbo);

/* The frames in limbo are free, all CPUs having passed. */
void vspace_free_limbo(struct vspace *space, struct vspace_limbo *limbo);

/* Take a space apart that no CPU uses, a part of it a call, from *cursor on (0 at first).  Returns:
 * it is gone, and the ledger has everything back. */
MUST_USE bool vspace_fini_some(struct vspace *space, uint64_t *cursor);

/* BAD_ADDRESS when a page lacks the access; bytes before it may have been copied then. */
MUST_USE enum status vspace_copy_in(const struct vspace *space, void *to, uint64_t from,
                                    uint64_t bytes);
MUST_USE enum status vspace_copy_out(const struct vspace *space, uint64_t to, const void *from,
                                     uint64_t bytes);

/* The physical address behind `virt` if mapped with at least `access`, else 0. */
uint64_t vspace_lookup(const struct vspace *space, uint64_t virt, uint32_t access);

/* Make it this CPU's; NULL: no user pages. */
void vspace_activate(struct vspace *space);

/* Make this CPU's what its current thread needs, and forget what it read from tables before. */
void vspace_refresh(void);

#endif /* KERNEL_VSPACE_H */
