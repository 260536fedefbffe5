/* SPDX-License-Identifier: MIT */
#include "core/sched.h"
#include "core/account.h"
#include "core/balance.h"
#include "core/fair.h"
#include "core/inbox.h"
#include "core/lend.h"
#include "core/overload.h"
#include "core/policy.h"
#include "core/wake.h"
#include "core/why.h"

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
    clock_publish(s, rq, now);
}

/* ---- Deciding ---- */

/* Away with a thread that may not run here: it is MIGRATING and in no queue.  Returns: where to. */
static uint32_t send_away(struct sched *s, struct rq *rq, uint32_t thread, struct mono now,
                          struct decision *d)
{
    struct placement place = wake_place(s, thread);

    sc_of(s, thread_sc(thread_of(s, thread)))->v_clock |= SC_FORCED;
    why_migrated(s, rq, thread, (struct why){.rule = WHY_MIGRATED_MASK,
                                             .time_ns = now.ns,
                                             .a = place.cpu,
                                             .b = rq->cpu});
    (void)thread_change(thread_of(s, thread), THREAD_POST, place.cpu, 0);
    wake_deliver(s, thread, place.cpu, d);
    return place.cpu;
}

static COLD void move_current(struct sched *s, struct rq *rq, struct mono now, struct decision *d)
{
    uint32_t thread = rq->current;
    struct thread *t = thread_of(s, thread);

    account_charge(s, rq, now, CHARGE_SWITCH);
    int64_t lag_vns = rq_remove_current(s, rq, now, true)->lag_vns;

    t->ledger.migration_count++;
    (void)thread_change(t, THREAD_DETACH, rq->cpu, 0);
    uint32_t target = send_away(s, rq, thread, now, d); /* it is the target's now */

    port_trace(s, &(struct trace_record){.now = now,
                                         .cpu = rq->cpu,
                                         .event = EV_DETACH,
                                         .thread = thread,
                                         .a = (int64_t)target,
                                         .b = lag_vns});
}

/* The picked `thread` may not run here, or not unseen: off the queue with it, or it is seen to. */
static COLD void take_off(struct sched *s, struct rq *rq, uint32_t thread, struct mono now,
                          struct decision *d)
{
    struct thread *t = thread_of(s, thread);

    if (thread_is_dying(t)) {
        rq_reap_queued(s, rq, thread, now);
        return;
    }
    if (thread_needs_care(t)) {
        (void)policy_apply_queued(s, rq, t, now); /* this CPU decides at this moment */
        return;
    }
    rq_detach(s, rq, thread, rq->cpu, now);
    (void)send_away(s, rq, thread, now, d);
}

/* Pick until somebody may run here; who may not any more goes away, a few at a time.
 * Returns: the thread's slot; its record in *record. */
static HOT uint32_t pick_allowed(struct sched *s, struct rq *rq, struct mono now,
                                 struct thread **record, struct decision *d)
{
    while (d->kick_count < KICK_MAX - 1) { /* bound: a turn takes one off, or a request */
        uint32_t sc = rq_pick(s, rq);

        if (sc == SLOT_NONE)
            return SLOT_NONE;
        uint32_t thread = sc_thread(sc_of(s, sc));

        *record = thread_of(s, thread);
        if (!thread_needs_care(*record) && thread_allows(s, thread, rq->cpu))
            return thread;
        take_off(s, rq, thread, now, d);
    }
    d->resched = true;
    return SLOT_NONE;
}

/* May the current thread go on? */
static HOT bool keeps_cpu(const struct rq *rq, struct mono now)
{
    if (rq->need_pick)
        return false;
    return rq_queued_count(rq) == 0 || mono_before(now, rq_protect_end(rq));
}

/* `previous` gave way to `next` (either may be none): trace. */
static HOT void trace_switch(struct sched *s, const struct rq *rq, uint32_t previous,
                             uint32_t next, struct mono now)
{
    port_trace(s, &(struct trace_record){.now = now,
                                         .cpu = rq->cpu,
                                         .event = next != SLOT_NONE ? EV_SWITCH : EV_IDLE,
                                         .thread = next,
                                         .a = previous != SLOT_NONE ? (int64_t)previous : -1,
                                         .b = rq->why.rule});
}

