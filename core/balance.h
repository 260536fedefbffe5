/* SPDX-License-Identifier: MIT */
/*
 * balance.h - work conservation: an idle CPU takes what another CPU has queued.
 *
 * Going idle, a CPU first publishes that it is idle, then looks at the overload words: at most
 * STEAL_TRY_MAX victims whose lock is free, near ones first.  It drains the victim's inbox (that is
 * queued work too), takes the first of STEAL_SCAN_MAX contexts in deadline order that may run here,
 * detaches it under the victim's lock, drops that, attaches it under its own.  Never two locks.
 * The other half is balance_offer: whoever leaves something queued wakes one idle CPU for it.
 * A thread keeps its lag over the move.
 */
#ifndef CORE_BALANCE_H
#define CORE_BALANCE_H

#include "core/sched.h"

enum steal_result {
    STEAL_NOTHING,  /* nobody has anything that may run here */
    STEAL_DONE,     /* one context is queued here now */
    STEAL_CONTENDED /* a victim's lock was busy: worth another look */
};

/* Try to take one queued context for the idle CPU `cpu`, which holds no lock; kicks go to `d`. */
MUST_USE enum steal_result balance_steal(struct sched *s, uint32_t cpu, struct mono now,
                                         struct decision *d);

/* Something is queued on `rq` (its lock is held): if somebody is idle who may take it, claim that
 * CPU and kick it.  One, and none if `d` has no place for the kick.  Returns: false: nobody is
 * idle, so `d` is as it was. */
bool balance_offer(struct sched *s, const struct rq *rq, struct decision *d);

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
