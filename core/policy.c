/* SPDX-License-Identifier: MIT */
#include "core/policy.h"
#include "core/account.h"
#include "core/fair.h"
#include "core/lend.h"
#include "core/sched.h"
#include "core/why.h"
#include "core/wake.h"

/* ---- The owner's side ---- */

struct wanted {
    uint32_t weight;       /* 0: as it is */
    uint32_t class_plus_1; /* 0: as it is */
};

/* Those fields of what is wanted of the thread whose word is `word`, once. */
static struct wanted take_fields(struct sc *c, uint64_t word, uint64_t field_mask)
{
    uint64_t wanted = port_and64(&c->wanted, ~field_mask);

    if (word_gen(wanted) != word_gen(word))
        return (struct wanted){0, 0};
    wanted &= field_mask;
    return (struct wanted){
        .weight = (uint32_t)(wanted & WANTED_WEIGHT_MASK),
        .class_plus_1 = (uint32_t)((wanted & WANTED_CLASS_MASK) >> WANTED_CLASS_SHIFT),
    };
}

/* The bit goes first, see core/policy.h; it also says that a lender may have been doomed, so it
 * goes before lend_mend looks.  Returns: the word. */
static uint64_t unmark(struct thread *t)
{
    return port_and64(&t->word, ~WORD_POLICY);
}

/* All that is wanted of the thread whose word was `word` when it was unmarked. */
static struct wanted take(struct sc *c, uint64_t word)
{
    return take_fields(c, word, WANTED_WEIGHT_MASK | WANTED_CLASS_MASK);
}

static void trace(struct sched *s, const struct rq *rq, struct trace_record what, struct mono now)
{
    what.now = now;
    what.cpu = rq->cpu;
    port_trace(s, &what);
}

/* The class, in no tree and not current, or current_class follows. */
static void apply_class(struct sched *s, const struct rq *rq, struct sc *c, struct wanted wanted,
                        struct mono now)
{
    struct trace_record what = {.event = EV_CLASS, .thread = sc_thread(c), .b = c->latency_class};

    if (wanted.class_plus_1 == 0)
        return;
    c->latency_class = (uint8_t)(wanted.class_plus_1 - 1);
    what.a = c->latency_class;
    sc_rate(c);
    trace(s, rq, what, now);
}

/* `c` of slot `sc` competes here and is in no tree. */
static void apply(struct sched *s, struct rq *rq, uint32_t sc, struct wanted wanted,
                  struct mono now)
{
    struct sc *c = sc_of(s, sc);
    struct trace_record what = {.event = EV_WEIGHT, .thread = sc_thread(c), .b = c->weight};

    if (wanted.weight != 0) {
        what.a = wanted.weight;
        fair_reweight(s, rq, sc, wanted.weight);
        trace(s, rq, what, now);
    }
    apply_class(s, rq, c, wanted, now);
}

COLD void policy_apply_class(struct sched *s, struct rq *rq, struct thread *t, struct mono now)
{
    struct sc *c = sc_of(s, thread_sc(t));

    if (lend_is_lent(s, sc_thread(c)))
        return; /* what is wanted is for its home, which competes nowhere */
    apply_class(s, rq, c, take_fields(c, thread_word_load(t), WANTED_CLASS_MASK), now);
}

/* The home of `thread`, which runs on another's context: what is wanted is set at once, as it
 * competes nowhere. */
static void apply_at_rest(struct sched *s, const struct rq *rq, uint32_t thread, uint64_t word,
                          struct mono now)
{
    struct sc *home = sc_of(s, thread);
    struct wanted wanted = take(home, word);

    if (wanted.weight != 0) {
        trace(s, rq,
              (struct trace_record){
                  .event = EV_WEIGHT, .thread = thread, .a = wanted.weight, .b = home->weight},
              now);
        fair_reweight_at_rest(home, wanted.weight);
    }
    apply_class(s, rq, home, wanted, now);
}

COLD void policy_apply_current(struct sched *s, struct rq *rq, struct mono now)
{
    struct current who = rq_current(s, rq);

    account_charge_to(s, rq, who, now, CHARGE_SWITCH);
    uint64_t word = unmark(who.t);

    who.c = lend_mend(s, rq, who.thread, now);
    if (lend_is_lent(s, who.thread))
        apply_at_rest(s, rq, who.thread, word, now);
    else
        apply(s, rq, who.thread, take(who.c, word), now);
    rq_set_current(rq, who, thread_sc(who.t));
}

COLD bool policy_apply_queued(struct sched *s, struct rq *rq, struct thread *t, struct mono now)
{
    struct sc *c = sc_of(s, thread_sc(t));
    uint32_t thread = sc_thread(c);
    uint32_t old_class = c->latency_class;

    fair_unqueue(s, rq, thread_sc(t), c); /* so that its key and its class may change */
    uint64_t word = unmark(t);

    c = lend_mend(s, rq, thread, now);
    if (lend_is_lent(s, thread))
        apply_at_rest(s, rq, thread, word, now);
    else
        apply(s, rq, thread, take(c, word), now);
    fair_queue(s, rq, thread_sc(t), c);
    if (rq->current != SLOT_NONE && fair_preempts(rq, c))
        rq->need_pick = PICK_ASKED;
    return c->latency_class > old_class;
}

/* ---- The setter's side ---- */

/* Leave what is wanted of `ref` in its context, beside what others want that is not this.
 * Returns: false: a later thread has that place. */
