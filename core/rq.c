/* SPDX-License-Identifier: MIT */
#include "core/rq.h"
#include "core/account.h"
#include "core/fair.h"
#include "core/inbox.h"
#include "core/lend.h"
#include "core/policy.h"
#include "core/why.h"

void rq_init(struct sched *s, uint32_t cpu, struct mono now)
{
    struct rq *rq = rq_of(s, cpu);

    rq->cpu = cpu;
    rq->cpu_bit = UINT64_C(1) << (cpu % CLUSTER_CPUS);
    rq->cluster_offset =
        offsetof(struct sched, clusters) + cpu / CLUSTER_CPUS * sizeof(struct cluster);
    rq->own_offset = arena_offset(s, rq);
    rq->current = SLOT_NONE;
    rq->current_sc = SLOT_NONE;
    rq->reaped_head = SLOT_NONE;
    rq->steal_from = cpu + 1;
    rq->started = now;
    rq->since = now;
    rq->empty_since = now;
    eedq_init(&rq->fair);
    eedq_init(&rq->reserved);
    port_store32(&rq->inbox_head, SLOT_NONE);
    port_store32(&rq->published, PUBLISHED_IDLE);
    rq->next_check = now;
    rq->overload.window_end = mono_add(now, OVERLOAD_WINDOW_NS);
    rq->overload.least_wait_ns = UINT64_MAX;
    rq->overload.from_count = UINT32_MAX;
    clock_publish(s, rq, now);
}

static HOT void trace(struct sched *s, const struct rq *rq, uint32_t thread, struct mono now,
                      struct trace_record what)
{
    what.now = now;
    what.cpu = rq->cpu;
    what.thread = thread;
    port_trace(s, &what);
}

void rq_retire(struct rq *rq, const struct thread *t, struct sc *home)
{
    rq->retired_ns += t->ledger.runtime_ns;
    rq->retired_paid_ns += home->consumed_ns;
    sc_set_thread(home, SLOT_NONE);
}

/* `thread` is DEAD and linked nowhere: what it used stays in the accounts, its record waits. */
static void reap(struct sched *s, struct rq *rq, uint32_t thread, struct mono now)
{
    struct thread *t = thread_of(s, thread);

    ASSERT(thread_sc(t) == thread); /* what was lent has gone back */
    rq_retire(rq, t, sc_of(s, thread));
    thread_link(t, LINKED_REAPED);
    port_store32(&t->link_next, rq->reaped_head);
    rq->reaped_head = thread;
    trace(s, rq, thread, now,
          (struct trace_record){.event = EV_EXIT, .a = (int64_t)t->ledger.runtime_ns, .b = 1});
}

struct both_times {
    struct mono now;
    struct vtime v; /* V */
};

/* The queued `c` has a shorter slice than who runs: it preempts, or it is told why not. */
static NOINLINE void preempt(struct sched *s, struct rq *rq, const struct sc *c,
                             struct both_times at)
{
    if (fair_preempts(rq, c)) {
        rq->need_pick = PICK_SHORTER;
        return;
    }
    why_tell(s, rq, sc_thread(c),
             &(struct why){.rule = WHY_NOT_PREEMPTED,
                           .subject_slot = rq->current,
                           .subject_gen = thread_ref_of(s, rq->current).gen,
                           .time_ns = at.now.ns,
                           .a = c->v.vns,
                           .b = at.v.vns});
}

/* It competes here from now on: link it, and see whether it preempts. */
static HOT void queue(struct sched *s, struct rq *rq, struct thread *t, struct sc *c,
                      struct both_times at)
{
    thread_link(t, LINKED_QUEUE);
    c->queued_at = at.now;
    fair_queue(s, rq, thread_sc(t), c);
    if (c->latency_class > rq->current_class && rq->current != SLOT_NONE)
        preempt(s, rq, c, at);
    trace(s, rq, sc_thread(c), at.now,
          (struct trace_record){.event = EV_ATTACH,
                                .a = vtime_diff_vns(at.v, c->v),
                                .b = (int64_t)rq_queued_count(rq)});
}

HOT void rq_admit(struct sched *s, struct rq *rq, struct thread *t, struct sc *c, struct mono now)
{
    queue(s, rq, t, c, (struct both_times){now, fair_join(s, rq, c, now)});
}

NOINLINE void rq_admit_seldom(struct sched *s, struct rq *rq, struct thread *t, struct sc *c,
                              struct mono now)
{
    rq_admit(s, rq, t, c, now);
}

