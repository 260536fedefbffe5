/* SPDX-License-Identifier: MIT */
#include "workload/builder.h"

#include "base/assert.h"
#include "base/bits.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

void builder_init(struct builder *b, uint32_t objects_max)
{
    ASSERT(objects_max >= 1);
    ASSERT(objects_max <= WORKLOAD_OBJECTS_MAX);

    *b = (struct builder){
        .tasks = rows_of(sizeof(struct workload_task)),
        .phases = rows_of(sizeof(struct workload_phase)),
        .events = rows_of(sizeof(struct workload_event)),
        .masks = rows_of(sizeof(struct workload_mask)),
        .objects = rows_of(sizeof(struct builder_object)),
        .strings = rows_of(1),
        .bucket_count = 2u << (bits_highest(objects_max) + 1),
        .objects_max = objects_max,
    };
    b->buckets = calloc(b->bucket_count, sizeof *b->buckets);
    b->no_memory = b->buckets == NULL;
}

void builder_fini(struct builder *b)
{
    rows_fini(&b->tasks);
    rows_fini(&b->phases);
    rows_fini(&b->events);
    rows_fini(&b->masks);
    rows_fini(&b->objects);
    rows_fini(&b->strings);
    free(b->buckets);
    b->buckets = NULL;
}

/* Append `count` records; NULL, and the failure noted, at the limit or without memory. */
static void *push(struct builder *b, struct rows *t, size_t count, size_t limit, const char *what)
{
    if (builder_has_failed(b))
        return NULL;
    if (t->count + count > limit) {
        b->full = what;
        return NULL;
    }

    void *record = rows_push(t, count);

    b->no_memory = record == NULL;
    return record;
}

uint32_t builder_name(struct builder *b, const char *name)
{
    size_t bytes = strlen(name) + 1;
    size_t at = b->strings.count;
    char *copy = push(b, &b->strings, bytes, WORKLOAD_BYTES_MAX, "bytes of names");

    ASSERT(bytes <= WORKLOAD_NAME_BYTES_MAX);
    if (copy != NULL)
        memcpy(copy, name, bytes);
    return (uint32_t)at;
}

uint32_t builder_mask(struct builder *b, const struct workload_mask *mask)
{
    for (uint32_t i = 0; i < b->masks.count; i++) /* at most WORKLOAD_MASKS_MAX */
        if (memcmp(rows_at(&b->masks, i), mask, sizeof *mask) == 0)
            return i;

    size_t at = b->masks.count;
    struct workload_mask *copy =
        push(b, &b->masks, 1, WORKLOAD_MASKS_MAX, "different sets of CPUs");

    if (copy != NULL)
        *copy = *mask;
    return (uint32_t)at;
}

/* ---- Objects --------------------------------------------------------------------------------- */

/* What makes two mentions the same object. */
struct identity {
    const char *name;
    uint32_t kind;
    uint32_t task;
};

static struct builder_object *object_at(const struct builder *b, uint32_t object)
{
    return rows_at(&b->objects, object);
}

/* The bucket of the object with this identity, or the free one where it belongs. */
static uint32_t *find_bucket(const struct builder *b, const struct identity *id)
{
    uint64_t hash = hash_bytes(HASH_START, id->name, strlen(id->name));
    uint32_t at = (uint32_t)hash_u64(hash, (uint64_t)id->task << 32 | id->kind);

    for (;; at++) { /* ends: at least half of the buckets are free */
        uint32_t *bucket = &b->buckets[at & (b->bucket_count - 1)];

        if (*bucket == 0)
            return bucket;

        const struct builder_object *object = object_at(b, *bucket - 1);
        const char *name = rows_at(&b->strings, object->record.name);

        if (object->record.kind == id->kind && object->task == id->task &&
            strcmp(name, id->name) == 0)
            return bucket;
    }
}

/* The number of a new timer within its task or within the image. */
static uint32_t number_timer(struct builder *b, enum workload_object_kind kind)
{
    bool is_unique = kind == WORKLOAD_TIMER_UNIQUE;
    uint32_t *count = is_unique ? &b->unique_timers : &b->shared_timers;
    uint32_t limit = is_unique ? WORKLOAD_UNIQUE_TIMERS_MAX : WORKLOAD_SHARED_TIMERS_MAX;

    if (kind != WORKLOAD_TIMER_SHARED && !is_unique)
        return 0;
    if (*count == limit) {
        if (!builder_has_failed(b))
            b->full = is_unique ? "unique timers in one task" : "shared timers";
        return 0;
    }
    return (*count)++;
}

