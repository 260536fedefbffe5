/* SPDX-License-Identifier: MIT */
#include "core/inbox.h"

bool inbox_post(struct sched *s, uint32_t target, uint32_t slot)
{
    struct rq *rq = rq_of(s, target);
    uint32_t head = port_load32(&rq->inbox_head);

    thread_link(s, slot, LINKED_INBOX);
    for (;;) { /* bound: another CPU's post succeeded each time the swap fails */
        port_store32(&thread_of(s, slot)->link_next, head);
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

uint32_t inbox_drain(struct sched *s, uint32_t cpu, uint32_t by, struct mono now)
{
    struct rq *rq = rq_of(s, cpu);
    uint32_t count = 0;

    if (inbox_is_empty(rq))
        return 0;
    for (uint32_t at = take_all(s, rq); at != SLOT_NONE; count++) {
        uint32_t next = port_load32(&thread_of(s, at)->link_next);

        ASSERT(thread_word_read(s, at).state == THREAD_INBOX);
        ASSERT(thread_word_read(s, at).cpu == cpu);
        thread_unlink(s, at, LINKED_INBOX);
        rq_attach(s, cpu, at, by, now);
        at = next;
    }
    return count;
}
