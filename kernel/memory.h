/* SPDX-License-Identifier: MIT */
/*
 * memory.h - the functions a C compiler may call on its own, as C defines them; the architecture
 * supplies them.  A call is never optimised away or repeated, so a copy from user memory reads
 * each byte once.
 */
#ifndef KERNEL_MEMORY_H
#define KERNEL_MEMORY_H

#include "base/types.h"

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

#endif /* KERNEL_MEMORY_H */
