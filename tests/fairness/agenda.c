/* SPDX-License-Identifier: MIT */
/* agenda.c - what happens to a row's machine from outside, and when. */
#include "tests/fairness/world.h"

/* Sources of the agenda: a steal per CPU, the row's events, the meter's. */
#define SOURCE_EVENTS(w) ((w)->row->cpu_count)
#define SOURCE_WARM(w) (SOURCE_EVENTS(w) + ROW_EVENTS_MAX)
#define SOURCE_WINDOW(w) (SOURCE_WARM(w) + 1)
#define SOURCE_COUNT(w) (SOURCE_WARM(w) + 2)
#define RAMP_PERIOD_NS MS(10)

/* How `cpu` is taken away; period_ns 0: it is not. */
static struct row_steal steal_of(const struct row *row, uint32_t cpu)
{
    if (row->has_steal_ramp)
        return (struct row_steal){cpu, US(900) * (7 * cpu % 10), RAMP_PERIOD_NS};
    for (uint32_t i = 0; i < ROW_STEALS_MAX; i++)
        if (row->steals[i].period_ns != 0 && row->steals[i].cpu == cpu)
            return row->steals[i];
    return (struct row_steal){cpu, 0, 0};
}

uint32_t agenda_stolen_permille(const struct row *row, uint32_t cpu)
{
    struct row_steal steal = steal_of(row, cpu);

    return steal.period_ns == 0 ? 0 : (uint32_t)(steal.take_ns * 1000 / steal.period_ns);
}

void agenda_init(struct world *w)
{
    bool is_ready = event_queue_init(&w->agenda, 0, SOURCE_COUNT(w), 0);

    ASSERT(is_ready);
    for (uint32_t cpu = 0; cpu < w->row->cpu_count; cpu++) {
        struct row_steal steal = steal_of(w->row, cpu);

        if (steal.take_ns != 0)
            event_set(&w->agenda, cpu, (struct mono){WORLD_START_NS + cpu % 10 * NS_PER_MS});
    }
    for (uint32_t i = 0; i < ROW_EVENTS_MAX; i++)
        if (w->row->events[i].kind != EVENT_NONE)
            event_set(&w->agenda, SOURCE_EVENTS(w) + i, (struct mono){w->row->events[i].at_ns});
    event_set(&w->agenda, SOURCE_WARM(w), (struct mono){w->warm_ns});
    if (w->row->claim == CLAIM_WINDOW)
        event_set(&w->agenda, SOURCE_WINDOW(w), (struct mono){w->warm_ns + 1});
}

/* ---- Events ---------------------------------------------------------------------------------- */

/* A CPU from which something can be done at this instant. */
static uint32_t free_cpu(const struct world *w)
{
    uint32_t cpu = 0;

    while (!machine_is_free(&w->machine, cpu)) /* bound: no row steals from all CPUs at once */
        cpu++;
    ASSERT(cpu < w->row->cpu_count);
    return cpu;
}

/* What was asked of the core on `cpu` is decided on. */
static void settle(struct world *w, uint32_t cpu)
{
    machine_interrupt(&w->machine, cpu, 0);
}

static bool is_live(const struct world *w, uint32_t thread, uint32_t group)
{
    const struct world_thread *t = &w->threads[thread];

    return t->group_index == group && t->has_begun && !t->has_ended && !t->must_exit;
}

static void start_late(struct world *w, const struct row_event *event)
{
    for (uint32_t i = 0; i < event->count; i++)
        world_start_next(w, event->group, (uint32_t)event->value);
    settle(w, (uint32_t)event->value);
}

/* It ends as soon as it has a CPU. */
static void exit_some(struct world *w, const struct row_event *event)
{
    uint32_t left = event->count;

    for (uint32_t i = 0; i < w->thread_count && left > 0; i++)
        if (is_live(w, i, event->group)) {
            w->threads[i].must_exit = true;
            left--;
        }
}

