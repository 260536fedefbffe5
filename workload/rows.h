/* SPDX-License-Identifier: MIT */
/*
 * rows.h - an array that grows, of records of one size.  For the reader on the host.
 *
 * Records move when it grows: keep indices, not pointers.  Growth doubles, so pushing is O(1) in
 * the mean.  No locks: rows belong to their reading.
 */
#ifndef WORKLOAD_ROWS_H
#define WORKLOAD_ROWS_H

#include "base/types.h"

#define ROWS_BYTES_MAX (SIZE_MAX >> 33) /* 2 GiB: more counts as out of memory */

struct rows {
    void *records;
    size_t count;
    size_t capacity;
    size_t record_bytes;
};

/* No rows; allocates nothing. */
static inline struct rows rows_of(size_t record_bytes)
{
    return (struct rows){.record_bytes = record_bytes};
}

/* Append `count` records, all zero, and return the first of them; NULL when memory ran out. */
MUST_USE void *rows_push(struct rows *t, size_t count);

/* The record at `index`, which must be below count. */
void *rows_at(const struct rows *t, size_t index);

void rows_fini(struct rows *t);

#endif /* WORKLOAD_ROWS_H */
