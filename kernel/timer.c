/* SPDX-License-Identifier: MIT */
#include "kernel/timer.h"

#include "kernel/limits.h"

static struct timers timers[ARCH_CPU_MAX];

void timer_init(void)
{
    for (uint32_t cpu = 0; cpu < ARCH_CPU_MAX; cpu++) {
        timers[cpu] = (struct timers){.root = NULL};
        port_store64(&timers[cpu].next_ns, MONO_NEVER.ns);
    }
}

static bool is_earlier(const struct timer *a, const struct timer *b)
{
    int64_t difference_ns = mono_diff_ns(a->at, b->at);

    return difference_ns != 0 ? difference_ns < 0 : a->arrival < b->arrival;
}

static uint32_t rank_of(const struct timer *t)
{
    return t != NULL ? t->rank : 0;
}

/* TM2 at one node.  Returns: its rank changed. */
static bool repair(struct timer *t)
{
    uint32_t rank;

    if (rank_of(t->left) < rank_of(t->right)) {
        struct timer *left = t->left;

        t->left = t->right;
        t->right = left;
    }
    rank = rank_of(t->right) + 1;
    if (t->rank == rank)
        return false;
    t->rank = (uint8_t)rank; /* at most 64 */
    return true;
}

/* One tree of two, without a parent: their right paths merged, then repaired from below. */
static struct timer *merge(struct timer *a, struct timer *b)
{
    struct timer *root = NULL;
    struct timer *last = NULL;
    struct timer **link = &root;

    while (a != NULL && b != NULL) { /* at most two right paths: 2 log2(n + 1) turns */
        struct timer *first = is_earlier(a, b) ? a : b;
        struct timer *rest = first == a ? b : a;

        *link = first;
        first->parent = last;
        last = first;
        link = &first->right;
        a = first->right;
        b = rest;
    }
    *link = a != NULL ? a : b;
    if (*link != NULL)
        (*link)->parent = last;
    for (; last != NULL; last = last->parent) /* the way back up */
        (void)repair(last);
    return root;
}

/* Put `t`, the merged children of a removed node, into its place below `parent`. */
static void replace(struct timers *q, struct timer *parent, const struct timer *old,
                    struct timer *t)
{
    if (t != NULL)
        t->parent = parent;
    if (parent == NULL) {
        q->root = t;
        return;
    }
    if (parent->left == old)
        parent->left = t;
    else
        parent->right = t;
    /* Every turn raises what the rank above can be by one, so at most log2(n + 1) turns. */
    for (; parent != NULL && repair(parent); parent = parent->parent)
        continue;
}

/* Take `t` out of the tree; it stays marked as linked. */
static void remove(struct timers *q, struct timer *t)
{
    ASSERT(q->count > 0);
    replace(q, t->parent, t, merge(t->left, t->right));
    q->count--;
    port_store64(&q->next_ns, q->root != NULL ? q->root->at.ns : MONO_NEVER.ns);
}

void timer_insert(struct timer *timer, struct mono at)
{
    uint32_t cpu = cpu_this()->number;
    struct timers *q = &timers[cpu];

    ASSERT(!timer_is_linked(timer));
    cpu_this()->is_settled = false; /* the hardware may have to fire earlier */
    lock_take(&q->lock, LOCK_TIMER);
    *timer =
        (struct timer){.at = at, .arrival = q->arrivals++, .rank = 1, .is_wait = timer->is_wait};
    port_store32(&timer->cpu_plus_1, cpu + 1);
    q->root = merge(q->root, timer);
    q->count++;
    port_store64(&q->next_ns, q->root->at.ns);
    lock_give(&q->lock, LOCK_TIMER);
}

static NOINLINE void cancel(struct timer *timer, struct timers *q)
{
    lock_take(&q->lock, LOCK_TIMER);
    if (timer_is_linked(timer)) { /* it did not fire while we took the lock */
        remove(q, timer);
        port_store32(&timer->cpu_plus_1, 0);
    }
    lock_give(&q->lock, LOCK_TIMER);
}

HOT void timer_cancel(struct timer *timer)
{
    uint32_t cpu_plus_1 = port_load32(&timer->cpu_plus_1);

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
        struct timer *timer = q->root;

        if (timer == NULL || mono_before(now, timer->at))
            break;
        remove(q, timer);
        fire(timer, context);
        port_store32(&timer->cpu_plus_1, 0); /* last: now its record may be used again */
    }
    lock_give(&q->lock, LOCK_TIMER);
}

void timer_check(uint32_t cpu)
{
    struct timers *q = &timers[cpu];
    const struct timer *from = NULL;
    const struct timer *at = q->root;
    uint64_t count = 0;

    lock_take(&q->lock, LOCK_TIMER);
    while (at != NULL) { /* in-order walk by parents: each link twice */
        const struct timer *next;

        if (from == at->parent) {
            count++;
            ASSERT(at->parent == NULL || is_earlier(at->parent, at));
            ASSERT(at->rank == rank_of(at->right) + 1);
            ASSERT(rank_of(at->left) >= rank_of(at->right));
            ASSERT(port_load32(&at->cpu_plus_1) == cpu + 1);
        }
        if (from == at->parent && at->left != NULL)
            next = at->left;
        else if (from != at->right && at->right != NULL && (from == at->parent || from == at->left))
            next = at->right;
        else
            next = at->parent;
        from = at;
        at = next;
    }
    ASSERT(count == q->count);
    ASSERT(port_load64(&q->next_ns) == (q->root != NULL ? q->root->at.ns : MONO_NEVER.ns));
    lock_give(&q->lock, LOCK_TIMER);
}
