/* SPDX-License-Identifier: MIT */
#include "workload/reader.h"

#include "base/assert.h"
#include "base/hash.h"
#include "workload/image.h"
#include "workload/reading.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBJECT_BYTES_MIN 8u
#define DURATION_S_MAX ((int64_t)(WORKLOAD_DURATION_NS_MAX / NS_PER_S))

/* ---- The global object ----------------------------------------------------------------------- */

enum global_key {
    GLOBAL_DURATION,
    GLOBAL_DEFAULT_POLICY,
    GLOBAL_CUMULATIVE_SLACK,
    GLOBAL_BUFFER,
    GLOBAL_WITHOUT_EFFECT /* this one and all behind it */
};

/* The order is that of enum global_key; behind it, keys of rt-app that change nothing here. */
static const char *const global_keys[] = {
    "duration",    "default_policy", "cumulative_slack", "mem_buffer_size", "calibration",
    "logdir",      "log_basename",   "log_size",         "ftrace",          "gnuplot",
    "lock_pages",  "pi_enabled",     "io_device",        "frag",
};

_Static_assert(ARRAY_COUNT(global_keys) <= 32, "one bit each in `seen`");

static void read_duration(struct reading *r, const struct member *m)
{
    struct json_object *value = m->value;
    int64_t seconds =
        json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : 0;

    if (seconds == -1)
        r->global.duration_ns = WORKLOAD_DURATION_FOREVER;
    else if (seconds >= 1 && seconds <= DURATION_S_MAX)
        r->global.duration_ns = (uint64_t)seconds * NS_PER_S;
    else
        member_expected(r, m, "-1 (until every thread has ended) or 1 to 86400 whole seconds");
}

/* More than there is room for is cut: what is written there matters to nobody. */
static void read_buffer(struct reading *r, const struct member *m)
{
    int64_t bytes;

    if (!member_integer(r, m, 1, INT32_MAX, &bytes))
        return;
    if (bytes < WORKLOAD_BUFFER_BYTES_MIN)
        bytes = WORKLOAD_BUFFER_BYTES_MIN;
    if (bytes > WORKLOAD_BUFFER_BYTES_MAX) {
        member_note(r, m, "\"%s\" is cut to %u bytes", m->name, WORKLOAD_BUFFER_BYTES_MAX);
        bytes = WORKLOAD_BUFFER_BYTES_MAX;
    }
    r->global.buffer_bytes = (uint32_t)bytes;
}

static void read_global_key(struct reading *r, const struct member *m, unsigned key)
{
    bool is_sum = false;

    switch (key) {
    case GLOBAL_DURATION:
        read_duration(r, m);
        break;
    case GLOBAL_DEFAULT_POLICY:
        reader_policy(r, m, &r->default_policy);
        break;
    case GLOBAL_CUMULATIVE_SLACK:
        if (member_bool(r, m, &is_sum) && is_sum)
            r->global.flags |= WORKLOAD_FLAG_CUMULATIVE_SLACK;
        break;
    case GLOBAL_BUFFER:
        read_buffer(r, m);
        break;
    default:
        member_note(r, m, "\"%s\" has no effect", m->name);
        break;
    }
}

static void read_global(struct reading *r, const struct member *global)
{
    struct members members;
    struct member m;
    uint32_t seen = 0;

    if (!member_object(r, global, &members))
        return;
    while (members_next(&members, &m)) {
        unsigned key = 0;

        while (key < ARRAY_COUNT(global_keys) && strcmp(global_keys[key], m.name) != 0)
            key++;
        if (key == ARRAY_COUNT(global_keys))
            reader_refuse_key(r, &m, "duration, default_policy, cumulative_slack or an output key "
                                     "of rt-app");
        else if (member_is_first(r, &m, &seen, key))
            read_global_key(r, &m, key);
    }
}

/* ---- The file's outermost object ------------------------------------------------------------- */

enum root_key { ROOT_TASKS, ROOT_GLOBAL, ROOT_RESOURCES, ROOT_KEY_COUNT };

struct root {
    struct member members[ROOT_KEY_COUNT];
    uint32_t seen;
};

static void find_root_keys(struct reading *r, struct json_object *json, struct root *root)
{
    static const char *const names[ROOT_KEY_COUNT] = {"tasks", "global", "resources"};
    struct members members = members_of(json);
    struct member m;

    while (members_next(&members, &m)) {
        unsigned key = 0;

        while (key < ROOT_KEY_COUNT && strcmp(names[key], m.name) != 0)
            key++;
        if (key == ROOT_KEY_COUNT)
            reader_refuse_key(r, &m, "tasks, global or resources");
        else if (member_is_first(r, &m, &root->seen, key))
            root->members[key] = m;
    }
}

static void read_tasks(struct reading *r, const struct member *tasks)
{
    struct members members;
    struct member m;
    uint32_t errors = r->d->error_count;

    if (!member_object(r, tasks, &members))
        return;
    while (members_next(&members, &m))
        reader_task(r, &m);
    if (r->d->error_count == errors && r->builder.tasks.count == 0 &&
        !builder_has_failed(&r->builder))
        member_refuse(r, tasks, "\"tasks\": expected at least one task");
    if (r->d->error_count == errors)
        forks_settle(r);
}

