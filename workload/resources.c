/* SPDX-License-Identifier: MIT */
#include "workload/resources.h"

#include <stdlib.h>
#include <string.h>

#include "workload/reading.h"

static const char *const types[] = {"mutex", "wait",  "signal", "broadcast",
                                    "sync",  "sleep", "run",    NULL};

void resources_init(struct resources *resources)
{
    *resources = (struct resources){.rows = rows_of(sizeof(struct resource))};
}

void resources_fini(struct resources *resources)
{
    rows_fini(&resources->rows);
}

static bool has_target(enum resource_kind kind)
{
    return kind == RESOURCE_SIGNAL || kind == RESOURCE_BROADCAST || kind == RESOURCE_SYNC;
}

/* ---- One definition -------------------------------------------------------------------------- */

static bool read_part(struct reading *r, const struct member *part, uint32_t *seen,
                      struct resource *resource)
{
    size_t type;

    if (strcmp(part->name, "type") == 0) {
        if (!member_is_first(r, part, seen, 0) || !member_word(r, part, types, &type))
            return false;
        resource->kind = (enum resource_kind)type;
        return true;
    }
    if (strcmp(part->name, "target") == 0) {
        resource->target_offset = part->value_offset;
        return member_is_first(r, part, seen, 1) && member_name(r, part, &resource->target);
    }
    reader_refuse_key(r, part, "type and target");
    return false;
}

/* As in rt-app, what has no type is a mutex. */
static bool read_definition(struct reading *r, const struct member *m, struct resource *resource)
{
    struct members members;
    struct member part;
    uint32_t seen = 0;

    if (!member_key_is_name(r, m) || !member_object(r, m, &members))
        return false;
    *resource = (struct resource){.kind = RESOURCE_MUTEX, .offset = m->key_offset};
    memcpy(resource->name, m->name, sizeof resource->name);
    while (members_next(&members, &part))
        if (!read_part(r, &part, &seen, resource))
            return false;
    if (has_target(resource->kind) == (resource->target != NULL))
        return true;
    return member_refuse(r, m,
                         "\"%.*s\": expected a target of signal, broadcast and sync, and of "
                         "nothing else",
                         MEMBER_SHOWN_BYTES, m->name);
}

void resources_read(struct reading *r, const struct member *section)
{
    struct members members;
    struct member m;
    struct resource resource;

    if (!member_object(r, section, &members))
        return;
    while (members_next(&members, &m)) {
        if (!read_definition(r, &m, &resource))
            continue;
        if (r->resources.rows.count == RESOURCES_MAX && !builder_has_failed(&r->builder))
            r->builder.full = "resources";
        reading_check_limit(r, &m);
        if (builder_has_failed(&r->builder))
            return;

        struct resource *row = rows_push(&r->resources.rows, 1);

        if (row == NULL)
            r->builder.no_memory = true;
        else
            *row = resource;
    }
}

/* ---- All of them ----------------------------------------------------------------------------- */

static struct resource *resource_at(const struct reading *r, size_t i)
{
    return rows_at(&r->resources.rows, i);
}

static int compare(const void *left, const void *right)
{
    const struct resource *a = left;
    const struct resource *b = right;
    int order = strcmp(a->name, b->name);

    return order != 0 ? order : (a->offset > b->offset) - (a->offset < b->offset);
}

void resources_settle(struct reading *r, uint32_t errors)
{
    struct rows *rows = &r->resources.rows;

    if (rows->count > 0)
        qsort(rows->records, rows->count, sizeof(struct resource), compare);
    for (size_t i = 0; i < rows->count; i++) {
        const struct resource *resource = resource_at(r, i);

        if (i > 0 && strcmp(resource->name, resource_at(r, i - 1)->name) == 0)
            reading_refuse(r, resource->offset, "\"%.*s\" is given twice; expected it once",
                           resource->name);
        if (resource->target == NULL)
            continue;

        const struct resource *target = resources_find(r, resource->target);

        if (target == NULL)
            reading_refuse(r, resource->target_offset,
                           "\"target\": there is no \"%.*s\" in \"resources\"", resource->target);
        else if (target->kind != RESOURCE_WAIT)
            reading_refuse(r, resource->target_offset,
                           "\"target\": expected a resource of type wait, and \"%.*s\" is none",
                           resource->target);
    }
    r->resources.is_sound = r->d->error_count == errors;
}

struct resource *resources_find(const struct reading *r, const char *name)
{
    size_t low = 0;
    size_t high = r->resources.rows.count;

    while (low < high) { /* at most 17 turns */
        size_t middle = low + (high - low) / 2;
        struct resource *resource = resource_at(r, middle);
        int order = strcmp(name, resource->name);

        if (order == 0)
            return resource;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

struct resource *resources_named(struct reading *r, const struct member *array, size_t i)
{
    struct json_object *value = json_object_array_get_idx(array->value, i);
    struct resource *found = json_object_is_type(value, json_type_string)
                                 ? resources_find(r, json_object_get_string(value))
                                 : NULL;
    const char *name;

    if (found != NULL)
        return found;

    struct member element = member_element(r, array, i);

    if (member_name(r, &element, &name))
        member_refuse(r, &element, "\"%s\": there is no \"%.*s\" in the file's \"resources\"",
                      array->name, MEMBER_SHOWN_BYTES, name);
    return NULL;
}

/* ---- What a task says of them: {name: {duration, access}} ------------------------------------ */

static bool read_use(struct reading *r, const struct member *m, struct resource *resource)
{
    struct members members;
    struct member part;
    uint32_t seen = 0;

    if (!member_object(r, m, &members))
        return false;
    while (members_next(&members, &part)) {
        bool is_duration = strcmp(part.name, "duration") == 0;

        if (!is_duration && strcmp(part.name, "access") != 0) {
            reader_refuse_key(r, &part, "duration and access");
            return false;
        }
        if (!member_is_first(r, &part, &seen, is_duration ? 0 : 1))
            return false;
        if (is_duration && !member_us(r, &part, &resource->duration_ns))
            return false;
        if (is_duration)
            continue;
        if (!json_object_is_type(part.value, json_type_array))
            return member_expected(r, &part, "an array of the names of mutexes");
        resource->access = part.value;
        resource->access_offset = part.value_offset;
    }
    return true;
}

bool resources_use(struct reading *r, const struct member *section)
{
    struct members members;
    struct member m;

    if (!member_object(r, section, &members))
        return false;
    while (members_next(&members, &m)) {
        if (!member_key_is_name(r, &m))
            return false;

        struct resource *resource = resources_find(r, m.name);

        if (resource == NULL)
            return member_refuse_key(r, &m, "there is no \"%.*s\" in the file's \"resources\"",
                                     MEMBER_SHOWN_BYTES, m.name);
        if (resource->use == r->resources.uses)
            return member_refuse_key(r, &m, "\"%.*s\" is given twice; expected it once",
                                     MEMBER_SHOWN_BYTES, m.name);
        resource->use = r->resources.uses;
        resource->duration_ns = 0;
        resource->access = NULL;
        if (!read_use(r, &m, resource))
            return false;
    }
    return true;
}
