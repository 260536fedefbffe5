/* SPDX-License-Identifier: MIT */
/*
 * resources.h - the "resources" section of rt-app's format before 1.0: what a task's "lock_order"
 * may name.  Private to the reader.
 *
 *     "m": {"type": "mutex"}, "w": {"type": "wait"}, "s": {"type": "signal", "target": "w"}
 *
 * Order of calls: resources_init, resources_read for each file, resources_settle, then the tasks.
 * Memory: the table.  Cost: O(n log n) to settle, O(log n) to find.
 */
#ifndef WORKLOAD_RESOURCES_H
#define WORKLOAD_RESOURCES_H

#include "workload/members.h"
#include "workload/rows.h"

struct reading;

#define RESOURCES_MAX WORKLOAD_OBJECTS_MAX

/* The order is that of their names in resources.c. */
enum resource_kind {
    RESOURCE_MUTEX,
    RESOURCE_WAIT,
    RESOURCE_SIGNAL, /* these three have a target, which is a RESOURCE_WAIT */
    RESOURCE_BROADCAST,
    RESOURCE_SYNC,
    RESOURCE_SLEEP,
    RESOURCE_RUN
};

struct resource {
    char name[WORKLOAD_NAME_BYTES_MAX];
    enum resource_kind kind;
    const char *target; /* NULL: none */
    size_t target_offset;
    size_t offset; /* of its name in the file */

    /* What the task or phase numbered `use` says of it; 0: none has yet. */
    uint32_t use;
    uint64_t duration_ns;
    struct json_object *access; /* an array; NULL: none */
    size_t access_offset;
};

struct resources {
    struct rows rows; /* struct resource, by name once they are settled */
    uint32_t uses;    /* tasks and phases so far that are in that format */
    bool is_sound;    /* settled without an error: what has a target, has a good one */
};

void resources_init(struct resources *resources);
void resources_fini(struct resources *resources);

/* Read the section of one file, or diagnose what is wrong with it. */
void resources_read(struct reading *r, const struct member *section);

/* All are read: refuse names that come twice, and targets that are none.  `errors`: how many there
 * were before the first was read. */
void resources_settle(struct reading *r, uint32_t errors);

/* The resource of this name, or NULL. */
struct resource *resources_find(const struct reading *r, const char *name);

/* The resource that element `i` of `array` names; NULL: there is none, which is an error. */
struct resource *resources_named(struct reading *r, const struct member *array, size_t i);

/* Note what a task or phase, the one numbered `uses`, says of resources in its own section; false:
 * something is wrong, and was diagnosed. */
MUST_USE bool resources_use(struct reading *r, const struct member *section);

#endif /* WORKLOAD_RESOURCES_H */
