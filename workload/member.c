/* SPDX-License-Identifier: MIT */
/* member.c - members of a workload file: checking them, and saying what is wrong with them. */
#include "workload/reading.h"

#include "base/assert.h"
#include "base/cpumask.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES_MAX 320u

/* ---- Places ---------------------------------------------------------------------------------- */

_Static_assert(PREPASS_BYTES_MAX < 1u << WORKLOAD_LINE_BITS, "every line's number has room");

/* The number of the file that has this offset.  O(files). */
static uint32_t file_of(const struct reading *r, size_t offset)
{
    uint32_t file = r->file_count - 1;

    while (file > 0 && r->files[file].prepass.base > offset)
        file--;
    return file;
}

struct text_position reading_place(struct reading *r, size_t offset)
{
    r->d->file = file_of(r, offset);
    return prepass_position(&r->files[r->d->file].prepass, offset);
}

struct member member_element(const struct reading *r, const struct member *array, size_t i)
{
    struct member element = *array;

    element.value = json_object_array_get_idx(array->value, i);
    element.value_offset = prepass_element_offset(
        &r->files[file_of(r, array->value_offset)].prepass, array->value_offset, i);
    return element;
}

uint32_t reading_line(const struct reading *r, size_t offset)
{
    uint32_t file = file_of(r, offset);

    return prepass_position(&r->files[file].prepass, offset).line | file << WORKLOAD_LINE_BITS;
}

/* ---- Saying what is wrong -------------------------------------------------------------------- */

static void diagnose(struct reading *r, enum workload_severity severity, size_t offset,
                     const char *format, va_list arguments)
{
    char text[TEXT_BYTES_MAX];

    vsnprintf(text, sizeof text, format, arguments);
    workload_diagnose(r->d, severity, reading_place(r, offset), "%s", text);
}

bool member_refuse(struct reading *r, const struct member *m, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    diagnose(r, WORKLOAD_ERROR, m->value_offset, format, arguments);
    va_end(arguments);
    return false;
}

bool member_refuse_key(struct reading *r, const struct member *m, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    diagnose(r, WORKLOAD_ERROR, m->key_offset, format, arguments);
    va_end(arguments);
    return false;
}

void member_note(struct reading *r, const struct member *m, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    diagnose(r, WORKLOAD_NOTE, m->key_offset, format, arguments);
    va_end(arguments);
}

void reading_refuse(struct reading *r, size_t offset, const char *format, const char *name)
{
    workload_diagnose(r->d, WORKLOAD_ERROR, reading_place(r, offset), format, MEMBER_SHOWN_BYTES,
                      name);
}

bool member_expected(struct reading *r, const struct member *m, const char *what)
{
    char found[MEMBER_DESCRIBED_BYTES];

    member_describe(m->value, found);
    return member_refuse(r, m, "\"%.*s\": expected %s, found %s", MEMBER_SHOWN_BYTES, m->name, what,
                         found);
}

bool member_is_first(struct reading *r, const struct member *m, uint32_t *seen, unsigned bit)
{
    if ((*seen >> bit & 1) != 0)
        return member_refuse_key(r, m, "\"%.*s\" is given twice; expected it once",
                                 MEMBER_SHOWN_BYTES, m->name);
    *seen |= 1u << bit;
    return true;
}

void reading_check_limit(struct reading *r, const struct member *m)
{
    if (r->builder.full == NULL || r->has_limit_error)
        return;
    r->has_limit_error = true;
    member_refuse_key(r, m, "the workload has too many %s", r->builder.full);
}

/* ---- Values ---------------------------------------------------------------------------------- */

static bool is_integer_within(struct json_object *value, int64_t least, int64_t greatest)
{
    if (!json_object_is_type(value, json_type_int))
        return false;

    int64_t number = json_object_get_int64(value); /* what does not fit: the nearest limit */

    return number >= least && number <= greatest;
}