/* The attached `t` was killed on its way, or has a new weight or class. */
static COLD void attach_with_care(struct sched *s, struct rq *rq, struct thread *t,
                                  struct both_times at)
{
    struct sc *c = sc_of(s, thread_sc(t));

    if (!thread_is_dying(t)) {
        queue(s, rq, t, c, at);
        (void)policy_apply_queued(s, rq, t, at.now);
        return;
    }
    uint32_t thread = sc_thread(c);

    fair_leave(rq, c, at.now, false);
    lend_end(s, rq, thread, at.now);
    (void)thread_change(t, THREAD_EXIT, 0, 0);
    reap(s, rq, thread, at.now);
}

void rq_attach(struct sched *s, struct rq *rq, uint32_t thread, uint32_t by, struct mono now)
{
    struct thread *t = thread_of(s, thread);
    struct sc *c = sc_of(s, thread_sc(t));

    ASSERT(sc_thread(c) == thread);
    if (by == rq->cpu && rq->current != SLOT_NONE) {
        uint64_t before_ns = t->ledger.runtime_ns;

        account_charge(s, rq, now, CHARGE_UNBLOCK);
        ASSERT(t->ledger.runtime_ns == before_ns); /* nobody runs asleep */
    }
    if ((thread_word_load(t) & WORD_POLICY) != 0)
        policy_apply_class(s, rq, t, now);
    struct vtime v_now = fair_join(s, rq, c, now);

    /*
     * Who killed it, or set a policy, before this change of state left it to us; who comes after
     * that finds it queued.  So the word of this change is looked at, not an earlier one.
     */
    struct both_times at = {now, v_now};

    if ((thread_change(t, THREAD_ATTACH, rq->cpu, 0) & (WORD_DYING | WORD_POLICY)) != 0)
        attach_with_care(s, rq, t, at);
    else
        queue(s, rq, t, c, at);
}

void rq_reap_loose(struct sched *s, struct rq *rq, uint32_t thread, struct mono now)
{
    struct thread *t = thread_of(s, thread);

    if (word_state(thread_word_load(t)) != THREAD_DEAD)
        (void)thread_change(t, THREAD_EXIT, 0, 0);
    lend_end(s, rq, thread, now);
    reap(s, rq, thread, now);
}

/* The queued `t` is queued no more. */
static HOT struct sc *unqueue(struct sched *s, struct rq *rq, struct thread *t)
{
    struct sc *c = sc_of(s, thread_sc(t));

    fair_unqueue(s, rq, thread_sc(t), c);
    thread_unlink(t, LINKED_QUEUE);
    return c;
}

COLD void rq_reap_queued(struct sched *s, struct rq *rq, uint32_t thread, struct mono now)
{
    struct thread *t = thread_of(s, thread);

    ASSERT(thread_is_dying(t));
    struct sc *c = unqueue(s, rq, t);

    fair_leave(rq, c, now, false);
    lend_end(s, rq, thread, now);
    (void)thread_change(t, THREAD_EXIT, 0, 0);
    reap(s, rq, thread, now);
}

COLD void rq_reap_current(struct sched *s, struct rq *rq, struct mono now)
{
    uint32_t thread = rq->current;
    struct thread *t = thread_of(s, thread);

    ASSERT(thread_is_dying(t));
    account_charge(s, rq, now, CHARGE_EXIT);
    (void)rq_remove_current(s, rq, now, false);
    lend_end(s, rq, thread, now);
    (void)thread_change(t, THREAD_EXIT, 0, 0);
    reap(s, rq, thread, now);
}

void rq_detach(struct sched *s, struct rq *rq, uint32_t thread, uint32_t target, struct mono now)
{
    struct thread *t = thread_of(s, thread);

    (void)thread_change(t, THREAD_DETACH, rq->cpu, target);
    struct sc *c = unqueue(s, rq, t);

    fair_leave(rq, c, now, true);
    t->ledger.migration_count++;
    trace(s, rq, thread, now,
          (struct trace_record){.event = EV_DETACH, .a = (int64_t)target, .b = c->lag_vns});
}

