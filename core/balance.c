/* SPDX-License-Identifier: MIT */
#include "core/balance.h"
#include "core/inbox.h"
#include "core/wake.h"

static bool may_run_on(const struct sched *s, uint32_t sc, uint32_t cpu)
{
    return thread_allows(s, sc_of(s, sc)->thread, cpu);
}

static void trace_steal(struct sched *s, uint32_t cpu, uint32_t victim, uint32_t thread,
                        struct mono now)
{
    struct rq *rq = rq_of(s, cpu);

    rq->stat.steal_count++;
    rq->why = (struct why){.rule = WHY_MIGRATED_STOLEN,
                           .subject_slot = thread,
                           .subject_gen = thread_ref_of(s, thread).gen,
                           .time_ns = now.ns,
                           .a = cpu,
                           .b = victim};
}

/* One victim: SLOT_NONE when it has nothing for us; its lock was free. */
static uint32_t take_from(struct sched *s, uint32_t victim, uint32_t cpu, struct mono now,
                          struct decision *d)
{
    struct rq *from = rq_of(s, victim);
    uint32_t thread = SLOT_NONE;

    (void)inbox_drain(s, victim, cpu, now);
    uint32_t sc = eedq_search(s, &from->fair, may_run_on, cpu);

    if (sc != SLOT_NONE) {
        thread = sc_of(s, sc)->thread;
        rq_detach(s, victim, thread, cpu, now);
    }
    if (rq_publish_overload(s, victim) && d->kick_count < KICK_MAX)
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
    rq_attach(s, cpu, thread, cpu, now);
    trace_steal(s, cpu, victim, thread, now);
    port_unlock(&rq->lock);
    return STEAL_DONE;
}

enum steal_result balance_steal(struct sched *s, uint32_t cpu, struct mono now,
                                struct decision *d)
{
    enum steal_result result = STEAL_NOTHING;
    uint32_t home = cpu / CLUSTER_CPUS;
    unsigned tries = 0;

    for (uint32_t i = 0; i < s->mask_words; i++) {
        uint32_t cluster = (home + i) % s->mask_words;
        uint64_t left = port_load64(&s->clusters[cluster].overload.bits);

        if (cluster == home)
            left &= ~(UINT64_C(1) << (cpu % CLUSTER_CPUS));
        while (left != 0 && tries < STEAL_TRY_MAX) {
            uint64_t above = cluster == home ? left & (UINT64_MAX << (cpu % CLUSTER_CPUS)) : left;
            uint32_t bit = bits_lowest(above != 0 ? above : left);
            enum steal_result one =
                try_victim(s, cluster * CLUSTER_CPUS + bit, cpu, now, d);

            if (one == STEAL_DONE)
                return STEAL_DONE;
            if (one == STEAL_CONTENDED)
                result = STEAL_CONTENDED;
            left &= ~(UINT64_C(1) << bit);
            tries++;
        }
        if (left != 0)
            return STEAL_CONTENDED; /* more victims than tries: come back for them */
    }
    return result;
}

/* Is some CPU idle that this context may use?  `near` names the cluster to begin with. */
static bool has_idle_cpu(const struct sched *s, uint32_t sc, uint32_t near)
{
    uint32_t thread = sc_of(s, sc)->thread;

    for (uint32_t i = 0; i < s->mask_words && i < CLUSTER_SCAN_MAX; i++) {
        uint32_t cluster = (near / CLUSTER_CPUS + i) % s->mask_words;

        if ((port_load64(&s->clusters[cluster].idle.bits) &
             thread_mask_word(s, thread, cluster)) != 0)
            return true;
    }
    return false;
}

/* Is anybody at all idle in the clusters a wake would look at? */
static bool is_any_idle(const struct sched *s, uint32_t near)
{
    uint64_t idle = 0;

    for (uint32_t i = 0; i < s->mask_words && i < CLUSTER_SCAN_MAX; i++)
        idle |= port_load64(
            &s->clusters[(near / CLUSTER_CPUS + i) % s->mask_words].idle.bits);
    return idle != 0;
}

void balance_kick_idle(struct sched *s, uint32_t cpu, struct decision *d)
{
    if (!is_any_idle(s, cpu))
        return;
    uint32_t sc = eedq_search(s, &rq_of(s, cpu)->fair, has_idle_cpu, cpu);

    if (sc == SLOT_NONE)
        return;
    uint32_t idle = wake_claim_idle(s, sc_of(s, sc)->thread, cpu);

    if (idle != CPU_NONE)
        wake_kick(s, idle, KICK_STEAL_HINT, d);
}

void balance_set_idle(struct sched *s, uint32_t cpu, bool is_idle)
{
    struct port_atomic64 *word = &s->clusters[cpu / CLUSTER_CPUS].idle.bits;
    uint64_t bit = UINT64_C(1) << (cpu % CLUSTER_CPUS);
    bool was_idle = (port_load64(word) & bit) != 0;

    if (is_idle)
        (void)port_or64(word, bit); /* also the fence before the overload words are read */
    else if (was_idle)
        (void)port_and64(word, ~bit);
}
