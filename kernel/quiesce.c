/* SPDX-License-Identifier: MIT */
#include "kernel/quiesce.h"

#include "base/bits.h"
#include "kernel/sched_glue.h"
#include "kernel/vspace.h"

#define BATCH 8u /* threads woken in one hold of the lock */

static struct {
    struct lock lock;
    struct list requests;
    struct port_atomic32 count; /* of them; read without the lock */
} all;

void quiesce_init(void)
{
    all.lock = (struct lock){{0}};
    list_init(&all.requests);
    port_store32(&all.count, 0);
}

bool quiesce_begin(struct quiesce *q, uint64_t mask, struct thread_ref waiter)
{
    mask &= ~(UINT64_C(1) << cpu_this()->number);
    *q = (struct quiesce){.mask = mask, .waiter = waiter};
    if (mask == 0)
        return true;
    lock_take(&all.lock, LOCK_QUIESCE);
    list_insert_before(&all.requests, &q->link);
    port_store32(&all.count, port_load32(&all.count) + 1);
    lock_give(&all.lock, LOCK_QUIESCE);
    for (uint64_t rest = mask; rest != 0; rest &= rest - 1) /* at most ARCH_CPU_MAX */
        arch_kick(bits_lowest(rest));
    return false;
}

bool quiesce_is_over(struct quiesce *q)
{
    uint64_t mask;

    lock_take(&all.lock, LOCK_QUIESCE);
    mask = q->mask;
    lock_give(&all.lock, LOCK_QUIESCE);
    return mask == 0;
}

void quiesce_redirect(struct quiesce *q, struct thread_ref waiter)
{
    lock_take(&all.lock, LOCK_QUIESCE);
    q->waiter = waiter;
    lock_give(&all.lock, LOCK_QUIESCE);
}

/* Clear this CPU's bit everywhere, until BATCH requests are complete.  Returns how many. */
static uint32_t clear_some(struct thread_ref woken[BATCH])
{
    uint64_t bit = UINT64_C(1) << cpu_this()->number;
    uint32_t count = 0;

    for (struct list *at = all.requests.next; at != &all.requests && count < BATCH;) {
        struct quiesce *q = LIST_ENTRY(at, struct quiesce, link); /* at most one per thread */

        at = at->next;
        q->mask &= ~bit;
        if (q->mask != 0)
            continue;
        woken[count++] = q->waiter;
        list_remove(&q->link);
        port_store32(&all.count, port_load32(&all.count) - 1);
    }
    return count;
}

void quiesce_pass(void)
{
    struct thread_ref woken[BATCH];
    uint32_t count = BATCH;

    if (port_load32(&all.count) == 0)
        return;
    while (count == BATCH) { /* each turn completes BATCH requests, of at most one per thread */
        lock_take(&all.lock, LOCK_QUIESCE);
        vspace_refresh(); /* after every take-away whose request is linked now */
        count = clear_some(woken);
        lock_give(&all.lock, LOCK_QUIESCE);
        for (uint32_t i = 0; i < count; i++)
            glue_wake(woken[i], WAKE_PROCESS);
    }
}
