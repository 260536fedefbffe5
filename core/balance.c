/* SPDX-License-Identifier: MIT */
#include "core/balance.h"
#include "core/inbox.h"
#include "core/wake.h"

static bool may_run_on(const struct sched *s, uint32_t sc, uint32_t cpu)
{
    return thread_allows(s, sc_of(s, sc)->thread, cpu);
}

static void explain_steal(struct sched *s, struct rq *rq, uint32_t victim, uint32_t thread,
                          struct mono now)
{
    rq->stat.steal_count++;
    rq->why = (struct why){.rule = WHY_MIGRATED_STOLEN,
                           .subject_slot = thread,
                           .subject_gen = thread_ref_of(s, thread).gen,
                           .time_ns = now.ns,
                           .a = rq->cpu,
                           .b = victim};
}

/* One victim: SLOT_NONE when it has nothing for us; its lock was free. */
static uint32_t take_from(struct sched *s, uint32_t victim, uint32_t cpu, struct mono now,
                          struct decision *d)
{
    struct rq *from = rq_of(s, victim);
    uint32_t thread = SLOT_NONE;

    bool has_drained = inbox_drain(s, from, cpu, now) > 0;
    uint32_t sc = eedq_search(s, &from->fair, may_run_on, cpu);

    if (sc != SLOT_NONE) {
        thread = sc_of(s, sc)->thread;
        rq_detach(s, from, thread, cpu, now);
    }
    bool must_look = rq_publish_overload(s, from);

    /* The owner may be about to halt, or to go on without a timer: what we took out of its inbox it
     * will not find there any more. */
    if (has_drained && rq_queued_count(from) > 0)
        must_look |= (port_load32(&from->published) & (PUBLISHED_HALTED | PUBLISHED_SOLO)) != 0;
    if (must_look && d->kick_count < KICK_MAX)
        wake_kick(s, victim, KICK_INBOX, d);
    return thread;
}

static enum steal_result try_victim(struct sched *s, uint32_t victim, uint32_t cpu,
                                    struct mono now, struct decision *d)
{
    struct rq *from = rq_of(s, victim);
    struct rq *rq = rq_of(s, cpu);

    if (!port_trylock(&from->lock)) {
        rq->stat.contended_count++;
        return STEAL_CONTENDED;
    }
    uint32_t thread = take_from(s, victim, cpu, now, d);

    port_unlock(&from->lock);
    if (thread == SLOT_NONE)
        return STEAL_NOTHING;
    port_lock(&rq->lock);
    rq_attach(s, rq, thread, cpu, now);
    explain_steal(s, rq, victim, thread, now);
    port_unlock(&rq->lock);
    return STEAL_DONE;
}

/* Which of the overloaded CPUs of `cluster` come from CPU `first` on and before CPU `end`? */
static uint64_t victims(const struct sched *s, uint32_t cluster, uint32_t first, uint32_t end)
{
    uint64_t word = port_load64(&s->clusters[cluster].overload.bits);
    uint32_t base = cluster * CLUSTER_CPUS;

    if (first > base)
        word &= first < base + CLUSTER_CPUS ? UINT64_MAX << (first - base) : 0;
    if (end < base + CLUSTER_CPUS)
        word &= end > base ? ~(UINT64_MAX << (end - base)) : 0;
    return word;
}

/* The first overloaded CPU from `*at` on round to `cpu`, or CPU_NONE; *at moves behind it. */
static uint32_t next_victim(const struct sched *s, uint32_t cpu, uint32_t *at)
{
    uint32_t all = s->mask_words * CLUSTER_CPUS;

    for (uint32_t part = 0; part < 2; part++) { /* up to the last CPU, then from 0 up to `cpu` */
        uint32_t end = *at > cpu ? all : cpu;

        for (uint32_t cluster = *at / CLUSTER_CPUS; cluster * CLUSTER_CPUS < end; cluster++) {
            uint64_t word = victims(s, cluster, *at, end);

            if (word != 0) {
                uint32_t victim = cluster * CLUSTER_CPUS + bits_lowest(word);

                *at = victim + 1;
                return victim;
            }
        }
        if (end == cpu)
            break;
        *at = 0;
    }
    return CPU_NONE;
}

enum steal_result balance_steal(struct sched *s, uint32_t cpu, struct mono now,
                                struct decision *d)
{
    struct rq *rq = rq_of(s, cpu);
    uint32_t at = rq->steal_from;
    uint32_t busy = CPU_NONE; /* the first victim whose lock was taken */

    for (unsigned tries = 0; tries < STEAL_TRY_MAX; tries++) {
        uint32_t victim = next_victim(s, cpu, &at);

        if (victim == CPU_NONE)
            break;
        enum steal_result one = try_victim(s, victim, cpu, now, d);

        if (one == STEAL_DONE)
            return STEAL_DONE;
        if (one == STEAL_CONTENDED && busy == CPU_NONE)
            busy = victim;
    }
    /* A second look begins where this one has not been, so that it comes round. */
    rq->steal_from = busy != CPU_NONE ? busy : at;
    if (busy != CPU_NONE || next_victim(s, cpu, &at) != CPU_NONE)
        return STEAL_CONTENDED;
    rq->steal_from = cpu + 1;
    return STEAL_NOTHING;
}

/* Is some CPU idle that this context may use?  `near` names the cluster to begin with. */
static bool has_idle_cpu(const struct sched *s, uint32_t sc, uint32_t near)
{
    uint32_t thread = sc_of(s, sc)->thread;
    uint32_t cluster = near / CLUSTER_CPUS;

    for (uint32_t i = 0; i < s->mask_words && i < CLUSTER_SCAN_MAX; i++) {
        if ((port_load64(&s->clusters[cluster].idle.bits) &
             thread_mask_word(s, thread, cluster)) != 0)
            return true;
        cluster = cluster + 1 == s->mask_words ? 0 : cluster + 1;
    }
    return false;
}

static NOINLINE void kick_idle(struct sched *s, const struct rq *rq, struct decision *d)
{
    uint32_t sc = eedq_search(s, &rq->fair, has_idle_cpu, rq->cpu);

    if (sc == SLOT_NONE)
        return;
    uint32_t idle = wake_claim_idle(s, sc_of(s, sc)->thread, rq->cpu);

    if (idle != CPU_NONE)
        wake_kick(s, idle, KICK_STEAL_HINT, d);
}

HOT bool balance_offer(struct sched *s, const struct rq *rq, struct decision *d)
{
    if (LIKELY(s->mask_words == 1 && port_load64(&s->clusters[0].idle.bits) == 0))
        return false; /* the common case of a small machine */
    if (d->kick_count < KICK_MAX)
        kick_idle(s, rq, d);
    return true;
}

void balance_set_idle(struct sched *s, uint32_t cpu)
{
    struct port_atomic64 *word = &s->clusters[cpu / CLUSTER_CPUS].idle.bits;
    uint64_t bit = UINT64_C(1) << (cpu % CLUSTER_CPUS);
    bool is_new = (port_or64(word, bit) & bit) == 0;

    if (is_new) /* idle since now, or claimed and kicked: it may be for work already passed */
        rq_of(s, cpu)->steal_from = cpu + 1;
}
