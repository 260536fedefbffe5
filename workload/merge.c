/* SPDX-License-Identifier: MIT */
/* merge.c - the sections of one file, and of several files that are one workload. */
#include "workload/reading.h"

#include <stdlib.h>
#include <string.h>

/* A member of a section, as json-c has it. */
struct entry {
    const char *json_key;
    struct prepass_key key;
    uint32_t file;
};

void merge_find_sections(struct reading *r)
{
    static const char *const names[SECTION_COUNT] = {"tasks", "global", "resources"};

    for (uint32_t i = 0; i < r->file_count; i++) {
        struct reading_file *file = &r->files[i];
        struct members members = members_of(file->json);
        struct member m;

        while (members_next(&members, &m)) {
            unsigned section = 0;

            while (section < SECTION_COUNT && strcmp(names[section], m.name) != 0)
                section++;
            if (section == SECTION_COUNT)
                reader_refuse_key(r, &m, "tasks, global or resources");
            else if (member_is_first(r, &m, &file->seen, section))
                file->sections[section] = m;
        }
    }
}

/* ---- What several files have ----------------------------------------------------------------- */

static bool collect(struct rows *rows, struct json_object *section, uint32_t file)
{
    struct json_object_iterator at = json_object_iter_begin(section);
    struct json_object_iterator end = json_object_iter_end(section);

    for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
        struct entry *entry = rows_push(rows, 1);

        if (entry == NULL)
            return false;
        *entry = (struct entry){.json_key = json_object_iter_peek_name(&at), .file = file};
        (void)!prepass_split(entry->json_key, &entry->key); /* the pre-pass wrote every key */
    }
    return true;
}

static int compare_names(const struct entry *a, const struct entry *b)
{
    size_t shorter = a->key.name_bytes < b->key.name_bytes ? a->key.name_bytes : b->key.name_bytes;
    int order = memcmp(a->json_key, b->json_key, shorter);

    if (order != 0)
        return order;
    return (a->key.name_bytes > b->key.name_bytes) - (a->key.name_bytes < b->key.name_bytes);
}

/* By name, and of one name by place. */
static int compare(const void *left, const void *right)
{
    const struct entry *a = left;
    const struct entry *b = right;
    int order = compare_names(a, b);

    return order != 0
               ? order
               : (a->key.key_offset > b->key.key_offset) - (a->key.key_offset < b->key.key_offset);
}

/* Drop an entry from its file, because `later` has the same name. */
static void replace(struct reading *r, enum section section, const struct entry *entry,
                    const struct entry *later)
{
    struct prepass *prepass = &r->files[later->file].prepass;
    uint32_t line = prepass_position(prepass, later->key.key_offset).line;

    workload_diagnose(r->d, WORKLOAD_NOTE, reading_place(r, entry->key.key_offset),
                      "\"%.*s\" has no effect: a later file has it too, in line %u",
                      (int)(entry->key.name_bytes < MEMBER_SHOWN_BYTES ? entry->key.name_bytes
                                                                       : MEMBER_SHOWN_BYTES),
                      entry->json_key, line);
    json_object_object_del(r->files[entry->file].sections[section].value, entry->json_key);
}

static void merge_section(struct reading *r, enum section section)
{
    struct rows rows = rows_of(sizeof(struct entry));
    bool is_complete = true;

    for (uint32_t i = 0; i < r->file_count && is_complete; i++) {
        struct json_object *value = r->files[i].sections[section].value;

        if (json_object_is_type(value, json_type_object))
            is_complete = collect(&rows, value, i);
    }
    if (!is_complete)
        r->builder.no_memory = true;
    if (is_complete && rows.count > 0)
        qsort(rows.records, rows.count, sizeof(struct entry), compare);

    /* From the end, so that `later` is the last of its name and is still there. */
    const struct entry *later = NULL;

    for (size_t i = rows.count; is_complete && i-- > 0;) {
        const struct entry *entry = rows_at(&rows, i);

        if (later == NULL || compare_names(entry, later) != 0)
            later = entry;
        else if (entry->file != later->file)
            replace(r, section, entry, later);
    }
    rows_fini(&rows);
}

void merge_files(struct reading *r)
{
    if (r->file_count == 1)
        return;
    for (unsigned section = 0; section < SECTION_COUNT; section++)
        merge_section(r, (enum section)section);
}
