/* SPDX-License-Identifier: MIT */
#include "core/lend.h"
#include "core/account.h"
#include "core/fair.h"
#include "core/inbox.h"
#include "core/policy.h"

static HOT uint32_t lender_of(const struct sched *s, uint32_t thread)
{
    return lend_is_lent(s, thread) ? sc_of(s, thread)->lent.lender : SLOT_NONE;
}

static HOT uint32_t depth_of(const struct sched *s, uint32_t thread)
{
    return lend_is_lent(s, thread) ? sc_of(s, thread)->lent.depth : 0;
}

static HOT enum lend_result count(struct rq *rq, enum lend_result result)
{
    rq->stat.lend_count[result]++;
    return result;
}

/* ---- Handing over ---- */

/* Two threads and the context between them. */
struct passing {
    struct current who; /* runs, and will wait */
    struct thread_ref to;
    struct thread *t; /* of `to` */
    uint64_t word;    /* of `to` */
    struct mono now;
    uint32_t depth; /* lenders, while it has not been passed on */
};

/* What makes the one impossible now, or the other; `lender`: WORD_LENDER or 0 in its word. */
static HOT enum lend_result judge(const struct sched *s, const struct rq *rq,
                                  const struct passing *p, uint64_t lender)
{
    uint64_t own = thread_word_load(p->who.t);

    if (!LIKELY((own & (WORD_DYING | WORD_POLICY)) == 0))
        return LEND_OWN_CARE;
    if (word_gen(p->word) != p->to.gen || word_state(p->word) != THREAD_BLOCKED ||
        (p->word & (WORD_LENDER | WORD_DYING)) != lender)
        return LEND_NOT_WAITING;
    if ((p->word & WORD_POLICY) != 0)
        return LEND_OTHER_CARE;
    return thread_allows(s, p->to.slot, rq->cpu) ? LEND_DONE : LEND_MASK;
}

/* The thread of `p->to` is current, on the context `c` of slot `sc`. */
static HOT void settle(struct sched *s, struct rq *rq, const struct passing *p, struct sc *c,
                       uint32_t sc, struct decision *d)
{
    rq_set_current(rq, (struct current){p->to.slot, p->t, c}, sc);
    p->t->ledger.switch_count++;
    p->who.t->ledger.block_count++;
    rq->stat.switch_count++;
    if (!LIKELY(thread_allows(s, p->to.slot, rq->cpu)))
        d->resched = true; /* narrowed since judge; its state came before this look */
    d->next = p->to;
    d->arm_at = MONO_NEVER;
    decision_explain(d, rq,
                     (struct why){.rule = WHY_HANDED,
                                  .subject_slot = p->to.slot,
                                  .subject_gen = p->to.gen,
                                  .time_ns = p->now.ns,
                                  .a = p->who.thread,
                                  .b = p->depth});
    port_trace(s, &(struct trace_record){.now = p->now,
                                         .cpu = rq->cpu,
                                         .event = EV_HAND,
                                         .thread = p->to.slot,
                                         .a = p->who.thread,
                                         .b = p->depth});
}

/* The thread that waits now was marked meanwhile, or is told of a chain where somebody is: then it
 * is the other's to look, who must not wait before that. */
static COLD void pass_on_care(struct thread *to, struct decision *d)
{
    (void)port_or64(&to->word, WORD_POLICY | WORD_WAKE_PENDING);
    d->resched = true;
}

static HOT void save(struct sched *s, struct rq *rq, struct current who)
{
    port_save(s, rq->cpu, who.thread);
    port_store32(&who.t->last_cpu, rq->cpu);
}

HOT enum lend_result sched_lend(struct sched *s, struct rq *rq, struct thread_ref to,
                                struct mono now, struct decision *d)
{
    struct passing p = {rq_current(s, rq), to, thread_of(s, to.slot), 0, now, 1};

    if (!LIKELY(rq->current_sc == p.who.thread))
        p.depth += depth_of(s, p.who.thread);
    p.word = thread_word_load(p.t);
    enum lend_result result = judge(s, rq, &p, 0);

