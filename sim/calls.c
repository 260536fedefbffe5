/* SPDX-License-Identifier: MIT */
#include "sim/calls.h"

#include "core/lend.h"

static bool is_passive(const struct script *s, uint32_t endpoint)
{
    return (s->image->objects[endpoint].flags & WORKLOAD_OBJECT_PASSIVE) != 0;
}

static struct thread_ref ref_of(const struct script *s, uint32_t thread)
{
    return s->machine->threads[thread].ref;
}

/* ---- Contexts: passed on with the CPU, or taken -------------------------------------------- */

/* The thread on `cpu` waits, by one of the core's ways.  Returns: `to`, which waited, has it. */
static bool hand(struct script *s, uint32_t cpu,
                 enum lend_result (*way)(struct sched *s, struct rq *rq, struct thread_ref to,
                                         struct mono now, struct decision *d),
                 uint32_t to)
{
    struct machine *m = s->machine;
    struct decision d;

    if (way(m->sched, rq_of(m->sched, cpu), ref_of(s, to), m->now, &d) != LEND_DONE)
        return false;
    machine_hand(m, cpu, &d);
    return true;
}

/* Back to `caller`, if `thread`, on `cpu`, has its context.  Returns: it has that and the CPU. */
static bool hand_back(struct script *s, uint32_t cpu, uint32_t thread, uint32_t caller)
{
    return lend_is_lent(s->machine->sched, ref_of(s, thread).slot) &&
           hand(s, cpu, sched_hand_back, caller);
}

static void go_home(struct script *s, uint32_t cpu)
{
    struct machine *m = s->machine;
    struct decision d;

    sched_go_home(m->sched, rq_of(m->sched, cpu), m->now, &d);
    machine_heed(m, cpu, &d);
}

/* The thread on `cpu` serves `caller` with the context of that; if it may not, with its own. */
static void borrow(struct script *s, uint32_t cpu, uint32_t caller)
{
    struct machine *m = s->machine;
    struct decision d;

    go_home(s, cpu);
    if (sched_borrow(m->sched, rq_of(m->sched, cpu), ref_of(s, caller), m->now, &d) == LEND_DONE)
        machine_heed(m, cpu, &d);
}

/* ---- Calls ----------------------------------------------------------------------------------- */

static void serve(struct script *s, uint32_t server, uint32_t caller)
{
    struct script_thread *t = &s->threads[server];

    ASSERT(t->served == MACHINE_THREAD_NONE);
    t->served = caller;
}

static void call(struct script *s, uint32_t cpu, uint32_t thread, uint32_t endpoint)
{
    const struct script_object *o = &s->objects[endpoint];
    bool is_received = o->has_receivers && o->first_waiting != MACHINE_THREAD_NONE;

    if (is_received) {
        uint32_t server = script_take_first(s, endpoint);

        serve(s, server, thread);
        if (hand(s, cpu, is_passive(s, endpoint) ? sched_lend : sched_turn_over, server))
            return;
        machine_wake(s->machine, cpu, server, WAKE_ENDPOINT);
    } else {
        s->objects[endpoint].has_receivers = false;
        script_join(s, thread, endpoint);
    }
    machine_block(s->machine, cpu, WAKE_ENDPOINT, MONO_NEVER);
}

/* Receive.  Returns: the thread has to wait, and is among those who do. */
static bool receive(struct script *s, uint32_t cpu, uint32_t thread, uint32_t endpoint)
{
    struct script_object *o = &s->objects[endpoint];

    if (o->has_receivers || o->first_waiting == MACHINE_THREAD_NONE) {
        o->has_receivers = true;
        script_join(s, thread, endpoint);
        return true;
    }
    uint32_t caller = script_take_first(s, endpoint);

    serve(s, thread, caller);
    if (is_passive(s, endpoint))
        borrow(s, cpu, caller);
    return false;
}

/* Returns: who called, and has to be told. */
static uint32_t settle(struct script_thread *t)
{
    uint32_t caller = t->served;

    ASSERT(t->owes);
    ASSERT(caller != MACHINE_THREAD_NONE);
    t->owes = false;
    t->served = MACHINE_THREAD_NONE;
    return caller;
}

void calls_answer(struct script *s, uint32_t cpu, uint32_t thread)
{
    uint32_t caller = settle(&s->threads[thread]);

    go_home(s, cpu);
    machine_wake(s->machine, cpu, caller, WAKE_ENDPOINT);
}

static void answer_and_receive(struct script *s, uint32_t cpu, uint32_t thread, uint32_t endpoint)
{
    struct script_thread *t = &s->threads[thread];
    uint32_t caller = t->owes ? settle(t) : MACHINE_THREAD_NONE;
    bool is_waiting = receive(s, cpu, thread, endpoint);

    if (caller != MACHINE_THREAD_NONE) {
        if (is_waiting && (is_passive(s, endpoint) ? hand_back(s, cpu, thread, caller)
                                                   : hand(s, cpu, sched_turn_over, caller)))
            return;
        if (is_waiting || !is_passive(s, endpoint))
            go_home(s, cpu);
        machine_wake(s->machine, cpu, caller, WAKE_ENDPOINT);
    }
    if (is_waiting)
        machine_block(s->machine, cpu, WAKE_ENDPOINT, MONO_NEVER);
}

void calls_begin(struct script *s, uint32_t cpu, uint32_t thread, const struct step_action *action)
{
    if (action->kind == STEP_CALL)
        call(s, cpu, thread, action->object);
    else if (action->kind == STEP_RECEIVE)
        answer_and_receive(s, cpu, thread, action->object);
    else
        s->threads[thread].owes = true;
}
