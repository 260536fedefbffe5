/* SPDX-License-Identifier: MIT */
/*
 * trace.h - the last scheduling events of each CPU, with their reasons, kept for a panic.
 *
 * A ring of TRACE_LAST_COUNT records per CPU, written by kernel_trace (the core's port_trace).  It
 * is the CPU's ring of reasons, too: by which rule somebody was placed, picked or refused is in the
 * events themselves; what was news to a thread is a WHY event with both numbers.
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
    uint16_t event; /* enum trace_event */
    uint16_t rule;  /* enum why_rule, of EV_WHY; else 0 */
    uint32_t thread;
};

/* The ring is the first half of a block twice its size, so that one bit tells where it ends. */
struct trace_ring {
    struct trace_kept records[TRACE_LAST_COUNT]; /* event 0: never written */
} ALIGNED(1024);

/* Where a CPU's next record goes: what its arch_local begins with. */
struct trace_place {
    struct trace_kept *next;
};

extern struct trace_ring trace_rings[TRACE_CPU_MAX];

/* Inline and field by field, so that a record is built where it stays: every switch writes
 * several. */
static HOT void kernel_trace(const struct trace_record *record)
{
    struct trace_place *place = arch_local();
    struct trace_kept *kept = place->next;
    uintptr_t behind = (uintptr_t)(kept + 1);

    place->next = (struct trace_kept *)(behind & ~sizeof(trace_rings[0].records));
    kept->now = record->now;
    kept->a = record->a;
    kept->b = record->b;
    kept->event = (uint16_t)record->event;
    kept->rule = (uint16_t)record->rule;
    kept->thread = record->thread;
}

/* Print the last events of `cpu`, oldest first, past every lock; for a panic.  Returns how many. */
uint32_t trace_print_last(uint32_t cpu);

#endif /* KERNEL_TRACE_H */
