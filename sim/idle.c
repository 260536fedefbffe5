/* SPDX-License-Identifier: MIT */
#include "sim/idle.h"

#include "sim/source.h"

static bool have_all_ended(const struct machine *m)
{
    return m->ended_count == m->started_count;
}

void idle_begin(struct machine *m, uint32_t cpu)
{
    struct machine_cpu *c = &m->cpus[cpu];
    uint64_t window_ns = poll_window_ns(&c->poll);

    if (c->is_idle)
        return;
    c->is_idle = true;
    c->idle_since = m->now;
    if (!m->config.has_polling || have_all_ended(m) || window_ns == 0 ||
        !poll_begin(m->sched, cpu))
        return;
    c->is_polling = true;
    c->has_seen = false;
    c->place = m->polling_count;
    m->polling[m->polling_count++] = cpu;
    event_set(&m->events, source_of_cpu(cpu, CPU_POLLED), mono_add(m->now, window_ns));
}

/* Returns: a reason came. */
static bool stop_polling(struct machine *m, uint32_t cpu)
{
    struct machine_cpu *c = &m->cpus[cpu];
    uint32_t last = m->polling[--m->polling_count];

    m->polling[c->place] = last;
    m->cpus[last].place = c->place;
    c->is_polling = false;
    event_set(&m->events, source_of_cpu(cpu, CPU_POLLED), MONO_NEVER);
    return poll_end(m->sched, cpu);
}

void idle_end(struct machine *m, uint32_t cpu)
{
    struct machine_cpu *c = &m->cpus[cpu];
    bool has_polled = c->is_polling;

    if (!c->is_idle)
        return;
    bool was_woken = has_polled ? stop_polling(m, cpu) : poll_has_come(rq_of(m->sched, cpu));

    c->is_idle = false;
    c->must_decide |= has_polled && was_woken;
    poll_note(&c->poll, (uint64_t)mono_diff_ns(m->now, c->idle_since), was_woken);
}

bool idle_polled(struct machine *m, uint32_t cpu)
{
    if (!poll_has_come(rq_of(m->sched, cpu))) {
        (void)stop_polling(m, cpu);
        return false;
    }
    idle_end(m, cpu);
    return true;
}

void idle_notice(struct machine *m)
{
    for (uint32_t i = 0; i < m->polling_count; i++) {
        uint32_t cpu = m->polling[i];

        if (m->cpus[cpu].has_seen || !poll_has_come(rq_of(m->sched, cpu)))
            continue;
        m->cpus[cpu].has_seen = true;
        event_set(&m->events, source_of_cpu(cpu, CPU_POLLED), mono_add(m->now, MACHINE_POLL_NS));
    }
}

void idle_forget(struct machine *m)
{
    while (have_all_ended(m) && m->polling_count > 0)
        (void)stop_polling(m, m->polling[0]);
}
