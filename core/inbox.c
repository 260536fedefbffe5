/* SPDX-License-Identifier: MIT */
#include "core/inbox.h"

bool inbox_post(struct sched *s, uint32_t target, uint32_t slot)
{
    struct rq *rq = rq_of(s, target);
    struct thread *t = thread_of(s, slot);
    uint32_t head = port_load32(&rq->inbox_head);

    thread_link(t, LINKED_INBOX);
    for (;;) { /* bound: another CPU's post succeeded each time the swap fails */
        port_store32(&t->link_next, head);
        if (port_cas32(&rq->inbox_head, &head, slot))
            return head == SLOT_NONE;
    }
}

/* The stack reversed: oldest first. */
static uint32_t take_all(struct sched *s, struct rq *rq)
{
    uint32_t at = port_xchg32(&rq->inbox_head, SLOT_NONE);
    uint32_t oldest = SLOT_NONE;

    while (at != SLOT_NONE) { /* bound: each thread is in at most one inbox, once */
        struct thread *t = thread_of(s, at);
        uint32_t next = port_load32(&t->link_next);

        port_store32(&t->link_next, oldest);
        oldest = at;
        at = next;
    }
    return oldest;
}

uint32_t inbox_take(struct sched *s, struct rq *rq, uint32_t by, struct mono now)
{
    uint32_t count = 0;

    for (uint32_t at = take_all(s, rq); at != SLOT_NONE; count++) {
        struct thread *t = thread_of(s, at);
        uint32_t next = port_load32(&t->link_next);
        uint64_t word = thread_word_load(t);

        ASSERT(word_state(word) == THREAD_INBOX);
        ASSERT(word_cpu(word) == rq->cpu);
        thread_unlink(t, LINKED_INBOX);
        rq_attach(s, rq, at, by, now);
        at = next;
    }
    return count;
}
