/* SPDX-License-Identifier: MIT */
#include "core/sched.h"
#include "core/account.h"
#include "core/balance.h"
#include "core/fair.h"
#include "core/inbox.h"
#include "core/wake.h"

static struct decision decision_empty(void)
{
    return (struct decision){.next = THREAD_REF_NONE, .arm_at = MONO_NEVER, .status = STATUS_OK};
}

static void explain(struct sched *s, uint32_t cpu, struct decision *d, struct why why,
                    struct mono now)
{
    why.subject_slot = d->next.slot;
    why.subject_gen = d->next.gen;
    why.time_ns = now.ns;
    d->why = why;
    rq_of(s, cpu)->why = why;
}

uint64_t sched_bytes(uint32_t cpu_count, uint32_t thread_count)
{
    return arena_bytes(cpu_count, thread_count);
}

void sched_init(struct sched *s, uint32_t cpu_count, uint32_t thread_count, struct mono now)
{
    arena_init(s, cpu_count, thread_count);
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
        rq_init(s, cpu, now);
}

void sched_cpu_start(struct sched *s, uint32_t cpu, struct mono booted_at, struct mono now)
{
    struct rq *rq = rq_of(s, cpu);

    ASSERT(rq->current == SLOT_NONE);
    ASSERT(!mono_before(now, booted_at));
    rq->started = booted_at;
    rq->kernel_ns = (uint64_t)mono_diff_ns(now, booted_at);
    rq->since = now;
    rq->empty_since = now;
}

/* ---- Deciding ---- */

/* Away with a thread that may not run here: it is MIGRATING and in no queue.  Returns: where to. */
static uint32_t send_away(struct sched *s, uint32_t thread, struct decision *d)
{
    struct placement place = wake_place(s, thread);

    thread_change(s, thread, THREAD_POST, place.cpu, 0);
    wake_deliver(s, thread, place.cpu, d);
    return place.cpu;
}

static void move_current(struct sched *s, uint32_t cpu, struct mono now, struct decision *d)
{
    uint32_t thread = rq_of(s, cpu)->current;

    account_charge(s, cpu, now, CHARGE_SWITCH);
    rq_remove_current(s, cpu, now, true);
    thread_of(s, thread)->ledger.migration_count++;
    thread_change(s, thread, THREAD_DETACH, cpu, 0);
    int64_t lag_vns = sc_of(s, thread_of(s, thread)->sc)->lag_vns;
    uint32_t target = send_away(s, thread, d); /* from here on the thread is the target's */

    port_trace(s, &(struct trace_record){.now = now,
                                         .cpu = cpu,
                                         .event = EV_DETACH,
                                         .thread = thread,
                                         .a = (int64_t)target,
                                         .b = lag_vns});
}

/* Pick until somebody may run here; who may not any more goes away, a few at a time. */
static uint32_t pick_allowed(struct sched *s, uint32_t cpu, struct mono now, struct decision *d)
{
    while (d->kick_count < KICK_MAX - 1) { /* bound: each turn takes one thread off the queue */
        uint32_t thread = rq_pick(s, cpu);

        if (thread == SLOT_NONE)
            return SLOT_NONE;
        if (thread_is_dying(s, thread)) {
            rq_reap_queued(s, cpu, thread, now);
            continue;
        }
        if (thread_allows(s, thread, cpu))
            return thread;
        rq_detach(s, cpu, thread, cpu, now);
        (void)send_away(s, thread, d);
    }
    d->resched = true;
    return SLOT_NONE;
}

/* May the current thread go on? */
static bool keeps_cpu(const struct sched *s, const struct rq *rq, struct mono now)
{
    if (rq->need_pick)
        return false;
    return rq_queued_count(rq) == 0 || mono_before(now, rq_protect_end(s, rq));
}

/* `previous` gave way to `next` (either may be SLOT_NONE): counts and trace. */
static void note_switch(struct sched *s, uint32_t cpu, const uint32_t previous_next[2],
                        struct mono now, struct decision *d)
{
    uint32_t previous = previous_next[0];
    uint32_t next = previous_next[1];