    decision_begin(d);
    if (result == LEND_DONE && p.depth > LEND_DEPTH_MAX)
        result = LEND_DEPTH;
    if (!LIKELY(result == LEND_DONE))
        return count(rq, result);
    port_lock(&rq->lock);
    if (!thread_try_change(p.t, &p.word, THREAD_HAND, rq->cpu, 0)) {
        port_unlock(&rq->lock);
        return count(rq, LEND_NOT_WAITING);
    }
    ASSERT(thread_sc(p.t) == to.slot); /* who waits for calls has gone home */
    account_charge_to(s, rq, p.who, now, CHARGE_HANDOFF);
    save(s, rq, p.who);
    sc_of(s, to.slot)->lent = (struct lent){p.who.thread, p.depth};
    thread_set_sc(p.t, rq->current_sc);
    sc_set_thread(p.who.c, to.slot); /* L3: before its word */
    if ((thread_change(p.who.t, THREAD_LEND, rq->cpu, WAKE_ENDPOINT) &
         (WORD_DYING | WORD_POLICY)) != 0)
        pass_on_care(p.t, d);
    settle(s, rq, &p, p.who.c, rq->current_sc, d);
    port_unlock(&rq->lock);
    return count(rq, LEND_DONE);
}

/* `t` is QUEUED here since its word was `word`: queue its context.  That may part its chain, which
 * may come back to here for a shorter one. */
static COLD void admit(struct sched *s, struct rq *rq, struct thread *t, uint64_t word,
                       struct mono now)
{
    bool has_policy = (word & WORD_POLICY) != 0;

    if (has_policy)
        policy_apply_class(s, rq, t, now);
    rq_admit_seldom(s, rq, t, sc_of(s, thread_sc(t)), now);
    if (has_policy)
        (void)policy_apply_queued(s, rq, t, now);
}

/* The thread that has handed over was woken or killed before it could wait: it is queued, or it
 * has ended. */
static COLD void stays(struct sched *s, struct rq *rq, struct current who, struct mono now)
{
    uint64_t word = thread_word_load(who.t);

    if ((word & WORD_DYING) == 0) /* who kills it now finds it running; later, queued */
        word = thread_change(who.t, THREAD_REQUEUE, rq->cpu, 0);
    if ((word & WORD_DYING) != 0) {
        rq_reap_loose(s, rq, who.thread, now);
        return;
    }
    (void)port_and64(&who.t->word, ~WORD_WAKE_PENDING);
    admit(s, rq, who.t, word, now);
}

/* Wait, unless it was woken or killed since `word` was read.  Returns: it waits; *marked says
 * whether it was to look. */
static HOT bool waits(const struct rq *rq, struct thread *t, bool *marked)
{
    uint64_t word = thread_word_load(t);

    for (unsigned turn = 0; (word & (WORD_DYING | WORD_WAKE_PENDING)) == 0; turn++) {
        ASSERT(turn < STATE_RETRY_MAX);
        *marked = (word & WORD_POLICY) != 0;
        if (LIKELY(thread_try_change(t, &word, THREAD_BLOCK, rq->cpu, WAKE_ENDPOINT)))
            return true;
    }
    *marked = true;
    return false;
}

HOT enum lend_result sched_hand_back(struct sched *s, struct rq *rq, struct thread_ref to,
                                     struct mono now, struct decision *d)
{
    struct passing p = {rq_current(s, rq), to, thread_of(s, to.slot), 0, now, 0};
    bool marked;

    p.word = thread_word_load(p.t);
    enum lend_result result = judge(s, rq, &p, WORD_LENDER);

    decision_begin(d);
    if (result == LEND_DONE && lender_of(s, p.who.thread) != to.slot)
        result = LEND_NOT_WAITING;
    if (result == LEND_DONE && (thread_word_load(p.who.t) & WORD_WAKE_PENDING) != 0)
        result = LEND_OWN_CARE;
    if (!LIKELY(result == LEND_DONE))
        return count(rq, result);
    port_lock(&rq->lock);
    if (!thread_try_change(p.t, &p.word, THREAD_HAND, rq->cpu, 0)) {
        port_unlock(&rq->lock);
        return count(rq, LEND_NOT_WAITING);
    }
    account_charge_to(s, rq, p.who, now, CHARGE_HANDOFF);
    save(s, rq, p.who);
    sc_set_thread(p.who.c, to.slot); /* L3: before the word of who waits */
    thread_set_sc(p.who.t, p.who.thread);
    settle(s, rq, &p, p.who.c, rq->current_sc, d);
    if (!LIKELY(waits(rq, p.who.t, &marked))) {
        stays(s, rq, p.who, now);
        d->has_reaped = rq->reaped_head != SLOT_NONE;
        d->resched = true;
    }
    if (!LIKELY(!marked))
        pass_on_care(p.t, d);
    port_unlock(&rq->lock);
    return count(rq, LEND_DONE);
}

