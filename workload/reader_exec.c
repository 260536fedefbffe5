/* SPDX-License-Identifier: MIT */
/*
 * reader_exec.c - tasks and phases in rt-app's format before 1.0, compiled to today's events.
 *
 *     "exec": 5000, "period": 24000, "lock_order": ["w", "m"],
 *     "resources": {"w": {"access": ["x"]}, "m": {"duration": 1000}}
 *
 * is, for a wait "w" and mutexes "m" and "x":
 *
 *     "lock": "x", "wait": {"ref": "w", "mutex": "x"}, "unlock": "x",
 *     "lock": "m", "run": 1000, "unlock": "m",
 *     "run": 4000, "timer": {"ref": "period", "period": 24000, "mode": "absolute"}
 *
 * with the timer each thread's own.  Meaning (that of rt-app's sources of 2014, which had no other
 * description): for each name in lock_order, lock what it has access to, in the order given, each
 * followed by what that one has access to in turn; then the resource itself; then use the CPU for
 * its duration, or sleep for it, if it is a sleep; then unlock all, backwards.  Durations are part
 * of exec: what is left of it comes behind all of them.  "sleep": false leaves the timer out.
 */
#include "workload/reading.h"

#include <string.h>

#define EXEC_TIMER "period" /* no timer of a file is unique by this name */
#define EXEC_HELD_MAX 64u

enum exec_key {
    EXEC,
    EXEC_PERIOD,
    EXEC_DEADLINE,
    EXEC_ORDER,
    EXEC_RESOURCES,
    EXEC_SLEEP,
    EXEC_COUNT
};

static const char *const key_names[EXEC_COUNT] = {"exec",       "period",    "deadline",
                                                  "lock_order", "resources", "sleep"};

/* A task or phase under way. */
struct exec {
    struct member keys[EXEC_COUNT];
    uint32_t seen; /* bit for each key */
    uint64_t exec_ns;
    uint64_t period_ns;
    uint64_t deadline_ns;
    uint64_t used_ns; /* of exec, by the resources so far */
    bool has_timer;
    uint32_t line; /* of the events */
};

/* What one name in lock_order holds: itself first, then mutexes in the order of their locks. */
struct held {
    uint32_t count;
    struct resource *of[EXEC_HELD_MAX];
    uint32_t parents[EXEC_HELD_MAX]; /* by whose access each came */
};

static bool has(const struct exec *e, enum exec_key key)
{
    return (e->seen >> key & 1) != 0;
}

static enum exec_key key_of(const char *name)
{
    unsigned key = 0;

    while (key < EXEC_COUNT && strcmp(key_names[key], name) != 0)
        key++;
    return (enum exec_key)key;
}

bool reader_is_exec_key(const char *key)
{
    return key_of(key) != EXEC_COUNT;
}

bool reader_is_exec(struct json_object *object)
{
    struct members members = members_of(object);
    struct member m;

    while (members_next(&members, &m))
        if (key_of(m.name) < EXEC_SLEEP) /* "sleep" is an event too */
            return true;
    return false;
}

/* ---- exec, period, deadline, sleep ----------------------------------------------------------- */

static bool find_keys(struct reading *r, const struct member *where, struct exec *e)
{
    struct members members = members_of(where->value);
    struct member m;
    struct member first = {0};

    while (members_next(&members, &m)) {
        enum exec_key key = key_of(m.name);

        if (key == EXEC_COUNT && reader_is_event(m.name))
            return member_refuse_key(r, &m,
                                     "\"%.*s\" stands beside keys of rt-app's format before "
                                     "1.0; expected a phase of its own",
                                     MEMBER_SHOWN_BYTES, m.name);
        if (key == EXEC_COUNT)
            continue;
        if (first.name_bytes == 0 && key != EXEC_SLEEP)
            first = m;
        if (!member_is_first(r, &m, &e->seen, key))
            return false;
        e->keys[key] = m;
    }
    if (!has(e, EXEC))
        return member_refuse_key(r, &first,
                                 "\"%s\" is of rt-app's format before 1.0; expected "
                                 "\"exec\" beside it",
                                 first.name);
    return true;
}

static bool read_times(struct reading *r, struct exec *e)
{
    const struct member *period = &e->keys[EXEC_PERIOD];
    const struct member *deadline = &e->keys[EXEC_DEADLINE];

    e->has_timer = true;
    if (!member_us(r, &e->keys[EXEC], &e->exec_ns) ||
        (has(e, EXEC_SLEEP) && !member_bool(r, &e->keys[EXEC_SLEEP], &e->has_timer)))
        return false;
    e->period_ns = e->exec_ns;
    if (has(e, EXEC_PERIOD) && !member_us(r, period, &e->period_ns))
        return false;
    if (e->period_ns == 0 || e->period_ns < e->exec_ns)
        return member_refuse(r, has(e, EXEC_PERIOD) ? period : &e->keys[EXEC],
                             "expected a period above 0 and not below \"exec\"");
    e->deadline_ns = e->period_ns;
    if (has(e, EXEC_DEADLINE) && !member_us(r, deadline, &e->deadline_ns))
        return false;
    if (e->deadline_ns < e->exec_ns || e->deadline_ns > e->period_ns)
        return member_refuse(r, deadline,
                             "expected a deadline not below \"exec\" and not above "
                             "the period");
    return true;
}