    if (previous == next)
        return;
    if (previous != SLOT_NONE && thread_word_read(s, previous).state == THREAD_QUEUED)
        thread_of(s, previous)->ledger.preempt_count++;
    if (next != SLOT_NONE) {
        thread_of(s, next)->ledger.switch_count++;
        rq_of(s, cpu)->stat.switch_count++;
    }
    port_trace(s, &(struct trace_record){.now = now,
                                         .cpu = cpu,
                                         .event = next != SLOT_NONE ? EV_SWITCH : EV_IDLE,
                                         .thread = next,
                                         .a = previous != SLOT_NONE ? (int64_t)previous : -1,
                                         .b = d->why.rule});
}

static void dispatch_next(struct sched *s, uint32_t cpu, struct mono now, struct decision *d)
{
    struct rq *rq = rq_of(s, cpu);
    uint32_t previous = rq->current;

    if (previous != SLOT_NONE) {
        account_charge(s, cpu, now, CHARGE_PREEMPT);
        rq_requeue_current(s, cpu);
        if (thread_is_dying(s, previous)) /* killed since the look in choose */
            rq_reap_queued(s, cpu, previous, now);
    }
    uint32_t next = pick_allowed(s, cpu, now, d);

    if (next != SLOT_NONE) {
        rq_dispatch(s, cpu, next, now);
        uint32_t queued_count = rq_queued_count(rq);

        d->next = thread_ref_of(s, next);
        explain(s, cpu, d,
                (struct why){.rule = queued_count > 0 ? WHY_PICKED_DEADLINE : WHY_PICKED_ONLY,
                             .a = sc_of(s, rq->current_sc)->vdeadline.vns,
                             .b = (int64_t)queued_count + 1},
                now);
    } else {
        d->next = THREAD_REF_NONE;
        explain(s, cpu, d, (struct why){.rule = WHY_IDLE}, now);
    }
    note_switch(s, cpu, (const uint32_t[2]){previous, next}, now, d);
}

/* Say what the others need to know of this CPU.  The fence is the caller's, after the unlock. */
static void publish(struct sched *s, uint32_t cpu)
{
    struct rq *rq = rq_of(s, cpu);
    uint32_t word = PUBLISHED_HALTED;

    if (rq->current != SLOT_NONE) {
        word = (sc_of(s, rq->current_sc)->latency_class + 1u) << PUBLISHED_CLASS_SHIFT;
        if (rq_queued_count(rq) == 0)
            word |= PUBLISHED_SOLO;
    }
    port_store32(&rq->published, word);
    (void)rq_publish_overload(s, cpu); /* the inbox is read again after the fence anyway */
}

/* One look under the lock: drain, decide, publish. */
static void choose(struct sched *s, uint32_t cpu, struct mono now, struct decision *d)
{
    struct rq *rq = rq_of(s, cpu);

    (void)inbox_drain(s, cpu, cpu, now);
    if (rq->current != SLOT_NONE && thread_is_dying(s, rq->current))
        rq_reap_current(s, cpu, now);
    if (rq->current != SLOT_NONE && !thread_allows(s, rq->current, cpu))
        move_current(s, cpu, now, d);
    if (rq->current != SLOT_NONE && keeps_cpu(s, rq, now)) {
        d->next = thread_ref_of(s, rq->current);
        d->why = (struct why){.rule = WHY_KEPT_PROTECTED,
                              .subject_slot = d->next.slot,
                              .subject_gen = d->next.gen,
                              .time_ns = now.ns,
                              .a = (int64_t)rq_protect_end(s, rq).ns,
                              .b = (int64_t)now.ns};
    } else {
        dispatch_next(s, cpu, now, d);
    }
    d->arm_at = MONO_NEVER;
    d->has_reaped = rq->reaped_head != SLOT_NONE;
    publish(s, cpu); /* overload before the idle words are read: see search_work */
    if (rq->current == SLOT_NONE)
        return;
    balance_set_idle(s, cpu, false);
    if (rq_queued_count(rq) == 0)
        return;
    d->arm_at = rq_protect_end(s, rq);
    if (d->kick_count < KICK_MAX)
        balance_kick_idle(s, cpu, d);
}