/* Would a decision find nobody but who is woken now, and nothing else to do? */
static HOT bool is_quiet(const struct rq *rq, struct mono now)
{
    return rq_queued_count(rq) == 0 && rq->reaped_head == SLOT_NONE && inbox_is_empty(rq) &&
           mono_before(now, rq->next_check);
}

/* Would a wake put it here: here it ran before, and nobody is idle who could take it? */
static HOT bool belongs_here(const struct sched *s, const struct rq *rq, const struct passing *p)
{
    return s->mask_words == 1 && port_load32(&p->t->last_cpu) == rq->cpu &&
           (port_load64(&s->clusters[0].idle.bits) & thread_mask_word(s, p->to.slot, 0)) == 0;
}

HOT enum lend_result sched_turn_over(struct sched *s, struct rq *rq, struct thread_ref to,
                                     struct mono now, struct decision *d)
{
    struct passing p = {rq_current(s, rq), to, thread_of(s, to.slot), 0, now, 0};
    bool marked;

    p.word = thread_word_load(p.t);
    enum lend_result result = judge(s, rq, &p, 0);

    decision_begin(d);
    if (result == LEND_DONE && !belongs_here(s, rq, &p))
        result = LEND_NOT_ALONE;
    if (!LIKELY(result == LEND_DONE))
        return result;
    port_lock(&rq->lock);
    if (!is_quiet(rq, now) || !thread_try_change(p.t, &p.word, THREAD_HAND, rq->cpu, 0)) {
        port_unlock(&rq->lock);
        return LEND_NOT_ALONE;
    }
    struct sc *c = sc_of(s, thread_sc(p.t));

    account_charge_to(s, rq, p.who, now, CHARGE_BLOCK);
    (void)fair_join(s, rq, c, now); /* as a wake, then a block would: V is that of both */
    save(s, rq, p.who);
    fair_leave(rq, p.who.c, now, false);
    settle(s, rq, &p, c, thread_sc(p.t), d);
    rq->stretch_start = now;
    port_store32(&rq->published, (c->latency_class + 1u) << PUBLISHED_CLASS_SHIFT | PUBLISHED_SOLO);
    d->resched |= rq->w != rq->clock_w || rq->need_pick != 0; /* it is to publish its clock */
    if (!LIKELY(waits(rq, p.who.t, &marked))) {
        stays(s, rq, p.who, now);
        d->has_reaped = rq->reaped_head != SLOT_NONE;
        d->resched = true;
    }
    port_unlock(&rq->lock);
    port_fence(); /* published before the inbox is read again */
    d->resched |= !inbox_is_empty(rq);
    return LEND_DONE;
}

/* ---- Parting ---- */

/* A chain from its user upwards, or a part of it. */
struct chain {
    uint32_t slots[LEND_DEPTH_MAX + 1];
    uint32_t count;
};

static struct chain chain_from(const struct sched *s, uint32_t thread)
{
    struct chain chain = {.count = 0};

    for (; thread != SLOT_NONE; thread = lender_of(s, thread)) {
        ASSERT(chain.count <= LEND_DEPTH_MAX);
        chain.slots[chain.count++] = thread;
    }
    return chain;
}

/* Members `first` to `last` go on with the home of the last, which is their root. */
static void adopt(struct sched *s, const struct chain *chain, uint32_t first, uint32_t last)
{
    uint32_t root = chain->slots[last];

    for (uint32_t i = first; i <= last; i++) { /* at most LEND_DEPTH_MAX + 1 */
        thread_set_sc(thread_of(s, chain->slots[i]), root);
        if (i < last)
            sc_of(s, chain->slots[i])->lent.depth = last - i;
    }
    sc_set_thread(sc_of(s, root), chain->slots[first]);
}

/* It has its context back and waits, no lender any more; or, woken meanwhile, it is queued here.
 * Returns: false: it was doomed. */
static bool let_wait(struct sched *s, struct rq *rq, uint32_t thread, struct mono now)
{
    struct thread *t = thread_of(s, thread);
    uint64_t word = thread_word_load(t);

    while ((word & WORD_DYING) == 0) { /* bound: another CPU set a flag each time the swap fails */
        if ((word & WORD_WAKE_PENDING) == 0) {
            if (port_cas64(&t->word, &word, word & ~WORD_LENDER))
                return true;
        } else if (thread_try_change(t, &word, THREAD_ATTACH, rq->cpu, 0)) {
            admit(s, rq, t, word, now);
            return true;
        }
    }
    return false;
}