static void change_mask(struct world *w, uint32_t thread)
{
    uint32_t cpu = free_cpu(w);

    world_apply_mask(w, cpu, thread);
    settle(w, cpu);
}

static void set_masks(struct world *w, const struct row_event *event)
{
    uint32_t left = event->count;

    for (uint32_t i = 0; i < w->thread_count && left > 0; i++) {
        if (!is_live(w, i, event->group))
            continue;
        w->threads[i].own_mask = event->value;
        change_mask(w, i);
        left--;
    }
}

static void set_online(struct world *w, uint64_t online)
{
    w->online = online;
    for (uint32_t i = 0; i < w->thread_count; i++) {
        if (!w->threads[i].has_begun || w->threads[i].has_ended)
            continue;
        change_mask(w, i);
    }
}

/* It happens again `period_ns` from now. */
static void repeat(struct world *w, const struct row_event *event, uint64_t period_ns)
{
    uint32_t source = SOURCE_EVENTS(w) + (uint32_t)(event - w->row->events);

    event_set(&w->agenda, source, mono_add(w->machine.now, period_ns));
}

/* One CPU of the set, drawn, leaves, or is back if it is away. */
static void jitter(struct world *w, const struct row_event *event)
{
    uint32_t nth = (uint32_t)prng_below(&w->prng, bits_count(event->value));

    set_online(w, w->online ^ CPU(bits_nth(event->value, nth)));
    repeat(w, event, MS(event->count));
}

/* The reference does not know: there every thread may run anywhere. */
static void rotate(struct world *w, const struct row_event *event)
{
    for (uint32_t i = 0; i < w->thread_count; i++) {
        uint32_t cpu = (i + w->turn) % w->thread_count % w->row->cpu_count;

        machine_set_mask(&w->machine, 0, i, world_mask(w, CPU(cpu)));
        settle(w, 0);
    }
    w->turn++;
    repeat(w, event, event->value);
}

static void churn(struct world *w, const struct row_event *event)
{
    uint32_t cpu = free_cpu(w);

    for (uint32_t i = 0; i < w->thread_count; i++) /* the oldest that is left */
        if (is_live(w, i, event->group) || is_live(w, i, event->group + 1)) {
            w->threads[i].must_exit = true;
            break;
        }
    world_start_next(w, event->group + 1, cpu);
    settle(w, cpu);
    repeat(w, event, event->value);
}

static void act(struct world *w, const struct row_event *event)
{
    switch (event->kind) {
    case EVENT_START:
        start_late(w, event);
        break;
    case EVENT_EXIT:
        exit_some(w, event);
        break;
    case EVENT_MASK:
        set_masks(w, event);
        break;
    case EVENT_OFFLINE:
        set_online(w, world_cpus(w->row) & ~event->value);
        break;
    case EVENT_ROTATE:
        rotate(w, event);
        break;
    case EVENT_JITTER:
        jitter(w, event);
        break;
    case EVENT_CHURN:
        churn(w, event);
        break;
    case EVENT_NONE:
        break;
    }
}

static void steal(struct world *w, uint32_t cpu)
{
    struct row_steal steal = steal_of(w->row, cpu);

    machine_interrupt(&w->machine, cpu, steal.take_ns);
    event_set(&w->agenda, cpu, mono_add(w->machine.now, steal.period_ns));
}

void agenda_act(struct world *w, uint32_t source)
{
    if (source < w->row->cpu_count) {
        steal(w, source);
    } else if (source < SOURCE_WARM(w)) {
        act(w, &w->row->events[source - SOURCE_EVENTS(w)]);
    } else if (source == SOURCE_WARM(w)) {
        meter_begin(w);
    } else if (source == SOURCE_WINDOW(w)) {
        meter_window(w);
        event_set(&w->agenda, source, mono_add(w->machine.now, WINDOW_STEP_NS));
    }
}
