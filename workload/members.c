/* SPDX-License-Identifier: MIT */
#include "workload/members.h"

#include "base/assert.h"

#include <stdio.h>

struct json_object *members_parse(const struct prepass *p)
{
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *json = NULL;

    if (tokener != NULL)
        json = json_tokener_parse_ex(tokener, p->json, (int)p->json_bytes);
    json_tokener_free(tokener);
    return json;
}

struct members members_of(struct json_object *object)
{
    return (struct members){json_object_iter_begin(object), json_object_iter_end(object)};
}

bool members_next(struct members *members, struct member *m)
{
    if (json_object_iter_equal(&members->at, &members->end))
        return false;

    const char *json_key = json_object_iter_peek_name(&members->at);
    struct prepass_key key = {0};
    bool is_split = prepass_split(json_key, &key);

    ASSERT(is_split); /* the pre-pass wrote every key */
    *m = (struct member){
        .value = json_object_iter_peek_value(&members->at),
        .key_offset = key.key_offset,
        .value_offset = key.value_offset,
        .name_bytes = key.name_bytes,
    };
    snprintf(m->name, sizeof m->name, "%.*s", (int)key.name_bytes, json_key);
    json_object_iter_next(&members->at);
    return true;
}

void member_describe(struct json_object *value, char out[MEMBER_DESCRIBED_BYTES])
{
    const size_t size = MEMBER_DESCRIBED_BYTES;

    switch (json_object_get_type(value)) {
    case json_type_null:
        snprintf(out, size, "no value");
        break;
    case json_type_object:
        snprintf(out, size, "an object");
        break;
    case json_type_array:
        snprintf(out, size, "an array");
        break;
    case json_type_string:
        snprintf(out, size, "\"%.*s\"", MEMBER_SHOWN_BYTES, json_object_get_string(value));
        break;
    default: /* numbers, true, false: as they are written */
        snprintf(out, size, "%.*s", MEMBER_SHOWN_BYTES, json_object_get_string(value));
        break;
    }
}