uint32_t builder_object(struct builder *b, enum workload_object_kind kind, const char *name,
                        uint64_t offset)
{
    if (builder_has_failed(b))
        return 0;

    bool is_unique = kind == WORKLOAD_TIMER_UNIQUE;
    struct identity id = {
        .name = name,
        .kind = kind,
        .task = is_unique ? (uint32_t)b->tasks.count : WORKLOAD_INDEX_NONE,
    };
    uint32_t *bucket = find_bucket(b, &id);

    if (*bucket != 0)
        return *bucket - 1;

    uint32_t timer = number_timer(b, kind);
    uint32_t place = builder_name(b, name);
    struct builder_object *object =
        push(b, &b->objects, 1, b->objects_max, "mutexes, conditions, timers and the like");

    if (object == NULL)
        return 0;
    *object = (struct builder_object){
        .record = {.name = place, .kind = kind, .timer_index = timer},
        .task = id.task,
        .first_offset = offset,
    };
    *bucket = (uint32_t)b->objects.count;
    return *bucket - 1;
}

const struct builder_object *builder_find(const struct builder *b, enum workload_object_kind kind,
                                          const char *name)
{
    struct identity id = {.name = name, .kind = kind, .task = WORKLOAD_INDEX_NONE};

    if (b->buckets == NULL)
        return NULL;

    uint32_t *bucket = find_bucket(b, &id);

    return *bucket == 0 ? NULL : object_at(b, *bucket - 1);
}

void builder_timer_absolute(struct builder *b, uint32_t object)
{
    if (!builder_has_failed(b))
        object_at(b, object)->is_absolute = true;
}

bool builder_barrier(struct builder *b, uint32_t barrier, uint32_t users)
{
    if (builder_has_failed(b))
        return true;

    struct builder_object *object = object_at(b, barrier);

    if (object->used_in == b->tasks.count + 1)
        return false;
    object->used_in = (uint32_t)b->tasks.count + 1;
    object->record.users += users;
    return true;
}

/* ---- Events, phases, tasks ------------------------------------------------------------------- */

void builder_event(struct builder *b, const struct workload_event *event)
{
    struct workload_event *copy = push(b, &b->events, 1, WORKLOAD_EVENTS_MAX, "events");

    if (copy == NULL)
        return;
    *copy = *event;
    if (event->kind == WORKLOAD_MEM || event->kind == WORKLOAD_MEMRUN)
        b->uses_buffer = true;
    if (event->kind == WORKLOAD_LOCK)
        object_at(b, event->object)->used_in = (uint32_t)b->tasks.count + 1;
}

void builder_phase(struct builder *b, const char *name, uint32_t loop, uint32_t mask)
{
    uint32_t place = builder_name(b, name);
    struct workload_phase *phase = push(b, &b->phases, 1, WORKLOAD_PHASES_MAX, "phases");

    if (phase == NULL)
        return;
    *phase = (struct workload_phase){
        .name = place,
        .loop = loop,
        .first_event = b->events_taken,
        .event_count = (uint32_t)b->events.count - b->events_taken,
        .mask = mask,
    };
    b->events_taken = (uint32_t)b->events.count;
}

/* Which WORKLOAD_TASK_* flags the events from `first` on ask for. */
static uint32_t flags_since(const struct builder *b, uint32_t first)
{
    uint32_t flags = 0;

    for (size_t i = first; i < b->events.count; i++) {
        const struct workload_event *event = rows_at(&b->events, i);

        if (event->kind != WORKLOAD_TIMER)
            continue;
        flags |= WORKLOAD_TASK_USES_TIMER;
        if (object_at(b, event->object)->record.kind == WORKLOAD_TIMER_SHARED)
            flags |= WORKLOAD_TASK_USES_SHARED_TIMER;
    }
    return flags;
}

/* A sync brings its own lock where its task, the one under construction, never locks the mutex. */
static void settle_syncs(struct builder *b, uint32_t first)
{
    for (size_t i = first; i < b->events.count; i++) {
        struct workload_event *event = rows_at(&b->events, i);

        if (event->kind == WORKLOAD_SYNC &&
            object_at(b, event->object2)->used_in != b->tasks.count + 1)
            event->kind = WORKLOAD_SYNC_ALONE;
    }
}

void builder_task(struct builder *b, const char *name, struct workload_task task)
{
    if (!builder_has_failed(b)) {
        const struct workload_phase *phase = rows_at(&b->phases, b->phases_taken);

        settle_syncs(b, phase->first_event);
    }
    task.name = builder_name(b, name);

    struct workload_task *copy = push(b, &b->tasks, 1, WORKLOAD_TASKS_MAX, "tasks");

    if (copy == NULL)
        return;

    const struct workload_phase *first = rows_at(&b->phases, b->phases_taken);

    *copy = task;
    copy->first_phase = b->phases_taken;
    copy->phase_count = (uint32_t)b->phases.count - b->phases_taken;
    copy->first_thread = b->thread_count;
    copy->start_count = task.instance_count;
    copy->process_name = WORKLOAD_INDEX_NONE;
    copy->flags = flags_since(b, first->first_event);
    b->phases_taken = (uint32_t)b->phases.count;
    b->thread_count += task.instance_count;
    b->unique_timers = 0;
}

void builder_drop_task(struct builder *b)
{
    if (b->phases.count > b->phases_taken) {
        const struct workload_phase *first = rows_at(&b->phases, b->phases_taken);

        b->events_taken = first->first_event;
    }
    b->phases.count = b->phases_taken;
    b->events.count = b->events_taken;
    b->unique_timers = 0;
}

