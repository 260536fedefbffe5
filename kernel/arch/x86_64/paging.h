/* SPDX-License-Identifier: MIT */
/*
 * paging.h - the kernel's half of every address space.
 *
 * Invariants.  paging_check() walks the live tables and verifies them.
 *   P1  No page is both writable and executable, under no name.
 *   P2  Only kernel text is executable in the kernel's half; nothing there is open to user mode.
 *   P3  The kernel's image has one name only: it is not in the direct map.
 * The tables are built once, by CPU 0 before the others run, and never change afterwards, so there
 * are no locks and no TLB shootdowns.
 */
#ifndef KERNEL_ARCH_X86_64_PAGING_H
#define KERNEL_ARCH_X86_64_PAGING_H

#include "kernel/arch.h"

#define PAGE_PRESENT UINT64_C(1)
#define PAGE_WRITE UINT64_C(2)
#define PAGE_USER UINT64_C(4)
#define PAGE_UNCACHED UINT64_C(0x18) /* PWT, PCD */
#define PAGE_LARGE UINT64_C(0x80)
#define PAGE_GLOBAL UINT64_C(0x100)
#define PAGE_NO_EXECUTE (UINT64_C(1) << 63)
#define PAGE_ADDRESS UINT64_C(0x000ffffffffff000)

#define PAGING_ENTRIES 512u
#define PAGING_LEVELS 4u

extern uint64_t paging_root; /* physical; the tables with an empty user half */

/* Build and activate: image, direct map of boot->free and the archive, LAPIC, `cpu_count` CPUs'
 * stacks.  Frames come from boot_frame. */
void paging_init(const struct arch_boot *boot, uint64_t lapic_base, uint32_t cpu_count);

/* Map a page of a device's registers at boot; nothing may be there. */
void paging_map_device(uint64_t virt, uint64_t phys);

/* The entry for `virt` in the table of `level` (3 = root .. 0), as an index. */
static inline uint32_t paging_index(uint64_t virt, uint32_t level)
{
    return (uint32_t)(virt >> (12 + 9 * level)) & (PAGING_ENTRIES - 1);
}

/* Verify P1..P3 on the kernel's half of `root`.  O(pages).  Returns NULL, or what is violated. */
MUST_USE const char *paging_check(uint64_t root);

#endif /* KERNEL_ARCH_X86_64_PAGING_H */
