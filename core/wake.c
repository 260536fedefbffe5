/* SPDX-License-Identifier: MIT */
#include "core/wake.h"
#include "core/account.h"
#include "core/balance.h"
#include "core/fair.h"
#include "core/inbox.h"
#include "core/policy.h"
#include "core/wake_policy.h"
#include "core/why.h"

bool wake_claim(struct sched *s, uint32_t cpu)
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

/* Claim an idle CPU of `cluster` that `thread` may use, from number `first` on if possible;
 * CPU_NONE if there is none, or others were faster with all. */
static uint32_t claim_in(struct sched *s, uint32_t thread, uint32_t cluster, uint32_t first)
{
    for (unsigned turn = 0; turn < CLUSTER_CPUS; turn++) {
        uint64_t idle = port_load64(&s->clusters[cluster].idle.bits) &
                        thread_mask_word(s, thread, cluster);

        if (idle == 0)
            break;
        uint32_t cpu = cluster * CLUSTER_CPUS + nearest(idle, first);

        if (wake_claim(s, cpu))
            return cpu;
    }
    return CPU_NONE;
}

uint32_t wake_claim_idle(struct sched *s, uint32_t thread, uint32_t near)
{
    uint32_t cluster = near / CLUSTER_CPUS;
    uint32_t first = near % CLUSTER_CPUS;

    for (uint32_t i = 0; i < s->mask_words && i < CLUSTER_SCAN_MAX; i++) {
        uint32_t cpu = claim_in(s, thread, cluster, first);

        if (cpu != CPU_NONE)
            return cpu;
        first = 0;
        cluster = cluster + 1 == s->mask_words ? 0 : cluster + 1;
    }
    return CPU_NONE;
}

/*
 * The CPU with the fewest threads, by more than `spare`, of two of the mask and `best`, if that is
 * one: two choices spread a burst nearly as well as all would (Mitzenmacher, IEEE TPDS 12(10),
 * 2001).
 */
static uint32_t fewest(const struct sched *s, uint32_t thread, uint32_t best, uint32_t spare)
{
    uint32_t count = thread_mask_count(s, thread, CPU_NONE);

    for (uint32_t i = 0; i < PUSH_SAMPLE_COUNT; i++) {
        uint32_t nth = bits_walk(PUSH_SAMPLE_COUNT * thread + i, count);
        uint32_t cpu = thread_mask_nth(s, thread, CPU_NONE, nth);

        if (cpu != CPU_NONE &&
            (best == CPU_NONE || clock_count(s, cpu) + spare < clock_count(s, best)))
            best = cpu;
    }
    return best != CPU_NONE ? best : thread_mask_first(s, thread);
}

/* Somebody is idle, or the thread may not go back to `previous`. */
static NOINLINE struct placement place_elsewhere(struct sched *s, uint32_t thread,
                                                 uint32_t previous)
{
    bool may_return = thread_allows(s, thread, previous);

    if (may_return && wake_claim(s, previous))
        return (struct placement){previous, previous, WHY_PLACED_PREVIOUS, true};
    uint32_t idle = wake_claim_idle(s, thread, previous);

    if (idle != CPU_NONE)
        return (struct placement){idle, previous, WHY_PLACED_IDLE, true};
    if (may_return)
        return (struct placement){previous, previous, WHY_PLACED_PREVIOUS, false};
    return (struct placement){fewest(s, thread, CPU_NONE, 0), previous, WHY_PLACED_ALLOWED, false};
}

/* The same for the thread with the record `t`. */
static HOT struct placement place(struct sched *s, uint32_t thread, const struct thread *t)
{
    uint32_t previous = port_load32(&t->last_cpu);

    /* The common case of a small machine, without the walk over clusters and their bits. */
    if (LIKELY(s->mask_words == 1)) {
        uint64_t allowed = thread_mask_word(s, thread, 0);

        ASSERT(previous < CLUSTER_CPUS);
        if ((allowed >> previous & 1u) != 0 &&
            (port_load64(&s->clusters[0].idle.bits) & allowed) == 0)
            return (struct placement){previous, previous, WHY_PLACED_PREVIOUS, false};
    }
    return place_elsewhere(s, thread, previous);
}

struct placement wake_place(struct sched *s, uint32_t thread)
{
    return place(s, thread, thread_of(s, thread));
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
        return; /* an interrupt is on its way, or it polls; it will see what we did before this */
    ASSERT(d->kick_count < KICK_MAX);
    d->kick[d->kick_count++] = (uint16_t)target;
}