/* ---- Layout ---------------------------------------------------------------------------------- */

/* Every use of an absolute timer becomes absolute. */
static void settle_timers(struct builder *b)
{
    for (size_t i = 0; i < b->events.count; i++) {
        struct workload_event *event = rows_at(&b->events, i);

        if (event->kind == WORKLOAD_TIMER && object_at(b, event->object)->is_absolute)
            event->kind = WORKLOAD_TIMER_ABSOLUTE;
    }
}

/*
 * rt-app suspends at a condition of that name, with a mutex of that name around it.  Where neither
 * is used otherwise a suspend point is the same and cheaper; where one is, they are connected.
 */
static void settle_suspend(struct builder *b, struct workload_event *event)
{
    uint64_t offset = object_at(b, event->object)->first_offset;
    char name[WORKLOAD_NAME_BYTES_MAX]; /* a copy: the strings may move */

    memcpy(name, rows_at(&b->strings, object_at(b, event->object)->record.name),
           strlen(rows_at(&b->strings, object_at(b, event->object)->record.name)) + 1);
    if (builder_find(b, WORKLOAD_MUTEX, name) == NULL &&
        builder_find(b, WORKLOAD_CONDITION, name) == NULL)
        return;
    event->object = builder_object(b, WORKLOAD_CONDITION, name, offset);
    event->object2 = builder_object(b, WORKLOAD_MUTEX, name, offset);
}

void builder_settle_suspends(struct builder *b)
{
    for (size_t i = 0; i < b->events.count && !builder_has_failed(b); i++) {
        struct workload_event *event = rows_at(&b->events, i);

        if (event->kind == WORKLOAD_SUSPEND || event->kind == WORKLOAD_RESUME)
            settle_suspend(b, event);
    }
}

struct layout {
    unsigned char *image; /* NULL while measuring */
    uint64_t at;
};

static uint32_t place(struct layout *l, const struct rows *t)
{
    uint64_t at = l->at;

    if (l->image != NULL && t->count != 0)
        memcpy(l->image + at, t->records, t->count * t->record_bytes);
    l->at += t->count * t->record_bytes;
    return (uint32_t)at;
}

/* The objects' image form, without what only the builder keeps. */
static uint32_t place_objects(struct layout *l, const struct builder *b)
{
    uint64_t at = l->at;

    for (uint32_t i = 0; i < b->objects.count; i++) {
        if (l->image != NULL)
            memcpy(l->image + l->at, &object_at(b, i)->record, sizeof(struct workload_object));
        l->at += sizeof(struct workload_object);
    }
    return (uint32_t)at;
}

/* Place all tables, in the order abi/workload.h gives, and note them in the header. */
static void place_tables(struct layout *l, const struct builder *b, struct workload_header *h)
{
    l->at = sizeof *h;
    h->task_count = (uint32_t)b->tasks.count;
    h->tasks_offset = place(l, &b->tasks);
    h->phase_count = (uint32_t)b->phases.count;
    h->phases_offset = place(l, &b->phases);
    h->event_count = (uint32_t)b->events.count;
    h->events_offset = place(l, &b->events);
    h->mask_count = (uint32_t)b->masks.count;
    h->masks_offset = place(l, &b->masks);
    h->object_count = (uint32_t)b->objects.count;
    h->objects_offset = place_objects(l, b);
    h->strings_bytes = (uint32_t)b->strings.count;
    h->strings_offset = place(l, &b->strings);
    h->bytes = l->at;
    h->thread_count = b->thread_count;
    h->process_count = b->process_count;
}

bool builder_finish(struct builder *b, const struct builder_global *global, void **bytes,
                    uint64_t *size)
{
    struct workload_header header = {
        .magic = WORKLOAD_MAGIC,
        .duration_ns = global->duration_ns,
        .flags = global->flags,
        .buffer_bytes = b->uses_buffer ? global->buffer_bytes : 0,
    };
    struct layout layout = {0};

    builder_settle_suspends(b);

    /* The strings come last, so padding them keeps the image's length a multiple of 8. */
    size_t padding = (size_t)bits_round_up(b->strings.count, 8) - b->strings.count;

    if (push(b, &b->strings, padding, WORKLOAD_BYTES_MAX, "bytes of names") == NULL)
        return false;
    settle_timers(b);
    place_tables(&layout, b, &header);
    if (header.bytes > WORKLOAD_BYTES_MAX) {
        b->full = "bytes in its image";
        return false;
    }
    layout.image = malloc(header.bytes);
    b->no_memory = layout.image == NULL;
    if (b->no_memory)
        return false;
    place_tables(&layout, b, &header);
    memcpy(layout.image, &header, sizeof header);
    header.checksum =
        hash_sealed(layout.image, header.bytes, offsetof(struct workload_header, checksum));
    memcpy(layout.image, &header, sizeof header);
    *bytes = layout.image;
    *size = header.bytes;
    return true;
}
