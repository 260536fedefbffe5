/* SPDX-License-Identifier: MIT */
/*
 * lend.h - who pays over a call: a thread that waits for another's answer lends it its context.
 *
 * Every thread has a home context, in the slot of its own number.  While it waits for an answer it
 * may lend what it runs on, and the other executes on that: the context stays where it is, queued
 * or current, with its v, deadline and slice; only its thread field moves.  The other may lend it
 * further.  So lenders form a chain:
 *
 *     user (runs, is queued, ...) -> its lender -> ... -> root, whose home context it is
 *
 *   L1  A thread's context is its home (thread_sc == slot), or lent: then `lent` of its home names
 *       its lender.  Every member of a chain has the context of the root, and depth counts from it.
 *   L2  Who lends is BLOCKED with LENDER; nobody attaches it.  It belongs, like the context, to
 *       whoever owns the user's state.
 *   L3  sc_thread of the context is the user.  Who dooms a lender sets DYING, marks the user, which
 *       looks before it waits, then sees whether it still is the user (lend_alarm).  Who changes
 *       the user does so before the old one's state word, and passes the mark on; where the old
 *       one goes on or has ended, before it reads DYING again.  So one of the two sees the other.
 *   L4  A dying lender is cut out as soon as the user's owner looks: what is nearer to the root
 *       gets the context back and waits; what is nearer to the user goes on with the home of its
 *       own first.  So a context ends with its thread, is with one thread always, and is never
 *       left with one that serves nobody.
 *
 * Giving back without handing over leaves the lender BLOCKED, or, if woken meanwhile, queued.
 *
 * Refusals are ordinary, change nothing and are counted by reason (rq_stat.lend_count).
 * Locks.  The run queue's, inside.   Cost.  O(1) to lend and hand back, O(depth) to cut.
 */
#ifndef CORE_LEND_H
#define CORE_LEND_H

#include "core/fair.h"
#include "core/sched.h"

/* Is `thread` on another's context? */
static inline bool lend_is_lent(const struct sched *s, uint32_t thread)
{
    return thread_sc(thread_of(s, thread)) != thread;
}

/*
 * The current thread of `rq` waits for `to`, which waits for calls: `to` runs at once, on the
 * context of the current thread.  Nothing is queued, no timer changes, who is protected remains so.
 * Returns: why not; then nothing has changed.
 */
MUST_USE enum lend_result sched_lend(struct sched *s, struct rq *rq, struct thread_ref to,
                                     struct mono now, struct decision *d);

/* The current thread is done with what its lender `to` asked for, and waits for more: `to` runs at
 * once, on its context again.  Returns: as sched_lend. */
MUST_USE enum lend_result sched_hand_back(struct sched *s, struct rq *rq, struct thread_ref to,
                                          struct mono now, struct decision *d);

/* The current thread waits, and `to`, which waits and has a context of its own, runs at once: what
 * a wake and a block would come to if nobody else were to run here.  The context may be lent, too.
 * Returns: as sched_lend, not counted. */
MUST_USE enum lend_result sched_turn_over(struct sched *s, struct rq *rq, struct thread_ref to,
                                          struct mono now, struct decision *d);

/* The current thread goes on with its home context; a lent one goes back to its lender, which stays
 * BLOCKED.  Harmless at home.  Asks for a decision. */
void sched_go_home(struct sched *s, struct rq *rq, struct mono now, struct decision *d);

/* The current thread, at home, serves the BLOCKED `from` with the context of that.  Returns: as
 * sched_lend.  Asks for a decision. */
MUST_USE enum lend_result sched_borrow(struct sched *s, struct rq *rq, struct thread_ref from,
                                       struct mono now, struct decision *d);

/* ---- For the core ---- */

/* What `thread` has been lent goes back; the context is in no queue any more. */
void lend_return(struct sched *s, struct rq *rq, uint32_t thread, struct mono now);

/* `thread`, which this CPU owns, is ending, and its context is in no queue any more: what is lent
 * goes back, a debt of its own stays here. */
static inline void lend_end(struct sched *s, struct rq *rq, uint32_t thread, struct mono now)
{
    if (!LIKELY(!lend_is_lent(s, thread)))
        lend_return(s, rq, thread, now);
    else if (sc_of(s, thread)->v_clock == rq->cpu + 1) /* it slept or ran here */
        fair_end(rq, sc_of(s, thread));
}

/* Cut dying lenders out of the chain of `thread`, which this CPU owns and whose context competes
 * here and is in no tree.  Returns: the context that it goes on with, competing here. */
struct sc *lend_mend(struct sched *s, struct rq *rq, uint32_t thread, struct mono now);

/* The lender `t` has been doomed: have the user of its context look.  Returns: who is BLOCKED and
 * has to be woken for that, or none. */
MUST_USE struct thread_ref lend_alarm(struct sched *s, uint32_t cpu, struct thread *t,
                                      struct mono now, struct decision *d);

/* L1, L2 of the chain that ends in `thread`; panics.  O(depth). */
void lend_check(const struct sched *s, uint32_t thread);

#endif /* CORE_LEND_H */
