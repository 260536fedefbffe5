/* SPDX-License-Identifier: MIT */
/*
 * memory.c - the four functions a C compiler may call on its own.
 *
 * String instructions, because a C loop here is what the compiler would turn into a call of the
 * function itself.  Words first: under QEMU's icount each turn of REP counts as one instruction.
 */
#include "kernel/arch/x86_64/memory.h"

#include "kernel/arch/x86_64/x86.h"

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    void *at = to;
    size_t words = bytes / 8;
    size_t rest = bytes % 8;

    __asm__ volatile("rep movsq" : "+D"(at), "+S"(from), "+c"(words) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(rest) : : "memory");
    return to;
}

void *memset(void *to, int value, size_t bytes)
{
    void *at = to;
    uint64_t word = (uint64_t)(uint8_t)value * UINT64_C(0x0101010101010101);
    size_t words = bytes / 8;
    size_t rest = bytes % 8;

    __asm__ volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(word) : "memory");
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(rest) : "a"(word) : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
    unsigned char *last = (unsigned char *)to + bytes - 1;
    const unsigned char *source = (const unsigned char *)from + bytes - 1;

    if ((uintptr_t)to - (uintptr_t)from >= bytes) /* below, or no overlap: upwards is safe */
        return memcpy(to, from, bytes);
    __asm__ volatile("std; rep movsb; cld" : "+D"(last), "+S"(source), "+c"(bytes) : : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    const unsigned char *x = a, *y = b;

    for (size_t i = 0; i < bytes; i++) {
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
        if (i % 1024 == 1023)
            x86_pause();
    }
    return 0;
}
