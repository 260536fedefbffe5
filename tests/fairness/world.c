/* SPDX-License-Identifier: MIT */
#include "tests/fairness/world.h"

#include <stdlib.h>
#include <string.h>

#define ALL_CPUS UINT64_MAX
#define CHECK_EVERY 50021u
#define CHECK_STEPS_MAX 1000000u

static void *zeroed(size_t count, size_t bytes)
{
    void *memory = calloc(count != 0 ? count : 1, bytes);

    ASSERT(memory != NULL);
    return memory;
}

/* ---- CPU sets -------------------------------------------------------------------------------- */

static bool is_wide(const struct world *w)
{
    return w->words > 1;
}

/* The words of `mask` on this machine. */
static void expand(const struct world *w, uint64_t mask, uint64_t *row)
{
    cpumask_fill(row, w->words, w->row->cpu_count);
    if (!is_wide(w))
        row[0] &= mask & w->online;
}

static uint32_t find_mask(const struct world *w, uint64_t mask)
{
    struct cpumask row;

    expand(w, mask, row.words);
    for (uint32_t i = 0; i < w->mask_count; i++)
        if (memcmp(w->masks + (size_t)i * w->words, row.words, w->words * sizeof *w->masks) == 0)
            return i;
    return MACHINE_THREAD_NONE;
}

uint32_t world_mask(const struct world *w, uint64_t mask)
{
    uint32_t class = find_mask(w, mask);

    ASSERT(class != MACHINE_THREAD_NONE);
    return class;
}

static void note_mask(struct world *w, uint64_t mask)
{
    if (find_mask(w, mask) != MACHINE_THREAD_NONE)
        return;
    ASSERT(w->mask_count < WORLD_CLASSES_MAX);
    expand(w, mask, w->masks + (size_t)w->mask_count++ * w->words);
}

/* All sets that a thread may ever have, with the CPUs that are there now. */
static void note_masks(struct world *w)
{
    for (uint32_t i = 0; i < w->thread_count; i++) {
        note_mask(w, w->threads[i].own_mask);
        for (uint32_t k = 0; k < ROW_STEPS_MAX; k++)
            if (w->threads[i].group->steps[k].kind == STEP_MASK)
                note_mask(w, w->threads[i].group->steps[k].value);
    }
    for (uint32_t i = 0; i < ROW_EVENTS_MAX; i++)
        if (w->row->events[i].kind == EVENT_MASK)
            note_mask(w, w->row->events[i].value);
}

static void note_masks_without(struct world *w, uint64_t offline)
{
    uint64_t everywhere = w->online;

    w->online &= ~offline;
    note_masks(w);
    w->online = everywhere;
}

static void collect_masks(struct world *w)
{
    uint64_t everywhere = w->online;

    w->masks = zeroed((size_t)WORLD_CLASSES_MAX * w->words, sizeof *w->masks);
    note_masks(w);
    for (uint32_t i = 0; i < ROW_EVENTS_MAX; i++) {
        uint64_t value = w->row->events[i].value;

        if (w->row->events[i].kind == EVENT_OFFLINE)
            note_masks_without(w, value);
        if (w->row->events[i].kind == EVENT_ROTATE)
            for (uint32_t cpu = 0; cpu < w->row->cpu_count; cpu++)
                note_mask(w, CPU(cpu));
        if (w->row->events[i].kind == EVENT_JITTER) /* every subset of the CPUs may be away */
            for (uint64_t away = value; away != 0; away = (away - 1) & value)
                note_masks_without(w, away);
    }
    ASSERT(w->online == everywhere);
}

/* ---- Threads --------------------------------------------------------------------------------- */

static bool sleeps(const struct row_group *group)
{
    for (uint32_t i = 0; i < ROW_STEPS_MAX; i++) {
        enum row_step_kind kind = group->steps[i].kind;

        if (kind == STEP_SLEEP || kind == STEP_SLEEP_RANDOM || kind == STEP_PERIOD ||
            kind == STEP_CALL)
            return true;
    }
    return false;
}

