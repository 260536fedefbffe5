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

/* ---- The sections ---------------------------------------------------------------------------- */

static void read_tasks(struct reading *r, const struct member *tasks)
{
    struct members members;
    struct member m;

    if (!member_object(r, tasks, &members))
        return;
    while (members_next(&members, &m))
        reader_task(r, &m);
}

/* The tasks of all files; `first` is the first file that has the section. */
static void read_all_tasks(struct reading *r, uint32_t first)
{
    uint32_t errors = r->d->error_count;

    for (uint32_t i = first; i < r->file_count; i++)
        if (file_has(&r->files[i], SECTION_TASKS))
            read_tasks(r, &r->files[i].sections[SECTION_TASKS]);
    if (r->d->error_count == errors && r->builder.tasks.count == 0 &&
        !builder_has_failed(&r->builder))
        member_refuse(r, &r->files[first].sections[SECTION_TASKS],
                      "\"tasks\": expected at least one task");
    if (r->d->error_count == errors)
        forks_settle(r);
    if (r->d->error_count == errors)
        endpoints_settle(r);
    if (r->d->error_count == errors)
        groups_settle(r);
}

static void read_all_resources(struct reading *r)
{
    uint32_t errors = r->d->error_count;

    for (uint32_t i = 0; i < r->file_count; i++)
        if (file_has(&r->files[i], SECTION_RESOURCES))
            resources_read(r, &r->files[i].sections[SECTION_RESOURCES]);
    resources_settle(r, errors);
}

/* Resources of files that say in events what their tasks do, as today's format does. */
static void note_unused_resources(struct reading *r)
{
    for (uint32_t i = 0; i < r->file_count && r->resources.uses == 0; i++)
        if (file_has(&r->files[i], SECTION_RESOURCES))
            member_note(r, &r->files[i].sections[SECTION_RESOURCES],
                        "\"resources\" has no effect: no task is in rt-app's format before 1.0");
}

