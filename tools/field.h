/* SPDX-License-Identifier: MIT */
/*
 * field.h - a value in a JSON file of ours, with its place and its path: what is said about it
 * begins with the path, "services.loadgen.limits.frames: expected ...".
 *
 * Errors are collected (workload/diagnostics.h), and reading goes on, so that one run shows all of
 * them.  A field points to the one it lies in, on the caller's stack.
 */
#ifndef TOOLS_FIELD_H
#define TOOLS_FIELD_H

#include "base/types.h"
#include "workload/members.h"

struct field_file {
    struct prepass prepass;
    struct workload_diagnostics *d;
};

struct field {
    const struct field *parent; /* NULL: the file's outermost object */
    const char *name;           /* its key; NULL: it is an element of an array */
    size_t index;               /* which element */
    struct json_object *value;  /* NULL: null, or no value at all */
    size_t key_offset;          /* of an element: its array's value's, both */
    size_t value_offset;
};

struct field field_of_member(const struct field *parent, const struct member *m);
struct field field_of_element(const struct field *array, size_t index);

/* An error about the field's value, or about its key. */
void field_refuse(const struct field_file *file, const struct field *field, const char *format, ...)
    PRINTF_LIKE(3, 4);
void field_refuse_key(const struct field_file *file, const struct field *field, const char *format,
                      ...) PRINTF_LIKE(3, 4);

/* An error "expected `what`, found ..." about the value; always false. */
bool field_expected(const struct field_file *file, const struct field *field, const char *what);

/* The value, if it is of this type and in this range; else an error, and *value stays. */
bool field_integer(const struct field_file *file, const struct field *field, uint64_t least,
                   uint64_t greatest, uint64_t *value);
bool field_bool(const struct field_file *file, const struct field *field, bool *value);
MUST_USE bool field_is_object(const struct field_file *file, const struct field *field);

/* Is the value this text? */
MUST_USE bool field_is_text(const struct field *field, const char *text);

/* The keys an object may have; bit i of `needed` is set if names[i] must be there. */
struct field_keys {
    const char *const *names;
    uint32_t count; /* at most 32 */
    uint32_t needed;
};

/*
 * Put the object's fields into found[0..count-1], by key.  A key that is not in `keys`, comes twice
 * or is missing is an error.  Returns a bit for each key that is there.
 */
MUST_USE uint32_t field_keys_find(const struct field_file *file, const struct field *object,
                                  const struct field_keys *keys, struct field *found);

#endif /* TOOLS_FIELD_H */