static uint64_t draw_mask(struct world *w, const struct row_group *group)
{
    uint64_t mask = 0;
    uint64_t turns = 1 + prng_below(&w->prng, group->mask_cpus_max);

    for (uint64_t i = 0; i < turns; i++)
        mask |= CPU(prng_below(&w->prng, w->row->cpu_count));
    return mask;
}

static void make_thread(struct world *w, uint32_t group_index, uint32_t copy)
{
    const struct row_group *group = &w->row->groups[group_index];
    struct world_thread *t = &w->threads[w->thread_count];

    *t = (struct world_thread){.group = group, .group_index = group_index};
    t->own_mask = group->mask != 0 ? group->mask << (copy * group->shift) : ALL_CPUS;
    if (group->mask_cpus_max != 0)
        t->own_mask = draw_mask(w, group);
    t->weight = group->weight != 0 ? group->weight : WEIGHT_UNIT;
    if (group->weight_max != 0)
        t->weight *= 1 + (uint32_t)prng_below(&w->prng, group->weight_max);
    t->partner = MACHINE_THREAD_NONE;
    if ((group->flags & GROUP_CALLS) != 0)
        t->partner = w->thread_count + group->count;
    if ((group->flags & GROUP_PARTNER) != 0)
        t->partner = w->thread_count - w->row->groups[group_index - 1].count;
    t->always_runs = !sleeps(group) || (group->flags & GROUP_ATTACKS) != 0;
    t->prng = prng_seed(prng_next(&w->prng));
    w->thread_count++;
}

static uint32_t copies_of(const struct row_group *group)
{
    return group->copies != 0 ? group->copies : 1;
}

static void make_threads(struct world *w)
{
    uint32_t count = 0;

    for (uint32_t g = 0; g < ROW_GROUPS_MAX; g++)
        count += w->row->groups[g].count * copies_of(&w->row->groups[g]);
    w->threads = zeroed(count, sizeof *w->threads);
    for (uint32_t g = 0; g < ROW_GROUPS_MAX; g++) {
        const struct row_group *group = &w->row->groups[g];

        for (uint32_t copy = 0; copy < copies_of(group); copy++)
            for (uint32_t i = 0; i < group->count; i++)
                make_thread(w, g, copy);
    }
}

/* The `turn`-th CPU of a set, counted round and round. */
static uint32_t cpu_of_turn(const struct world *w, uint32_t class, uint32_t turn)
{
    const uint64_t *row = w->masks + (size_t) class * w->words;

    return cpumask_nth(row, w->words, turn % cpumask_count(row, w->words));
}

static enum latency_class latency_of(const struct row_group *group)
{
    if (group->is_batch)
        return LATENCY_BATCH;
    return group->is_interactive ? LATENCY_INTERACTIVE : LATENCY_NORMAL;
}

static void start_thread(struct world *w, uint32_t thread, uint32_t turn)
{
    struct world_thread *t = &w->threads[thread];
    struct thread_params params = {.weight = t->weight, .latency_class = latency_of(t->group)};
    uint32_t class = world_mask(w, t->own_mask);
    uint32_t cpu = cpu_of_turn(w, class, turn);
    uint64_t at_ns = WORLD_START_NS;

    if ((t->group->flags & GROUP_LATE) != 0) {
        machine_thread_make(&w->machine, thread, class, &params);
        return;
    }
    machine_thread_start(&w->machine, thread, cpu, class, &params);
    if ((t->group->flags & GROUP_PARTNER) != 0) {
        fluid_join(&w->fluid, thread, world_fluid_class(w, thread), false);
        t->has_begun = true;
        return;
    }
    if ((t->group->flags & GROUP_SPREAD) != 0)
        at_ns += t->group->steps[1].value * turn / t->group->count;
    machine_sleep_until(&w->machine, cpu, thread, (struct mono){at_ns});
    world_begin(w, thread, (struct mono){at_ns});
}

/* Threads that always run are in the reference from the start of all; nobody waits before it. */
static void start_threads(struct world *w)
{
    uint32_t turn = 0;

    for (uint32_t thread = 0; thread < w->thread_count; thread++) {
        if (thread > 0 && w->threads[thread].group != w->threads[thread - 1].group)
            turn = 0;
        start_thread(w, thread, turn++);
    }
}

