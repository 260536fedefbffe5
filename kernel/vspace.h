/* SPDX-License-Identifier: MIT */
/*
 * vspace.h - a process's address space: mapping pages, and copying from and to user memory.
 *
 * Copies go through the direct map, page by page, after a walk of the page tables with the access
 * asked for; the kernel never touches a user address itself, so a copy cannot fault.  Pages are
 * only ever added to a live address space, so what a walk finds stays found.  Every byte is read
 * once: what is validated is the kernel's copy.
 *
 * Locks: LOCK_SPACE for mapping, inside; copies take none.
 */
#ifndef KERNEL_VSPACE_H
#define KERNEL_VSPACE_H

#include "abi/status.h"
#include "kernel/arch.h"
#include "kernel/lock.h"

struct vspace {
    uint64_t root; /* physical address of the top table */
    struct lock lock;
};

/* An address space without user pages.  NO_MEMORY. */
MUST_USE enum status vspace_init(struct vspace *space);

/* Map the frame `phys` at `virt`, both page-aligned, `virt` not mapped yet.  NO_MEMORY. */
MUST_USE enum status vspace_map(struct vspace *space, uint64_t virt, uint64_t phys,
                                uint32_t access);

/*
 * Map fresh frames for [virt, virt + bytes) and copy `length` <= bytes bytes there; the rest is
 * zero.  No page of it may be mapped.  On NO_MEMORY part of it stays mapped.
 */
MUST_USE enum status vspace_fill(struct vspace *space, uint64_t virt, uint64_t bytes,
                                 const unsigned char *from, uint64_t length, uint32_t access);

/* BAD_ADDRESS when a page lacks the access; bytes before it may have been copied then. */
MUST_USE enum status vspace_copy_in(const struct vspace *space, void *to, uint64_t from,
                                    uint64_t bytes);
MUST_USE enum status vspace_copy_out(const struct vspace *space, uint64_t to, const void *from,
                                     uint64_t bytes);

/* The physical address behind `virt` if mapped with at least `access`, else 0. */
uint64_t vspace_lookup(const struct vspace *space, uint64_t virt, uint32_t access);

#endif /* KERNEL_VSPACE_H */