HOT uint64_t rq_requeue_current(struct sched *s, struct rq *rq)
{
    struct thread *t = rq_current_thread(s, rq);
    struct sc *c = rq_current_sc(s, rq);

    port_save(s, rq->cpu, rq->current);
    port_store32(&t->last_cpu, rq->cpu);
    rq->current = SLOT_NONE;
    uint64_t word = thread_change(t, THREAD_REQUEUE, rq->cpu, 0);

    thread_link(t, LINKED_QUEUE);
    c->queued_at = rq->since; /* it has been charged up to now */
    fair_give_way(c);
    fair_queue(s, rq, rq->current_sc, c);
    rq->current_sc = SLOT_NONE;
    return word;
}

HOT void rq_remove(struct sched *s, struct rq *rq, struct current who, struct mono now, bool moves)
{
    port_save(s, rq->cpu, who.thread);
    port_store32(&who.t->last_cpu, rq->cpu);
    fair_leave(rq, who.c, now, moves);
    rq->current = SLOT_NONE;
    rq->current_sc = SLOT_NONE;
}

struct sc *rq_remove_current(struct sched *s, struct rq *rq, struct mono now, bool moves)
{
    struct current who = rq_current(s, rq);

    rq_remove(s, rq, who, now, moves);
    return who.c;
}

HOT void rq_set_current(struct rq *rq, struct current who, uint32_t sc)
{
    const struct sched *s = rq_arena(rq);

    rq->current = who.thread;
    rq->current_sc = sc;
    rq->current_offset = arena_offset(s, who.t);
    rq->current_sc_offset = arena_offset(s, who.c);
    rq->current_class = who.c->latency_class;
}

void rq_restore_current(struct sched *s, struct rq *rq, uint32_t thread)
{
    struct thread *t = thread_of(s, thread);
    struct sc *c = sc_of(s, thread_sc(t));

    ASSERT(rq->current == SLOT_NONE);
    rq_set_current(rq, (struct current){thread, t, c}, thread_sc(t));
    fair_rejoin(rq, c);
}

HOT uint32_t rq_pick(const struct sched *s, const struct rq *rq)
{
    ASSERT(rq->reserved.count == 0); /* nothing creates reserved contexts yet */
    return fair_pick(s, rq);
}

HOT uint64_t rq_dispatch(struct sched *s, struct rq *rq, uint32_t thread, struct thread *t,
                         struct mono now)
{
    ASSERT(rq->current == SLOT_NONE);
    account_idle(s, rq, now); /* nothing unless the CPU was idle until now */
    struct sc *c = unqueue(s, rq, t);
    uint64_t word = thread_change(t, THREAD_DISPATCH, rq->cpu, 0);

    rq_set_current(rq, (struct current){thread, t, c}, thread_sc(t));
    rq->stretch_start = now;
    rq->need_pick = 0;
    return word;
}

HOT uint64_t rq_dispatch_only(struct sched *s, struct rq *rq, struct thread *t, struct sc *c,
                              struct mono now)
{
    account_idle(s, rq, now); /* asserts that there is no current */
    fair_unqueue_only(rq, thread_sc(t), c);
    thread_unlink(t, LINKED_QUEUE);
    uint64_t word = thread_change(t, THREAD_DISPATCH, rq->cpu, 0);

    rq_set_current(rq, (struct current){sc_thread(c), t, c}, thread_sc(t));
    rq->stretch_start = now;
    rq->need_pick = 0;
    return word;
}

/* The most urgent class among current and the queued: its slice is the shortest. */
static uint32_t most_urgent_class(const struct rq *rq)
{
    if (rq->class_count[LATENCY_INTERACTIVE] > 0)
        return LATENCY_INTERACTIVE;
    if (rq->class_count[LATENCY_NORMAL] > 0 && rq->current_class < LATENCY_NORMAL)
        return LATENCY_NORMAL;
    return rq->current_class;
}

HOT struct mono rq_protect_end(const struct rq *rq)
{
    ASSERT(rq->current != SLOT_NONE);
    return mono_add(rq->stretch_start, sc_slice_ns(most_urgent_class(rq)));
}

uint64_t rq_latency_bound_ns(const struct rq *rq)
{
    uint64_t bound_ns = rq_running_count(rq) > 0 ? sc_slice_ns(rq->current_class) : 0;

    for (uint32_t class = 0; class < LATENCY_CLASS_COUNT; class++)
        bound_ns += rq->class_count[class] * sc_slice_ns(class);
    return bound_ns;
}

HOT struct mono rq_look_at(const struct rq *rq)
{
    ASSERT(rq->current != SLOT_NONE);
    return mono_add(rq->stretch_start, sc_look_ns(most_urgent_class(rq)));
}

