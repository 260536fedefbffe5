/* SPDX-License-Identifier: MIT */
#include "workload/rows.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 16u

static bool grow(struct rows *t, size_t wanted)
{
    size_t capacity = t->capacity == 0 ? CAPACITY_FIRST : t->capacity;

    if (wanted > ROWS_BYTES_MAX / t->record_bytes)
        return false;
    while (capacity < wanted) /* at most 31 doublings */
        capacity *= 2;

    void *records = realloc(t->records, capacity * t->record_bytes);

    if (records == NULL)
        return false;
    t->records = records;
    t->capacity = capacity;
    return true;
}

void *rows_push(struct rows *t, size_t count)
{
    ASSERT(t->record_bytes != 0);
    if (count > SIZE_MAX - t->count)
        return NULL;
    if (t->count + count > t->capacity && !grow(t, t->count + count))
        return NULL;

    void *first = (unsigned char *)t->records + t->count * t->record_bytes;

    memset(first, 0, count * t->record_bytes);
    t->count += count;
    return first;
}

void *rows_at(const struct rows *t, size_t index)
{
    ASSERT(index < t->count);
    return (unsigned char *)t->records + index * t->record_bytes;
}

void rows_fini(struct rows *t)
{
    free(t->records);
    *t = rows_of(t->record_bytes);
}