static bool leave(struct sched *s, struct thread_ref ref, uint64_t field_mask, uint64_t field)
{
    struct sc *c = sc_of(s, ref.slot);
    uint64_t gen = (uint64_t)ref.gen << WORD_GEN_SHIFT;
    uint64_t old = port_load64(&c->wanted);

    for (;;) { /* bound: another CPU made progress each time the swap fails */
        uint64_t kept = word_gen(old) == ref.gen ? old & ~field_mask : 0;

        if (word_gen(old) > ref.gen)
            return false;
        if (port_cas64(&c->wanted, &old, gen | kept | field))
            return true;
    }
}

/* Set POLICY for `ref`.  Returns: false: it has ended; else *word is what it is then. */
static bool mark(struct thread *t, uint32_t gen, uint64_t *word)
{
    *word = thread_word_load(t);
    for (;;) { /* bound: another CPU made progress each time the swap fails */
        if (word_gen(*word) != gen || word_state(*word) == THREAD_DEAD)
            return false;
        if ((*word & WORD_POLICY) != 0 || thread_try_mark_policy(t, word))
            return true;
    }
}

/* `owner` has to look at what it runs and when it is interrupted next. */
static void ask(struct sched *s, uint32_t cpu, uint32_t owner, enum kick_reason reason,
                struct decision *d)
{
    if (owner == cpu)
        d->resched = true;
    else
        wake_kick(s, owner, reason, d);
}

/* Is `t` still queued on `owner`, whose lock is held, and nobody was faster? */
static bool is_waiting(const struct thread *t, uint32_t owner)
{
    uint64_t word = thread_word_load(t);

    return word_state(word) == THREAD_QUEUED && word_cpu(word) == owner &&
           (word & WORD_POLICY) != 0;
}

/*
 * It was queued on `owner`.  If it is not any more, it was taken from there: who queues it again
 * sees the bit; but who picked it may have looked before it was set, so that CPU looks once more.
 */
static void settle_queued(struct sched *s, uint32_t cpu, uint32_t owner, struct thread *t,
                          struct mono now, struct decision *d)
{
    struct rq *rq = rq_of(s, owner);
    bool must_look = true;

    if (owner == cpu) {
        port_lock(&rq->lock);
    } else if (!port_trylock(&rq->lock)) {
        d->status = STATUS_BUSY;
        wake_kick(s, owner, KICK_RESCHED, d);
        return;
    }
    if (is_waiting(t, owner)) {
        if (owner == cpu && rq->current != SLOT_NONE)
            account_charge(s, rq, now, CHARGE_UNBLOCK);
        must_look = policy_apply_queued(s, rq, t, now);
        must_look |= rq->reaped_head != SLOT_NONE; /* a lender has ended: its embedder is to know */
    }
    port_unlock(&rq->lock);
    if (must_look)
        ask(s, cpu, owner, KICK_RESCHED, d);
}

void policy_settle(struct sched *s, uint32_t cpu, struct thread *t, uint64_t word, struct mono now,
                   struct decision *d)
{
    switch (word_state(word)) {
    case THREAD_RUNNING:
        ask(s, cpu, word_cpu(word), KICK_RESCHED, d);
        return;
    case THREAD_QUEUED:
        settle_queued(s, cpu, word_cpu(word), t, now, d);
        return;
    case THREAD_INBOX: /* its new class may not wait for the end of a slice there */
        ask(s, cpu, word_cpu(word), KICK_INBOX, d);
        return;
    default:
        return;
    }
}

static struct decision set(struct sched *s, uint32_t cpu, struct thread_ref ref, struct mono now,
                           uint64_t field_mask, uint64_t field)
{
    struct decision d = decision_empty();
    uint64_t word;

    if (ref.slot >= s->thread_count || !thread_ref_is_live(s, ref) ||
        !leave(s, ref, field_mask, field) || !mark(thread_of(s, ref.slot), ref.gen, &word)) {
        d.status = STATUS_STALE;
        return d;
    }
    policy_settle(s, cpu, thread_of(s, ref.slot), word, now, &d);
    return d;
}

static struct decision refuse(void)
{
    struct decision d = decision_empty();

    d.status = STATUS_BAD_ARGUMENT;
    return d;
}

struct decision sched_set_weight(struct sched *s, uint32_t cpu, struct thread_ref ref,
                                 uint32_t weight, struct mono now)
{
    if (weight < WEIGHT_MIN || weight > WEIGHT_MAX)
        return refuse();
    return set(s, cpu, ref, now, WANTED_WEIGHT_MASK, weight);
}

struct decision sched_set_class(struct sched *s, uint32_t cpu, struct thread_ref ref,
                                enum latency_class class, struct mono now)
{
    if ((unsigned)class >= LATENCY_CLASS_COUNT)
        return refuse();
    return set(s, cpu, ref, now, WANTED_CLASS_MASK, ((uint64_t)class + 1) << WANTED_CLASS_SHIFT);
}

void policy_check(const struct sched *s, uint32_t slot)
{
    uint64_t word = thread_word_load(thread_of(s, slot));
    uint64_t wanted = port_load64(&sc_of(s, slot)->wanted);

    if (word_state(word) == THREAD_DEAD || word_gen(wanted) != word_gen(word))
        return;
    ASSERT((wanted & (WANTED_WEIGHT_MASK | WANTED_CLASS_MASK)) == 0 || (word & WORD_POLICY) != 0);
}

/* ---- CPU masks ---- */

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

void sched_set_fair_policy(struct sched *s, enum fair_policy policy)
{
    for (uint32_t cpu = 0; cpu < s->cpu_count; cpu++) {
        ASSERT(rq_of(s, cpu)->current == SLOT_NONE);
        ASSERT(rq_queued_count(rq_of(s, cpu)) == 0);
        rq_of(s, cpu)->fair_policy = policy;
    }
}
