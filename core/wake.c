/* SPDX-License-Identifier: MIT */
#include "core/wake.h"
#include "core/inbox.h"

/* Clear the idle bit of `cpu`; true if it was set, so that the CPU is ours to use. */
static bool claim(struct sched *s, uint32_t cpu)
{
    struct port_atomic64 *word = &s->clusters[cpu / CLUSTER_CPUS].idle.bits;
    uint64_t bit = UINT64_C(1) << (cpu % CLUSTER_CPUS);

    if ((port_load64(word) & bit) == 0)
        return false;
    return (port_and64(word, ~bit) & bit) != 0;
}

/* The bits of `word` from `first` on, or all of them if there is none: near-first by number. */
static uint32_t nearest(uint64_t word, uint32_t first)
{
    uint64_t above = word & (UINT64_MAX << first);

    return bits_lowest(above != 0 ? above : word);
}

uint32_t wake_claim_idle(struct sched *s, uint32_t thread, uint32_t near)
{
    uint32_t home = near / CLUSTER_CPUS;

    for (uint32_t i = 0; i < s->mask_words && i < CLUSTER_SCAN_MAX; i++) {
        uint32_t cluster = (home + i) % s->mask_words;
        uint32_t first = i == 0 ? near % CLUSTER_CPUS : 0;

        for (unsigned turn = 0; turn < CLUSTER_CPUS; turn++) {
            uint64_t idle = port_load64(&s->clusters[cluster].idle.bits) &
                            thread_mask_word(s, thread, cluster);

            if (idle == 0)
                break;
            uint32_t cpu = cluster * CLUSTER_CPUS + nearest(idle, first);

            if (claim(s, cpu))
                return cpu;
        }
    }
    return CPU_NONE;
}

struct placement wake_place(struct sched *s, uint32_t thread)
{
    uint32_t previous = port_load32(&thread_of(s, thread)->last_cpu);
    bool may_return = thread_allows(s, thread, previous);

    if (may_return && claim(s, previous))
        return (struct placement){previous, true, {.rule = WHY_PLACED_PREVIOUS, .a = previous}};
    uint32_t idle = wake_claim_idle(s, thread, previous);

    if (idle != CPU_NONE)
        return (struct placement){idle, true,
                                  {.rule = WHY_PLACED_IDLE, .a = idle, .b = previous}};
    if (may_return)
        return (struct placement){previous, false, {.rule = WHY_PLACED_PREVIOUS, .a = previous}};
    uint32_t first = thread_mask_first(s, thread);

    return (struct placement){first, false,
                              {.rule = WHY_PLACED_ALLOWED, .a = first, .b = previous}};
}

void wake_unplace(struct sched *s, uint32_t cpu, const struct placement *place,
                  struct decision *d)
{
    if (!place->is_claimed)
        return;
    if (place->cpu == cpu)
        d->resched = true;
    else
        wake_kick(s, place->cpu, KICK_STEAL_HINT, d);
}

void wake_kick(struct sched *s, uint32_t target, enum kick_reason reason, struct decision *d)
{
    if (port_or32(&rq_of(s, target)->kick_pending, (uint32_t)reason) != 0)
        return; /* one is on its way; it will see what we did before this */
    ASSERT(d->kick_count < KICK_MAX);
    d->kick[d->kick_count++] = (uint16_t)target;
}

/* May the target sleep, or run on for long, without seeing what was posted? */
static bool must_notify(uint32_t published, uint8_t latency_class, bool was_empty)
{
    uint32_t running_class = published >> PUBLISHED_CLASS_SHIFT; /* class + 1, 0: nobody */

    if ((published & PUBLISHED_HALTED) != 0)
        return was_empty;
    if ((published & PUBLISHED_SOLO) != 0)
        return true;
    return running_class != 0 && latency_class + 1u > running_class;
}

void wake_deliver(struct sched *s, uint32_t thread, uint32_t target, struct decision *d)
{
    struct rq *rq = rq_of(s, target);
    struct port_atomic64 *overload = &s->clusters[target / CLUSTER_CPUS].overload.bits;
    uint64_t bit = UINT64_C(1) << (target % CLUSTER_CPUS);
    uint8_t latency_class = sc_of(s, thread_of(s, thread)->sc)->latency_class;
    bool was_empty = inbox_post(s, target, thread); /* from here on the thread is the target's */

    /* Push, fence (the swap in inbox_post is one), read what the target published. */
    if (must_notify(port_load32(&rq->published), latency_class, was_empty)) {
        wake_kick(s, target, KICK_INBOX, d);
        return;
    }
    /*
     * The target looks at its next slice end.  Until then the thread is queued work like any other:
     * overload bit, fence, idle words; who goes idle does it the other way round.
     */
    if ((port_load64(overload) & bit) == 0)
        (void)port_or64(overload, bit);
    uint32_t idle = wake_claim_idle(s, thread, target);

    if (idle != CPU_NONE)
        wake_kick(s, idle, KICK_STEAL_HINT, d);
}