/*
 * Clear, fence (the locked operation is one), re-read: a poster that saw the bit still set and left
 * it alone has pushed before we look, so either it sees the bit clear or we see its entry.
 */
static bool clear_overload(const struct rq *rq, struct port_atomic64 *word)
{
    (void)port_and64(word, ~rq->cpu_bit);
    if (inbox_is_empty(rq))
        return false;
    (void)port_or64(word, rq->cpu_bit);
    return true;
}

HOT void rq_publish_queued(struct sched *s, struct rq *rq)
{
    struct port_atomic64 *word = &rq_cluster(s, rq)->overload.bits;

    if (LIKELY((port_load64(word) & rq->cpu_bit) == 0))
        (void)port_or64(word, rq->cpu_bit);
}

HOT bool rq_publish_empty(struct sched *s, struct rq *rq)
{
    struct port_atomic64 *word = &rq_cluster(s, rq)->overload.bits;

    return (port_load64(word) & rq->cpu_bit) != 0 && clear_overload(rq, word);
}

HOT bool rq_publish_overload(struct sched *s, struct rq *rq)
{
    if (rq_queued_count(rq) == 0)
        return rq_publish_empty(s, rq);
    rq_publish_queued(s, rq);
    return false;
}

/* R1 for who is queued in `q` of `cpu`. */
static void check_queued(const struct sched *s, const struct eedq *q, uint32_t cpu)
{
    uint32_t count = 0;

    for (uint32_t sc = eedq_first(s, q); sc != SLOT_NONE; sc = eedq_next(s, q, sc)) {
        uint32_t slot = sc_thread(sc_of(s, sc));
        struct thread_word word = thread_word_read(s, slot);

        ASSERT(thread_sc(thread_of(s, slot)) == sc);
        ASSERT(word.state == THREAD_QUEUED);
        ASSERT(word.cpu == cpu);
        lend_check(s, slot);
        ASSERT(++count <= q->count);
    }
    ASSERT(count == q->count);
}

static void check_current(const struct sched *s, const struct rq *rq)
{
    struct thread_word word = thread_word_read(s, rq->current);

    ASSERT(word.state == THREAD_RUNNING);
    ASSERT(word.cpu == rq->cpu);
    lend_check(s, rq->current);
    ASSERT(rq->current_sc == thread_sc(thread_of(s, rq->current)));
    ASSERT(rq->current_offset == arena_offset(s, thread_of(s, rq->current)));
    ASSERT(rq->current_sc_offset == arena_offset(s, sc_of(s, rq->current_sc)));
    ASSERT(rq->current_class == sc_of(s, rq->current_sc)->latency_class);
}

void rq_check(const struct sched *s, uint32_t cpu)
{
    const struct rq *rq = rq_of(s, cpu);

    ASSERT(rq->cpu == cpu);
    fair_check(s, cpu);
    check_queued(s, &rq->fair, cpu);
    check_queued(s, &rq->reserved, cpu);
    if (rq->current != SLOT_NONE)
        check_current(s, rq);
    ASSERT(rq_queued_count(rq) == 0 || /* R3 */
           (port_load64(&s->clusters[cpu / CLUSTER_CPUS].overload.bits) & rq->cpu_bit) != 0);
    account_check(s, cpu);
}

/*
 * With rq_check of every CPU this is all of R1: who is linked says so and where; so if as many say
 * so as are linked, nobody says so and is not.
 */
void rq_check_threads(const struct sched *s)
{
    uint64_t queued_count = 0;

    for (uint32_t slot = 0; slot < s->thread_count; slot++) {
        struct thread_word word = thread_word_read(s, slot);
        uint32_t linked = port_load32(&thread_of(s, slot)->linked);

        ASSERT(((linked & LINKED_QUEUE) != 0) == (word.state == THREAD_QUEUED));
        ASSERT(((linked & LINKED_INBOX) != 0) == (word.state == THREAD_INBOX));
        ASSERT(word.state != THREAD_RUNNING || rq_of(s, word.cpu)->current == slot);
        queued_count += word.state == THREAD_QUEUED;
    }
    for (uint32_t cpu = 0; cpu < s->cpu_count; cpu++) {
        ASSERT(queued_count >= rq_queued_count(rq_of(s, cpu)));
        queued_count -= rq_queued_count(rq_of(s, cpu));
    }
    ASSERT(queued_count == 0);
}
