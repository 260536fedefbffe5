/* SPDX-License-Identifier: MIT */
#include "sim/lag.h"

#include "sim/script.h"

#include <stdlib.h>

/* ---- For which workloads --------------------------------------------------------------------- */

static bool always_runs(uint32_t kind)
{
    return kind == WORKLOAD_RUN || kind == WORKLOAD_RUNTIME || kind == WORKLOAD_MEM ||
           kind == WORKLOAD_MEMRUN || kind == WORKLOAD_YIELD;
}

static bool task_always_runs(const struct workload_image *image, const struct workload_task *task)
{
    for (uint32_t i = 0; i < task->phase_count; i++) {
        const struct workload_phase *phase = &image->phases[task->first_phase + i];

        if (phase->mask != WORKLOAD_INDEX_NONE && phase->mask != task->mask)
            return false;
        for (uint32_t k = 0; k < phase->event_count; k++)
            if (!always_runs(image->events[phase->first_event + k].kind))
                return false;
    }
    return task->start_count == task->instance_count;
}

static bool image_always_runs(const struct workload_image *image)
{
    for (uint32_t task = 0; task < image->header->task_count; task++)
        if (!task_always_runs(image, &image->tasks[task]))
            return false;
    return true;
}

/* ---- The reference's time -------------------------------------------------------------------- */

/* The machine's instant less kernel time; never back. */
static struct mono reference_time(const struct lag *l, struct mono now)
{
    uint64_t kernel_ns = l->machine->kernel_ns / l->machine->config.cpu_count;
    struct mono time = {now.ns > kernel_ns ? now.ns - kernel_ns : 0};

    return mono_before(time, l->fluid.now) ? l->fluid.now : time;
}

static void join(struct lag *l, uint32_t thread)
{
    const struct workload_task *task = &l->image->tasks[workload_image_task_of(l->image, thread)];
    size_t words = cpumask_words_for(l->machine->config.cpu_count);
    const uint64_t *mask = l->machine->config.rows + script_class_of(l->image, task->mask) * words;

    fluid_join(&l->fluid, thread, fluid_class(&l->fluid, mask, task->weight), true);
    l->threads[thread].has_joined = true;
}

static void advance(struct lag *l)
{
    struct mono now = l->machine->now;

    while (!mono_before(now, event_next_at(&l->starts))) { /* bound: the threads */
        fluid_advance(&l->fluid, reference_time(l, event_next_at(&l->starts)));
        join(l, event_take(&l->starts));
    }
    fluid_advance(&l->fluid, reference_time(l, now));
}

/* ---- Reading --------------------------------------------------------------------------------- */

uint64_t lag_ideal_ns(const struct lag *l, uint32_t thread)
{
    return fluid_served(&l->fluid, thread) >> FLUID_SHIFT;
}

static void read(struct lag *l, uint32_t thread)
{
    struct lag_thread *t = &l->threads[thread];
    uint64_t got_ns = machine_ledger(l->machine, thread).runtime_ns;
    int64_t lag_ns = (int64_t)lag_ideal_ns(l, thread) - (int64_t)got_ns;

    t->min_ns = lag_ns < t->min_ns ? lag_ns : t->min_ns;
    t->max_ns = lag_ns > t->max_ns ? lag_ns : t->max_ns;
}

void lag_has_cpu(struct lag *l, uint32_t cpu, uint32_t thread)
{
    uint32_t before = l->thread_on[cpu];

    if (before == thread)
        return;
    advance(l);
    if (before != MACHINE_THREAD_NONE && !l->threads[before].has_ended)
        read(l, before);
    read(l, thread);
    l->thread_on[cpu] = thread;
}

void lag_ends(struct lag *l, uint32_t thread)
{
    advance(l);
    read(l, thread);
    if (l->threads[thread].has_joined)
        fluid_leave(&l->fluid, thread);
    else /* it ends at its first instant, which its reference has not seen */
        event_set(&l->starts, thread, MONO_NEVER);
    l->threads[thread].has_ended = true;
}

void lag_end(struct lag *l)
{
    if (!l->is_known)
        return;
    advance(l);
    for (uint32_t thread = 0; thread < l->fluid.thread_count; thread++)
        if (l->threads[thread].has_joined && !l->threads[thread].has_ended)
            read(l, thread);
    fluid_check(&l->fluid);
}

/* ---- Life ------------------------------------------------------------------------------------ */

static bool allocate(struct lag *l)
{
    uint32_t thread_count = l->machine->config.thread_count;
    uint32_t cpu_count = l->machine->config.cpu_count;
    struct ideal_machine machine = {.cpu_count = cpu_count, .unit = 1};

    l->threads = calloc(thread_count, sizeof *l->threads);
    l->thread_on = malloc(cpu_count * sizeof *l->thread_on);
    if (l->threads == NULL || l->thread_on == NULL)
        return false;
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
        l->thread_on[cpu] = MACHINE_THREAD_NONE;
    return fluid_init(&l->fluid, &machine, thread_count) &&
           event_queue_init(&l->starts, 0, thread_count, 0);
}

bool lag_begin(struct lag *l, const struct workload_image *image, const struct machine *machine,
               struct mono start)
{
    *l = (struct lag){.machine = machine, .image = image};
    if (machine->config.thread_count > LAG_THREADS_MAX || !image_always_runs(image))
        return true;
    if (!allocate(l))
        return false;
    l->is_known = true;
    for (uint32_t thread = 0; thread < machine->config.thread_count; thread++) {
        uint64_t delay_ns = image->tasks[workload_image_task_of(image, thread)].delay_ns;

        event_set(&l->starts, thread,
                  mono_add(start, step_start_offset_ns(image, thread) + delay_ns));
    }
    return true;
}

void lag_fini(struct lag *l)
{
    fluid_fini(&l->fluid);
    event_queue_fini(&l->starts);
    free(l->threads);
    free(l->thread_on);
    *l = (struct lag){0};
}
