/* SPDX-License-Identifier: MIT */
/*
 * overload.h - when a CPU has more to do than it can do in time, it says so and drops what is dear.
 *
 * A look at the end of every OVERLOAD_WINDOW_NS:
 *   runnable   more than OVERLOAD_COUNT_MAX contexts compete here, or
 *   sojourn    the least wait from being queued to running, of all that ran in the window, is
 *              over OVERLOAD_SOJOURN_NS: a standing queue, not a burst (after Nichols, Jacobson,
 *              "Controlling queue delay", ACM Queue 10(5), 2012; nothing is dropped here).
 * While either holds, and until few are left, the CPU is overloaded: waking threads of shorter
 * slice do not preempt any more, as each of them would only lengthen the queue, and fairness
 * pushes stop, so that idle CPUs' steals go first.  Slices stay what they are: the bound of
 * latency is a slice of each (rq_latency_bound_ns).
 *   behind     this CPU is further behind each CPU it looks at than contact reaches, all through
 *              the window, though it gives threads away: migration cannot keep up.  An event, no
 *              more.
 *
 * Each beginning, end and window behind is an event EV_OVERLOAD with a rule and the number
 * compared, and the CPU's `why`; beginnings are counted.
 *
 * Locks.  The run queue's.   Cost.  O(1).
 */
#ifndef CORE_OVERLOAD_H
#define CORE_OVERLOAD_H

#include "core/rq.h"

/* Is this CPU overloaded? */
static inline bool overload_is_on(const struct rq *rq)
{
    return rq->fair.count >= rq->overload.from_count;
}

/* Somebody got the CPU after `waited_ns` in the queue. */
static HOT void overload_note_wait(struct rq *rq, uint64_t waited_ns)
{
    if (waited_ns < rq->overload.least_wait_ns)
        rq->overload.least_wait_ns = waited_ns;
}

/* A look for a push is over: did the CPU that leads most of those seen, by `behind_ns` of service,
 * lead by more than contact reaches? */
void overload_note_push(struct rq *rq, bool is_behind, int64_t behind_ns);

/* If a window is over: is this CPU overloaded? */
void overload_look(struct sched *s, struct rq *rq, struct mono now);

#endif /* CORE_OVERLOAD_H */
