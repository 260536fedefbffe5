/* SPDX-License-Identifier: MIT */
/*
 * arch_count.h - the part of arch.h that counts what instructions do not tell: writes that take
 * one instruction each and, on hardware, the time of many.
 *
 * Each CPU counts its own, by one plain increment at the place of the write, from its first
 * kernel_main or kernel_cpu_main on.
 *
 * Locks: none; of another CPU a count may be one event old.  Cost: O(1).
 */
#ifndef KERNEL_ARCH_COUNT_H
#define KERNEL_ARCH_COUNT_H

#include "base/types.h"

struct arch_counts {
    uint64_t space_count; /* the CPU's address space was set: another one, or the same to flush */
    uint64_t timer_count; /* the timer was set or stopped */
    uint64_t kick_count;  /* interrupts this CPU sent to CPUs (arch_kick) */
};

struct arch_counts arch_counts_of(uint32_t cpu);

#endif /* KERNEL_ARCH_COUNT_H */