static void read_sections(struct reading *r)
{
    uint32_t first = 0;

    merge_find_sections(r);
    merge_files(r);
    for (uint32_t i = 0; i < r->file_count; i++)
        if (file_has(&r->files[i], SECTION_GLOBAL))
            read_global(r, &r->files[i].sections[SECTION_GLOBAL]);
    read_all_resources(r);
    while (first < r->file_count && !file_has(&r->files[first], SECTION_TASKS))
        first++;
    if (first < r->file_count) {
        read_all_tasks(r, first);
        note_unused_resources(r);
        return;
    }
    r->d->file = 0;
    workload_diagnose(r->d, WORKLOAD_ERROR, (struct text_position){1, 1},
                      "%s \"tasks\"; expected an object of that name",
                      r->file_count == 1 ? "the file has no" : "none of the files has");
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

/* The pre-pass and json-c over every text, so that each has its errors told. */
static enum workload_status parse_texts(struct reading *r, const struct workload_text *texts)
{
    enum workload_status status = WORKLOAD_READ;
    size_t base = 0;

    for (uint32_t i = 0; i < r->file_count; i++) {
        struct reading_file *file = &r->files[i];

        r->d->file = i;

        enum workload_status parsed =
            prepass_run_at(&file->prepass, texts[i].text, texts[i].bytes, base, r->d);

        if (parsed == WORKLOAD_NO_MEMORY)
            return parsed;
        if (parsed == WORKLOAD_READ) {
            file->json = members_parse(&file->prepass);
            if (file->json == NULL)
                workload_diagnose(r->d, WORKLOAD_ERROR, (struct text_position){0, 0},
                                  "json-c refuses it");
        }
        if (file->json == NULL)
            status = WORKLOAD_REFUSED;
        base += texts[i].bytes + 1; /* its end has an offset too */
    }
    return status;
}

static enum workload_status compile(struct reading *r, size_t bytes, struct workload_blob *blob)
{
    builder_init(&r->builder, objects_max(bytes));
    forks_init(&r->forks);
    groups_init(&r->groups);
    resources_init(&r->resources);
    read_sections(r);
    r->d->file = 0;

    enum workload_status status = finish(r, blob);

    resources_fini(&r->resources);
    groups_fini(&r->groups);
    forks_fini(&r->forks);
    builder_fini(&r->builder);
    return status;
}

enum workload_status workload_read_texts(const struct workload_text *texts, uint32_t count,
                                         const struct workload_options *options,
                                         struct workload_diagnostics *d,
                                         struct workload_blob *blob)
{
    struct reading r = {
        .files = calloc(count, sizeof *r.files),
        .file_count = count,
        .d = d,
        .global.buffer_bytes = WORKLOAD_BUFFER_BYTES_MAX,
    };
    size_t bytes = 0;

    ASSERT(count >= 1);
    ASSERT(count <= WORKLOAD_FILES_MAX);
    *blob = (struct workload_blob){0};
    if (r.files == NULL)
        return WORKLOAD_NO_MEMORY;
    if (options != NULL)
        r.options = *options;
    for (uint32_t i = 0; i < count; i++)
        bytes += texts[i].bytes;

    enum workload_status status = parse_texts(&r, texts);

    if (status == WORKLOAD_READ)
        status = compile(&r, bytes, blob);
    for (uint32_t i = 0; i < count; i++) {
        json_object_put(r.files[i].json);
        prepass_fini(&r.files[i].prepass);
    }
    free(r.files);
    d->file = 0;
    return status;
}

enum workload_status workload_read(const char *text, size_t bytes,
                                   const struct workload_options *options,
                                   struct workload_diagnostics *d, struct workload_blob *blob)
{
    const struct workload_text one = {text, bytes};

    return workload_read_texts(&one, 1, options, d, blob);
}

/* ---- Files and images ------------------------------------------------------------------------ */

static enum workload_status refuse_file(struct workload_diagnostics *d, int error)
{
    workload_diagnose(d, WORKLOAD_ERROR, (struct text_position){0, 0}, "cannot be read: %s",
                      strerror(error));
    return WORKLOAD_NO_FILE;
}

/* What `path` holds, in memory that is the caller's to free, whatever comes of it. */
static enum workload_status load(const char *path, char **text, size_t *bytes,
                                 struct workload_diagnostics *d)
{
    FILE *file = fopen(path, "rb");

    if (file == NULL)
        return refuse_file(d, errno);

    /* One byte more than allowed, so that workload_read sees that it is too large. */
    size_t room = PREPASS_BYTES_MAX + 1;

    *text = malloc(room);
    *bytes = *text == NULL ? 0 : fread(*text, 1, room, file);

    int error = ferror(file) ? errno : 0;

    (void)fclose(file); /* only read from */
    if (error != 0)
        return refuse_file(d, error);
    return *text == NULL ? WORKLOAD_NO_MEMORY : WORKLOAD_READ;
}

enum workload_status workload_read_files(const char *const *paths, uint32_t count,
                                         const struct workload_options *options,
                                         struct workload_diagnostics *d,
                                         struct workload_blob *blob)
{
    struct workload_text texts[WORKLOAD_FILES_MAX] = {{NULL, 0}};
    char *loaded[WORKLOAD_FILES_MAX] = {NULL};
    enum workload_status status = WORKLOAD_READ;

    ASSERT(count <= WORKLOAD_FILES_MAX);
    *blob = (struct workload_blob){0};
    for (uint32_t i = 0; i < count; i++) {
        d->file = i;

        enum workload_status one = load(paths[i], &loaded[i], &texts[i].bytes, d);

        texts[i].text = loaded[i];
        if (one != WORKLOAD_READ)
            status = one;
    }
    if (status == WORKLOAD_READ)
        status = workload_read_texts(texts, count, options, d, blob);
    for (uint32_t i = 0; i < count; i++)
        free(loaded[i]);
    d->file = 0;
    return status;
}

enum workload_status workload_read_file(const char *path, const struct workload_options *options,
                                        struct workload_diagnostics *d, struct workload_blob *blob)
{
    return workload_read_files(&path, 1, options, d, blob);
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
