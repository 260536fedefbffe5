/* SPDX-License-Identifier: MIT */
/* reader_task.c - tasks and their phases. */
#include "workload/reading.h"

#include "abi/sched.h"

#include <string.h>

#define PHASE_KEYS "loop, cpus or an event (" READER_EVENT_NAMES ")"
#define TASK_KEYS                                                                  \
    "instance, delay, loop, phases, cpus, priority, policy, taskgroup, " \
    "capos-class or an event (" READER_EVENT_NAMES ")"

/* Linux's SCHED_IDLE runs at this weight, where nice 19 has 15. */
#define IDLE_WEIGHT 3u

enum attribute {
    TASK_INSTANCE,
    TASK_DELAY,
    TASK_LOOP,
    TASK_PHASES,
    TASK_CPUS,
    TASK_PRIORITY,
    TASK_POLICY,
    TASK_CLASS,
    TASK_GROUP,
    TASK_ATTRIBUTE_COUNT
};

static const char *const attribute_names[TASK_ATTRIBUTE_COUNT] = {
    "instance", "delay", "loop", "phases", "cpus", "priority", "policy", "capos-class",
    "taskgroup",
};

/* Real-time priorities; ten of them are one step of nice, from FIFO_NICE_MAX down. */
#define FIFO_PRIORITY_MIN 1
#define FIFO_PRIORITY_MAX 99
#define FIFO_PRIORITY_DEFAULT 10
#define FIFO_PRIORITY_STEP 10
#define FIFO_NICE_MAX (-11)

/* A task while its keys are read, in whatever order they come. */
struct draft {
    struct workload_task task;
    enum workload_policy policy;
    struct member priority; /* its range is the policy's */
    struct member phases;
    struct member group; /* without a name: none */
    uint32_t seen; /* bit per enum attribute */
};

static bool has_seen(const struct draft *draft, enum attribute attribute)
{
    return (draft->seen >> attribute & 1) != 0;
}

static enum attribute attribute_of(const char *key)
{
    unsigned i = 0;

    while (i < TASK_ATTRIBUTE_COUNT && strcmp(attribute_names[i], key) != 0)
        i++;
    return (enum attribute)i;
}

/* Keys that are refused by name, and why; digits behind a key mean nothing. */
static const struct {
    const char *name;
    const char *why;
} refused_keys[] = {
    {"iorun", "there is no device to write to"},
    {"dl-runtime", "there are no contexts yet"},
    {"dl-period", "there are no contexts yet"},
    {"dl-deadline", "there are no contexts yet"},
    {"capos-context", "there are no contexts yet"},
    {"capos-lease", "there are no leases yet"},
    {"capos-island", "there are no islands yet"},
    {"nodes_membind", "all memory is one node"},
};

void reader_refuse_key(struct reading *r, const struct member *m, const char *expected)
{
    size_t bytes = strcspn(m->name, "0123456789");

    for (size_t i = 0; i < ARRAY_COUNT(refused_keys); i++) {
        const char *name = refused_keys[i].name;

        if (strlen(name) != bytes || memcmp(name, m->name, bytes) != 0)
            continue;
        member_refuse_key(r, m, "\"%.*s\" is not supported: %s", MEMBER_SHOWN_BYTES, m->name,
                          refused_keys[i].why);
        return;
    }
    member_refuse_key(r, m, "unknown key \"%.*s\"; expected %s", MEMBER_SHOWN_BYTES, m->name,
                      expected);
}