uint32_t world_fluid_class(struct world *w, uint32_t thread)
{
    const struct world_thread *t = &w->threads[thread];
    const uint64_t *mask = w->masks + (size_t)world_mask(w, t->own_mask) * w->words;

    return fluid_class(&w->fluid, mask, t->weight);
}

void world_apply_mask(struct world *w, uint32_t cpu, uint32_t thread)
{
    struct world_thread *t = &w->threads[thread];

    if (t->has_begun && (t->group->flags & GROUP_ATTACKS) == 0)
        fluid_move(&w->fluid, thread, world_fluid_class(w, thread));
    machine_set_mask(&w->machine, cpu, thread, world_mask(w, t->own_mask));
}

void world_start_next(struct world *w, uint32_t group_index, uint32_t cpu)
{
    uint32_t *next = &w->next_late[group_index];

    while (*next < w->thread_count && /* bound: threads; each is passed once */
           (w->threads[*next].group_index != group_index || w->threads[*next].has_begun))
        (*next)++;
    if (*next == w->thread_count)
        return; /* the row has no more */
    world_begin(w, *next, w->machine.now);
    machine_fork(&w->machine, cpu, *next);
}

/* ---- The whole ------------------------------------------------------------------------------- */

static void make_capacity(struct world *w)
{
    bool has_steal = w->row->has_steal_ramp || w->row->steals[0].period_ns != 0;

    if (!has_steal)
        return;
    w->capacity = zeroed(w->row->cpu_count, sizeof *w->capacity);
    for (uint32_t cpu = 0; cpu < w->row->cpu_count; cpu++)
        w->capacity[cpu] = 1000 - agenda_stolen_permille(w->row, cpu);
}

/* The core's laws now and then; not where one look takes a second. */
static uint32_t check_every(const struct world *w)
{
    uint64_t look = (uint64_t)w->thread_count + w->row->cpu_count;

    return look < CHECK_STEPS_MAX ? CHECK_EVERY : 0;
}

void world_init(struct world *w, const struct row *row, uint64_t duration_ns, uint64_t seed)
{
    *w = (struct world){.row = row, .words = cpumask_words_for(row->cpu_count)};
    w->prng = prng_seed(row->drawn_from != 0 ? row->drawn_from : seed);
    w->online = world_cpus(row);
    w->warm_ns = row->warm_ns != 0 ? row->warm_ns : MS(2000);
    w->end_ns = w->warm_ns + MS(60000);
    if (row->duration_ns != 0)
        w->end_ns = w->warm_ns + row->duration_ns;
    if (duration_ns != 0)
        w->end_ns = w->warm_ns + duration_ns;
    make_threads(w);
    collect_masks(w);
    make_capacity(w);
    struct machine_config config = {.cpu_count = row->cpu_count,
                                    .thread_count = w->thread_count,
                                    .seed = seed,
                                    .check_every = check_every(w),
                                    .rows = w->masks,
                                    .row_count = w->mask_count,
                                    .program = {program_go_on, w}};
    struct ideal_machine ideal = {row->cpu_count, w->capacity != NULL ? 1000 : 1, w->capacity};
    bool is_ready = machine_init(&w->machine, &config) &&
                    fluid_init(&w->fluid, &ideal, w->thread_count);

    ASSERT(is_ready);
    meter_init(w);
    agenda_init(w);
    start_threads(w);
}

void world_fini(struct world *w)
{
    machine_fini(&w->machine);
    fluid_fini(&w->fluid);
    meter_fini(w);
    event_queue_fini(&w->agenda);
    free(w->threads);
    free(w->masks);
    free(w->capacity);
    *w = (struct world){0};
}

void world_run(struct world *w)
{
    struct mono end = {w->end_ns};

    for (;;) { /* bound: the agenda's instants before the end */
        struct mono next = mono_earlier(event_next_at(&w->agenda), end);
        enum machine_stop stop = machine_run(&w->machine, next, UINT64_MAX);

        ASSERT(stop == MACHINE_AT_END);
        fluid_advance(&w->fluid, next);
        if (next.ns == end.ns)
            break;
        agenda_act(w, event_take(&w->agenda));
    }
    meter_end(w);
    fluid_check(&w->fluid);
}
