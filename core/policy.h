/* SPDX-License-Identifier: MIT */
/*
 * policy.h - another weight or latency class for a thread, whatever it does and wherever.
 *
 * What a context pays by belongs to whoever owns its thread's state (core/thread.h), so nobody else
 * changes it.  A setter leaves what it wants in `wanted` of the context, sets POLICY in the state
 * word, then looks at the state it set it in; the owner takes it over:
 *
 *   RUNNING    by the decision that `resched`, or the kick to another CPU, asks for.
 *   QUEUED     by the setter, under the queue's lock if that is free; else by whoever picks it.
 *              Who puts a running thread back looks, too: it was not queued when POLICY was set.
 *   INBOX, MIGRATING, NEW, BLOCKED    by whoever puts it into a queue.
 *
 * All of them look at the word for DYING anyway.  POLICY also says that a lender was doomed
 * (core/lend.h).  The owner clears it, then mends the chain and empties `wanted`; a setter stores,
 * then sets: what the owner missed has POLICY set behind it.  Both are locked
 * operations on both words, so there is no fence of its own.  Who posts a thread to another CPU
 * pushes it, then reads which class is wanted; a setter stores, then reads that it is in an inbox:
 * one of the two tells that CPU.
 *
 * wanted: {weight:18, class + 1:2, gen:32}, gen as in the word; 0: not wanted.  As it names the
 * generation, what a setter of an ended thread leaves is nothing to the next one in that slot.
 *
 *   PO1  What `wanted` holds for the live generation has POLICY set in the word.
 *   PO2  Taking a weight over leaves V and lag * w where they are (fair_reweight); on another CPU
 *        that is V as of its last charge, at most one stretch ago.
 *   PO3  A class counts from the next request on, which a wake begins; for protection and
 *        preemption at once.
 *
 * Locks.  The run queue's lock, for both apply functions.   Cost.  O(log n).
 */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include "core/sched.h"

#define WANTED_CLASS_SHIFT 18u
#define WANTED_WEIGHT_MASK ((UINT64_C(1) << WANTED_CLASS_SHIFT) - 1)
#define WANTED_CLASS_MASK (UINT64_C(3) << WANTED_CLASS_SHIFT)

_Static_assert(WEIGHT_MAX <= WANTED_WEIGHT_MASK, "a weight fits its field");
_Static_assert(LATENCY_CLASS_COUNT <= 3, "a class and 1 fit theirs");

/* Take over what is wanted of the running thread, charged up to now. */
void policy_apply_current(struct sched *s, struct rq *rq, struct mono now);

/* The same for `t`, which is queued here.  Returns: it is of a shorter slice than before, so the
 * CPU's next instant may come earlier; need_pick says if it preempts. */
bool policy_apply_queued(struct sched *s, struct rq *rq, struct thread *t, struct mono now);

/* The class only, for `t` that this CPU is about to queue: before its context joins, as that may
 * begin a request.  The rest follows once it is queued. */
void policy_apply_class(struct sched *s, struct rq *rq, struct thread *t, struct mono now);

/* The class `t`, of context `c` and of `latency_class` until now, will have once it is queued: who
 * is told of it depends on that. */
static inline uint32_t policy_class(const struct thread *t, const struct sc *c,
                                    uint32_t latency_class)
{
    uint64_t wanted = port_load64(&c->wanted);
    uint64_t class_plus_1 = (wanted & WANTED_CLASS_MASK) >> WANTED_CLASS_SHIFT;

    if (LIKELY(class_plus_1 == 0) || word_gen(wanted) != word_gen(thread_word_load(t)))
        return latency_class;
    return (uint32_t)class_plus_1 - 1;
}

/* POLICY was set in the word of `t`, which was `word` then: have its owner look, or do its part if
 * it is queued and the lock free (else d->status is BUSY).  BLOCKED: nothing. */
void policy_settle(struct sched *s, uint32_t cpu, struct thread *t, uint64_t word, struct mono now,
                   struct decision *d);

/* PO1 for the thread in `slot`; panics. */
void policy_check(const struct sched *s, uint32_t slot);

#endif /* CORE_POLICY_H */
