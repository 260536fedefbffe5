/* SPDX-License-Identifier: MIT */
/* reader_event.c - the events of a phase. */
#include "workload/reading.h"

#include <string.h>

#define UNIQUE_PREFIX "unique" /* a timer whose name begins so is one for each thread */
#define DIGITS "0123456789"
#define MEM_BYTES_MAX (INT64_C(1) << 30)

/* An event's name in the file, and how its value is read. */
struct shape {
    const char *name;
    enum workload_event_kind kind;
    bool (*read)(struct reading *r, const struct member *m, struct workload_event *event);
};

static bool read_duration(struct reading *r, const struct member *m, struct workload_event *event)
{
    return member_us(r, m, &event->ns);
}

/* Bytes, each of which takes 1 ns. */
static bool read_bytes(struct reading *r, const struct member *m, struct workload_event *event)
{
    int64_t bytes;

    if (!member_integer(r, m, 0, MEM_BYTES_MAX, &bytes))
        return false;
    event->ns = (uint64_t)bytes;
    return true;
}

/* rt-app wants a string and ignores it; as with suspend it may be left out. */
static bool read_yield(struct reading *r, const struct member *m, struct workload_event *event)
{
    (void)event;
    if (m->value == NULL || json_object_is_type(m->value, json_type_string))
        return true;
    return member_expected(r, m, "a string, which means nothing, or no value");
}

/* The task's number follows when all tasks are read. */
static bool read_fork(struct reading *r, const struct member *m, struct workload_event *event)
{
    const char *name;

    (void)event;
    if (!member_name(r, m, &name))
        return false;
    forks_add(r, m);
    return true;
}

static enum workload_object_kind object_kind_of(uint32_t event_kind)
{
    switch (event_kind) {
    case WORKLOAD_LOCK:
    case WORKLOAD_UNLOCK:
        return WORKLOAD_MUTEX;
    case WORKLOAD_SIGNAL:
    case WORKLOAD_BROAD:
        return WORKLOAD_CONDITION;
    case WORKLOAD_SEM_WAIT:
    case WORKLOAD_SEM_POST:
        return WORKLOAD_SEMAPHORE;
    case WORKLOAD_BARRIER:
        return WORKLOAD_BARRIER_POINT;
    default:
        return WORKLOAD_SUSPEND_POINT;
    }
}

static bool read_named(struct reading *r, const struct member *m, struct workload_event *event)
{
    const char *name;

    if (!member_name(r, m, &name))
        return false;
    event->object =
        builder_object(&r->builder, object_kind_of(event->kind), name, m->value_offset);
    return true;
}

static bool read_barrier(struct reading *r, const struct member *m, struct workload_event *event)
{
    if (!read_named(r, m, event))
        return false;
    if (builder_barrier(&r->builder, event->object, r->instance_count))
        return true;
    return member_refuse(r, m, "\"%s\": this task meets here twice, so nobody could ever leave; "
                         "expected a name of its own for each meeting", m->name);
}

/* ---- wait {ref, mutex}, sync {ref, mutex} ---------------------------------------------------- */

static bool read_wait(struct reading *r, const struct member *m, struct workload_event *event)
{
    struct members members;
    struct member part;
    uint32_t seen = 0;
    const char *name;

    if (!member_object(r, m, &members))
        return false;
    while (members_next(&members, &part)) {
        bool is_ref = strcmp(part.name, "ref") == 0;

        if (!is_ref && strcmp(part.name, "mutex") != 0) {
            reader_refuse_key(r, &part, "ref and mutex");
            return false;
        }
        if (!member_is_first(r, &part, &seen, is_ref ? 0 : 1) || !member_name(r, &part, &name))
            return false;
        if (is_ref)
            event->object =
                builder_object(&r->builder, WORKLOAD_CONDITION, name, part.value_offset);
        else
            event->object2 = builder_object(&r->builder, WORKLOAD_MUTEX, name, part.value_offset);
    }
    if (seen != 3)
        return member_refuse(r, m, "\"%s\": expected both ref and mutex", m->name);
    return true;
}

/* ---- timer {ref, period, mode} --------------------------------------------------------------- */

enum timer_part { TIMER_REF, TIMER_PERIOD, TIMER_MODE };

struct timer_draft {
    const char *ref;
    uint64_t period_ns;
    bool is_absolute;
};

static bool read_timer_part(struct reading *r, const struct member *part, enum timer_part which,
                            struct timer_draft *draft)
{
    static const char *const modes[] = {"relative", "absolute", NULL};
    size_t mode;

    switch (which) {
    case TIMER_REF:
        return member_name(r, part, &draft->ref);
    case TIMER_PERIOD:
        return member_us(r, part, &draft->period_ns);
    default:
        if (!member_word(r, part, modes, &mode))
            return false;
        draft->is_absolute = mode == 1;
        return true;
    }
}

