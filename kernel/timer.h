/* SPDX-License-Identifier: MIT */
/*
 * timer.h - the sleepers of each CPU: operations with a deadline, and waits with one.
 *
 * A CPU's timers are a heap (kernel/heap.h).  A timer is inserted by the CPU that runs its thread,
 * may be cancelled from any CPU, and fires on the CPU it was inserted on; the thread may have moved
 * meanwhile, so firing is a wake.  Equal instants fire in the order of insertion.
 *
 *   TM1  A timer is in exactly the heap that its node's owner names, 1 + the CPU, or in none when
 *        that is 0.
 *
 * Firing happens under the lock, and the owner becomes 0 after it: so who finds a timer unlinked,
 * or has cancelled it, knows that nobody will touch its record through the timer any more.
 *
 * Memory: never allocates.   Locks: LOCK_TIMER of the CPU, inside.   Cost: O(log n) each.
 */
#ifndef KERNEL_TIMER_H
#define KERNEL_TIMER_H

#include "base/list.h"
#include "kernel/heap.h"

/* What a timer belongs to: its node's note. */
enum timer_use { TIMER_OPERATION = 0, TIMER_WAIT, TIMER_ENDPOINT };

struct timer {
    struct heap_node node;
};

struct timers {
    struct lock lock;
    struct port_atomic64 next_ns; /* instant of the first; read without the lock by its CPU */
    struct heap heap;
} ALIGNED(64);

/* What to do with a timer whose instant has come.  Under LOCK_TIMER: quick, takes no lock below. */
typedef void timer_fire(struct timer *timer, void *context);

/* No timers anywhere.  Before the other CPUs run. */
void timer_init(void);

/* Start an unlinked timer on this CPU. */
void timer_insert(struct timer *timer, struct mono at);

/* Take a timer out if it is in; afterwards nobody uses it.  Any CPU. */
void timer_cancel(struct timer *timer);

static inline bool timer_is_linked(const struct timer *timer)
{
    return port_load32(&timer->node.owner) != 0;
}

/* The earliest instant on this CPU, or MONO_NEVER.  May be one cancelled a moment ago. */
struct mono timer_next(void);
struct mono timer_next_on(uint32_t cpu); /* this one's number, from who knows it */

/* Fire at most TIMER_BATCH_MAX timers of this CPU that are due at `now`, earliest first. */
void timer_expire(struct mono now, timer_fire *fire, void *context);

/* TM1 and the heap of one CPU; panics.  O(n): tests. */
void timer_check(uint32_t cpu);

#endif /* KERNEL_TIMER_H */