/* The image has no deadlines: a timer's slack and misses count to its period's end. */
static void note_times(struct reading *r, const struct exec *e)
{
    if (!e->has_timer && has(e, EXEC_PERIOD))
        member_note(r, &e->keys[EXEC_PERIOD], "\"period\" has no effect: \"sleep\" is false");
    if (!e->has_timer && has(e, EXEC_DEADLINE))
        member_note(r, &e->keys[EXEC_DEADLINE], "\"deadline\" has no effect: \"sleep\" is false");
    if (e->has_timer && e->deadline_ns != e->period_ns)
        member_note(r, &e->keys[EXEC_DEADLINE],
                    "\"deadline\" has no effect: slack and misses "
                    "count to the period's end");
}

/* ---- lock_order ------------------------------------------------------------------------------ */

static bool is_ancestor(const struct held *held, uint32_t of, uint32_t which)
{
    while (of != 0 && of != which) /* a parent comes before its children */
        of = held->parents[of];
    return of == which;
}

/* Take in element `i` of `access`, by which `parent` has access to it.  *index: where it is in
 * `held`, or 0 if it is there already, by another way. */
static bool hold(struct reading *r, struct held *held, const struct member *access, size_t i,
                 uint32_t *index)
{
    uint32_t parent = *index;
    struct resource *found = resources_named(r, access, i);
    uint32_t at = 0;
    const char *wrong = NULL;

    *index = 0;
    if (found == NULL)
        return false;
    while (at < held->count && held->of[at] != found)
        at++;
    if (found->kind != RESOURCE_MUTEX)
        wrong = "is no mutex";
    else if (at < held->count && is_ancestor(held, parent, at))
        wrong = "leads back to itself";
    else if (at < held->count && held->parents[at] == parent)
        wrong = "is given twice";
    else if (at == EXEC_HELD_MAX)
        wrong = "is one mutex too many at once; expected at most 63";
    if (wrong != NULL) {
        struct member element = member_element(r, access, i);

        return member_refuse(r, &element, "\"access\": \"%.*s\" %s", MEMBER_SHOWN_BYTES,
                             found->name, wrong);
    }
    if (at < held->count)
        return true;
    held->of[at] = found;
    held->parents[at] = parent;
    held->count++;
    *index = at;
    return true;
}

/* Take in what held->of[parent] has access to, in order.  Recursion: at most EXEC_HELD_MAX deep. */
static bool hold_access(struct reading *r, struct held *held, uint32_t parent)
{
    const struct resource *resource = held->of[parent];
    struct member access = {.value = NULL, .name = "access"};

    if (resource->use != r->resources.uses || resource->access == NULL)
        return true;
    access.value = resource->access;
    access.value_offset = resource->access_offset;
    for (size_t i = 0; i < json_object_array_length(access.value); i++) {
        uint32_t index = parent;

        if (!hold(r, held, &access, i, &index) || (index != 0 && !hold_access(r, held, index)))
            return false;
    }
    return true;
}

static uint32_t object_of(struct reading *r, enum workload_object_kind kind, const char *name)
{
    return builder_object(&r->builder, kind, name, resources_find(r, name)->offset);
}

static void add(struct reading *r, const struct exec *e, struct workload_event event)
{
    event.line = e->line;
    builder_event(&r->builder, &event);
}

/* An event about one object, or about none. */
static struct workload_event event_of(enum workload_event_kind kind, uint32_t object, uint64_t ns)
{
    return (struct workload_event){
        .kind = kind, .object = object, .object2 = WORKLOAD_INDEX_NONE, .ns = ns};
}

static void add_mutex(struct reading *r, const struct exec *e, enum workload_event_kind kind,
                      const struct resource *mutex)
{
    add(r, e, event_of(kind, object_of(r, WORKLOAD_MUTEX, mutex->name), 0));
}

