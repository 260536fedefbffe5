/* SPDX-License-Identifier: MIT */
#include "core/rq.h"
#include "core/account.h"
#include "core/fair.h"
#include "core/inbox.h"

void rq_init(struct sched *s, uint32_t cpu, struct mono now)
{
    struct rq *rq = rq_of(s, cpu);

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
    port_store32(&rq->published, PUBLISHED_HALTED);
}

static void trace(struct sched *s, uint32_t cpu, uint32_t thread, struct mono now,
                  struct trace_record what)
{
    what.now = now;
    what.cpu = cpu;
    what.thread = thread;
    port_trace(s, &what);
}

void rq_attach(struct sched *s, uint32_t cpu, uint32_t thread, uint32_t by, struct mono now)
{
    struct rq *rq = rq_of(s, cpu);
    uint32_t sc = thread_of(s, thread)->sc;

    ASSERT(sc_of(s, sc)->thread == thread);
    if (by == cpu && rq->current != SLOT_NONE) {
        uint64_t before_ns = thread_of(s, thread)->ledger.runtime_ns;

        account_charge(s, cpu, now, CHARGE_UNBLOCK);
        ASSERT(thread_of(s, thread)->ledger.runtime_ns == before_ns); /* nobody runs asleep */
    }
    fair_join(s, cpu, sc, now);
    thread_change(s, thread, THREAD_ATTACH, cpu, 0);
    thread_link(s, thread, LINKED_QUEUE);
    fair_queue(s, rq, sc);
    /*
     * Who killed it before the change of state above left it to us; who comes after that finds it
     * queued.  So it is looked at here, not earlier.
     */
    if (thread_is_dying(s, thread)) {
        rq_reap_queued(s, cpu, thread, now);
        return;
    }
    if (rq->current != SLOT_NONE && fair_preempts(s, rq, sc))
        rq->need_pick = 1;
    trace(s, cpu, thread, now,
          (struct trace_record){.event = EV_ATTACH,
                                .a = vtime_diff_vns(fair_now(rq, now), sc_of(s, sc)->v),
                                .b = (int64_t)rq_queued_count(rq)});
}

/* `thread` is DEAD and linked nowhere: what it used stays in the accounts, its record waits. */
static void reap(struct sched *s, uint32_t cpu, uint32_t thread, struct mono now)
{
    struct rq *rq = rq_of(s, cpu);
    struct thread *t = thread_of(s, thread);

    rq->retired_ns += t->ledger.runtime_ns;
    sc_of(s, t->sc)->thread = SLOT_NONE;
    thread_link(s, thread, LINKED_REAPED);
    port_store32(&t->link_next, rq->reaped_head);
    rq->reaped_head = thread;
    trace(s, cpu, thread, now,
          (struct trace_record){.event = EV_EXIT, .a = (int64_t)t->ledger.runtime_ns, .b = 1});
}

void rq_reap_loose(struct sched *s, uint32_t cpu, uint32_t thread, struct mono now)
{
    if (thread_word_read(s, thread).state != THREAD_DEAD)
        thread_change(s, thread, THREAD_EXIT, 0, 0);
    reap(s, cpu, thread, now);
}

void rq_reap_queued(struct sched *s, uint32_t cpu, uint32_t thread, struct mono now)
{
    uint32_t sc = thread_of(s, thread)->sc;

    ASSERT(thread_is_dying(s, thread));
    fair_unqueue(s, rq_of(s, cpu), sc);
    thread_unlink(s, thread, LINKED_QUEUE);
    fair_leave(s, cpu, sc, now, false);
    thread_change(s, thread, THREAD_EXIT, 0, 0);
    reap(s, cpu, thread, now);
}

void rq_reap_current(struct sched *s, uint32_t cpu, struct mono now)
{
    uint32_t thread = rq_of(s, cpu)->current;

    ASSERT(thread_is_dying(s, thread));
    account_charge(s, cpu, now, CHARGE_EXIT);
    rq_remove_current(s, cpu, now, false);
    thread_change(s, thread, THREAD_EXIT, 0, 0);
    reap(s, cpu, thread, now);
}

void rq_detach(struct sched *s, uint32_t cpu, uint32_t thread, uint32_t target, struct mono now)
{
    struct rq *rq = rq_of(s, cpu);
    struct thread *t = thread_of(s, thread);

    thread_change(s, thread, THREAD_DETACH, cpu, target);
    fair_unqueue(s, rq, t->sc);
    thread_unlink(s, thread, LINKED_QUEUE);
    fair_leave(s, cpu, t->sc, now, true);
    t->ledger.migration_count++;
    trace(s, cpu, thread, now,
          (struct trace_record){
              .event = EV_DETACH, .a = (int64_t)target, .b = sc_of(s, t->sc)->lag_vns});
}

void rq_requeue_current(struct sched *s, uint32_t cpu)
{
    struct rq *rq = rq_of(s, cpu);
    uint32_t thread = rq->current;

    ASSERT(thread != SLOT_NONE);
    port_save(s, cpu, thread);
    port_store32(&thread_of(s, thread)->last_cpu, cpu);
    rq->current = SLOT_NONE;
    thread_change(s, thread, THREAD_REQUEUE, cpu, 0);
    thread_link(s, thread, LINKED_QUEUE);
    fair_queue(s, rq, rq->current_sc);
    rq->current_sc = SLOT_NONE;
}

