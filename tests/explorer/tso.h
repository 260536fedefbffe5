/* SPDX-License-Identifier: MIT */
/*
 * tso.h - shared memory as x86 gives it: a first-in first-out store buffer per CPU.
 *
 * The model is x86-TSO (Sewell, Sarkar, Owens, Zappa Nardelli, Myreen, CACM 53(7), 2010): a store
 * goes to the CPU's buffer; its own loads see the newest buffered store to their address, else
 * memory; the oldest store reaches memory at any later moment; a locked instruction and a fence
 * wait until the own buffer is empty.  Buffers here hold STORES_MAX entries: a store to a full one
 * waits.
 *
 *   B1  Entries 0..count-1 are in program order, all others are zero (so that equal buffers are
 *       equal bytes).
 */
#ifndef TESTS_EXPLORER_TSO_H
#define TESTS_EXPLORER_TSO_H

#include "base/types.h"

#define STORES_MAX 4u

/* Every shared variable is one of these two widths, and never accessed with the other. */
enum tso_width { TSO_32 = 4, TSO_64 = 8 };

struct tso_store {
    void *address;
    uint64_t value;
    uint64_t width; /* enum tso_width */
};

struct tso_buffer {
    uint64_t count;
    struct tso_store stores[STORES_MAX];
};

/* What memory holds. */
uint64_t tso_memory_read(const void *address, enum tso_width width);
void tso_memory_write(void *address, uint64_t value, enum tso_width width);

/* What the CPU of `buffer` sees. */
uint64_t tso_load(const struct tso_buffer *buffer, const void *address, enum tso_width width);

/* Append a store; the buffer must not be full. */
void tso_store(struct tso_buffer *buffer, void *address, uint64_t value, enum tso_width width);

/* Let the oldest store of a non-empty buffer reach memory; returns it. */
struct tso_store tso_flush(struct tso_buffer *buffer);

#endif /* TESTS_EXPLORER_TSO_H */
