/* SPDX-License-Identifier: MIT */
#include "tests/fairness/meter.h"

#include "tests/fairness/bounds.h"
#include "tests/fairness/world.h"

#include <stdlib.h>

void meter_init(struct world *w)
{
    struct meter *m = &w->meter;

    m->threads = calloc(w->thread_count, sizeof *m->threads);
    m->thread_on = malloc(w->row->cpu_count * sizeof *m->thread_on);
    ASSERT(m->threads != NULL && m->thread_on != NULL);
    if (w->row->cpu_count <= CPUMASK_WORD_BITS) {
        m->queues = calloc(w->row->cpu_count, sizeof *m->queues);
        ASSERT(m->queues != NULL);
    }
    for (uint32_t cpu = 0; cpu < w->row->cpu_count; cpu++)
        m->thread_on[cpu] = MACHINE_THREAD_NONE;
    for (uint32_t i = 0; i < w->thread_count; i++)
        m->threads[i].cpu = CPU_NONE;
}

void meter_fini(struct world *w)
{
    free(w->meter.threads);
    free(w->meter.thread_on);
    free(w->meter.queues);
    free(w->meter.window_ns);
    free(w->meter.window_ideal);
}

/* ---- Lag ------------------------------------------------------------------------------------- */

static uint64_t cpu_ns(const struct world *w, uint32_t thread)
{
    return machine_ledger(&w->machine, thread).runtime_ns;
}

static void note_lag(struct world *w, uint32_t thread)
{
    struct meter_thread *t = &w->meter.threads[thread];

    if (!w->meter.is_on || !t->is_measured)
        return;
    uint64_t ideal = fluid_served(&w->fluid, thread) - t->fluid_zero;

    t->got_ns = cpu_ns(w, thread) - t->cpu_zero_ns;
    t->ideal_ns = ideal >> FLUID_SHIFT;
    int64_t lag_ns = (int64_t)t->ideal_ns - (int64_t)t->got_ns;

    t->lag_min_ns = lag_ns < t->lag_min_ns ? lag_ns : t->lag_min_ns;
    t->lag_max_ns = lag_ns > t->lag_max_ns ? lag_ns : t->lag_max_ns;
}

static void zero(struct world *w, uint32_t thread)
{
    struct meter_thread *t = &w->meter.threads[thread];

    t->is_measured = true;
    t->cpu_zero_ns = cpu_ns(w, thread);
    t->fluid_zero = fluid_served(&w->fluid, thread);
    t->wait_max_ns = 0;
    t->over_max_ns = INT64_MIN;
    if (t->is_waiting && mono_before(t->since, w->machine.now))
        t->since = w->machine.now;
}

/* ---- Waits ----------------------------------------------------------------------------------- */

static void read_queue(struct world *w, uint32_t cpu)
{
    if (w->meter.queues == NULL)
        return;
    struct meter_queue *q = &w->meter.queues[cpu];

    q->at_ns[q->count % METER_READINGS] = w->machine.now.ns;
    q->weight[q->count % METER_READINGS] = rq_of(w->machine.sched, cpu)->w;
    q->count++;
}

/* The largest W on `cpu` from `since` on, as far back as the readings go. */
static int64_t largest_weight(const struct world *w, uint32_t cpu, struct mono since)
{
    int64_t largest = rq_of(w->machine.sched, cpu)->w;

    if (w->meter.queues == NULL)
        return largest;
    const struct meter_queue *q = &w->meter.queues[cpu];

    for (uint64_t back = 1; back <= q->count && back <= METER_READINGS; back++) {
        uint64_t at = (q->count - back) % METER_READINGS;

        if (q->at_ns[at] < since.ns)
            break;
        largest = q->weight[at] > largest ? q->weight[at] : largest;
    }
    return largest;
}

/* The wait begins in the queue that the thread is in, if any yet. */
static void note_queue(struct world *w, uint32_t thread)
{
    struct meter_thread *t = &w->meter.threads[thread];
    struct thread_word word = thread_word_read(w->machine.sched, thread);

    t->queue_cpu = word.state == THREAD_QUEUED ? word.cpu : CPU_NONE;
}

static void note_over(struct world *w, uint32_t thread, uint32_t cpu, uint64_t wait_ns)
{
    struct meter_thread *t = &w->meter.threads[thread];
    int64_t weight = largest_weight(w, cpu, t->since);

    if (t->queue_cpu != CPU_NONE && t->queue_cpu != cpu) {
        int64_t before = largest_weight(w, t->queue_cpu, t->since);

        weight = before > weight ? before : weight;
    }
    int64_t over_ns = (int64_t)wait_ns - (int64_t)bounds_wait_ns(w, thread, weight, wait_ns);

    if (over_ns > t->over_max_ns) {
        t->over_max_ns = over_ns;
        t->over_wait_ns = wait_ns;
    }
}