/* Who gives way (or none) to whom. */
struct change {
    uint32_t previous;
    uint32_t next;
    struct thread *t;      /* of next */
    uint64_t word;         /* its word now */
    uint32_t queued_count; /* who stays */
};

/* `change.next` has become current. */
static HOT void note_dispatch(struct sched *s, struct rq *rq, struct change change,
                              struct mono now, struct decision *d)
{
    uint32_t next = change.next;
    uint32_t queued_count = change.queued_count;

    d->next = (struct thread_ref){next, word_gen(change.word)};
    decision_explain(d, rq,
            (struct why){.rule = queued_count > 0 ? WHY_PICKED_DEADLINE : WHY_PICKED_ONLY,
                         .subject_slot = next,
                         .subject_gen = d->next.gen,
                         .time_ns = now.ns,
                         .a = rq_current_sc(s, rq)->vdeadline.vns,
                         .b = (int64_t)queued_count + 1});
    if (change.previous == next)
        return;
    overload_note_wait(rq, (uint64_t)mono_diff_ns(now, rq_current_sc(s, rq)->queued_at));
    change.t->ledger.switch_count++;
    rq->stat.switch_count++;
    trace_switch(s, rq, change.previous, next, now);
}

/* The thread put back into the queue was killed, or has a new policy, since the look in choose.
 * Returns: it is queued. */
static COLD bool care_for_requeued(struct sched *s, struct rq *rq, uint32_t thread,
                                   struct mono now)
{
    struct thread *t = thread_of(s, thread);

    if (!thread_is_dying(t)) {
        (void)policy_apply_queued(s, rq, t, now);
        return true;
    }
    rq_reap_queued(s, rq, thread, now);
    return false;
}

/* Charge and queue the current thread, which has to give way.  Returns: it is queued. */
static bool requeue(struct sched *s, struct rq *rq, struct mono now)
{
    uint32_t thread = rq->current;

    account_charge(s, rq, now, CHARGE_PREEMPT);
    if ((rq_requeue_current(s, rq) & (WORD_DYING | WORD_POLICY)) == 0)
        return true;
    return care_for_requeued(s, rq, thread, now);
}

/* `previous` was put back, and `next` was picked, or nobody. */
static HOT void note_preempted(struct sched *s, const struct rq *rq, struct thread *previous,
                               const struct thread *next, struct mono now)
{
    if (word_state(thread_word_load(previous)) != THREAD_QUEUED)
        return;
    previous->ledger.preempt_count++;
    if (next != NULL && rq->need_pick != PICK_YIELDED) /* that was its own wish */
        why_gave_way(s, rq, previous, next, now);
}

static HOT void dispatch_next(struct sched *s, struct rq *rq, struct mono now, struct decision *d)
{
    uint32_t previous = rq->current;
    bool is_queued = previous != SLOT_NONE && requeue(s, rq, now);
    struct thread *t = NULL;
    uint32_t next = pick_allowed(s, rq, now, &t, d);

    if (is_queued && previous != next)
        note_preempted(s, rq, thread_of(s, previous), next != SLOT_NONE ? t : NULL, now);
    else if (is_queued && rq->need_pick == PICK_SHORTER)
        why_went_on(s, rq, previous, now);
    if (next != SLOT_NONE) {
        uint64_t word = rq_dispatch(s, rq, next, t, now);

        note_dispatch(s, rq, (struct change){previous, next, t, word, rq_queued_count(rq)}, now, d);
        return;
    }
    d->next = THREAD_REF_NONE;
    decision_explain(d, rq,
                     (struct why){.rule = WHY_IDLE, .subject_slot = next, .time_ns = now.ns});
    if (previous != SLOT_NONE)
        trace_switch(s, rq, previous, SLOT_NONE, now);
}

