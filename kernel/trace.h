/* SPDX-License-Identifier: MIT */
/*
 * trace.h - the last scheduling events of each CPU, kept for a panic.
 *
 * A ring of TRACE_LAST_COUNT records per CPU, written by kernel_trace (the core's port_trace).
 * Locks: none; each CPU writes its own.  A panic reads those of CPUs that have stopped, and of
 * others as they are.
 */
#ifndef KERNEL_TRACE_H
#define KERNEL_TRACE_H

#include "core/port.h"

#define TRACE_LAST_COUNT 16u /* records each CPU keeps; a power of two */
#define TRACE_CPU_MAX 64u    /* rings; arch.h's ARCH_CPU_MAX, asserted in trace.c */

/* What is kept of a record: the ring says the CPU. */
struct trace_kept {
    struct mono now;
    int64_t a;
    int64_t b;
    uint32_t event;
    uint32_t thread;
};

struct trace_last {
    struct trace_kept records[TRACE_LAST_COUNT];
    uint64_t next_bytes; /* where in `records` the next one goes; event 0: never written */
} ALIGNED(1024);

extern struct trace_last trace_last[TRACE_CPU_MAX];

/* Inline, field by field, and without a multiplication for the index, so that a record is built
 * where it stays: every switch writes several. */
static HOT void kernel_trace(const struct trace_record *record)
{
    struct trace_last *last = &trace_last[arch_cpu()];
    uint64_t at = last->next_bytes;
    struct trace_kept *kept = (void *)((unsigned char *)last->records + at);

    last->next_bytes = (at + sizeof(*kept)) % sizeof(last->records);
    kept->now = record->now;
    kept->a = record->a;
    kept->b = record->b;
    kept->event = record->event;
    kept->thread = record->thread;
}

/* Print the last events of `cpu`, oldest first, past every lock; for a panic.  Returns how many. */
uint32_t trace_print_last(uint32_t cpu);

#endif /* KERNEL_TRACE_H */
