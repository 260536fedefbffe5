/* SPDX-License-Identifier: MIT */
/*
 * eedq.h - the one queue of the scheduler: among what is eligible, the earliest deadline.
 *
 * Two clocks use it and never mix: the fair class (EEVDF; eligible_at and deadline are virtual
 * times) and the reserved class (EDF with refills; both are monotonic times).  The queue compares
 * keys and knows no clock, so a key is a bare int64_t and the caller's types keep the clocks apart.
 * Keys compare as wrap-safe differences: all keys of one queue lie within 2^62 of each other.
 *
 * Shape.  Few contexts: an array sorted by (deadline, arrival); the common case, in which who comes
 *         touches no other context, as the deadlines are in the array too.  More than
 *         EEDQ_ARRAY_MAX: a balanced tree in the same order, threaded through the contexts of the
 *         arena by 32-bit slots, each node knowing the least eligible_at at or below it.  Which of
 *         the two it is decides nothing but cost.
 *         Why not an AVL tree (siblings differ by 1): who comes goes to the late end and who is
 *         picked leaves the early one, so it turned edges 1.4 times a switch, this one 0.8 times
 *         (callgrind's count of rotate, build/cost/switches 4096 4000).
 *
 *   Q1  In-order, (deadline, arrival) strictly rises: no ties, so no order by address.
 *   Q2  In the tree, least_eligible of a node = min(its eligible_at, its children's
 *       least_eligible).
 *   Q3  A context is linked here iff its thread's LINKED_QUEUE bit is set (the caller's part).
 *   Q4  Heights of two siblings differ by at most 2; parent and child name each other.
 *   Q5  The queue is an array (root is SLOT_NONE) only with at most EEDQ_ARRAY_MAX contexts, a tree
 *       only with more than EEDQ_ARRAY_AGAIN.  The array's deadlines are the contexts'.
 *
 * Memory.  Never allocates.   Locks.  The owning run queue's, for every function.
 * Cost.    O(log n) each; pick visits at most EEDQ_DEPTH_MAX nodes.  Changing the shape costs a
 *          bounded number of insertions, at most once in EEDQ_ARRAY_MAX - EEDQ_ARRAY_AGAIN changes.
 */
#ifndef CORE_EEDQ_H
#define CORE_EEDQ_H

#include "base/fixmul.h"
#include "core/arena.h"

struct eedq_key {
    int64_t eligible_at;
    int64_t deadline;
};

struct eedq_node {
    struct eedq_key key;
    uint64_t arrival;
    int64_t least_eligible; /* from here on: in the tree */
    uint32_t child[2];      /* what comes later in order, what comes earlier; or SLOT_NONE */
    uint32_t height;
    uint32_t up; /* SLOT_NONE: it is the root */
};

struct eedq {
    uint64_t arrivals; /* next arrival number; never reused */
    uint32_t root;     /* of the tree, a slot; SLOT_NONE: it is an array */
    uint32_t count;
    uint32_t sorted[EEDQ_ARRAY_MAX];  /* slots; the array */
    int64_t deadline[EEDQ_ARRAY_MAX]; /* of those */
};

/*
 * What the time is: eligible is who has (eligible_at - origin) * weight <= sum.  For the virtual
 * clock that is "at most the average" without a division (core/fair.h); for the monotonic clock
 * {now, 1, 0}.  `weight` is not negative, so everything below what is eligible is eligible too.
 */
struct eedq_clock {
    int64_t origin;
    int64_t weight;
    struct wide sum;
};

static inline bool eedq_is_eligible(int64_t eligible_at, const struct eedq_clock *clock)
{
    int64_t since = (int64_t)((uint64_t)eligible_at - (uint64_t)clock->origin);

    return wide_mul_le(since, clock->weight, clock->sum);
}

/* May this context be taken?  For searches by something else than time. */
typedef bool eedq_accept(const struct sched *s, uint32_t sc, uint32_t cpu);

void eedq_init(struct eedq *q);

/* The only context of a queue that has one; else SLOT_NONE. */
static inline uint32_t eedq_only(const struct eedq *q)
{
    return q->count == 1 ? q->sorted[0] : SLOT_NONE; /* so few are always an array */
}

/* Unlink it. */
static inline void eedq_remove_only(struct eedq *q, uint32_t sc)
{
    ASSERT(q->count == 1);
    ASSERT(q->sorted[0] == sc);
    q->count = 0;
    q->sorted[0] = 0; /* equal queues are equal bytes: the explorer counts states by them */
    q->deadline[0] = 0;
}

/* Link context `sc`, which is in no queue; `n` is its node, with the key set.  Its arrival number
 * is taken here. */
void eedq_insert(struct sched *s, struct eedq *q, uint32_t sc, struct eedq_node *n);

/* Unlink `sc`, which is linked here. */
void eedq_remove(struct sched *s, struct eedq *q, uint32_t sc);

/* The eligible context with the earliest deadline, left linked; SLOT_NONE when there is none. */
MUST_USE uint32_t eedq_pick(const struct sched *s, const struct eedq *q,
                            const struct eedq_clock *clock);

/* Those of the first STEAL_SCAN_MAX contexts in deadline order that `accept` takes for `cpu`, left
 * linked.  Returns: how many. */
MUST_USE uint32_t eedq_search(const struct sched *s, const struct eedq *q, eedq_accept *accept,
                              uint32_t cpu, uint32_t found[STEAL_SCAN_MAX]);

/* In deadline order: who comes first, who after the linked `sc`; SLOT_NONE: nobody. */
uint32_t eedq_first(const struct sched *s, const struct eedq *q);
uint32_t eedq_next(const struct sched *s, const struct eedq *q, uint32_t sc);

/* The least eligible_at of a non-empty queue. */
int64_t eedq_next_eligible(const struct sched *s, const struct eedq *q);

/* Q1, Q2, Q4, Q5 and the count; panics on the first violation.  O(n): tests and simulator. */
void eedq_check(const struct sched *s, const struct eedq *q);

#endif /* CORE_EEDQ_H */