/* May the target sleep, or run on for long, without seeing what was posted? */
static bool must_notify(uint32_t published, uint32_t latency_class, bool was_empty)
{
    uint32_t running_class = published >> PUBLISHED_CLASS_SHIFT; /* class + 1, 0: nobody */

    if ((published & PUBLISHED_IDLE) != 0)
        return was_empty;
    if ((published & PUBLISHED_SOLO) != 0)
        return true;
    return running_class != 0 && latency_class + 1 > running_class;
}

void wake_deliver(struct sched *s, uint32_t thread, uint32_t target, struct decision *d)
{
    struct rq *rq = rq_of(s, target);
    struct port_atomic64 *overload = &s->clusters[target / CLUSTER_CPUS].overload.bits;
    uint64_t bit = UINT64_C(1) << (target % CLUSTER_CPUS);
    const struct thread *t = thread_of(s, thread);
    const struct sc *c = sc_of(s, thread_sc(t));
    uint32_t latency_class = c->latency_class;
    bool is_home = thread_sc(t) == thread; /* else what is wanted of the lender counts later */
    bool was_empty = inbox_post(s, target, thread); /* from here on the thread is the target's */

    if (is_home)
        latency_class = policy_class(t, c, latency_class); /* after the push: see core/policy.h */

    /*
     * Push, fence (the swap in inbox_post is one), read what the target published, and whether the
     * thread was killed: the kick for that may have had the target look before our push.
     */
    if (must_notify(port_load32(&rq->published), latency_class, was_empty) || thread_is_dying(t)) {
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

/* ---- The event ---- */

enum attached { ATTACHED_NOT, ATTACHED, ATTACHED_QUIETLY };

/* What becomes of the current thread when somebody is queued. */
enum going { STOPS, GOES_ON, GOES_ON_WITH_KICK };

/*
 * Somebody was queued, but the current thread goes on: then a decision could only say so, and it is
 * enough to tell the others and to set its instant.  Were it killed, its mask narrowed or its
 * policy changed, the kick for that would lead to a decision.
 */
static HOT enum going go_on(struct sched *s, struct rq *rq, struct mono now, struct decision *d)
{
    if (rq->need_pick || !inbox_is_empty(rq) || rq->reaped_head != SLOT_NONE)
        return STOPS;
    d->arm_at = rq_look_at(rq);
    if (!mono_before(now, d->arm_at))
        return STOPS;
    port_store32(&rq->published, (rq->current_class + 1) << PUBLISHED_CLASS_SHIFT);
    rq_publish_queued(s, rq); /* before the idle words are read */
    return balance_offer(s, rq, d) ? GOES_ON_WITH_KICK : GOES_ON;
}

/* A wake: of whom, and where to. */
struct wake {
    struct thread_ref ref;
    struct thread *t; /* its record */
    struct placement place;
    struct mono now;
    bool is_placed; /* `place` is final: the source's row has been asked, too */
};

/* May it go to `cpu`, whose thread wakes it and leaves?  Not if others wait there, nor if the
 * clocks of that CPU and its previous one mean nothing to each other. */
static COLD bool may_stay(const struct sched *s, const struct wake *w, uint32_t cpu)
{
    const struct sc *c = sc_of(s, thread_sc(w->t));
    struct clock here;
    struct clock there;

    return cpu != w->place.previous && thread_allows(s, w->ref.slot, cpu) &&
           clock_count(s, cpu) <= 1 && clock_read(s, cpu, w->now, &here) &&
           clock_read(s, w->place.previous, w->now, &there) &&
           clock_in_contact(&here, &there, c->weight, c->latency_class);
}

/*
 * Where it goes, with a look at the source's row (core/wake_policy.h).  A new thread goes where few
 * are, so that a burst of them spreads; one more is no burst, else each fork would be a way to the
 * best place.
 */
static NOINLINE void place_by_row(struct sched *s, const struct rq *rq, struct wake *w,
                              enum wake_source source)
{
    struct wake_policy row = wake_policy_of(source);
    struct placement *to = &w->place;

    w->is_placed = true;
    if (to->cpu == CPU_NONE)
        *to = place(s, w->ref.slot, w->t);
    if (to->rule != WHY_PLACED_PREVIOUS || to->is_claimed)
        return;
    if (row.spreads) {
        to->cpu = fewest(s, w->ref.slot, to->previous, 1);
        if (to->cpu != to->previous)
            to->rule = WHY_PLACED_FEWER;
    } else if (row.may_stay_with_waker && may_stay(s, w, rq->cpu)) {
        to->cpu = rq->cpu;
        to->rule = WHY_PLACED_WAKER;
    }
}

/* That is news to the thread, whose state is ours. */
static COLD void note_elsewhere(struct sched *s, const struct wake *w)
{
    why_note(s, w->ref.slot,
             &(struct why){.rule = w->place.rule,
                           .subject_slot = SLOT_NONE,
                           .time_ns = w->now.ns,
                           .a = w->place.cpu,
                           .b = w->place.previous});
}

/* Why there. */
static HOT void note_placement(struct sched *s, struct rq *rq, const struct wake *w,
                               struct decision *d)
{
    if (w->place.rule != WHY_PLACED_PREVIOUS)
        note_elsewhere(s, w);
    decision_explain(d, rq,
            (struct why){.rule = w->place.rule,
                         .subject_slot = w->ref.slot,
                         .subject_gen = w->ref.gen,
                         .time_ns = w->now.ns,
                         .a = w->place.cpu,
                         .b = w->place.previous});
    port_trace(s, &(struct trace_record){.now = w->now,
                                         .cpu = rq->cpu,
                                         .event = EV_WAKE,
                                         .thread = w->ref.slot,
                                         .a = (int64_t)w->place.cpu,
                                         .b = w->place.rule});
}

/* It is queued, but that takes a decision. */
static HOT enum attached ask_for_decision(struct sched *s, struct rq *rq, struct decision *d)
{
    rq_publish_queued(s, rq);
    d->resched = true;
    port_unlock(&rq->lock);
    return ATTACHED;
}

/* The current thread goes on, if that needs no decision. */
static HOT enum attached go_on_or_ask(struct sched *s, struct rq *rq, struct mono now,
                                      struct decision *d)
{
    enum going going = go_on(s, rq, now, d);

    if (going == STOPS)
        return ask_for_decision(s, rq, d);
    port_unlock(&rq->lock);
    if (going == GOES_ON)
        return ATTACHED_QUIETLY;
    d->rearm = true;
    return ATTACHED;
}

/*
 * `t`, in the state `word`, waits and is to run on this CPU: take it in, past the inbox.
 * Returns: ATTACHED_NOT when somebody else was faster; `word` is then what it is.  QUIETLY when
 * there is nothing to do but what `rearm` would say.
 */
static HOT enum attached attach_here(struct sched *s, struct rq *rq, const struct wake *w,
                                     uint64_t *word, struct decision *d)
{
    struct thread *t = w->t;

    port_lock(&rq->lock);
    if (!thread_try_change(t, word, THREAD_ATTACH, rq->cpu, 0)) {
        port_unlock(&rq->lock);
        return ATTACHED_NOT;
    }
    struct sc *c = sc_of(s, thread_sc(t)); /* while it waited that could change */

    ASSERT(sc_thread(c) == w->ref.slot);
    note_placement(s, rq, w, d);
    if (rq->current == SLOT_NONE) {
        rq_admit_seldom(s, rq, t, c, w->now);
        return ask_for_decision(s, rq, d);
    }
    struct current who = rq_current(s, rq);

    ASSERT(who.thread != w->ref.slot); /* it slept, so it is somebody else who is charged */
    account_charge_to(s, rq, who, w->now, CHARGE_UNBLOCK);
    rq_admit(s, rq, t, c, w->now);
    return go_on_or_ask(s, rq, w->now, d);
}

/* The same for any: a new one, one whose weight or class was changed while it waited. */
static COLD enum attached attach_with_care(struct sched *s, struct rq *rq, const struct wake *w,
                                           uint64_t *word, struct decision *d)
{
    struct thread *t = w->t;
    bool is_new = word_state(*word) == THREAD_NEW;
    bool has_policy = (*word & WORD_POLICY) != 0;

    port_lock(&rq->lock);
    if (!thread_try_change(t, word, THREAD_ATTACH, rq->cpu, 0)) {
        port_unlock(&rq->lock);
        return ATTACHED_NOT;
    }
    note_placement(s, rq, w, d);
    if (rq->current != SLOT_NONE)
        account_charge(s, rq, w->now, CHARGE_UNBLOCK);
    if (is_new && rq->current != SLOT_NONE)
        fair_inherit(s, rq, sc_of(s, thread_sc(t)));
    if (has_policy)
        policy_apply_class(s, rq, t, w->now);
    rq_admit_seldom(s, rq, t, sc_of(s, thread_sc(t)), w->now);
    if (has_policy)
        (void)policy_apply_queued(s, rq, t, w->now);
    if (is_new)
        clock_publish(s, rq, w->now); /* so that the next one is placed by how many are here now */
    return rq->current != SLOT_NONE ? go_on_or_ask(s, rq, w->now, d)
                                    : ask_for_decision(s, rq, d);
}

/* Nobody was woken: the reference is stale, or the thread does not wait and keeps the wake. */
static COLD void wake_nobody(struct sched *s, struct rq *rq, const struct wake *w, uint64_t word,
                             enum wake_source source, struct decision *d)
{
    bool is_stale = word_gen(word) != w->ref.gen || word_state(word) == THREAD_DEAD;

    decision_explain(d, rq,
                     (struct why){.rule = is_stale ? WHY_DENIED_STALE : WHY_WAKE_PENDING,
                                  .subject_slot = w->ref.slot,
                                  .subject_gen = w->ref.gen,
                                  .time_ns = w->now.ns,
                                  .a = w->ref.gen,
                                  .b = word_gen(word)});
    if (is_stale) {
        rq->stat.stale_count++;
        d->status = STATUS_STALE;
        return;
    }
    port_trace(s, &(struct trace_record){.now = w->now,
                                         .cpu = rq->cpu,
                                         .event = EV_WAKE_LATCHED,
                                         .thread = w->ref.slot,
                                         .a = (int64_t)word_state(word),
                                         .b = (int64_t)source});
}

/* The new thread, which goes elsewhere and is still ours, takes over the debt of who starts it. */
static COLD void inherit_debt(struct sched *s, struct rq *rq, const struct wake *w)
{
    port_lock(&rq->lock);
    if (rq->current != SLOT_NONE) {
        account_charge(s, rq, w->now, CHARGE_UNBLOCK);
        fair_inherit(s, rq, sc_of(s, thread_sc(w->t)));
    }
    port_unlock(&rq->lock);
}

/* Any wake, from the state `word`; `w` may have a place already.  Returns: as sched_wake_to. */
static NOINLINE bool wake_anyhow(struct sched *s, struct rq *rq, struct wake *w, uint64_t word,
                                 enum wake_source source, struct decision *d)
{
    struct thread *t = w->t;

    /* Each turn is a try from the state `word`, which somebody else may have changed meanwhile. */
    for (unsigned turn = 0; turn < STATE_RETRY_MAX; turn++) {
        enum thread_state state = word_state(word);

        if (word_gen(word) != w->ref.gen || state == THREAD_DEAD)
            break;
        if ((state != THREAD_NEW && state != THREAD_BLOCKED) || (word & WORD_LENDER) != 0) {
            if ((word & WORD_WAKE_PENDING) != 0 || thread_try_mark(t, &word, true))
                break;
            continue;
        }
        if (!w->is_placed) /* once: a CPU claimed for one try serves the next too */
            place_by_row(s, rq, w, source);
        if (w->place.cpu == rq->cpu) {
            enum attached attached = attach_with_care(s, rq, w, &word, d);

            if (attached != ATTACHED_NOT)
                return attached == ATTACHED_QUIETLY;
        } else if (thread_try_change(t, &word, THREAD_POST, w->place.cpu, 0)) {
            if (state == THREAD_NEW)
                inherit_debt(s, rq, w);
            note_placement(s, rq, w, d);
            wake_deliver(s, w->ref.slot, w->place.cpu, d);
            return false;
        }
    }
    wake_unplace(s, rq->cpu, &w->place, d);
    wake_nobody(s, rq, w, word, source, d);
    return false;
}

HOT bool sched_wake_to(struct sched *s, struct rq *rq, struct thread_ref ref,
                       enum wake_source source, struct mono now, struct decision *d)
{
    decision_begin(d);
    ASSERT(source < WAKE_SOURCE_COUNT);
    if (ref.slot >= s->thread_count) {
        d->status = STATUS_BAD_ARGUMENT;
        return false;
    }
    struct thread *t = thread_of(s, ref.slot);
    uint64_t word = thread_word_load(t);
    struct placement placement = {.cpu = CPU_NONE};

    /* First what most wakes are: it waits, as it was, and is to run here, as it did before. */
    if (LIKELY(word_is_settled(word, ref.gen, THREAD_BLOCKED))) {
        placement = place(s, ref.slot, t);
        if (placement.cpu == rq->cpu && placement.rule == WHY_PLACED_PREVIOUS) {
            struct wake w = {ref, t, placement, now, true};
            enum attached attached = attach_here(s, rq, &w, &word, d);

            if (attached != ATTACHED_NOT)
                return attached == ATTACHED_QUIETLY;
        }
    }
    struct wake other = {ref, t, placement, now, false}; /* so that `w` need not be in memory */

    return wake_anyhow(s, rq, &other, word, source, d);
}

struct decision sched_wake(struct sched *s, uint32_t cpu, struct thread_ref ref,
                           enum wake_source source, struct mono now)
{
    struct decision d = decision_empty();

    if (sched_wake_to(s, rq_of(s, cpu), ref, source, now, &d))
        d.rearm = true;
    return d;
}
