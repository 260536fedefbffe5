/* SPDX-License-Identifier: MIT */
/* ranges.h - a bounded list of physical memory ranges with holes cut out.  Pure; no locks. */
#ifndef KERNEL_ARCH_X86_64_RANGES_H
#define KERNEL_ARCH_X86_64_RANGES_H

#include "kernel/arch.h"

struct ranges {
    struct arch_range items[ARCH_RANGES_MAX];
    uint32_t count;
};

/* Add [base, base + bytes), shrunk to whole pages.  Empty ones are left out; without room, the
 * smallest is (lost memory is safe, invented memory is not). */
void ranges_add(struct ranges *r, uint64_t base, uint64_t bytes);

/* Take [base, base + bytes), grown to whole pages, out of every range. */
void ranges_remove(struct ranges *r, uint64_t base, uint64_t bytes);

#endif /* KERNEL_ARCH_X86_64_RANGES_H */
