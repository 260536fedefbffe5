/* SPDX-License-Identifier: MIT */
#include "workload/forks.h"

#include <stdlib.h>
#include <string.h>

#include "workload/reading.h"

/* So many rounds a chain of forks may take to settle; what still grows then is endless. */
#define ROUNDS_MAX 64u

struct fork {
    uint32_t event;
    uint32_t phase;
    uint32_t task;   /* that forks */
    uint32_t target; /* that is forked; known when all tasks are */
    uint32_t name;   /* in the builder's strings */
    size_t offset;   /* of the name in the file */
};

struct empty_task {
    uint32_t task;
    size_t offset;
};

void forks_init(struct forks *forks)
{
    *forks = (struct forks){rows_of(sizeof(struct fork)), rows_of(sizeof(struct empty_task))};
}

void forks_fini(struct forks *forks)
{
    rows_fini(&forks->rows);
    rows_fini(&forks->empty);
}

static void *push(struct reading *r, struct rows *rows)
{
    void *row = rows_push(rows, 1);

    if (row == NULL)
        r->builder.no_memory = true;
    return row;
}

void forks_add(struct reading *r, const struct member *m)
{
    struct builder *b = &r->builder;
    uint32_t name = builder_name(b, json_object_get_string(m->value));

    if (r->forks.rows.count == WORKLOAD_FORK_EVENTS_MAX && !builder_has_failed(b))
        b->full = "forks";
    if (builder_has_failed(b))
        return;

    struct fork *fork = push(r, &r->forks.rows);

    if (fork != NULL)
        *fork = (struct fork){.event = (uint32_t)b->events.count,
                              .phase = (uint32_t)b->phases.count,
                              .task = (uint32_t)b->tasks.count,
                              .name = name,
                              .offset = m->value_offset};
}

void forks_note_empty(struct reading *r, const struct member *m)
{
    struct empty_task *empty = push(r, &r->forks.empty);

    if (empty != NULL)
        *empty = (struct empty_task){(uint32_t)r->builder.tasks.count, m->value_offset};
}

static struct fork *fork_at(const struct reading *r, size_t i)
{
    return rows_at(&r->forks.rows, i);
}

/* ---- Which task ------------------------------------------------------------------------------ */

static bool find_target(const struct reading *r, struct fork *fork)
{
    const struct builder *b = &r->builder;
    const char *name = rows_at(&b->strings, fork->name);

    for (uint32_t i = 0; i < b->tasks.count; i++) {
        if (strcmp(rows_at(&b->strings, reading_task(r, i)->name), name) == 0) {
            fork->target = i;
            return true;
        }
    }
    return false;
}

static bool has_barrier(const struct reading *r, const struct workload_task *task)
{
    const struct workload_phase *first = rows_at(&r->builder.phases, task->first_phase);
    const struct workload_phase *last =
        rows_at(&r->builder.phases, task->first_phase + task->phase_count - 1);

    for (uint32_t i = first->first_event; i < last->first_event + last->event_count; i++) {
        const struct workload_event *event = rows_at(&r->builder.events, i);

        if (event->kind == WORKLOAD_BARRIER)
            return true;
    }
    return false;
}

static bool resolve(struct reading *r)
{
    uint32_t errors = r->d->error_count;

    for (size_t i = 0; i < r->forks.rows.count; i++) {
        struct fork *fork = fork_at(r, i);
        const char *name = rows_at(&r->builder.strings, fork->name);
        struct workload_event *event = rows_at(&r->builder.events, fork->event);

        if (!find_target(r, fork))
            reading_refuse(r, fork->offset, "\"fork\": there is no task \"%.*s\"", name);
        else if (has_barrier(r, reading_task(r, fork->target)))
            reading_refuse(r, fork->offset,
                           "\"fork\": \"%.*s\" meets others at a barrier, whose users "
                           "could not be counted", name);
        event->object = fork->target;
    }
    return r->d->error_count == errors;
}

/* ---- How many -------------------------------------------------------------------------------- */

/* a * b, at most WORKLOAD_FORKS_MAX. */
static uint32_t capped(uint64_t a, uint64_t b)
{
    if (a != 0 && b > WORKLOAD_FORKS_MAX / a)
        return WORKLOAD_FORKS_MAX;
    return (uint32_t)(a * b);
}

/* How often the threads of the forking task do this fork, if it has `more` forked ones. */
static uint32_t forks_of(const struct reading *r, const struct fork *fork, uint32_t more)
{
    const struct workload_task *task = reading_task(r, fork->task);
    const struct workload_phase *phase = rows_at(&r->builder.phases, fork->phase);
    uint32_t turns = capped(phase->loop, task->loop); /* LOOP_FOREVER is more than any number */

    return capped(turns, (uint64_t)task->instance_count + more);
}

/* One round: what follows for `next` from the threads there are.  True if something grew. */
static bool count_round(const struct reading *r, uint32_t *counts, uint32_t *next, bool is_late)
{
    bool has_grown = false;

    for (size_t i = 0; i < r->forks.rows.count; i++)
        next[fork_at(r, i)->target] = 0;
    for (size_t i = 0; i < r->forks.rows.count; i++) {
        const struct fork *fork = fork_at(r, i);
        uint32_t sum = next[fork->target] + forks_of(r, fork, counts[fork->task]);

        next[fork->target] = sum < WORKLOAD_FORKS_MAX ? sum : WORKLOAD_FORKS_MAX;
    }
    for (size_t i = 0; i < r->forks.rows.count; i++) {
        uint32_t target = fork_at(r, i)->target;

        if (next[target] <= counts[target])
            continue;
        counts[target] = is_late ? WORKLOAD_FORKS_MAX : next[target];
        has_grown = true;
    }
    return has_grown;
}

/* Give each task the threads that can be forked of it, and number all threads anew. */
static void make_room(struct reading *r, const uint32_t *counts)
{
    struct builder *b = &r->builder;
    uint64_t threads = 0;

    for (size_t i = 0; i < b->tasks.count; i++) {
        struct workload_task *task = reading_task(r, i);

        task->first_thread = (uint32_t)threads;
        task->instance_count += counts[i];
        threads += task->instance_count;
        if (threads > WORKLOAD_THREADS_MAX && b->full == NULL)
            b->full = "threads";
    }
    b->thread_count = (uint32_t)threads;
}

static void refuse_empty(struct reading *r)
{
    for (size_t i = 0; i < r->forks.empty.count; i++) {
        const struct empty_task *empty = rows_at(&r->forks.empty, i);
        const struct workload_task *task = reading_task(r, empty->task);

        if (task->instance_count == 0)
            reading_refuse(r, empty->offset,
                           "\"instance\": \"%.*s\" has no thread, and none is ever forked; "
                           "expected at least 1", rows_at(&r->builder.strings, task->name));
    }
}

void forks_settle(struct reading *r)
{
    size_t count = r->builder.tasks.count;
    uint32_t *counts;

    if (builder_has_failed(&r->builder) || count == 0 || !resolve(r))
        return;
    counts = calloc(2 * count, sizeof *counts);
    if (counts == NULL) {
        r->builder.no_memory = true;
        return;
    }
    /* At most ROUNDS_MAX rounds, and one for each task that is then set to the limit. */
    for (uint32_t round = 0; count_round(r, counts, counts + count, round >= ROUNDS_MAX); round++)
        continue;
    make_room(r, counts);
    free(counts);
    refuse_empty(r);
}