/* `cpu` is where the thread goes on, or waits at the end of all. */
static void end_wait(struct world *w, uint32_t thread, uint32_t cpu)
{
    struct meter_thread *t = &w->meter.threads[thread];

    if (!t->is_waiting || mono_before(w->machine.now, t->since))
        return;
    uint64_t wait_ns = (uint64_t)mono_diff_ns(w->machine.now, t->since);

    if (wait_ns > t->wait_max_ns)
        t->wait_max_ns = wait_ns;
    if (wait_ns > bounds_wait_ns(w, thread, 0, wait_ns)) /* else no W matters */
        note_over(w, thread, cpu, wait_ns);
}

static void leave_cpu(struct world *w, uint32_t thread)
{
    struct meter_thread *t = &w->meter.threads[thread];

    if (!t->has_cpu)
        return;
    t->has_cpu = false;
    w->meter.thread_on[t->cpu] = MACHINE_THREAD_NONE;
}

void meter_waits(struct world *w, uint32_t thread, struct mono since)
{
    struct meter_thread *t = &w->meter.threads[thread];

    leave_cpu(w, thread);
    note_lag(w, thread);
    t->is_waiting = !mono_is_never(since);
    t->since = since;
    t->queue_cpu = CPU_NONE;
    if (w->meter.is_on && !t->is_measured)
        zero(w, thread);
}

void meter_ends(struct world *w, uint32_t thread)
{
    meter_waits(w, thread, MONO_NEVER);
}

/* Who had the CPU until now gave way. */
static void give_way(struct world *w, uint32_t cpu)
{
    uint32_t thread = w->meter.thread_on[cpu];

    if (thread == MACHINE_THREAD_NONE)
        return;
    meter_waits(w, thread, w->machine.now);
    note_queue(w, thread);
}

void meter_has_cpu(struct world *w, uint32_t cpu, uint32_t thread)
{
    struct meter_thread *t = &w->meter.threads[thread];

    read_queue(w, cpu);
    if (w->meter.thread_on[cpu] == thread)
        return;
    give_way(w, cpu);
    leave_cpu(w, thread);
    end_wait(w, thread, cpu);
    note_lag(w, thread);
    w->meter.move_count += t->cpu != CPU_NONE && t->cpu != cpu;
    t->cpu = cpu;
    t->has_cpu = true;
    t->is_waiting = false;
    w->meter.thread_on[cpu] = thread;
}

/* ---- The whole ------------------------------------------------------------------------------- */

void meter_begin(struct world *w)
{
    struct meter *m = &w->meter;

    m->is_on = true;
    m->move_count = 0;
    m->push_zero = m->steal_zero = 0;
    for (uint32_t cpu = 0; cpu < w->row->cpu_count; cpu++) {
        m->push_zero += rq_of(w->machine.sched, cpu)->stat.push_count;
        m->steal_zero += rq_of(w->machine.sched, cpu)->stat.steal_count;
    }
    m->wasted_zero_ns = w->machine.waste.wasted_ns;
    for (uint32_t thread = 0; thread < w->thread_count; thread++) {
        if (!w->threads[thread].has_begun || w->threads[thread].has_ended)
            continue;
        zero(w, thread);
        m->threads[thread].was_there = true;
    }
}

void meter_end(struct world *w)
{
    for (uint32_t thread = 0; thread < w->thread_count; thread++) {
        if (!w->threads[thread].has_begun || w->threads[thread].has_ended)
            continue;
        note_lag(w, thread);
        struct thread_word word = thread_word_read(w->machine.sched, thread);

        end_wait(w, thread, word.state == THREAD_QUEUED ? word.cpu : 0);
    }
}

/* ---- Windows --------------------------------------------------------------------------------- */

#define WINDOW_STEPS 10u /* a second */

static uint64_t error_ppm(uint64_t got, uint64_t ideal)
{
    uint64_t difference = got > ideal ? got - ideal : ideal - got;

    return ideal == 0 ? 0 : difference * 1000000 / ideal;
}

void meter_window(struct world *w)
{
    struct meter *m = &w->meter;
    size_t slots = (size_t)(WINDOW_STEPS + 1) * w->thread_count;
    size_t here = (size_t)(m->window_count % (WINDOW_STEPS + 1)) * w->thread_count;
    size_t before = (size_t)((m->window_count + 1) % (WINDOW_STEPS + 1)) * w->thread_count;

    if (m->window_ns == NULL) {
        m->window_ns = calloc(slots, sizeof *m->window_ns);
        m->window_ideal = calloc(slots, sizeof *m->window_ideal);
        ASSERT(m->window_ns != NULL && m->window_ideal != NULL);
    }
    for (uint32_t i = 0; i < w->thread_count; i++) {
        if (!w->threads[i].always_runs || !m->threads[i].was_there || w->threads[i].has_ended)
            continue;
        m->window_ns[here + i] = cpu_ns(w, i);
        m->window_ideal[here + i] = fluid_served(&w->fluid, i) >> FLUID_SHIFT;
        if (m->window_count < WINDOW_STEPS)
            continue;
        uint64_t error = error_ppm(m->window_ns[here + i] - m->window_ns[before + i],
                                   m->window_ideal[here + i] - m->window_ideal[before + i]);

        m->window_error_ppm = error > m->window_error_ppm ? error : m->window_error_ppm;
    }
    m->window_count++;
}
