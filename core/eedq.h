/* SPDX-License-Identifier: MIT */
/*
 * eedq.h - the one queue of the scheduler: among what is eligible, the earliest deadline.
 *
 * Two clocks use it and never mix: the fair class (EEVDF; eligible_at and deadline are virtual
 * times) and the reserved class (EDF with refills; both are monotonic times).  The queue compares
 * keys and knows no clock, so a key is a bare int64_t and the caller's types keep the clocks apart.
 * Keys compare as wrap-safe differences: all keys of one queue lie within 2^62 of each other.
 *
 * Shape.  An AVL tree threaded through the contexts of the arena by 32-bit slots, ordered by
 *         (deadline, arrival), each node knowing the least eligible_at at or below it.
 *
 *   Q1  In-order, (deadline, arrival) strictly rises: no ties, so no order by address.
 *   Q2  least_eligible of a node = min(its eligible_at, its children's least_eligible).
 *   Q3  A context is linked here iff its thread's LINKED_QUEUE bit is set (the caller's part).
 *   Q4  Heights of two siblings differ by at most 1.
 *
 * Memory.  Never allocates.   Locks.  The owning run queue's, for every function.
 * Cost.    O(log n) each; pick visits at most EEDQ_DEPTH_MAX nodes.
 */
#ifndef CORE_EEDQ_H
#define CORE_EEDQ_H

#include "core/arena.h"

struct eedq_key {
    int64_t eligible_at;
    int64_t deadline;
};

struct eedq_node {
    struct eedq_key key;
    int64_t least_eligible;
    uint64_t arrival;
    uint32_t left;
    uint32_t right;
    uint32_t height;
    uint32_t reserved;
};

struct eedq {
    uint64_t arrivals; /* next arrival number; never reused */
    uint32_t root;     /* slot, or SLOT_NONE */
    uint32_t count;
};

/* Decides by a context's eligible_at alone; must be monotone: accepts all below what it accepts. */
typedef bool eedq_eligible(int64_t eligible_at, const void *clock);

/* May this context be taken?  For searches by something else than time. */
typedef bool eedq_accept(const struct sched *s, uint32_t sc, uint32_t cpu);

void eedq_init(struct eedq *q);

/* Link context `sc`, which is in no queue; its arrival number is taken here. */
void eedq_insert(struct sched *s, struct eedq *q, uint32_t sc, struct eedq_key key);

/* Unlink `sc`, which is linked here. */
void eedq_remove(struct sched *s, struct eedq *q, uint32_t sc);

/* The eligible context with the earliest deadline, left linked; SLOT_NONE when there is none. */
MUST_USE uint32_t eedq_pick(const struct sched *s, const struct eedq *q, eedq_eligible *is_eligible,
                            const void *clock);

/* The first of the first STEAL_SCAN_MAX contexts in deadline order that `accept` takes for `cpu`,
 * left linked; or SLOT_NONE. */
MUST_USE uint32_t eedq_search(const struct sched *s, const struct eedq *q, eedq_accept *accept,
                              uint32_t cpu);

/* The least eligible_at of a non-empty queue. */
int64_t eedq_next_eligible(const struct sched *s, const struct eedq *q);

/* Q1, Q2, Q4 and the count; panics on the first violation.  O(n): tests and simulator. */
void eedq_check(const struct sched *s, const struct eedq *q);

#endif /* CORE_EEDQ_H */
