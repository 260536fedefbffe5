/* SPDX-License-Identifier: MIT */
#include "kernel/timer.h"

#include "kernel/limits.h"

static struct timers timers[ARCH_CPU_MAX];

void timer_init(void)
{
    for (uint32_t cpu = 0; cpu < ARCH_CPU_MAX; cpu++) {
        timers[cpu] = (struct timers){.heap = {.root = NULL}};
        port_store64(&timers[cpu].next_ns, MONO_NEVER.ns);
    }
}

static struct timer *first_of(const struct timers *q)
{
    return q->heap.root != NULL ? LIST_ENTRY(q->heap.root, struct timer, node) : NULL;
}

static void publish_next(struct timers *q)
{
    port_store64(&q->next_ns, q->heap.root != NULL ? q->heap.root->at.ns : MONO_NEVER.ns);
}

/* Take `t` out of the heap; it stays marked as linked. */
static void remove(struct timers *q, struct timer *t)
{
    heap_remove(&q->heap, &t->node);
    publish_next(q);
}

void timer_insert(struct timer *timer, struct mono at)
{
    uint32_t cpu = cpu_this()->number;
    struct timers *q = &timers[cpu];

    ASSERT(!timer_is_linked(timer));
    cpu_this()->is_settled = false; /* the hardware may have to fire earlier */
    lock_take(&q->lock, LOCK_TIMER);
    heap_insert(&q->heap, &timer->node, at, cpu + 1);
    publish_next(q);
    lock_give(&q->lock, LOCK_TIMER);
}

static NOINLINE void cancel(struct timer *timer, struct timers *q)
{
    lock_take(&q->lock, LOCK_TIMER);
    if (timer_is_linked(timer)) { /* it did not fire while we took the lock */
        remove(q, timer);
        port_store32(&timer->node.owner, 0);
    }
    lock_give(&q->lock, LOCK_TIMER);
}

HOT void timer_cancel(struct timer *timer)
{
    uint32_t cpu_plus_1 = port_load32(&timer->node.owner);

    if (cpu_plus_1 != 0)
        cancel(timer, &timers[cpu_plus_1 - 1]);
}

HOT struct mono timer_next_on(uint32_t cpu)
{
    return (struct mono){port_load64(&timers[cpu].next_ns)};
}

HOT struct mono timer_next(void)
{
    return timer_next_on(cpu_this()->number);
}

void timer_expire(struct mono now, timer_fire *fire, void *context)
{
    struct timers *q = &timers[cpu_this()->number];

    if (mono_before(now, timer_next()))
        return;
    lock_take(&q->lock, LOCK_TIMER);
    for (uint32_t i = 0; i < TIMER_BATCH_MAX; i++) {
        struct timer *timer = first_of(q);

        if (timer == NULL || mono_before(now, timer->node.at))
            break;
        remove(q, timer);
        fire(timer, context);
        port_store32(&timer->node.owner, 0); /* last: now its record may be used again */
    }
    lock_give(&q->lock, LOCK_TIMER);
}

void timer_check(uint32_t cpu)
{
    struct timers *q = &timers[cpu];

    lock_take(&q->lock, LOCK_TIMER);
    heap_check(&q->heap, cpu + 1);
    ASSERT(port_load64(&q->next_ns) ==
           (q->heap.root != NULL ? q->heap.root->at.ns : MONO_NEVER.ns));
    lock_give(&q->lock, LOCK_TIMER);
}
