/* SPDX-License-Identifier: MIT */
/*
 * inbox.h - how a CPU hands a thread to another CPU without its lock.
 *
 * A lock-free stack of thread slots, many producers, one consumer at a time (whoever holds the
 * run queue's lock takes everything).  Entries come out in the order they were posted.
 *
 *   I1  A thread is in the inbox of c iff its LINKED_INBOX bit is set; its state is INBOX(c) then.
 *
 * The producer's half of the protocol with a CPU that is about to halt, to stop its timer, or to
 * clear its overload bit:  push (sequentially consistent) ... then read what the target published.
 * The target's half is in decide (sched.c) and rq_publish_overload: publish, fence, re-read the
 * inbox.  One of the two sees the other.
 */
#ifndef CORE_INBOX_H
#define CORE_INBOX_H

#include "core/rq.h"

/* Post `slot`, whose state is INBOX(target) already.  Returns: the inbox was empty.  Any CPU. */
bool inbox_post(struct sched *s, uint32_t target, uint32_t slot);

static inline bool inbox_is_empty(const struct rq *rq)
{
    return port_load32(&rq->inbox_head) == SLOT_NONE;
}

/*
 * Attach everything posted to `rq`.  Lock: rq.  `by` is the CPU doing it: only the owner may charge
 * the thread running there.  Returns: how many were attached.
 */
uint32_t inbox_take(struct sched *s, struct rq *rq, uint32_t by, struct mono now);

/* The same, if there may be any. */
static inline uint32_t inbox_drain(struct sched *s, struct rq *rq, uint32_t by, struct mono now)
{
    return inbox_is_empty(rq) ? 0 : inbox_take(s, rq, by, now);
}

#endif /* CORE_INBOX_H */