/* The resource's own event, with `mutex` held; a run has none but its duration. */
static void add_own(struct reading *r, const struct exec *e, const struct resource *resource,
                    const struct resource *mutex)
{
    static const enum workload_event_kind kinds[] = {
        [RESOURCE_WAIT] = WORKLOAD_WAIT,
        [RESOURCE_SIGNAL] = WORKLOAD_SIGNAL,
        [RESOURCE_BROADCAST] = WORKLOAD_BROAD,
        [RESOURCE_SYNC] = WORKLOAD_SYNC,
    };
    const char *condition = resource->target != NULL ? resource->target : resource->name;

    if (resource->kind == RESOURCE_MUTEX) {
        add_mutex(r, e, WORKLOAD_LOCK, resource);
        return;
    }
    if (resource->kind == RESOURCE_SLEEP || resource->kind == RESOURCE_RUN)
        return;

    struct workload_event event =
        event_of(kinds[resource->kind], object_of(r, WORKLOAD_CONDITION, condition), 0);

    if (resource->kind == RESOURCE_WAIT || resource->kind == RESOURCE_SYNC)
        event.object2 = object_of(r, WORKLOAD_MUTEX, mutex->name);
    add(r, e, event);
}

static void add_time(struct reading *r, struct exec *e, const struct resource *resource)
{
    bool is_sleep = resource->kind == RESOURCE_SLEEP;
    uint64_t ns = resource->use == r->resources.uses ? resource->duration_ns : 0;

    if (ns != 0)
        add(r, e, event_of(is_sleep ? WORKLOAD_SLEEP : WORKLOAD_RUN, WORKLOAD_INDEX_NONE, ns));
    if (!is_sleep)
        e->used_ns += ns; /* at most 2^20 times an hour */
}

/* The events of element `i` of lock_order. */
static bool compile_element(struct reading *r, struct exec *e, size_t i)
{
    const struct member *order = &e->keys[EXEC_ORDER];
    struct held held = {.count = 1};

    held.of[0] = resources_named(r, order, i);
    if (held.of[0] == NULL || !hold_access(r, &held, 0))
        return false;

    const struct resource *own = held.of[0];
    bool waits = own->kind == RESOURCE_WAIT || own->kind == RESOURCE_SYNC;

    if (waits && held.count == 1) {
        struct member element = member_element(r, order, i);

        return member_refuse(r, &element,
                             "\"lock_order\": \"%.*s\" waits; expected access to a "
                             "mutex for it in this task's \"resources\"",
                             MEMBER_SHOWN_BYTES, own->name);
    }
    for (uint32_t at = 1; at < held.count; at++)
        add_mutex(r, e, WORKLOAD_LOCK, held.of[at]);
    add_own(r, e, own, held.of[held.count - 1]);
    add_time(r, e, own);
    if (own->kind == RESOURCE_MUTEX)
        add_mutex(r, e, WORKLOAD_UNLOCK, own);
    for (uint32_t at = held.count; at-- > 1;)
        add_mutex(r, e, WORKLOAD_UNLOCK, held.of[at]);
    reading_check_limit(r, order);
    return !builder_has_failed(&r->builder);
}

static bool compile_order(struct reading *r, struct exec *e)
{
    const struct member *order = &e->keys[EXEC_ORDER];

    if (!r->resources.is_sound)
        return true; /* the file is refused; what follows from that is not said again */
    if (has(e, EXEC_RESOURCES) && !resources_use(r, &e->keys[EXEC_RESOURCES]))
        return false;
    if (!has(e, EXEC_ORDER)) {
        if (has(e, EXEC_RESOURCES))
            member_note(r, &e->keys[EXEC_RESOURCES],
                        "\"resources\" has no effect: there is no \"lock_order\"");
        return true;
    }
    if (!json_object_is_type(order->value, json_type_array))
        return member_expected(r, order, "an array of the names of resources");
    for (size_t i = 0; i < json_object_array_length(order->value); i++)
        if (!compile_element(r, e, i))
            return false;
    if (e->used_ns > e->exec_ns)
        return member_refuse(r, &e->keys[EXEC],
                             "\"exec\": expected at least %llu, which is what "
                             "its resources take",
                             (unsigned long long)(e->used_ns / NS_PER_US));
    return true;
}

/* ---- The task or phase ----------------------------------------------------------------------- */

void reader_exec(struct reading *r, const struct member *where)
{
    struct exec e = {.seen = 0};
    size_t before = r->builder.events.count;

    r->resources.uses++;
    if (!find_keys(r, where, &e) || !read_times(r, &e))
        return;
    e.line = reading_line(r, e.keys[has(&e, EXEC_ORDER) ? EXEC_ORDER : EXEC].key_offset);
    if (!compile_order(r, &e))
        return;
    note_times(r, &e);

    uint64_t rest_ns = e.exec_ns - e.used_ns;

    if (rest_ns != 0 || (!e.has_timer && r->builder.events.count == before))
        add(r, &e, event_of(WORKLOAD_RUN, WORKLOAD_INDEX_NONE, rest_ns));
    if (e.has_timer) {
        uint32_t timer = builder_object(&r->builder, WORKLOAD_TIMER_UNIQUE, EXEC_TIMER,
                                        e.keys[EXEC].value_offset);

        builder_timer_absolute(&r->builder, timer);
        add(r, &e, event_of(WORKLOAD_TIMER, timer, e.period_ns));
    }
    reading_check_limit(r, where);
}
