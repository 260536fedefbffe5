/* SPDX-License-Identifier: MIT */
/*
 * arena.h - all state of one machine's scheduler: one relocatable block without pointers.
 *
 * Copying `bytes` bytes is a snapshot, hashing them is a state.  The block holds this header, then
 * run queues (one per CPU), threads, scheduling contexts, CPU masks, reasons of threads; who wants
 * one computes its address from an offset.  Slot n of the contexts is the home context of thread n.
 *
 *   A1  Every offset is a multiple of 64 and the regions do not overlap (arena_check).
 *   A2  A slot is on the free list iff its thread's state is DEAD with no `linked` bit.
 *
 * Locks.  Regions and counts never change after sched_init.  The free list is a Treiber stack with
 *         a tag against ABA (Treiber, RJ 5118, 1986); slots are never unmapped, so reading the next
 *         link of a slot somebody else took meanwhile is harmless.
 * Cost.   O(1).
 */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include "core/limits.h"
#include "core/port.h"

/* Two words per cluster, each on its own cache line: they are read far more than written. */
struct cluster_word {
    struct port_atomic64 bits; /* one per CPU of the cluster */
} ALIGNED(64);

struct cluster {
    struct cluster_word idle;     /* CPUs with nothing to run that nobody has claimed yet */
    struct cluster_word overload; /* CPUs with a queued context somebody else might run */
};

struct sched {
    uint64_t bytes;
    uint64_t rq_offset;
    uint64_t thread_offset;
    uint64_t sc_offset;
    uint64_t mask_offset;
    uint64_t why_offset; /* the last region: nothing depends on what is in it */
    uint32_t cpu_count;
    uint32_t thread_count;
    uint32_t mask_words; /* words of a CPU mask's row = clusters */
    uint32_t reserved;
    struct port_atomic64 free_slots; /* {tag, first free slot} */
    struct cluster clusters[CLUSTER_COUNT_MAX];
} ALIGNED(64);

/* The one place where an offset becomes a pointer; the arena is the caller's, mutable memory.
 * rq_of, thread_of, mask_of and sc_of stand with their nouns. */
static inline void *arena_at(const struct sched *s, uint64_t offset)
{
    return (void *)((uintptr_t)s + offset);
}

static inline uint64_t arena_offset(const struct sched *s, const void *record)
{
    return (uint64_t)((uintptr_t)record - (uintptr_t)s);
}

/* Bytes for a machine of this size; 0 if the counts are outside the limits. */
uint64_t arena_bytes(uint32_t cpu_count, uint32_t thread_count);

/* Lay out `s` (zeroed, arena_bytes() long, 64-aligned) and put every slot on the free list. */
void arena_init(struct sched *s, uint32_t cpu_count, uint32_t thread_count);

/* Take a free slot, or SLOT_NONE.  Any CPU, no lock. */
MUST_USE uint32_t arena_slot_take(struct sched *s);

/* Give `slot` back; its owner must have stopped using it. */
void arena_slot_give(struct sched *s, uint32_t slot);

/* A1 and A2; panics on the first violation.  Only while nobody takes or gives a slot.
 * O(threads). */
void arena_check(const struct sched *s);

#endif /* CORE_ARENA_H */