/* Time to say what the clock is, and to look whether somebody should go elsewhere. */
static NOINLINE void check(struct sched *s, struct rq *rq, struct mono now, struct decision *d)
{
    bool is_due = !mono_before(now, rq->next_check);

    if (rq->current != SLOT_NONE) /* V counts what has been charged */
        account_charge(s, rq, now, CHARGE_PREEMPT);
    clock_publish(s, rq, now);
    if (!is_due)
        return;
    rq->next_check = mono_add(now, PUSH_CHECK_NS);
    overload_look(s, rq, now);
    if (rq_queued_count(rq) > 0 && !overload_is_on(rq))
        balance_push(s, rq, now, d);
    if (rq->w != rq->clock_w)
        clock_publish(s, rq, now);
}

/*
 * It is decided who runs: tell the others, set the instant of the next decision.  The fence between
 * what is published and the second look at the inbox is the caller's, after the unlock.
 */
static HOT void announce(struct sched *s, struct rq *rq, struct mono now, struct decision *d)
{
    if (rq->w != rq->clock_w || !mono_before(now, rq->next_check))
        check(s, rq, now, d);
    uint32_t queued_count = rq_queued_count(rq);

    d->arm_at = MONO_NEVER;
    d->has_reaped = rq->reaped_head != SLOT_NONE;
    if (rq->current == SLOT_NONE) {
        port_store32(&rq->published, PUBLISHED_IDLE);
        (void)rq_publish_overload(s, rq);
        return;
    }
    port_store32(&rq->published, (rq->current_class + 1) << PUBLISHED_CLASS_SHIFT |
                                     (queued_count == 0 ? PUBLISHED_SOLO : 0));
    (void)rq_publish_overload(s, rq); /* before the idle words are read: see search_work */
    balance_set_busy(s, rq);
    if (queued_count == 0)
        return;
    d->arm_at = mono_earlier(rq_protect_end(rq), rq->next_check);
    (void)balance_offer(s, rq, d);
}

/* The running thread goes on. */
static HOT void keep(struct sched *s, struct rq *rq, struct mono now, struct decision *d)
{
    d->next = thread_ref_of(s, rq->current);
    decision_explain(d, rq,
            (struct why){.rule = WHY_KEPT_PROTECTED,
                         .subject_slot = d->next.slot,
                         .subject_gen = d->next.gen,
                         .time_ns = now.ns,
                         .a = (int64_t)rq_protect_end(rq).ns,
                         .b = (int64_t)now.ns});
}

/* The running thread was killed, or has a new weight or class. */
static COLD void care_for_current(struct sched *s, struct rq *rq, struct mono now)
{
    if (thread_is_dying(thread_of(s, rq->current)))
        rq_reap_current(s, rq, now);
    else
        policy_apply_current(s, rq, now);
}

/* One look under the lock: drain, decide, publish. */
static HOT void choose(struct sched *s, struct rq *rq, struct mono now, struct decision *d)
{
    (void)inbox_drain(s, rq, rq->cpu, now);
    if (rq->current != SLOT_NONE && thread_needs_care(thread_of(s, rq->current)))
        care_for_current(s, rq, now);
    if (rq->current != SLOT_NONE && !thread_allows(s, rq->current, rq->cpu))
        move_current(s, rq, now, d);
    if (rq->current != SLOT_NONE && keeps_cpu(rq, now))
        keep(s, rq, now, d);
    else
        dispatch_next(s, rq, now, d);
    announce(s, rq, now, d);
}

