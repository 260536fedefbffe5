/* SPDX-License-Identifier: MIT */
/*
 * timer.h - the sleepers of each CPU: operations with a deadline, and waits with one.
 *
 * A CPU's timers are a leftist tree threaded through the records that own them (Crane 1972; Knuth,
 * TAOCP 3, 5.2.3): every right path is at most log2(n + 1) long, and all work happens on right
 * paths.  A timer is inserted by the CPU that runs its thread, may be cancelled from any CPU, and
 * fires on the CPU it was inserted on; the thread may have moved meanwhile, so firing is a wake.
 *
 *   TM1  A parent is not later than its children; equal instants fire in the order of insertion.
 *   TM2  rank(left) >= rank(right); rank(node) = rank(right) + 1; rank of nothing = 0.
 *   TM3  A timer is in exactly the tree its `cpu_plus_1` names, or in none when that is 0.
 *
 * Firing happens under the lock, and cpu_plus_1 becomes 0 after it: so who finds a timer unlinked,
 * or has cancelled it, knows that nobody will touch its record through the timer any more.
 *
 * Memory: never allocates.   Locks: LOCK_TIMER of the CPU, inside.   Cost: O(log n) each.
 */
#ifndef KERNEL_TIMER_H
#define KERNEL_TIMER_H

#include "kernel/lock.h"

struct timer {
    struct timer *parent;
    struct timer *left;
    struct timer *right;
    struct mono at;
    uint64_t arrival;
    struct port_atomic32 cpu_plus_1;
    uint8_t rank;
    bool is_wait; /* its owner's note: a wait in cap_enter, not an operation */
};

struct timers {
    struct lock lock;
    struct port_atomic64 next_ns; /* instant of the root; read without the lock by its CPU */
    struct timer *root;
    uint64_t arrivals;
    uint64_t count;
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
    return port_load32(&timer->cpu_plus_1) != 0;
}

/* The earliest instant on this CPU, or MONO_NEVER.  May be one cancelled a moment ago. */
struct mono timer_next(void);
struct mono timer_next_on(uint32_t cpu); /* this one's number, from who knows it */

/* Fire at most TIMER_BATCH_MAX timers of this CPU that are due at `now`, earliest first. */
void timer_expire(struct mono now, timer_fire *fire, void *context);

/* TM1..TM3 and the count of one CPU's tree; panics.  O(n): tests. */
void timer_check(uint32_t cpu);

#endif /* KERNEL_TIMER_H */
