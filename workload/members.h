/* SPDX-License-Identifier: MIT */
/*
 * members.h - the members of JSON objects that went through the pre-pass, with their places in the
 * file.  For the readers of workloads and of manifests.
 */
#ifndef WORKLOAD_MEMBERS_H
#define WORKLOAD_MEMBERS_H

#include "abi/workload.h"
#include "workload/prepass.h"

#include <json-c/json.h>

/* One key and its value. */
struct member {
    struct json_object *value; /* NULL: null, or no value at all */
    size_t key_offset;
    size_t value_offset; /* the key's own if there is no value */
    size_t name_bytes;   /* of the key; `name` is cut if that is too long for a name */
    char name[WORKLOAD_NAME_BYTES_MAX];
};

/* What json-c makes of the rewritten text, an object; give it back with json_object_put.  The
 * grammar was checked, so NULL (no memory, or json-c's own limits) is not expected. */
MUST_USE struct json_object *members_parse(const struct prepass *p);

/* Walk over the members of an object, in file order. */
struct members {
    struct json_object_iterator at;
    struct json_object_iterator end;
};

struct members members_of(struct json_object *object);
MUST_USE bool members_next(struct members *members, struct member *m);

/* A message has only so much room: names and values in it are shown by %.*s with this. */
#define MEMBER_SHOWN_BYTES 60
#define MEMBER_DESCRIBED_BYTES (MEMBER_SHOWN_BYTES + 4)

/* A few words for what a value is: "an array", "no value", "12", "\"text\"". */
void member_describe(struct json_object *value, char out[MEMBER_DESCRIBED_BYTES]);

#endif /* WORKLOAD_MEMBERS_H */
