/* SPDX-License-Identifier: MIT */
/*
 * fair.h - the fair class of one CPU: EEVDF with exact integers.
 *
 * Model (Stoica, Abdel-Wahab, TR-95-22).  Contexts i of weight w_i compete for one CPU.  v_i is the
 * service i has had, in virtual time: it advances by 1024/w_i per nanosecond run.  The queue's
 * virtual time is V = sum w_i v_i / sum w_i over everybody competing; lag_i = V - v_i is what i is
 * owed.  Rule: among the eligible (v <= V) run the one with the earliest virtual deadline
 * d = v_request + slice * 1024 / w.
 *
 * To compare with, the simulator can choose weighted fair queueing (FAIR_WFQ): the earliest virtual
 * deadline of all, eligible or not.  Nothing else differs.  Why it is not the rule: docs/adr/0010.
 *
 * Arithmetic.  Sums are kept, quotients are not: S = sum w_i (v_i - V0), W = sum w_i.
 *     v <= V  <=>  (v - V0) * W <= S           one wide multiplication, no division, no rounding
 *     V = V0 + floor(S / W)                    only to place somebody or to move V0
 * Why not compare with a rounded V: an average rounded down can lie below every v, and then nobody
 * is eligible although somebody is runnable.  Exactly computed, the least v never lies above V.
 *
 * Overflow.  |v - V0| < 2^60 (V0 follows), w <= 2^17, at most 2^20 contexts: |S| < 2^97.
 *
 * Join and leave.
 *   new      lag 0, and half a slice until its first deadline.  But no debt may be left to a
 *            successor: who is started by a thread in debt begins with that, and where somebody
 *            ended in debt, which moves V back, new ones begin no earlier than its v.  At most a
 *            debt of the own slice either way.
 *   sleep    leaves at once; v and lag = min(V - v, L) are kept, with the CPU whose clock v is on.
 *   wake     l = V - v on the same CPU, at most max(lag, 0): a debt is paid only by the clock
 *            passing it, a credit is never more than was stored.  Nor is a debt, which left as
 *            min(lag, 0) (W + w) / W: others' arrivals with a credit move V back, which is not the
 *            sleeper's doing.  On another CPU l = G - (v + zone of the CPU slept on), with the
 *            clocks of core/clock.h, at most max(lag, 0).  Below -(B*1024/w + L) the clocks are out
 *            of contact: l = min(lag, 0).  A new request.
 *   move     queued or running threads keep their position v + zone if the CPUs are in contact, and
 *            what is left of d - v, counted from V when they are owed something: a credit makes
 *            eligible, not urgent.  Else they keep their lag, clamped to [-L - B, L], and what is
 *            left of d - v; one whose CPU set made it move has a debt of its own slice then, so
 *            that no visit elsewhere clears one.
 *   A credit l is placed as l + l*w/W, so that V after joining leaves exactly l; a position is kept
 *   as it is.
 *   L = (longest slice among the queued and the arriving + granularity) * 1024/w.
 * An empty class's V goes on with the wall clock at weight 1024, so a debt of somebody who sleeps
 * on an idle CPU is forgiven at the rate at which it would have been paid.
 *
 *   F1  S and W equal the sums recomputed from the contexts (fair_check).
 *   F2  A non-empty queue has an eligible context (asserted in fair_pick).
 *   F3  At constant weight, w * dv + d(remainder) == 1024 * service (sc_charge).
 *
 * Locks.  The run queue's.   Cost.  O(log n), O(1) where nothing is linked.
 */
#ifndef CORE_FAIR_H
#define CORE_FAIR_H

#include "core/rq.h"

/* The least urgent class of who competes; it has the longest slice.  Nobody: the most urgent. */
uint32_t fair_least_class(const struct rq *rq);

/* V now. */
struct vtime fair_now(const struct sched *s, const struct rq *rq, struct mono now);

/* The context competes here from now on (it still is in no tree): place v and the deadline.
 * Returns: V with it. */
struct vtime fair_join(struct sched *s, struct rq *rq, struct sc *c, struct mono now);

/* It stops competing: store lag and v for its return.  `moves`: it goes to another CPU at once. */
void fair_leave(struct rq *rq, struct sc *c, struct mono now, bool moves);

/* What fair_leave left of it ends for good: a debt is not forgotten, who comes new pays it. */
void fair_end(struct rq *rq, const struct sc *c);

/* The new context `c` is started by who runs here, charged up to now: it takes over its debt. */
void fair_inherit(const struct sched *s, const struct rq *rq, struct sc *c);

/* Take fair_leave back, within the same critical section and at the same instant. */
void fair_rejoin(struct rq *rq, struct sc *c);

/* It ran for `run_ns`: v, S, and a new request when the deadline is reached. */
void fair_charge(struct rq *rq, struct sc *c, uint64_t run_ns);

/* It gives way: what is left of its request counts as used if it is less than GRANULARITY_NS.  It
 * would have an early deadline and, once picked, a whole slice. */
void fair_give_way(struct sc *c);

/* Link or unlink a competing context, `c` of slot `sc`, in the queue. */
void fair_queue(struct sched *s, struct rq *rq, uint32_t sc, struct sc *c);
void fair_unqueue(struct sched *s, struct rq *rq, uint32_t sc, struct sc *c);
/* The same for the only one there. */
void fair_unqueue_only(struct rq *rq, uint32_t sc, struct sc *c);

/* The eligible linked context with the earliest deadline (WFQ: of all); SLOT_NONE only if none is
 * linked. */
MUST_USE uint32_t fair_pick(const struct sched *s, const struct rq *rq);

/* Does the queued `waking` take the CPU from the running one before its protection ends?  Only a
 * strictly shorter slice that is eligible does. */
bool fair_preempts(const struct rq *rq, const struct sc *waking);

/* Give up the rest of the request: the next deadline is a slice further. */
void fair_yield(struct sched *s, struct rq *rq, uint32_t sc);

/* Change the weight of a competing context that is in no tree; V and lag * w stay. */
void fair_reweight(struct sched *s, struct rq *rq, uint32_t sc, uint32_t weight);

/* The same for one that competes nowhere: it rests with its v and lag of when it left. */
void fair_reweight_at_rest(struct sc *c, uint32_t weight);

/* F1; panics.  O(threads queued here). */
void fair_check(const struct sched *s, uint32_t cpu);

#endif /* CORE_FAIR_H */
