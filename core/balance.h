/* SPDX-License-Identifier: MIT */
/*
 * balance.h - work conservation: an idle CPU takes what another CPU has queued; and fairness across
 * CPUs: a CPU that is behind gives.
 *
 * Going idle, a CPU first publishes that it is idle, then looks at the overload words: at most
 * STEAL_TRY_MAX victims whose lock is free, near ones first.  It drains the victim's inbox (that is
 * queued work too), takes of the first STEAL_SCAN_MAX contexts in deadline order those that may run
 * here, up to half of what is queued, detaches them under the victim's lock, drops that, attaches
 * them under its own.  Never two locks.
 *
 * Budgets.  Per window of STEAL_WINDOW_NS a CPU takes at most STEAL_TAKE_MAX contexts, and loses
 * at most STEAL_LOSE_MAX, so that halves of a queue do not go to and fro between CPUs that run dry
 * by turns.  One context a steal is outside that: it is counted, but never refused, so budgets
 * leave no CPU idle beside work.  What is guaranteed:
 *   B1  Whoever finds something queued that it may run takes at least one.
 *   B2  In a window a CPU takes at most STEAL_TAKE_MAX and one for each steal with nothing left; a
 *       CPU loses at most STEAL_LOSE_MAX and one for each.  In any 10 ms: at most twice that.
 *       Where one window ends by the clock of one CPU and not yet by another's, it begins twice.
 *
 * The other half is balance_offer: whoever leaves something queued wakes one idle CPU for it.
 *
 * Push.  Every T = PUSH_CHECK_NS a CPU with somebody queued takes the next of its first
 * STEAL_SCAN_MAX contexts that may run elsewhere, samples two CPUs of its mask and gives it to the
 * one whose clock G (core/clock.h) leads more, if that is by more than H = PUSH_LEAD_NS of service
 * at the own queue's mean weight, or to one that is idle.  The thread is chosen first: sampled over
 * all CPUs, its mask would seldom be met.  So threads go from where little was served per thread to
 * where more was, and pushes stop when those left behind cannot go higher, which is the weighted
 * max-min state under masks.  Whoever runs alone never looks.
 */
#ifndef CORE_BALANCE_H
#define CORE_BALANCE_H

#include "core/sched.h"

enum steal_result {
    STEAL_NOTHING,  /* nobody has anything that may run here */
    STEAL_DONE,     /* somebody is queued here now */
    STEAL_CONTENDED /* a victim's lock was busy: worth another look */
};

/* Try to take queued contexts for the idle CPU `cpu`, which holds no lock; kicks go to `d`. */
MUST_USE enum steal_result balance_steal(struct sched *s, uint32_t cpu, struct mono now,
                                         struct decision *d);

/* Something is queued on `rq` (its lock is held): if somebody is idle who may take it, claim that
 * CPU and kick it.  One, and none if `d` has no place for the kick.  Returns: false: nobody is
 * idle, so `d` is as it was. */
bool balance_offer(struct sched *s, const struct rq *rq, struct decision *d);

/* Give one queued context to another CPU, if one leads enough.  Lock: rq; somebody is queued. */
void balance_push(struct sched *s, struct rq *rq, struct mono now, struct decision *d);

/* Say that `cpu` is idle and may be claimed; also the fence before the overload words are read. */
void balance_set_idle(struct sched *s, uint32_t cpu);

/* Say that it is not, if it was. */
static inline void balance_set_busy(struct sched *s, const struct rq *rq)
{
    struct port_atomic64 *word = &rq_cluster(s, rq)->idle.bits;

    if ((port_load64(word) & rq->cpu_bit) != 0)
        (void)port_and64(word, ~rq->cpu_bit);
}

#endif /* CORE_BALANCE_H */
