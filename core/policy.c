/* SPDX-License-Identifier: MIT */
#include "core/account.h"
#include "core/fair.h"
#include "core/sched.h"
#include "core/wake.h"

/* May `cpu` change what the context pays by?  Its own current thread's only: a NEW one may be woken
 * and queued elsewhere at the same moment. */
static bool is_ours(const struct sched *s, uint32_t cpu, struct thread_ref ref)
{
    return rq_of(s, cpu)->current == ref.slot;
}

void sched_set_fair_policy(struct sched *s, enum fair_policy policy)
{
    for (uint32_t cpu = 0; cpu < s->cpu_count; cpu++) {
        ASSERT(rq_of(s, cpu)->current == SLOT_NONE);
        ASSERT(rq_queued_count(rq_of(s, cpu)) == 0);
        rq_of(s, cpu)->fair_policy = policy;
    }
}

enum status sched_set_weight(struct sched *s, uint32_t cpu, struct thread_ref ref,
                             uint32_t weight, struct mono now)
{
    struct rq *rq = rq_of(s, cpu);

    if (!thread_ref_is_live(s, ref))
        return STATUS_STALE;
    if (weight < WEIGHT_MIN || weight > WEIGHT_MAX)
        return STATUS_BAD_ARGUMENT;
    if (!is_ours(s, cpu, ref))
        return STATUS_BUSY;
    struct sc *c = sc_of(s, thread_of(s, ref.slot)->sc);
    int64_t old_weight = c->weight;

    port_lock(&rq->lock);
    account_charge(s, rq, now, CHARGE_SWITCH);
    fair_reweight(s, rq, rq->current_sc, weight);
    port_unlock(&rq->lock);
    port_trace(s, &(struct trace_record){.now = now,
                                         .cpu = cpu,
                                         .event = EV_WEIGHT,
                                         .thread = ref.slot,
                                         .a = weight,
                                         .b = old_weight});
    return STATUS_OK;
}

enum status sched_set_class(struct sched *s, uint32_t cpu, struct thread_ref ref,
                            enum latency_class class, struct mono now)
{
    if (!thread_ref_is_live(s, ref))
        return STATUS_STALE;
    if ((unsigned)class >= LATENCY_CLASS_COUNT)
        return STATUS_BAD_ARGUMENT;
    if (!is_ours(s, cpu, ref))
        return STATUS_BUSY;
    struct sc *c = sc_of(s, thread_of(s, ref.slot)->sc);
    uint8_t old_class = c->latency_class;

    /* The slice changes with the next request; who runs is in no tree, so no count moves. */
    c->latency_class = (uint8_t)class;
    sc_rate(c);
    rq_of(s, cpu)->current_class = class;
    port_trace(s, &(struct trace_record){.now = now,
                                         .cpu = cpu,
                                         .event = EV_CLASS,
                                         .thread = ref.slot,
                                         .a = class,
                                         .b = old_class});
    return STATUS_OK;
}

/* The mask has changed: whoever has to act on it learns of it. */
static void announce_mask(struct sched *s, uint32_t cpu, uint32_t thread, struct decision *d)
{
    struct thread_word word = thread_word_read(s, thread);
    bool placed = word.state == THREAD_RUNNING || word.state == THREAD_QUEUED ||
                  word.state == THREAD_INBOX;

    if (!placed)
        return;
    if (!thread_allows(s, thread, word.cpu)) {
        d->resched = word.cpu == cpu;
        if (word.cpu != cpu)
            wake_kick(s, word.cpu, KICK_RESCHED, d);
        return;
    }
    if (word.state == THREAD_RUNNING)
        return;
    uint32_t idle = wake_claim_idle(s, thread, word.cpu); /* it waits: who is idle may take it */

    if (idle == cpu)
        d->resched = true;
    else if (idle != CPU_NONE)
        wake_kick(s, idle, KICK_STEAL_HINT, d);
}

struct decision sched_set_mask(struct sched *s, uint32_t cpu, struct thread_ref ref,
                               const uint64_t *mask, struct mono now)
{
    struct decision d = {.next = THREAD_REF_NONE, .arm_at = MONO_NEVER, .status = STATUS_OK};
    struct cpumask allowed = {{0}};

    cpumask_fill(allowed.words, s->mask_words, s->cpu_count);
    for (uint32_t i = 0; i < s->mask_words; i++)
        allowed.words[i] &= mask[i];
    if (!thread_ref_is_live(s, ref)) {
        d.status = STATUS_STALE;
        return d;
    }
    if (cpumask_is_empty(allowed.words, s->mask_words)) {
        d.status = STATUS_OUTSIDE_MASK;
        d.rule = WHY_DENIED_MASK;
        rq_of(s, cpu)->why = (struct why){.rule = WHY_DENIED_MASK,
                                          .subject_slot = ref.slot,
                                          .subject_gen = ref.gen,
                                          .time_ns = now.ns,
                                          .a = -1,
                                          .b = s->cpu_count};
        return d;
    }
    thread_mask_set(s, ref.slot, allowed.words);
    port_fence(); /* the mask before the state: the other side attaches, then reads the mask */
    port_trace(s, &(struct trace_record){
                      .now = now,
                      .cpu = cpu,
                      .event = EV_MASK,
                      .thread = ref.slot,
                      .a = (int64_t)cpumask_first(allowed.words, s->mask_words),
                      .b = (int64_t)cpumask_count(allowed.words, s->mask_words)});
    announce_mask(s, cpu, ref.slot, &d);
    return d;
}
