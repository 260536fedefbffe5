/* SPDX-License-Identifier: MIT */
#include "workload/endpoints.h"

#include <string.h>

#include "workload/reading.h"

static struct builder_object *object_at(struct reading *r, uint32_t number)
{
    return rows_at(&r->builder.objects, number);
}

/* The task under construction, as builder_object counts them. */
static uint32_t own_task(const struct reading *r)
{
    return (uint32_t)r->builder.tasks.count + 1;
}

/* The endpoint that the event is about.  NULL: the builder has failed, which is diagnosed later. */
static struct builder_object *endpoint_of(struct reading *r, const char *name, size_t offset,
                                          struct workload_event *event)
{
    event->object = builder_object(&r->builder, WORKLOAD_ENDPOINT, name, offset);
    return builder_has_failed(&r->builder) ? NULL : object_at(r, event->object);
}

bool endpoints_read_call(struct reading *r, const struct member *m, struct workload_event *event)
{
    struct builder_object *endpoint;
    const char *name;

    if (!member_name(r, m, &name))
        return false;
    endpoint = endpoint_of(r, name, m->value_offset, event);
    if (endpoint == NULL)
        return true;
    if (endpoint->used_in == own_task(r))
        return member_refuse(r, m, "\"%s\": this task serves \"%.*s\" itself; expected an endpoint "
                             "that other tasks serve", m->name, MEMBER_SHOWN_BYTES, name);
    endpoint->called_in = own_task(r);
    return true;
}

/* ---- capos-serve: name, or {endpoint, run, passive} ------------------------------------------ */

enum serve_part { SERVE_ENDPOINT, SERVE_RUN, SERVE_PASSIVE };

struct serve_draft {
    const char *name;
    size_t name_offset;
    uint64_t run_ns;
    struct member passive;
    uint32_t seen; /* bit per enum serve_part */
    bool is_passive;
};

static bool has_seen(const struct serve_draft *draft, enum serve_part part)
{
    return (draft->seen >> part & 1) != 0;
}

static bool read_part(struct reading *r, const struct member *part, struct serve_draft *draft)
{
    static const char *const parts[] = {"endpoint", "run", "passive"};
    unsigned which = 0;

    while (which < ARRAY_COUNT(parts) && strcmp(part->name, parts[which]) != 0)
        which++;
    if (which == ARRAY_COUNT(parts)) {
        reader_refuse_key(r, part, "endpoint, run and passive");
        return false;
    }
    if (!member_is_first(r, part, &draft->seen, which))
        return false;
    switch ((enum serve_part)which) {
    case SERVE_ENDPOINT:
        draft->name_offset = part->value_offset;
        return member_name(r, part, &draft->name);
    case SERVE_RUN:
        return member_us(r, part, &draft->run_ns);
    default:
        draft->passive = *part;
        return member_bool(r, part, &draft->is_passive);
    }
}

static bool read_parts(struct reading *r, const struct member *m, struct serve_draft *draft)
{
    struct members members;
    struct member part;

    if (json_object_is_type(m->value, json_type_string)) {
        draft->name_offset = m->value_offset;
        return member_name(r, m, &draft->name);
    }
    if (!json_object_is_type(m->value, json_type_object))
        return member_expected(r, m, "the name of an endpoint, or an object with endpoint, run and "
                               "passive");
    if (!member_object(r, m, &members))
        return false;
    while (members_next(&members, &part))
        if (!read_part(r, &part, draft))
            return false;
    if (!has_seen(draft, SERVE_ENDPOINT))
        return member_refuse(r, m, "\"%s\": expected an endpoint", m->name);
    return true;
}

/* One server says whether the endpoint is passive, all others may be silent. */
static bool settle_passive(struct reading *r, const struct serve_draft *draft,
                           struct builder_object *endpoint)
{
    uint32_t flags = draft->is_passive ? WORKLOAD_OBJECT_PASSIVE : 0;

    if (!has_seen(draft, SERVE_PASSIVE))
        return true;
    if (endpoint->is_settled && endpoint->record.flags != flags)
        return member_refuse(r, &draft->passive, "\"passive\": another server of \"%.*s\" says the "
                             "opposite; expected the same of all",
                             MEMBER_SHOWN_BYTES, draft->name);
    endpoint->is_settled = true;
    endpoint->record.flags = flags;
    return true;
}

bool endpoints_read_serve(struct reading *r, const struct member *m, struct workload_event *event)
{
    struct serve_draft draft = {.seen = 0};
    struct builder_object *endpoint;

    if (!read_parts(r, m, &draft))
        return false;
    event->ns = draft.run_ns;
    endpoint = endpoint_of(r, draft.name, draft.name_offset, event);
    if (endpoint == NULL)
        return true;
    if (endpoint->called_in == own_task(r))
        return member_refuse(r, m, "\"%s\": this task calls \"%.*s\" itself; expected an endpoint "
                             "that other tasks call", m->name, MEMBER_SHOWN_BYTES, draft.name);
    endpoint->used_in = own_task(r);
    return settle_passive(r, &draft, endpoint);
}

/* ---- All of them ----------------------------------------------------------------------------- */

void endpoints_settle(struct reading *r)
{
    for (uint32_t i = 0; i < r->builder.objects.count; i++) {
        const struct builder_object *endpoint = object_at(r, i);
        const char *name = rows_at(&r->builder.strings, endpoint->record.name);

        if (endpoint->record.kind != WORKLOAD_ENDPOINT)
            continue;
        if (endpoint->used_in == 0)
            reading_refuse(r, endpoint->first_offset,
                           "nobody serves \"%.*s\", so no call there would ever be answered; "
                           "expected a task with \"capos-serve\" of it", name);
        else if (endpoint->called_in == 0)
            reading_refuse(r, endpoint->first_offset,
                           "nobody calls \"%.*s\", so its server would wait for ever; expected a "
                           "task with \"capos-call\" of it", name);
    }
}
