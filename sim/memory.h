/* SPDX-License-Identifier: MIT */
/*
 * memory.h - the simulator's large arrays.
 *
 * A machine of a million threads is hundreds of MiB that every event reads at random.  In pages of
 * 4 KiB each of those reads misses the processor's table of addresses, too; so what is large asks
 * the host for large pages.  They are a wish: without them all is the same but slower.
 */
#ifndef SIM_MEMORY_H
#define SIM_MEMORY_H

#include "base/types.h"

/* `count` times `bytes` of zeroes, or NULL; to be given to free(). */
MUST_USE void *memory_zeroed(size_t count, size_t bytes);

/* The same, on a boundary of `align` bytes, a power of two. */
MUST_USE void *memory_aligned(size_t align, size_t bytes);

#endif /* SIM_MEMORY_H */