/* Nothing to run: look for work elsewhere.  Returns: look at the own queue again. */
static bool search_work(struct sched *s, uint32_t cpu, struct mono now, struct decision *d)
{
    /*
     * Publish idle, fence, then read the overload words; who makes a CPU overloaded sets its bit,
     * fence, then reads the idle words.  One of the two sees the other.
     */
    balance_set_idle(s, cpu);
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

/* Unlock; what is published is there before the inbox is read again.  Returns: it is empty. */
static HOT bool look_again(struct rq *rq)
{
    port_unlock(&rq->lock);
    port_fence(); /* published (IDLE or SOLO) before the inbox is read again */
    return inbox_is_empty(rq);
}

/* Decide who runs.  The lock is held at first, so that an event and its decision are one hold. */
static HOT void decide(struct sched *s, struct rq *rq, struct mono now, struct decision *d)
{
    for (unsigned turn = 1;; turn++) { /* at most DECIDE_TURNS_MAX */
        d->resched = false;
        choose(s, rq, now, d);
        bool is_done = look_again(rq);

        if (is_done && thread_ref_is_none(d->next) && !d->resched)
            is_done = !search_work(s, rq->cpu, now, d);
        if (is_done)
            return;
        if (turn == DECIDE_TURNS_MAX || d->kick_count >= KICK_MAX - 1)
            break;
        port_lock(&rq->lock);
    }
    d->resched = true;
}

static NOINLINE void decide_seldom(struct sched *s, struct rq *rq, struct mono now,
                                   struct decision *d)
{
    decide(s, rq, now, d);
}

void sched_decide_to(struct sched *s, struct rq *rq, struct mono now, struct decision *d)
{
    decision_begin(d);
    port_lock(&rq->lock);
    decide(s, rq, now, d);
}

struct decision sched_decide(struct sched *s, uint32_t cpu, struct mono now)
{
    struct decision d;

    sched_decide_to(s, rq_of(s, cpu), now, &d);
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

    if (params->weight < WEIGHT_MIN || params->weight > WEIGHT_MAX ||
        (unsigned)params->latency_class >= LATENCY_CLASS_COUNT ||
        params->start_cpu >= s->cpu_count)
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

/* Take WAKE_PENDING from the current thread if it is set. */
static COLD bool take_pending_wake(struct thread *t)
{
    uint64_t word = thread_word_load(t);

    for (unsigned turn = 0; (word & WORD_WAKE_PENDING) != 0; turn++) {
        ASSERT(turn < STATE_RETRY_MAX);
        if (thread_try_mark(t, &word, false))
            return true;
    }
    return false;
}

/* A flag came while it became BLOCKED; POLICY, which it takes along, is no reason to stay. */
static COLD bool block_after_all(const struct rq *rq, struct thread *t, enum wake_source source)
{
    uint64_t word = thread_word_load(t);

    return (word & (WORD_WAKE_PENDING | WORD_DYING)) == 0 &&
           thread_try_change(t, &word, THREAD_BLOCK, rq->cpu, (uint32_t)source);
}

/*
 * Leave the CPU and become BLOCKED.  All of the thread's state is settled before the swap: from
 * then on it belongs to whoever wakes it.
 * Returns: false when a wake came first; nothing changed then.
 */
static HOT bool leave_blocked(struct sched *s, struct rq *rq, struct current who,
                              enum wake_source source, struct mono now)
{
    uint32_t thread = who.thread;
    struct thread *t = who.t;
    uint64_t word = thread_word_load(t);

    account_charge_to(s, rq, who, now, CHARGE_BLOCK);
    rq_remove(s, rq, who, now, false);
    int64_t lag_vns = who.c->lag_vns;

    t->ledger.block_count++;
    ASSERT(word_state(word) == THREAD_RUNNING);
    if (LIKELY((word & (WORD_WAKE_PENDING | WORD_DYING)) == 0) &&
        (LIKELY(thread_try_change(t, &word, THREAD_BLOCK, rq->cpu, (uint32_t)source)) ||
         block_after_all(rq, t, source))) {
        port_trace(s, &(struct trace_record){.now = now,
                                             .cpu = rq->cpu,
                                             .event = EV_BLOCK,
                                             .thread = thread,
                                             .a = (int64_t)source,
                                             .b = lag_vns});
        return true;
    }
    t->ledger.block_count--;
    rq_restore_current(s, rq, thread);
    return false;
}

/*
 * Nobody runs here, as who did has blocked.  Who waits alone is whom a decision picks, and runs
 * alone then: so this is that decision, without what only more of them need.  The lock is held.
 * Returns: who runs now; SLOT_NONE: it takes a decision.
 */
static HOT uint32_t hand_over(struct sched *s, struct rq *rq, struct mono now)
{
    if (rq->fair.count != 1 || rq->reserved.count != 0 || rq->reaped_head != SLOT_NONE ||
        !inbox_is_empty(rq))
        return SLOT_NONE;
    struct sc *c = sc_of(s, rq->fair.sorted[0]); /* so few are always an array */

    if (rq->w != rq->clock_w || !mono_before(now, rq->next_check)) /* it is to publish its clock */
        return SLOT_NONE;
    uint32_t thread = sc_thread(c);
    struct thread *t = thread_of(s, thread);

    if (thread_needs_care(t) || !thread_allows(s, thread, rq->cpu))
        return SLOT_NONE;
    uint64_t word = rq_dispatch_only(s, rq, t, c, now);

    explain(rq, (struct why){.rule = WHY_PICKED_ONLY,
                             .subject_slot = thread,
                             .subject_gen = word_gen(word),
                             .time_ns = now.ns,
                             .a = c->vdeadline.vns,
                             .b = 1});
    t->ledger.switch_count++;
    rq->stat.switch_count++;
    trace_switch(s, rq, SLOT_NONE, thread, now);
    /* The idle bit is clear, as somebody ran here until now. */
    port_store32(&rq->published,
                 (c->latency_class + 1u) << PUBLISHED_CLASS_SHIFT | PUBLISHED_SOLO);
    (void)rq_publish_empty(s, rq);
    return thread;
}

HOT uint32_t sched_block_to(struct sched *s, struct rq *rq, enum wake_source source,
                            struct mono now, struct decision *d)
{
    struct current who = rq_current(s, rq); /* which only this CPU changes */
    struct thread *t = who.t;

    ASSERT(source < WAKE_SOURCE_COUNT);
    port_lock(&rq->lock);
    bool is_woken = (thread_word_load(t) & WORD_WAKE_PENDING) != 0 && take_pending_wake(t);

    if (!is_woken && leave_blocked(s, rq, who, source, now)) {
        uint32_t next = hand_over(s, rq, now);

        if (next != SLOT_NONE) {
            if (look_again(rq))
                return next;
            port_lock(&rq->lock);
        }
    } else {
        (void)take_pending_wake(t);
    }
    decision_begin(d);
    decide_seldom(s, rq, now, d);
    return SLOT_NONE;
}

struct decision sched_block(struct sched *s, uint32_t cpu, enum wake_source source,
                            struct mono now)
{
    struct decision d;
    uint32_t next = sched_block_to(s, rq_of(s, cpu), source, now, &d);

    if (next != SLOT_NONE) {
        d = decision_empty();
        d.next = thread_ref_of(s, next);
        d.rule = WHY_PICKED_ONLY;
    }
    return d;
}

struct decision sched_give_up(struct sched *s, uint32_t cpu, struct mono now)
{
    struct rq *rq = rq_of(s, cpu);
    struct decision d = decision_empty();

    ASSERT(rq->current != SLOT_NONE);
    port_lock(&rq->lock);
    account_charge(s, rq, now, CHARGE_SWITCH);
    fair_yield(s, rq, rq->current_sc);
    rq->need_pick = PICK_YIELDED;
    decide(s, rq, now, &d);
    return d;
}

struct decision sched_exit(struct sched *s, uint32_t cpu, struct mono now)
{
    struct rq *rq = rq_of(s, cpu);
    struct decision d = decision_empty();
    uint32_t thread = rq->current;
    struct thread *t = thread_of(s, thread);

    port_lock(&rq->lock);
    account_charge(s, rq, now, CHARGE_EXIT);
    (void)rq_remove_current(s, rq, now, false);
    lend_end(s, rq, thread, now);
    (void)thread_change(t, THREAD_EXIT, 0, 0);
    port_trace(s, &(struct trace_record){
                      .now = now,
                      .cpu = cpu,
                      .event = EV_EXIT,
                      .thread = thread,
                      .a = (int64_t)t->ledger.runtime_ns});
    rq_retire(rq, t, sc_of(s, thread));
    rq->exited = t->ledger;
    thread_release(s, thread);
    decide_seldom(s, rq, now, &d);
    return d;
}

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
    rq_check_threads(s);
    for (uint32_t slot = 0; slot < s->thread_count; slot++)
        policy_check(s, slot);
    ASSERT(account_balances(s));
}
