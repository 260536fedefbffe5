/* SPDX-License-Identifier: MIT */
/*
 * poll.h - an idle CPU looks by itself for a while, so that who wakes it need not interrupt it.
 *
 * After a decision for nobody the embedder may call poll_begin instead of halting.  Then it looks
 * at the reason word again and again (poll_has_come) until something came or its time is over, and
 * calls poll_end, which says whether a decision must follow; else the CPU may halt.  What
 * interrupts it meanwhile calls poll_end first.  An embedder that never polls may leave this out.
 *
 * One word.  That a CPU polls is a bit of the very word that everybody sets his reason in.  Who
 *     finds the word not 0 sends no interrupt: one is on its way, or the CPU polls.  The CPU begins
 *     by swapping 0 for KICK_POLLING and ends by swapping whatever is there for 0.  So a reason is
 *     set before the end, and the CPU gets it, or after, and then an interrupt is sent; with a
 *     published bit beside the word there would be an instant between the two.
 *     An inbox needs no second look before the halt: its poster sets a reason if the CPU was idle
 *     and the inbox empty.  Nor does the overload word: the CPU's idle bit is set all the time, and
 *     whoever claims it sets a reason.
 *
 *   P1  While a CPU polls no reschedule interrupt of the core's is on its way to it.
 *   P2  A reason set while a CPU polls is seen by its poll_end.
 *
 * How long.  Four times what idle periods took of late on average, between POLL_NS_MIN and
 *     POLL_NS_MAX; if the average is more than POLL_NS_MIN, not at all.  A long period, or one that
 *     no other CPU ended, counts so much that none is polled in until ten short ones have followed.
 *     So there is less of it where a hypervisor has fewer processors than there are CPUs, where to
 *     poll takes the time of the CPU that is to end it.
 *
 * Accounts.  To poll is to be idle.   Locks.  None: one swap each.   Cost.  O(1).
 */
#ifndef CORE_POLL_H
#define CORE_POLL_H

#include "core/rq.h"

/* How idle periods of one CPU ended of late; its CPU's alone, kept by the embedder. */
struct poll {
    uint32_t mean_ns; /* smoothed length; one that nobody else ended counts as POLL_LONG_NS */
};

static inline void poll_init(struct poll *p)
{
    p->mean_ns = POLL_LONG_NS;
}

/* An idle period has ended after `idle_ns`, by another CPU's doing or not. */
void poll_note(struct poll *p, uint64_t idle_ns, bool was_woken);

/* How long to poll now; 0: not at all. */
uint64_t poll_window_ns(const struct poll *p);

/* From now on nobody interrupts the idle `cpu`.  Returns: false: an interrupt is on its way, or
 * there is no other CPU: halt. */
MUST_USE bool poll_begin(struct sched *s, uint32_t cpu);

/* Has another CPU given a reason, since poll_begin or by an interrupt that came? */
static inline bool poll_has_come(const struct rq *rq)
{
    return (port_load32(&rq->kick_pending) & ~(uint32_t)KICK_POLLING) != 0;
}

/* From now on `cpu`, which polled, must be interrupted.  Returns: a reason came, so sched_decide
 * must follow; else it may halt. */
MUST_USE bool poll_end(struct sched *s, uint32_t cpu);

#endif /* CORE_POLL_H */