/* Nothing to run: look for work elsewhere.  Returns: look at the own queue again. */
static bool search_work(struct sched *s, uint32_t cpu, struct mono now, struct decision *d)
{
    /*
     * Publish idle, fence, then read the overload words; who makes a CPU overloaded sets its bit,
     * fence, then reads the idle words.  One of the two sees the other.
     */
    balance_set_idle(s, cpu, true);
    switch (balance_steal(s, cpu, now, d)) {
    case STEAL_DONE:
        return true;
    case STEAL_CONTENDED:
        d->arm_at = mono_add(now, STEAL_RETRY_NS); /* not a wait: a second look, later */
        break;
    case STEAL_NOTHING:
        break;
    }
    return !inbox_is_empty(rq_of(s, cpu));
}

struct decision sched_decide(struct sched *s, uint32_t cpu, struct mono now)
{
    struct rq *rq = rq_of(s, cpu);
    struct decision d = decision_empty();

    for (unsigned turn = 0; turn < DECIDE_TURNS_MAX && d.kick_count < KICK_MAX - 1; turn++) {
        d.resched = false;
        port_lock(&rq->lock);
        choose(s, cpu, now, &d);
        port_unlock(&rq->lock);
        port_fence(); /* published (HALTED or SOLO) before the inbox is read again */
        if (!inbox_is_empty(rq))
            continue;
        if (thread_ref_is_none(d.next) && !d.resched && search_work(s, cpu, now, &d))
            continue;
        return d;
    }
    d.resched = true;
    return d;
}

void sched_kicked(struct sched *s, uint32_t cpu)
{
    struct rq *rq = rq_of(s, cpu);

    (void)port_xchg32(&rq->kick_pending, 0); /* before what it announces is looked at */
    rq->stat.kick_count++;
}

/* ---- Threads ---- */

enum status sched_thread_create(struct sched *s, const struct thread_params *params,
                                struct thread_ref *ref)
{
    struct cpumask online = {{0}};

    if (params->weight < WEIGHT_MIN || params->weight > WEIGHT_MAX)
        return STATUS_BAD_ARGUMENT;
    if ((unsigned)params->latency_class >= LATENCY_CLASS_COUNT)
        return STATUS_BAD_ARGUMENT;
    if (params->start_cpu >= s->cpu_count)
        return STATUS_BAD_ARGUMENT;
    cpumask_fill(online.words, s->mask_words, s->cpu_count);
    for (uint32_t i = 0; params->mask != NULL && i < s->mask_words; i++)
        online.words[i] &= params->mask[i];
    if (cpumask_is_empty(online.words, s->mask_words))
        return STATUS_OUTSIDE_MASK;
    *ref = thread_create(s);
    if (thread_ref_is_none(*ref))
        return STATUS_NO_SLOT;
    port_store32(&thread_of(s, ref->slot)->last_cpu, params->start_cpu);
    thread_mask_set(s, ref->slot, online.words);
    sc_init_fair(s, ref->slot, params->weight, params->latency_class);
    return STATUS_OK;
}

/* The woken thread is INBOX(cpu), ours, and in no inbox: take it in here. */
static void attach_here(struct sched *s, uint32_t cpu, uint32_t thread, struct mono now,
                        struct decision *d)
{
    struct rq *rq = rq_of(s, cpu);

    port_lock(&rq->lock);
    rq_attach(s, cpu, thread, cpu, now);
    (void)rq_publish_overload(s, cpu); /* set: something is queued */
    port_unlock(&rq->lock);
    d->resched = true;
}