/* Keys of tasks and phases that change nothing there.  True if `m` is one: it is noted. */
static bool is_without_effect(struct reading *r, const struct member *m)
{
    static const struct {
        const char *name;
        const char *why;
    } keys[] = {
        {"taskgroup", "a thread stays in the process that it starts in"},
        {"util_min", "CPUs have one frequency"},
        {"util_max", "CPUs have one frequency"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        if (strcmp(keys[i].name, m->name) == 0) {
            member_note(r, m, "\"%s\" has no effect: %s", m->name, keys[i].why);
            return true;
        }
    }
    return false;
}

/* ---- Policy, nice, weight -------------------------------------------------------------------- */

void reader_policy(struct reading *r, const struct member *m, enum workload_policy *policy)
{
    static const char *const words[] = {"SCHED_OTHER", "SCHED_BATCH", "SCHED_IDLE", NULL};
    const char *found =
        json_object_is_type(m->value, json_type_string) ? json_object_get_string(m->value) : "";
    size_t index;

    if (strcmp(found, "SCHED_FIFO") == 0 || strcmp(found, "SCHED_RR") == 0) {
        if (r->options.fifo_as == WORKLOAD_FIFO_WEIGHT)
            *policy = WORKLOAD_POLICY_FIFO;
        else
            member_refuse(r, m, "\"%s\": \"%s\" has no counterpart here; expected another policy, "
                          "or --fifo-as weight to run it with a weight by its priority",
                          m->name, found);
    } else if (strcmp(found, "SCHED_DEADLINE") == 0) {
        member_refuse(r, m, "\"%s\": \"%s\" needs a context, and there are none yet; expected "
                      "another policy", m->name, found);
    } else if (member_word(r, m, words, &index)) {
        *policy = (enum workload_policy)index;
    }
}

/*
 * The weight of a nice value: WEIGHT_UNIT * 1.25^-nice, to the nearest whole number.  (Linux's
 * table follows the same rule and differs by at most 1 %, at nice -19; at 5 by 1 in 335.)
 * 1024 * 5^20 < 2^57, so the powers are exact.
 */
static uint32_t weight_of_nice(int32_t nice)
{
    uint64_t over = WEIGHT_UNIT;
    uint64_t under = 1;

    for (int32_t i = 0; i < nice; i++) { /* at most 19 */
        over *= 4;
        under *= 5;
    }
    for (int32_t i = 0; i > nice; i--) { /* at most 20 */
        over *= 5;
        under *= 4;
    }
    return (uint32_t)((over + under / 2) / under);
}

/* The priority in the range of its policy, as nice. */
static void settle_nice(struct reading *r, struct draft *draft)
{
    bool is_fifo = draft->policy == WORKLOAD_POLICY_FIFO;
    int64_t priority = is_fifo ? FIFO_PRIORITY_DEFAULT : 0;

    if (has_seen(draft, TASK_PRIORITY) &&
        !member_integer(r, &draft->priority, is_fifo ? FIFO_PRIORITY_MIN : WORKLOAD_NICE_MIN,
                        is_fifo ? FIFO_PRIORITY_MAX : WORKLOAD_NICE_MAX, &priority))
        return;
    if (is_fifo)
        priority = FIFO_NICE_MAX - (priority - FIFO_PRIORITY_MIN) / FIFO_PRIORITY_STEP;
    draft->task.nice = (int32_t)priority;
}

static void settle_policy(struct reading *r, struct draft *draft)
{
    static const enum latency_class classes[] = {
        [WORKLOAD_POLICY_OTHER] = LATENCY_NORMAL,
        [WORKLOAD_POLICY_BATCH] = LATENCY_BATCH,
        [WORKLOAD_POLICY_IDLE] = LATENCY_BATCH,
        [WORKLOAD_POLICY_FIFO] = LATENCY_INTERACTIVE,
    };
    struct workload_task *task = &draft->task;
    bool is_idle = draft->policy == WORKLOAD_POLICY_IDLE;

    settle_nice(r, draft);
    task->weight = is_idle ? IDLE_WEIGHT : weight_of_nice(task->nice);
    if (!has_seen(draft, TASK_CLASS))
        task->latency_class = classes[draft->policy];
}

static void read_class(struct reading *r, const struct member *m, uint32_t *latency_class)
{
    static const char *const words[] = {"batch", "normal", "interactive", NULL};
    size_t index;

    if (member_word(r, m, words, &index))
        *latency_class = (uint32_t)index; /* the order of enum latency_class */
}

/* ---- Phases ---------------------------------------------------------------------------------- */

static void check_has_events(struct reading *r, const struct member *m, const struct rows *events,
                             size_t before)
{
    if (events->count == before && !builder_has_failed(&r->builder))
        member_refuse(r, m, "\"%.*s\" has no events; expected at least one of " READER_EVENT_NAMES,
                      MEMBER_SHOWN_BYTES, m->name);
}

/* Does this key say what the threads do?  `is_exec`: in rt-app's format before 1.0. */
static bool is_deed(const char *key, bool is_exec)
{
    return reader_is_event(key) || (is_exec && reader_is_exec_key(key));
}

/* As in rt-app, a phase turns once where nothing is said, and for ever in the format before 1.0. */
static void read_phase(struct reading *r, const struct member *phase, const char *task)
{
    struct members members;
    struct member m;
    uint32_t seen = 0;
    uint32_t mask = WORKLOAD_INDEX_NONE;
    uint32_t errors = r->d->error_count;
    size_t events = r->builder.events.count;

    if (!member_key_is_name(r, phase) || !member_object(r, phase, &members))
        return;

    bool is_exec = reader_is_exec(phase->value);
    uint32_t loop = is_exec ? LOOP_FOREVER : 1;

    if (is_exec)
        reader_exec(r, phase);
    while (members_next(&members, &m)) {
        if (is_deed(m.name, is_exec)) {
            if (!is_exec)
                reader_event(r, &m, task);
        } else if (strcmp(m.name, "loop") == 0 && member_is_first(r, &m, &seen, 0))
            member_loop(r, &m, &loop);
        else if (strcmp(m.name, "cpus") == 0 && member_is_first(r, &m, &seen, 1))
            member_mask(r, &m, &mask);
        else if (strcmp(m.name, "loop") != 0 && strcmp(m.name, "cpus") != 0 &&
                 !is_without_effect(r, &m))
            reader_refuse_key(r, &m, PHASE_KEYS);
    }
    if (r->d->error_count == errors)
        check_has_events(r, phase, &r->builder.events, events);
    if (r->d->error_count == errors) {
        builder_phase(&r->builder, phase->name, loop, mask);
        reading_check_limit(r, phase);
    }
}

static void read_phases(struct reading *r, const struct draft *draft, const char *task)
{
    struct members members;
    struct member m;
    size_t before = r->builder.phases.count;
    uint32_t errors = r->d->error_count;

    if (!member_object(r, &draft->phases, &members))
        return;
    while (members_next(&members, &m))
        read_phase(r, &m, task);
    if (r->builder.phases.count == before && r->d->error_count == errors &&
        !builder_has_failed(&r->builder))
        member_refuse(r, &draft->phases, "\"phases\": expected at least one phase");
}

/*
 * Events that stand in the task itself are its only phase.  As in rt-app, "loop" is then the
 * phase's, and the task turns once; without "loop" the phase turns once and the task for ever.
 */
static void read_direct_events(struct reading *r, struct draft *draft, const struct member *task)
{
    struct members members = members_of(task->value);
    struct member m;
    size_t before = r->builder.events.count;
    uint32_t errors = r->d->error_count;
    uint32_t loop = 1;

    if (reader_is_exec(task->value))
        reader_exec(r, task);
    else
        while (members_next(&members, &m))
            if (reader_is_event(m.name))
                reader_event(r, &m, task->name);
    if (r->d->error_count != errors)
        return;
    check_has_events(r, task, &r->builder.events, before);
    if (r->d->error_count != errors)
        return;
    if (has_seen(draft, TASK_LOOP)) {
        loop = draft->task.loop;
        draft->task.loop = 1;
    }
    builder_phase(&r->builder, task->name, loop, WORKLOAD_INDEX_NONE);
}

/* ---- The task -------------------------------------------------------------------------------- */

static void read_instance(struct reading *r, const struct member *m, struct draft *draft)
{
    int64_t count;

    if (!member_integer(r, m, 0, WORKLOAD_THREADS_MAX, &count))
        return;
    if (count == 0)
        forks_note_empty(r, m);
    if (count > WORKLOAD_THREADS_MAX - r->builder.thread_count)
        member_refuse(r, m, "\"instance\": expected at most %u threads in all, found more",
                      WORKLOAD_THREADS_MAX);
    draft->task.instance_count = (uint32_t)count;
}

static void read_attribute(struct reading *r, const struct member *m, enum attribute attribute,
                           struct draft *draft)
{
    switch (attribute) {
    case TASK_INSTANCE:
        read_instance(r, m, draft);
        break;
    case TASK_DELAY:
        member_us(r, m, &draft->task.delay_ns);
        break;
    case TASK_LOOP:
        member_loop(r, m, &draft->task.loop);
        break;
    case TASK_PHASES:
        draft->phases = *m;
        break;
    case TASK_CPUS:
        member_mask(r, m, &draft->task.mask);
        break;
    case TASK_PRIORITY:
        draft->priority = *m;
        break;
    case TASK_POLICY:
        reader_policy(r, m, &draft->policy);
        break;
    case TASK_GROUP:
        if (groups_is_path(r, m))
            draft->group = *m;
        break;
    case TASK_CLASS:
        read_class(r, m, &draft->task.latency_class);
        break;
    default:
        if (!is_without_effect(r, m))
            reader_refuse_key(r, m, TASK_KEYS);
        break;
    }
}

/* All keys but the events. */
static void read_attributes(struct reading *r, const struct member *task, struct draft *draft)
{
    struct members members = members_of(task->value);
    bool is_exec = reader_is_exec(task->value);
    struct member event = {0};
    struct member m;

    while (members_next(&members, &m)) {
        enum attribute attribute = attribute_of(m.name);

        if (is_deed(m.name, is_exec)) {
            if (event.name_bytes == 0)
                event = m;
        } else if (attribute == TASK_ATTRIBUTE_COUNT ||
                   member_is_first(r, &m, &draft->seen, attribute)) {
            read_attribute(r, &m, attribute, draft);
        }
    }
    if (has_seen(draft, TASK_PHASES) && event.name_bytes != 0)
        member_refuse_key(r, &event,
                          "\"%.*s\" stands beside \"phases\", where rt-app ignores it; expected it "
                          "inside a phase",
                          MEMBER_SHOWN_BYTES, event.name);
}

void reader_task(struct reading *r, const struct member *task)
{
    uint32_t errors = r->d->error_count;
    struct members unused;
    struct draft draft = {
        .task = {.instance_count = 1, .loop = LOOP_FOREVER, .mask = WORKLOAD_INDEX_NONE},
        .policy = r->default_policy,
    };

    if (!member_key_is_name(r, task) || !member_object(r, task, &unused))
        return;
    read_attributes(r, task, &draft);
    settle_policy(r, &draft);
    r->instance_count = draft.task.instance_count;
    if (has_seen(&draft, TASK_PHASES))
        read_phases(r, &draft, task->name);
    else
        read_direct_events(r, &draft, task);
    if (r->d->error_count != errors || builder_has_failed(&r->builder)) {
        builder_drop_task(&r->builder);
        return;
    }
    if (r->builder.thread_count == WORKLOAD_THREADS_MAX) {
        member_refuse_key(r, task, "expected at most %u threads in all, found more",
                          WORKLOAD_THREADS_MAX);
        return;
    }
    builder_task(&r->builder, task->name, draft.task);
    if (draft.group.name_bytes != 0)
        groups_add(r, &draft.group);
    reading_check_limit(r, task);
}
