/* SPDX-License-Identifier: MIT */
/* memory.h - what the compiler may call behind our back, and what programs may call too. */
#ifndef USER_RT_MEMORY_H
#define USER_RT_MEMORY_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

#endif /* USER_RT_MEMORY_H */