/* The state word is INBOX(place->cpu) now: hand the thread over. */
static void wake_placed(struct sched *s, uint32_t cpu, uint32_t thread,
                        const struct placement *place, struct mono now, struct decision *d)
{
    d->why = place->why;
    d->why.subject_slot = thread;
    d->why.subject_gen = thread_ref_of(s, thread).gen;
    d->why.time_ns = now.ns;
    port_trace(s, &(struct trace_record){.now = now,
                                         .cpu = cpu,
                                         .event = EV_WAKE,
                                         .thread = thread,
                                         .a = (int64_t)place->cpu,
                                         .b = d->why.rule});
    if (place->cpu == cpu)
        attach_here(s, cpu, thread, now, d);
    else
        wake_deliver(s, thread, place->cpu, d);
}

enum wake_outcome { WAKE_RETRY, WAKE_DELIVERED, WAKE_LATCHED, WAKE_STALE };

/* One try from the state `word`, which is read again when somebody else was faster. */
static enum wake_outcome try_wake(struct sched *s, struct thread_ref ref, struct thread_word *word,
                                  struct placement *place)
{
    if (word->gen != ref.gen || word->state == THREAD_DEAD)
        return WAKE_STALE;
    if (word->state != THREAD_NEW && word->state != THREAD_BLOCKED) {
        bool latched = word->wake_pending || thread_try_mark(s, ref.slot, word, true);

        return latched ? WAKE_LATCHED : WAKE_RETRY;
    }
    if (place->cpu == CPU_NONE) /* once: a CPU claimed for a try that failed serves the next */
        *place = wake_place(s, ref.slot);
    return thread_try_change(s, ref.slot, word, THREAD_POST, place->cpu, 0) ? WAKE_DELIVERED
                                                                            : WAKE_RETRY;
}

struct decision sched_wake(struct sched *s, uint32_t cpu, struct thread_ref ref,
                           enum wake_source source, struct mono now)
{
    struct decision d = decision_empty();
    struct placement place = {.cpu = CPU_NONE};
    enum wake_outcome outcome = WAKE_RETRY;

    ASSERT(source < WAKE_SOURCE_COUNT);
    if (ref.slot >= s->thread_count) {
        d.status = STATUS_BAD_ARGUMENT;
        return d;
    }
    struct thread_word word = thread_word_read(s, ref.slot);

    for (unsigned turn = 0; turn < STATE_RETRY_MAX && outcome == WAKE_RETRY; turn++)
        outcome = try_wake(s, ref, &word, &place);
    ASSERT(outcome != WAKE_RETRY); /* the state cannot change so often under one event */
    if (outcome == WAKE_DELIVERED) {
        wake_placed(s, cpu, ref.slot, &place, now, &d);
        return d;
    }
    wake_unplace(s, cpu, &place, &d);
    if (outcome == WAKE_STALE) {
        rq_of(s, cpu)->stat.stale_count++;
        d.status = STATUS_STALE;
        d.why = (struct why){.rule = WHY_DENIED_STALE,
                             .subject_slot = ref.slot,
                             .subject_gen = ref.gen,
                             .time_ns = now.ns,
                             .a = ref.gen,
                             .b = word.gen};
        return d;
    }
    d.why = (struct why){.rule = WHY_WAKE_PENDING,
                         .subject_slot = ref.slot,
                         .subject_gen = ref.gen,
                         .time_ns = now.ns};
    port_trace(s, &(struct trace_record){.now = now,
                                         .cpu = cpu,
                                         .event = EV_WAKE_LATCHED,
                                         .thread = ref.slot,
                                         .a = (int64_t)word.state,
                                         .b = (int64_t)source});
    return d;
}

/* Take WAKE_PENDING from the current thread if it is set. */
static bool take_pending_wake(struct sched *s, uint32_t thread)
{
    struct thread_word word = thread_word_read(s, thread);

    for (unsigned turn = 0; turn < STATE_RETRY_MAX; turn++) {
        if (!word.wake_pending)
            return false;
        if (thread_try_mark(s, thread, &word, false))
            return true;
    }
    UNREACHABLE();
}

