/* SPDX-License-Identifier: MIT */
/* memory.h - the compiler's own four functions, as C defines them. */
#ifndef KERNEL_ARCH_X86_64_MEMORY_H
#define KERNEL_ARCH_X86_64_MEMORY_H

#include "base/types.h"

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

#endif /* KERNEL_ARCH_X86_64_MEMORY_H */