static bool has_dying(const struct sched *s, const struct chain *chain, uint32_t first,
                      uint32_t last)
{
    for (uint32_t i = first; i <= last; i++) /* at most LEND_DEPTH_MAX */
        if (thread_is_dying(thread_of(s, chain->slots[i])))
            return true;
    return false;
}

/*
 * The members from `first` on: end who is dying, and make each run of others a chain of its own.
 * `runs`: the member `first` is the user and alive; who ends another run is let wait.
 *
 * Who dooms a lender sets DYING, then looks for the user; here the user changes, then DYING is read
 * again: so it is seen here, or it is the new user who is told.
 */
static void part(struct sched *s, struct rq *rq, const struct chain *chain, uint32_t first,
                 bool runs, struct mono now)
{
    for (uint32_t i = first; i < chain->count;) { /* a turn ends one, or passes a run */
        uint32_t last = i;

        if (!(runs && i == first) && thread_is_dying(thread_of(s, chain->slots[i]))) {
            thread_set_sc(thread_of(s, chain->slots[i]), chain->slots[i]);
            rq_reap_loose(s, rq, chain->slots[i++], now);
            continue;
        }
        while (last + 1 < chain->count && !thread_is_dying(thread_of(s, chain->slots[last + 1])))
            last++;
        adopt(s, chain, i, last);
        port_fence();
        if (has_dying(s, chain, i + 1, last))
            continue;
        if ((runs && i == first) || let_wait(s, rq, chain->slots[i], now))
            i = last + 1;
    }
}

COLD void lend_return(struct sched *s, struct rq *rq, uint32_t thread, struct mono now)
{
    struct chain chain = chain_from(s, thread);

    thread_set_sc(thread_of(s, thread), thread);
    part(s, rq, &chain, 1, false, now);
}

COLD struct sc *lend_mend(struct sched *s, struct rq *rq, uint32_t thread, struct mono now)
{
    struct chain chain = chain_from(s, thread);
    struct sc *c = sc_of(s, thread_sc(thread_of(s, thread)));

    if (!has_dying(s, &chain, 1, chain.count - 1))
        return c;
    fair_leave(rq, c, now, false);
    part(s, rq, &chain, 0, true, now);
    c = sc_of(s, thread_sc(thread_of(s, thread)));
    (void)fair_join(s, rq, c, now);
    return c;
}

/* The current thread leaves its context for `sc`, which has not joined yet. */
static COLD void change_context(struct sched *s, struct rq *rq, struct current who, uint32_t sc,
                                struct mono now)
{
    struct sc *c = sc_of(s, sc);

    thread_set_sc(who.t, sc);
    sc_set_thread(c, who.thread);
    (void)fair_join(s, rq, c, now);
    rq_set_current(rq, (struct current){who.thread, who.t, c}, sc);
}

COLD void sched_go_home(struct sched *s, struct rq *rq, struct mono now, struct decision *d)
{
    struct current who = rq_current(s, rq);

    decision_begin(d);
    if (!lend_is_lent(s, who.thread))
        return;
    port_lock(&rq->lock);
    struct chain chain = chain_from(s, who.thread);

    account_charge_to(s, rq, who, now, CHARGE_HANDOFF);
    fair_leave(rq, who.c, now, false);
    part(s, rq, &chain, 1, false, now);
    change_context(s, rq, who, who.thread, now);
    d->has_reaped = rq->reaped_head != SLOT_NONE;
    d->resched = true;
    port_unlock(&rq->lock);
}

/*
 * A credit of who waited in a server's line is placed as it is, not as l + l*w/W (core/fair.h): it
 * left when many were runnable and returns when few are, so V would go back by more, for those who
 * are left, than its leaving had moved it on.  With three callers a hog had 5 % beside them.
 */
static void shrink_credit(const struct rq *rq, struct sc *c)
{
    if (c->lag_vns > 0)
        c->lag_vns =
            (int64_t)fixmul_div((uint64_t)c->lag_vns, (uint32_t)rq->w, (uint64_t)rq->w + c->weight);
}

/* Make the BLOCKED `from` a lender. */
static enum lend_result bind(struct thread *t, uint32_t gen)
{
    uint64_t word = thread_word_load(t);

    while (word_gen(word) == gen && word_state(word) == THREAD_BLOCKED &&
           (word & (WORD_LENDER | WORD_DYING)) == 0) { /* bound: another CPU made progress */
        if ((word & WORD_POLICY) != 0)
            return LEND_OTHER_CARE;
        if (port_cas64(&t->word, &word, word | WORD_LENDER))
            return LEND_DONE;
    }
    return LEND_NOT_WAITING;
}

