/* SPDX-License-Identifier: MIT */
#include "user/rt/memory.h"

#include <stdint.h>

/* String instructions: no loop that the compiler could turn into a call of this very function. */

void *memcpy(void *to, const void *from, size_t bytes)
{
    void *out = to;

    __asm__ volatile("rep movsb" : "+D"(out), "+S"(from), "+c"(bytes) : : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
    if ((uintptr_t)to - (uintptr_t)from >= bytes) /* wraps: also when `to` is below `from` */
        return memcpy(to, from, bytes);

    unsigned char *out = (unsigned char *)to + bytes - 1;
    const unsigned char *in = (const unsigned char *)from + bytes - 1;

    __asm__ volatile("std; rep movsb; cld" : "+D"(out), "+S"(in), "+c"(bytes) : : "memory", "cc");
    return to;
}

void *memset(void *to, int value, size_t bytes)
{
    void *out = to;

    __asm__ volatile("rep stosb" : "+D"(out), "+c"(bytes) : "a"(value) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    const unsigned char *left = a;
    const unsigned char *right = b;

    for (size_t i = 0; i < bytes; i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return 0;
}