/*
 * Leave the CPU and become BLOCKED.  All of the thread's state is settled before the swap: from
 * then on it belongs to whoever wakes it.
 * Returns: false when a wake came first; nothing changed then.
 */
static bool leave_blocked(struct sched *s, uint32_t cpu, enum wake_source source, struct mono now)
{
    struct rq *rq = rq_of(s, cpu);
    uint32_t thread = rq->current;
    struct thread *t = thread_of(s, thread);
    struct thread_word word = thread_word_read(s, thread);

    account_charge(s, cpu, now, CHARGE_BLOCK);
    rq_remove_current(s, cpu, now, false);
    t->ledger.block_count++;
    int64_t lag_vns = sc_of(s, t->sc)->lag_vns;

    ASSERT(word.state == THREAD_RUNNING);
    if (!word.wake_pending && !word.dying &&
        thread_try_change(s, thread, &word, THREAD_BLOCK, cpu, (uint32_t)source)) {
        port_trace(s, &(struct trace_record){.now = now,
                                             .cpu = cpu,
                                             .event = EV_BLOCK,
                                             .thread = thread,
                                             .a = (int64_t)source,
                                             .b = lag_vns});
        return true;
    }
    t->ledger.block_count--;
    rq_restore_current(s, cpu, thread);
    return false;
}

struct decision sched_block(struct sched *s, uint32_t cpu, enum wake_source source,
                            struct mono now)
{
    struct rq *rq = rq_of(s, cpu);
    uint32_t thread = rq->current;

    ASSERT(source < WAKE_SOURCE_COUNT);
    ASSERT(thread != SLOT_NONE);
    port_lock(&rq->lock);
    bool blocked = !take_pending_wake(s, thread) && leave_blocked(s, cpu, source, now);

    if (!blocked)
        (void)take_pending_wake(s, thread);
    port_unlock(&rq->lock);
    return sched_decide(s, cpu, now);
}

struct decision sched_give_up(struct sched *s, uint32_t cpu, struct mono now)
{
    struct rq *rq = rq_of(s, cpu);

    ASSERT(rq->current != SLOT_NONE);
    port_lock(&rq->lock);
    account_charge(s, cpu, now, CHARGE_SWITCH);
    fair_yield(s, rq, rq->current_sc);
    rq->need_pick = 1;
    port_unlock(&rq->lock);
    return sched_decide(s, cpu, now);
}

struct decision sched_exit(struct sched *s, uint32_t cpu, struct mono now)
{
    struct rq *rq = rq_of(s, cpu);
    uint32_t thread = rq->current;

    ASSERT(thread != SLOT_NONE);
    port_lock(&rq->lock);
    account_charge(s, cpu, now, CHARGE_EXIT);
    rq_remove_current(s, cpu, now, false);
    thread_change(s, thread, THREAD_EXIT, 0, 0);
    port_trace(s, &(struct trace_record){
                      .now = now,
                      .cpu = cpu,
                      .event = EV_EXIT,
                      .thread = thread,
                      .a = (int64_t)thread_of(s, thread)->ledger.runtime_ns});
    rq->retired_ns += thread_of(s, thread)->ledger.runtime_ns;
    sc_of(s, thread_of(s, thread)->sc)->thread = SLOT_NONE;
    thread_release(s, thread);
    port_unlock(&rq->lock);
    return sched_decide(s, cpu, now);
}

/* ---- Reading ---- */

enum status sched_ledger(const struct sched *s, struct thread_ref ref, struct ledger *ledger)
{
    if (!thread_ref_is_live(s, ref))
        return STATUS_STALE;
    *ledger = thread_of(s, ref.slot)->ledger;
    return STATUS_OK;
}

void sched_check(const struct sched *s)
{
    arena_check(s);
    for (uint32_t cpu = 0; cpu < s->cpu_count; cpu++)
        rq_check(s, cpu);
    ASSERT(account_balances(s));
}