void rq_remove_current(struct sched *s, uint32_t cpu, struct mono now, bool moves)
{
    struct rq *rq = rq_of(s, cpu);

    ASSERT(rq->current != SLOT_NONE);
    port_save(s, cpu, rq->current);
    port_store32(&thread_of(s, rq->current)->last_cpu, cpu);
    fair_leave(s, cpu, rq->current_sc, now, moves);
    rq->current = SLOT_NONE;
    rq->current_sc = SLOT_NONE;
}

void rq_restore_current(struct sched *s, uint32_t cpu, uint32_t thread)
{
    struct rq *rq = rq_of(s, cpu);

    ASSERT(rq->current == SLOT_NONE);
    rq->current = thread;
    rq->current_sc = thread_of(s, thread)->sc;
    fair_rejoin(s, cpu, rq->current_sc);
}

uint32_t rq_pick(struct sched *s, uint32_t cpu)
{
    struct rq *rq = rq_of(s, cpu);
    uint32_t sc;

    ASSERT(rq->reserved.count == 0); /* nothing creates reserved contexts yet */
    sc = fair_pick(s, rq);
    return sc == SLOT_NONE ? SLOT_NONE : sc_of(s, sc)->thread;
}

void rq_dispatch(struct sched *s, uint32_t cpu, uint32_t thread, struct mono now)
{
    struct rq *rq = rq_of(s, cpu);
    struct thread *t = thread_of(s, thread);

    ASSERT(rq->current == SLOT_NONE);
    account_idle(s, cpu, now); /* nothing unless the CPU was idle until now */
    fair_unqueue(s, rq, t->sc);
    thread_unlink(s, thread, LINKED_QUEUE);
    thread_change(s, thread, THREAD_DISPATCH, cpu, 0);
    rq->current = thread;
    rq->current_sc = t->sc;
    rq->stretch_start = now;
    rq->need_pick = 0;
}

static uint64_t shortest_queued_ns(const struct rq *rq)
{
    if (rq->class_count[LATENCY_INTERACTIVE] > 0)
        return SLICE_INTERACTIVE_NS;
    if (rq->class_count[LATENCY_NORMAL] > 0)
        return SLICE_NORMAL_NS;
    return SLICE_BATCH_NS;
}

struct mono rq_protect_end(const struct sched *s, const struct rq *rq)
{
    ASSERT(rq->current != SLOT_NONE);
    uint64_t slice_ns = sc_slice_ns(sc_of(s, rq->current_sc));
    uint64_t queued_ns = shortest_queued_ns(rq);

    return mono_add(rq->stretch_start, slice_ns < queued_ns ? slice_ns : queued_ns);
}

static struct port_atomic64 *overload_word(struct sched *s, uint32_t cpu)
{
    return &s->clusters[cpu / CLUSTER_CPUS].overload.bits;
}

static bool overload_is_set(const struct sched *s, uint32_t cpu)
{
    uint64_t word = port_load64(&s->clusters[cpu / CLUSTER_CPUS].overload.bits);

    return (word >> (cpu % CLUSTER_CPUS)) & 1u;
}

bool rq_publish_overload(struct sched *s, uint32_t cpu)
{
    struct rq *rq = rq_of(s, cpu);
    uint64_t bit = UINT64_C(1) << (cpu % CLUSTER_CPUS);
    bool is_set = overload_is_set(s, cpu);

    if (rq_queued_count(rq) > 0) {
        if (!is_set)
            (void)port_or64(overload_word(s, cpu), bit);
        return false;
    }
    if (!is_set)
        return false;
    /*
     * Clear, fence (the locked operation is one), re-read: a poster that saw the bit still set and
     * left it alone has pushed before we look, so either it sees the bit clear or we see its entry.
     */
    (void)port_and64(overload_word(s, cpu), ~bit);
    if (inbox_is_empty(rq))
        return false;
    (void)port_or64(overload_word(s, cpu), bit);
    return true;
}

void rq_check(const struct sched *s, uint32_t cpu)
{
    const struct rq *rq = rq_of(s, cpu);
    uint32_t queued_count = 0;
    uint32_t running_count = 0;

    for (uint32_t slot = 0; slot < s->thread_count; slot++) {
        struct thread_word word = thread_word_read(s, slot);
        uint32_t linked = port_load32(&thread_of(s, slot)->linked);

        ASSERT(((linked & LINKED_QUEUE) != 0) == (word.state == THREAD_QUEUED));
        ASSERT(((linked & LINKED_INBOX) != 0) == (word.state == THREAD_INBOX));
        if (word.cpu != cpu)
            continue;
        queued_count += word.state == THREAD_QUEUED;
        running_count += word.state == THREAD_RUNNING;
        ASSERT(word.state != THREAD_RUNNING || rq->current == slot);
    }
    ASSERT(running_count == (rq->current != SLOT_NONE ? 1u : 0u));
    ASSERT(queued_count == rq_queued_count(rq));
    ASSERT(queued_count == 0 || overload_is_set(s, cpu)); /* R3 */
    fair_check(s, cpu);
    account_check(s, cpu);
}
