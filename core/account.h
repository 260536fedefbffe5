/* SPDX-License-Identifier: MIT */
/*
 * account.h - one ledger: every nanosecond of every CPU goes to exactly one place.
 *
 * A run queue has one open interval, [since, now).  Closing it charges the current thread (and the
 * context that pays), or idle.  What interrupts took inside it was noted beforehand and goes to the
 * interrupts' account instead.  So at every instant, per CPU,
 *     busy_ns + idle_ns + irq_ns + kernel_ns == since - started     (AC1)
 * and over the machine
 *     sum of threads' runtime == sum of contexts' consumption == sum of busy     (AC2)
 * where ended threads count by what they left in the retired_ns of the CPU they ended on.
 *
 * account_charge is the only writer of a ledger's runtime; its callers are the charge points.
 *
 * Locks.  The run queue's, and only the CPU that owns it calls.   Cost.  O(1).
 */
#ifndef CORE_ACCOUNT_H
#define CORE_ACCOUNT_H

#include "core/rq.h"

enum charge_point {
    CHARGE_SWITCH,  /* current gives way: it yields, or its CPU set left this CPU */
    CHARGE_PREEMPT, /* its protection ended, or a shorter slice woke; also without a switch */
    CHARGE_BLOCK,   /* it waits */
    CHARGE_HANDOFF, /* it lends its context over a call */
    CHARGE_UNBLOCK, /* another thread arrives here: the current one is brought up to date */
    CHARGE_EXIT,    /* it ended */
    CHARGE_POINT_COUNT
};

/* Close the interval of the current thread.  A clock that ran backwards, or an interval
 * above CHARGE_NS_MAX, is refused: counted, traced, nobody is charged for it. */
void account_charge(struct sched *s, struct rq *rq, struct mono now, enum charge_point point);
/* The same for who knows current. */
void account_charge_to(struct sched *s, struct rq *rq, struct current who, struct mono now,
                       enum charge_point point);

/* Close the interval of an idle CPU. */
void account_idle(struct sched *s, struct rq *rq, struct mono now);

/* An interrupt on `cpu` took from `begin` to `end`: nobody's time.  Call it last in the
 * interrupt; the interval [begin, end) must not have been charged.
 * Returns: how much of it the interrupts' account gets. */
uint64_t account_interrupt(struct sched *s, uint32_t cpu, struct mono begin, struct mono end);

/* Own CPU time of the thread running on a CPU at t is its ledger's runtime_ns + (t - this). */
static inline struct mono account_uncharged_since(const struct rq *rq)
{
    return mono_add(rq->since, rq->excluded_ns);
}

struct mono account_effective_since(const struct sched *s, uint32_t cpu);

/*
 * AC1 on every CPU and AC2 over the machine?  Any CPU, no lock, while others run: the sums are read
 * between two equal readings of busy time, BALANCE_TURNS_MAX tries at most.
 * Cost: O(threads + CPUs) a try.   Returns: false if they do not add up, or never held still.
 */
MUST_USE bool account_balances(const struct sched *s);

/* AC1 for `cpu`; panics. */
void account_check(const struct sched *s, uint32_t cpu);

#endif /* CORE_ACCOUNT_H */
