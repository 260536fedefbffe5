/* SPDX-License-Identifier: MIT */
#include "workload/groups.h"

#include <string.h>

#include "workload/reading.h"

struct group {
    uint32_t task;
    size_t offset; /* of the key in the file */
};

/* What two tasks of different processes have in common. */
struct shared {
    uint32_t task;
    uint32_t other;
    uint32_t object; /* or WORKLOAD_INDEX_NONE: `task` forks `other` */
};

void groups_init(struct groups *groups)
{
    *groups = (struct groups){rows_of(sizeof(struct group))};
}

void groups_fini(struct groups *groups)
{
    rows_fini(&groups->rows);
}

static struct group *group_at(const struct reading *r, size_t i)
{
    return rows_at(&r->groups.rows, i);
}

static struct builder_object *object_at(const struct reading *r, size_t i)
{
    return rows_at(&r->builder.objects, i);
}

static const char *text_at(const struct reading *r, uint32_t name)
{
    return rows_at(&r->builder.strings, name);
}

/* ---- Who is in which group ------------------------------------------------------------------- */

bool groups_is_path(struct reading *r, const struct member *m)
{
    const char *path;

    if (json_object_is_type(m->value, json_type_string) &&
        json_object_get_string_len(m->value) == 0)
        return false;
    return member_name(r, m, &path) && strcmp(path, "/") != 0;
}

/* The task that was in this group first, or NULL. */
static const struct workload_task *find(const struct reading *r, const char *path)
{
    for (size_t i = 0; i < r->groups.rows.count; i++) {
        const struct workload_task *task = reading_task(r, group_at(r, i)->task);

        if (strcmp(text_at(r, task->process_name), path) == 0)
            return task;
    }
    return NULL;
}

void groups_add(struct reading *r, const struct member *m)
{
    struct builder *b = &r->builder;
    const char *path = json_object_get_string(m->value);

    if (builder_has_failed(b))
        return;

    const struct workload_task *first = find(r, path);
    uint32_t name = first != NULL ? first->process_name : builder_name(b, path);

    if (first == NULL && b->process_count == WORKLOAD_PROCESSES_MAX && !builder_has_failed(b))
        b->full = "task groups";
    if (builder_has_failed(b))
        return;

    struct group *group = rows_push(&r->groups.rows, 1);
    uint32_t task = (uint32_t)b->tasks.count - 1;

    if (group == NULL) {
        b->no_memory = true;
        return;
    }
    *group = (struct group){task, m->key_offset};
    reading_task(r, task)->process = first != NULL ? first->process : ++b->process_count;
    reading_task(r, task)->process_name = name;
}

/* ---- What they share ------------------------------------------------------------------------- */

/* The object is used by this task.  True if one of another process did so before. */
static bool is_used_across(struct reading *r, uint32_t task, uint32_t number,
                           struct shared *shared)
{
    if (number == WORKLOAD_INDEX_NONE)
        return false;

    struct builder_object *object = object_at(r, number);
    uint32_t process = reading_task(r, task)->process;

    if (object->first_task == 0) {
        object->first_task = task + 1;
        object->record.process = process;
    }
    *shared = (struct shared){task, object->first_task - 1, number};
    return object->record.process != process;
}

static bool event_crosses(struct reading *r, uint32_t task, const struct workload_event *event,
                          struct shared *shared)
{
    if (event->kind == WORKLOAD_FORK) {
        *shared = (struct shared){task, event->object, WORKLOAD_INDEX_NONE};
        return reading_task(r, task)->process != reading_task(r, event->object)->process;
    }
    return is_used_across(r, task, event->object, shared) ||
           is_used_across(r, task, event->object2, shared);
}

static bool task_crosses(struct reading *r, uint32_t number, struct shared *shared)
{
    const struct workload_task *task = reading_task(r, number);
    const struct workload_phase *phases = rows_at(&r->builder.phases, task->first_phase);

    for (uint32_t i = 0; i < task->phase_count; i++)
        for (uint32_t j = 0; j < phases[i].event_count; j++)
            if (event_crosses(r, number,
                              rows_at(&r->builder.events, phases[i].first_event + j), shared))
                return true;
    return false;
}

/* Where a task says its group, if it does: the last of two that cross, else the other. */
static size_t offset_of(const struct reading *r, const struct shared *shared)
{
    size_t offset = 0;

    for (size_t i = 0; i < r->groups.rows.count; i++) {
        const struct group *group = group_at(r, i);

        if (group->task == shared->task)
            return group->offset;
        if (group->task == shared->other)
            offset = group->offset;
    }
    return offset;
}

static void note(struct reading *r, const struct shared *shared)
{
    static const char *const kinds[WORKLOAD_OBJECT_KIND_COUNT] = {
        [WORKLOAD_MUTEX] = "mutex",
        [WORKLOAD_CONDITION] = "condition",
        [WORKLOAD_SUSPEND_POINT] = "suspend point",
        [WORKLOAD_BARRIER_POINT] = "barrier",
        [WORKLOAD_SEMAPHORE] = "semaphore",
        [WORKLOAD_TIMER_SHARED] = "timer",
        [WORKLOAD_TIMER_UNIQUE] = "timer", /* never: it is its task's own */
        [WORKLOAD_ENDPOINT] = "endpoint",
    };
    const char *task = text_at(r, reading_task(r, shared->task)->name);
    const char *other = text_at(r, reading_task(r, shared->other)->name);
    struct text_position place = reading_place(r, offset_of(r, shared));

    if (shared->object == WORKLOAD_INDEX_NONE) {
        workload_diagnose(r->d, WORKLOAD_NOTE, place,
                          "\"taskgroup\" has no effect: \"%.*s\" forks \"%.*s\", which is outside "
                          "its group",
                          MEMBER_SHOWN_BYTES, task, MEMBER_SHOWN_BYTES, other);
        return;
    }

    const struct workload_object *object = &object_at(r, shared->object)->record;

    workload_diagnose(r->d, WORKLOAD_NOTE, place,
                      "\"taskgroup\" has no effect: \"%.*s\" and \"%.*s\", which are not in one "
                      "group, share the %s \"%.*s\"",
                      MEMBER_SHOWN_BYTES, other, MEMBER_SHOWN_BYTES, task, kinds[object->kind],
                      MEMBER_SHOWN_BYTES, text_at(r, object->name));
}

/* All tasks in one process after all. */
static void dissolve(struct reading *r)
{
    for (size_t i = 0; i < r->groups.rows.count; i++) {
        struct workload_task *task = reading_task(r, group_at(r, i)->task);

        task->process = 0;
        task->process_name = WORKLOAD_INDEX_NONE;
    }
    for (size_t i = 0; i < r->builder.objects.count; i++)
        object_at(r, i)->record.process = 0;
    r->builder.process_count = 0;
}

void groups_settle(struct reading *r)
{
    struct builder *b = &r->builder;
    struct shared shared;

    if (b->process_count == 0 || builder_has_failed(b))
        return;
    builder_settle_suspends(b);
    for (uint32_t i = 0; i < b->tasks.count && !builder_has_failed(b); i++) {
        if (task_crosses(r, i, &shared)) {
            note(r, &shared);
            dissolve(r);
            return;
        }
    }
}