static bool read_timer_parts(struct reading *r, const struct member *m, struct timer_draft *draft)
{
    static const char *const parts[] = {"ref", "period", "mode"};
    struct members members;
    struct member part;
    uint32_t seen = 0;

    if (!member_object(r, m, &members))
        return false;
    while (members_next(&members, &part)) {
        unsigned which = 0;

        while (which < ARRAY_COUNT(parts) && strcmp(part.name, parts[which]) != 0)
            which++;
        if (which == ARRAY_COUNT(parts)) {
            reader_refuse_key(r, &part, "ref, period and mode");
            return false;
        }
        if (!member_is_first(r, &part, &seen, which) ||
            !read_timer_part(r, &part, (enum timer_part)which, draft))
            return false;
    }
    if ((seen & 1u << TIMER_REF) == 0 || (seen & 1u << TIMER_PERIOD) == 0)
        return member_refuse(r, m, "\"%s\": expected both ref and period", m->name);
    return true;
}

static bool read_timer(struct reading *r, const struct member *m, struct workload_event *event)
{
    struct timer_draft draft = {0};

    if (!read_timer_parts(r, m, &draft))
        return false;

    bool is_unique = strncmp(draft.ref, UNIQUE_PREFIX, strlen(UNIQUE_PREFIX)) == 0;

    event->ns = draft.period_ns;
    event->object =
        builder_object(&r->builder, is_unique ? WORKLOAD_TIMER_UNIQUE : WORKLOAD_TIMER_SHARED,
                       draft.ref, m->value_offset);
    if (draft.is_absolute)
        builder_timer_absolute(&r->builder, event->object);
    return true;
}

/* ---- All events ------------------------------------------------------------------------------ */

static const struct shape shapes[] = {
    {"run", WORKLOAD_RUN, read_duration},     {"runtime", WORKLOAD_RUNTIME, read_duration},
    {"mem", WORKLOAD_MEM, read_bytes},        {"memrun", WORKLOAD_MEMRUN, read_duration},
    {"yield", WORKLOAD_YIELD, read_yield},
    {"sleep", WORKLOAD_SLEEP, read_duration}, {"timer", WORKLOAD_TIMER, read_timer},
    {"lock", WORKLOAD_LOCK, read_named},      {"unlock", WORKLOAD_UNLOCK, read_named},
    {"wait", WORKLOAD_WAIT, read_wait},       {"signal", WORKLOAD_SIGNAL, read_named},
    {"broad", WORKLOAD_BROAD, read_named},    {"sync", WORKLOAD_SYNC, read_wait},
    {"barrier", WORKLOAD_BARRIER, read_barrier}, {"sem_wait", WORKLOAD_SEM_WAIT, read_named},
    {"sem_post", WORKLOAD_SEM_POST, read_named}, {"fork", WORKLOAD_FORK, read_fork},
    {"suspend", WORKLOAD_SUSPEND, read_named}, {"resume", WORKLOAD_RESUME, read_named},
    {"capos-call", WORKLOAD_CALL, endpoints_read_call},
    {"capos-serve", WORKLOAD_SERVE, endpoints_read_serve},
};

/* The shape of the event with this name; digits behind it only tell equal keys apart. */
static const struct shape *shape_of(const char *key)
{
    size_t bytes = strcspn(key, DIGITS);

    if (key[bytes + strspn(key + bytes, DIGITS)] != '\0')
        return NULL;
    for (size_t i = 0; i < ARRAY_COUNT(shapes); i++)
        if (strlen(shapes[i].name) == bytes && memcmp(shapes[i].name, key, bytes) == 0)
            return &shapes[i];
    return NULL;
}

bool reader_is_event(const char *key)
{
    return shape_of(key) != NULL;
}

/* "suspend" without a value, or with an empty one, means the task's own name. */
static bool suspends_itself(const struct member *m)
{
    return m->value == NULL || (json_object_is_type(m->value, json_type_string) &&
                                json_object_get_string_len(m->value) == 0);
}

void reader_event(struct reading *r, const struct member *m, const char *task)
{
    const struct shape *shape = shape_of(m->name);
    struct workload_event event = {
        .kind = shape->kind,
        .object = WORKLOAD_INDEX_NONE,
        .object2 = WORKLOAD_INDEX_NONE,
        .line = reading_line(r, m->key_offset),
    };

    if (shape->kind == WORKLOAD_SUSPEND && suspends_itself(m))
        event.object =
            builder_object(&r->builder, WORKLOAD_SUSPEND_POINT, task, m->value_offset);
    else if (!shape->read(r, m, &event))
        return;
    builder_event(&r->builder, &event);
    reading_check_limit(r, m);
}
