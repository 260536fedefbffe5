/* SPDX-License-Identifier: MIT */
/*
 * frame.h - physical memory in frames of ARCH_PAGE_BYTES.
 *
 * Never-used frames come from the ranges the loader named, in order; used ones from a list threaded
 * through themselves, last in first out.  So the start costs nothing per frame, and both ways are
 * O(1).  One bit per frame says whether it is taken: giving a frame back twice, or one that was
 * never taken, is a bug and panics.
 *
 *   FR1  taken + free == all frames ever in the ranges.
 *
 * Locks: LOCK_FRAME, inside.  Every frame handed out is zeroed.
 */
#ifndef KERNEL_FRAME_H
#define KERNEL_FRAME_H

#include "kernel/arch.h"

/* Take over the ranges.  Once, by CPU 0, before the others run. */
void frame_init(const struct arch_range *ranges, uint32_t count);

/* A zeroed frame's physical address, or 0: none left. */
MUST_USE uint64_t frame_take(void);

/* Contiguous zeroed frames for `bytes`, from memory never used before; 0: no range has so many.
 * Cost: O(ranges + bytes). */
MUST_USE uint64_t frame_take_run(uint64_t bytes);

/* Give back a frame from frame_take, unmapped everywhere. */
void frame_give(uint64_t frame);

uint64_t frame_free_count(void);

#endif /* KERNEL_FRAME_H */
