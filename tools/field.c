/* SPDX-License-Identifier: MIT */
#include "tools/field.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fmt.h"

#define TEXT_BYTES 240u
#define PATH_BYTES 160u

struct field field_of_member(const struct field *parent, const struct member *m)
{
    return (struct field){
        .parent = parent,
        .name = m->name,
        .value = m->value,
        .key_offset = m->key_offset,
        .value_offset = m->value_offset,
    };
}

struct field field_of_element(const struct field *array, size_t index)
{
    return (struct field){
        .parent = array,
        .index = index,
        .value = json_object_array_get_idx(array->value, index),
        .key_offset = array->value_offset,
        .value_offset = array->value_offset,
    };
}

/* ---- Saying what is wrong -------------------------------------------------------------------- */

/* Recursion: as deep as the field lies, at most PREPASS_DEPTH_MAX. */
static void append_path(struct fmt *f, const struct field *field)
{
    if (field->parent == NULL)
        return;
    append_path(f, field->parent);
    if (field->name == NULL) {
        fmt_char(f, '[');
        fmt_u64(f, field->index, 1, ' ');
        fmt_char(f, ']');
    } else {
        fmt_text(f, field->parent->parent != NULL ? "." : "");
        fmt_bytes(f, field->name, MEMBER_SHOWN_BYTES);
    }
}

/* `offset`: that of the field's key or value; an element's own is looked up here. */
static void diagnose(const struct field_file *file, const struct field *field, size_t offset,
                     const char *format, va_list arguments)
{
    const struct prepass *p = &file->prepass;
    char path[PATH_BYTES], text[TEXT_BYTES];
    struct fmt f = fmt_start(path, sizeof path);

    /* What is counted only needs no place, and a file may have very many elements. */
    if (field->parent != NULL && field->name == NULL && file->d->count < WORKLOAD_DIAGNOSTICS_MAX)
        offset = prepass_element_offset(p, offset, field->index);
    append_path(&f, field);
    if (field->parent == NULL)
        fmt_text(&f, "the file");
    vsnprintf(text, sizeof text, format, arguments);
    workload_diagnose(file->d, WORKLOAD_ERROR, prepass_position(p, offset), "%s: %s", path, text);
}

void field_refuse(const struct field_file *file, const struct field *field, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    diagnose(file, field, field->value_offset, format, arguments);
    va_end(arguments);
}

void field_refuse_key(const struct field_file *file, const struct field *field, const char *format,
                      ...)
{
    va_list arguments;

    va_start(arguments, format);
    diagnose(file, field, field->key_offset, format, arguments);
    va_end(arguments);
}

bool field_expected(const struct field_file *file, const struct field *field, const char *what)
{
    char found[MEMBER_DESCRIBED_BYTES];

    member_describe(field->value, found);
    field_refuse(file, field, "expected %s, found %s", what, found);
    return false;
}

/* ---- Values ---------------------------------------------------------------------------------- */

bool field_integer(const struct field_file *file, const struct field *field, uint64_t least,
                   uint64_t greatest, uint64_t *value)
{
    char what[TEXT_BYTES / 2];

    if (json_object_is_type(field->value, json_type_int)) {
        int64_t number = json_object_get_int64(field->value); /* beyond 64 bits: the nearest */

        if (number >= 0 && (uint64_t)number >= least && (uint64_t)number <= greatest) {
            *value = (uint64_t)number;
            return true;
        }
    }
    snprintf(what, sizeof what, "a whole number from %llu to %llu", (unsigned long long)least,
             (unsigned long long)greatest);
    return field_expected(file, field, what);
}

bool field_bool(const struct field_file *file, const struct field *field, bool *value)
{
    if (!json_object_is_type(field->value, json_type_boolean))
        return field_expected(file, field, "true or false");
    *value = json_object_get_boolean(field->value);
    return true;
}

bool field_is_object(const struct field_file *file, const struct field *field)
{
    return json_object_is_type(field->value, json_type_object) ||
           field_expected(file, field, "an object in { }");
}

bool field_is_text(const struct field *field, const char *text)
{
    return json_object_is_type(field->value, json_type_string) &&
           strcmp(json_object_get_string(field->value), text) == 0;
}

/* ---- Objects --------------------------------------------------------------------------------- */

/* "a, b and c" of the keys whose bit is set in `which`. */
static void list_keys(const struct field_keys *keys, uint32_t which, const char *last,
                      char text[TEXT_BYTES / 2])
{
    struct fmt f = fmt_start(text, TEXT_BYTES / 2);

    for (uint32_t i = 0; i < keys->count; i++) { /* at most 32 */
        uint32_t rest = which >> i;

        if ((rest & 1) == 0)
            continue;
        if (fmt_length(&f) > 0)
            fmt_text(&f, rest == 1 ? last : ", ");
        fmt_text(&f, keys->names[i]);
    }
}

static void check_missing(const struct field_file *file, const struct field *object,
                          const struct field_keys *keys, uint32_t seen)
{
    char names[TEXT_BYTES / 2];

    list_keys(keys, keys->needed, " and ", names);
    for (uint32_t i = 0; i < keys->count; i++)
        if ((keys->needed & ~seen) >> i & 1)
            field_refuse(file, object, "\"%s\" is missing; expected %s", keys->names[i], names);
}

uint32_t field_keys_find(const struct field_file *file, const struct field *object,
                         const struct field_keys *keys, struct field *found)
{
    struct members members = members_of(object->value);
    char names[TEXT_BYTES / 2];
    uint32_t seen = 0;
    struct member m;

    list_keys(keys, UINT32_MAX >> (32 - keys->count), " or ", names);
    while (members_next(&members, &m)) {
        struct field field = field_of_member(object, &m);
        uint32_t key = 0;

        while (key < keys->count && strcmp(keys->names[key], m.name) != 0)
            key++;
        if (key == keys->count) {
            field_refuse_key(file, &field, "there is no such key; expected %s", names);
        } else if ((seen >> key & 1) != 0) {
            field_refuse_key(file, &field, "this key is given twice; expected it once");
        } else {
            seen |= UINT32_C(1) << key;
            field.name = keys->names[key];
            found[key] = field;
        }
    }
    check_missing(file, object, keys, seen);
    return seen;
}