static void read_root(struct reading *r, struct json_object *json)
{
    struct root root = {.seen = 0};

    find_root_keys(r, json, &root);
    if ((root.seen >> ROOT_RESOURCES & 1) != 0)
        member_note(r, &root.members[ROOT_RESOURCES], "\"resources\" has no effect");
    if ((root.seen >> ROOT_GLOBAL & 1) != 0)
        read_global(r, &root.members[ROOT_GLOBAL]);
    if ((root.seen >> ROOT_TASKS & 1) != 0)
        read_tasks(r, &root.members[ROOT_TASKS]);
    else
        workload_diagnose(r->d, WORKLOAD_ERROR, (struct text_position){1, 1},
                          "the file has no \"tasks\"; expected an object of that name");
}

/* ---- From text to image ---------------------------------------------------------------------- */

static enum workload_status finish(struct reading *r, struct workload_blob *blob)
{
    struct builder *b = &r->builder;
    struct workload_image image;

    if (b->no_memory)
        return WORKLOAD_NO_MEMORY;
    if (r->d->error_count == 0 && builder_finish(b, &r->global, &blob->bytes, &blob->size)) {
        enum workload_refusal refusal = workload_image_open(&image, blob->bytes, blob->size);

        ASSERT(refusal == WORKLOAD_IMAGE_OK);
        return WORKLOAD_READ;
    }
    if (b->no_memory)
        return WORKLOAD_NO_MEMORY;
    if (r->d->error_count == 0)
        workload_diagnose(r->d, WORKLOAD_ERROR, (struct text_position){0, 0},
                          "the workload has too many %s", b->full);
    return WORKLOAD_REFUSED;
}

/* More objects than so many bytes of a file can name: `"lock":"a",` names one. */
static uint32_t objects_max(size_t bytes)
{
    size_t most = bytes / OBJECT_BYTES_MIN + 1;

    return most < WORKLOAD_OBJECTS_MAX ? (uint32_t)most : WORKLOAD_OBJECTS_MAX;
}

enum workload_status workload_read(const char *text, size_t bytes,
                                   const struct workload_options *options,
                                   struct workload_diagnostics *d, struct workload_blob *blob)
{
    struct reading r = {.d = d, .global.buffer_bytes = WORKLOAD_BUFFER_BYTES_MAX};

    *blob = (struct workload_blob){0};
    if (options != NULL)
        r.options = *options;

    enum workload_status status =
        prepass_run(&r.prepass, text, bytes, PREPASS_KEYS_REPEAT, d);

    if (status == WORKLOAD_READ) {
        struct json_object *json = members_parse(&r.prepass);

        builder_init(&r.builder, objects_max(bytes));
        forks_init(&r.forks);
        if (json != NULL)
            read_root(&r, json);
        else
            workload_diagnose(d, WORKLOAD_ERROR, (struct text_position){0, 0},
                              "json-c refuses it");
        status = finish(&r, blob);
        forks_fini(&r.forks);
        builder_fini(&r.builder);
        json_object_put(json);
    }
    prepass_fini(&r.prepass);
    return status;
}

/* ---- Files and images ------------------------------------------------------------------------ */

static enum workload_status refuse_file(struct workload_diagnostics *d, int error)
{
    workload_diagnose(d, WORKLOAD_ERROR, (struct text_position){0, 0}, "cannot be read: %s",
                      strerror(error));
    return WORKLOAD_NO_FILE;
}

enum workload_status workload_read_file(const char *path, const struct workload_options *options,
                                        struct workload_diagnostics *d, struct workload_blob *blob)
{
    *blob = (struct workload_blob){0};

    FILE *file = fopen(path, "rb");

    if (file == NULL)
        return refuse_file(d, errno);

    /* One byte more than allowed, so that workload_read sees that it is too large. */
    size_t room = PREPASS_BYTES_MAX + 1;
    char *text = malloc(room);
    size_t bytes = text == NULL ? 0 : fread(text, 1, room, file);
    int error = ferror(file) ? errno : 0;
    enum workload_status status = WORKLOAD_NO_MEMORY;

    if (error != 0)
        status = refuse_file(d, error);
    else if (text != NULL)
        status = workload_read(text, bytes, options, d, blob);
    free(text);
    (void)fclose(file); /* only read from */
    return status;
}

void workload_blob_set_duration(struct workload_blob *blob, uint64_t duration_ns)
{
    ASSERT(duration_ns >= 1);
    ASSERT(duration_ns <= WORKLOAD_DURATION_NS_MAX);

    struct workload_header *header = blob->bytes;

    header->duration_ns = duration_ns;
    header->checksum = hash_sealed(header, blob->size, offsetof(struct workload_header, checksum));
}

void workload_blob_fini(struct workload_blob *blob)
{
    free(blob->bytes);
    *blob = (struct workload_blob){0};
}