/* The lender, bound a moment ago, waits again as it did. */
static COLD void unbind(struct sched *s, struct rq *rq, uint32_t thread, struct mono now)
{
    if (!let_wait(s, rq, thread, now))
        rq_reap_loose(s, rq, thread, now);
}

/* The current thread goes on with what the bound lender has. */
static COLD void take_over(struct sched *s, struct rq *rq, struct lent lent, struct mono now,
                           struct decision *d)
{
    struct current who = rq_current(s, rq);
    const struct thread *lender = thread_of(s, lent.lender);

    account_charge_to(s, rq, who, now, CHARGE_HANDOFF);
    fair_leave(rq, who.c, now, false);
    sc_of(s, who.thread)->lent = lent;
    shrink_credit(rq, sc_of(s, thread_sc(lender)));
    change_context(s, rq, who, thread_sc(lender), now);
    port_fence(); /* L3: the user before the lender's flags */
    if ((thread_word_load(lender) & (WORD_DYING | WORD_POLICY)) != 0)
        pass_on_care(who.t, d);
}

COLD enum lend_result sched_borrow(struct sched *s, struct rq *rq, struct thread_ref from,
                                   struct mono now, struct decision *d)
{
    enum lend_result result;

    decision_begin(d);
    ASSERT(!lend_is_lent(s, rq->current));
    port_lock(&rq->lock);
    result = bind(thread_of(s, from.slot), from.gen);
    if (result == LEND_DONE) { /* from here on what it has stays what it is */
        struct lent lent = {from.slot, depth_of(s, from.slot) + 1};

        if (lent.depth <= LEND_DEPTH_MAX) {
            take_over(s, rq, lent, now, d);
        } else {
            unbind(s, rq, from.slot, now);
            result = LEND_DEPTH;
        }
        d->has_reaped = rq->reaped_head != SLOT_NONE;
        d->resched = true;
    }
    port_unlock(&rq->lock);
    return count(rq, result);
}

/* ---- Doom ---- */

/* Have `t` look.  Who runs or will run may not wait before that; who waits has to be woken.
 * Returns: its word now. */
static uint64_t mark(struct thread *t)
{
    uint64_t word = thread_word_load(t);

    for (;;) { /* bound: another CPU made progress each time the swap fails */
        uint64_t next = word | WORD_POLICY;

        if (word_state(word) != THREAD_BLOCKED)
            next |= WORD_WAKE_PENDING;
        if (port_cas64(&t->word, &word, next))
            return next;
    }
}

/* Mark whoever is the user of the context that the lender `t` had a moment ago. */
static uint32_t mark_user(struct sched *s, const struct thread *t, uint64_t *word)
{
    for (;;) { /* bound: another CPU passed the context on each time it changes */
        uint32_t sc = port_load32(&t->sc);
        const struct port_atomic32 *thread = &sc_of(s, sc)->thread;
        uint32_t user = port_load32(thread);

        if (user == SLOT_NONE) /* the context has ended: who did that will look again */
            return SLOT_NONE;
        *word = mark(thread_of(s, user));
        if (port_load32(&t->sc) == sc && port_load32(thread) == user)
            return user;
    }
}

COLD struct thread_ref lend_alarm(struct sched *s, uint32_t cpu, struct thread *t, struct mono now,
                                  struct decision *d)
{
    uint64_t word;
    uint32_t user = mark_user(s, t, &word);

    if (user == SLOT_NONE)
        return THREAD_REF_NONE;
    if (word_state(word) == THREAD_BLOCKED)
        return (struct thread_ref){user, word_gen(word)};
    policy_settle(s, cpu, thread_of(s, user), word, now, d);
    return THREAD_REF_NONE;
}

void lend_check(const struct sched *s, uint32_t thread)
{
    struct chain chain = chain_from(s, thread);
    uint32_t root = chain.slots[chain.count - 1];

    ASSERT(sc_thread(sc_of(s, root)) == thread);
    for (uint32_t i = 1; i < chain.count; i++) {
        uint64_t word = thread_word_load(thread_of(s, chain.slots[i]));

        ASSERT(word_state(word) == THREAD_BLOCKED && (word & WORD_LENDER) != 0);
        ASSERT(thread_sc(thread_of(s, chain.slots[i])) == root);
        ASSERT(depth_of(s, chain.slots[i - 1]) == chain.count - i);
    }
}