bool member_integer(struct reading *r, const struct member *m, int64_t least, int64_t greatest,
                    int64_t *value)
{
    char what[TEXT_BYTES_MAX / 2];

    if (is_integer_within(m->value, least, greatest)) {
        *value = json_object_get_int64(m->value);
        return true;
    }
    snprintf(what, sizeof what, "a whole number from %lld to %lld", (long long)least,
             (long long)greatest);
    return member_expected(r, m, what);
}

bool member_us(struct reading *r, const struct member *m, uint64_t *ns)
{
    int64_t us;

    if (!member_integer(r, m, 0, (int64_t)(WORKLOAD_EVENT_NS_MAX / NS_PER_US), &us))
        return false;
    *ns = (uint64_t)us * NS_PER_US;
    return true;
}

bool member_loop(struct reading *r, const struct member *m, uint32_t *loop)
{
    if (is_integer_within(m->value, -1, -1))
        *loop = LOOP_FOREVER;
    else if (is_integer_within(m->value, 1, INT32_MAX))
        *loop = (uint32_t)json_object_get_int64(m->value);
    else
        return member_expected(r, m, "-1 (for ever) or a whole number from 1 to 2147483647");
    return true;
}

bool member_bool(struct reading *r, const struct member *m, bool *value)
{
    if (!json_object_is_type(m->value, json_type_boolean))
        return member_expected(r, m, "true or false");
    *value = json_object_get_boolean(m->value);
    return true;
}

/* Shown in tables and on terminals: at least a character, no control characters. */
static bool text_is_name(const char *text, size_t bytes)
{
    if (bytes == 0 || bytes >= WORKLOAD_NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return false;
    return true;
}

bool member_name(struct reading *r, const struct member *m, const char **name)
{
    if (!json_object_is_type(m->value, json_type_string))
        return member_expected(r, m, "a name in quotes");
    *name = json_object_get_string(m->value);
    if (!text_is_name(*name, strlen(*name)))
        return member_expected(r, m, "a name of 1 to 255 bytes without control characters");
    return true;
}

bool member_key_is_name(struct reading *r, const struct member *m)
{
    if (text_is_name(m->name, m->name_bytes))
        return true;
    return member_refuse_key(
        r, m, "\"%.*s\": expected a name of 1 to 255 bytes without control characters",
        MEMBER_SHOWN_BYTES, m->name);
}

bool member_mask(struct reading *r, const struct member *m, uint32_t *mask)
{
    struct workload_mask row = {0};
    char what[TEXT_BYTES_MAX / 2];

    snprintf(what, sizeof what, "an array of one or more CPU numbers from 0 to %u", CPU_MAX - 1);
    if (!json_object_is_type(m->value, json_type_array) || json_object_array_length(m->value) == 0)
        return member_expected(r, m, what);

    for (size_t i = 0; i < json_object_array_length(m->value); i++) {
        struct json_object *cpu = json_object_array_get_idx(m->value, i);
        char found[MEMBER_DESCRIBED_BYTES];

        if (!is_integer_within(cpu, 0, CPU_MAX - 1)) {
            member_describe(cpu, found);
            return member_refuse(r, m, "\"%.*s\": expected %s, found %s in it", MEMBER_SHOWN_BYTES,
                                 m->name, what, found);
        }
        cpumask_set(row.words, (uint32_t)json_object_get_int64(cpu));
    }
    *mask = builder_mask(&r->builder, &row);
    reading_check_limit(r, m);
    return true;
}

bool member_object(struct reading *r, const struct member *m, struct members *members)
{
    if (!json_object_is_type(m->value, json_type_object))
        return member_expected(r, m, "an object in { }");
    *members = members_of(m->value);
    return true;
}

bool member_word(struct reading *r, const struct member *m, const char *const *words, size_t *index)
{
    char what[TEXT_BYTES_MAX / 2] = "";
    const char *found = json_object_is_type(m->value, json_type_string)
                            ? json_object_get_string(m->value)
                            : "";

    for (size_t i = 0; words[i] != NULL; i++) {
        size_t used = strlen(what);

        if (strcmp(words[i], found) == 0) {
            *index = i;
            return true;
        }
        snprintf(what + used, sizeof what - used, "%s\"%s\"",
                 i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ", words[i]);
    }
    return member_expected(r, m, what);
}
