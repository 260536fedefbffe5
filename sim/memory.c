/* SPDX-License-Identifier: MIT */
#include "sim/memory.h"

#include "base/bits.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE_PAGE_BYTES ((size_t)2 << 20)

void *memory_aligned(size_t align, size_t bytes)
{
    size_t step = bytes < LARGE_PAGE_BYTES ? align : LARGE_PAGE_BYTES;
    size_t all = bits_round_up(bytes != 0 ? bytes : 1, step);
    void *memory = aligned_alloc(step, all);

    if (memory == NULL)
        return NULL;
    if (step == LARGE_PAGE_BYTES)
        (void)madvise(memory, all, MADV_HUGEPAGE); /* before anything of it is touched */
    memset(memory, 0, all);
    return memory;
}

void *memory_zeroed(size_t count, size_t bytes)
{
    if (bytes != 0 && count > SIZE_MAX / 2 / bytes)
        return NULL;
    return memory_aligned(sizeof(uint64_t), count * bytes);
}
