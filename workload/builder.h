/* SPDX-License-Identifier: MIT */
/*
 * builder.h - a workload image under construction: tables that grow, then one flat piece.
 *
 * Order of calls for each task: its phases (each followed by its events), then the task itself,
 * which takes what was added since the task before.  builder_finish lays everything out.
 *
 * A builder that runs into a limit or out of memory remembers the first such failure, refuses
 * everything after it, and builder_finish says so; so the reader may go on collecting errors.
 *
 * Host only; memory is allocated.  No locks: a builder belongs to one reading.
 * Cost: O(1) in the mean for each record; masks are compared with all masks before.
 */
#ifndef WORKLOAD_BUILDER_H
#define WORKLOAD_BUILDER_H

#include "abi/workload.h"
#include "workload/rows.h"

struct builder {
    struct rows tasks;   /* struct workload_task */
    struct rows phases;  /* struct workload_phase */
    struct rows events;  /* struct workload_event */
    struct rows masks;   /* struct workload_mask */
    struct rows objects; /* struct builder_object */
    struct rows strings; /* char */
    uint32_t *buckets;    /* hash table over objects: number + 1, or 0 */
    uint32_t bucket_count; /* a power of two, more than twice objects_max */
    uint32_t objects_max;
    uint32_t thread_count;
    uint32_t process_count;
    uint32_t shared_timers;
    uint32_t unique_timers; /* of the task under construction */
    uint32_t phases_taken;  /* by the tasks so far */
    uint32_t events_taken;  /* by the phases so far */
    const char *full;       /* what ran into its limit: "events", ...; NULL: nothing did */
    bool no_memory;
    bool uses_buffer; /* an event was mem or memrun */
};

/* An object as the builder keeps it: what the image holds, and what only the reader needs. */
struct builder_object {
    struct workload_object record;
    uint32_t task;         /* unique timers: the task they belong to; else WORKLOAD_INDEX_NONE */
    bool is_absolute;      /* timers: one use said so, so all uses are (rt-app's rule) */
    uint32_t used_in;      /* mutexes, barriers, endpoints: the latest task that locks, meets there,
                            * serves; plus 1 */
    uint32_t called_in;    /* endpoints: the latest task that calls; plus 1 */
    bool is_settled;       /* endpoints: a server said whether it is passive */
    uint32_t first_task;   /* whose events name it, plus 1; of groups.c, else 0 */
    uint64_t first_offset; /* in the file, of the first use */
};

/* What the file says once for all. */
struct builder_global {
    uint64_t duration_ns;
    uint32_t flags; /* WORKLOAD_FLAG_* */
    uint32_t buffer_bytes;
};

/* An empty builder for at most `objects_max` objects (1..WORKLOAD_OBJECTS_MAX), for which it
 * allocates.  builder_fini is due in every case. */
void builder_init(struct builder *b, uint32_t objects_max);
void builder_fini(struct builder *b);

static inline bool builder_has_failed(const struct builder *b)
{
    return b->no_memory || b->full != NULL;
}

/* Append a name; its place in the strings. */
uint32_t builder_name(struct builder *b, const char *name);

/* The number of the mask with these words, appended if it is new. */
uint32_t builder_mask(struct builder *b, const struct workload_mask *mask);

/*
 * The number of the object called `name` of this kind, appended if it is new.  A unique timer is
 * the current task's own.  `offset` is where the file names it.
 */
uint32_t builder_object(struct builder *b, enum workload_object_kind kind, const char *name,
                        uint64_t offset);

/* The object with this name and kind that no task owns, or NULL.  Valid until the next call. */
const struct builder_object *builder_find(const struct builder *b, enum workload_object_kind kind,
                                          const char *name);

/* From now on every use of this timer is absolute, those before included. */
void builder_timer_absolute(struct builder *b, uint32_t object);

/* `users` more threads of the current task meet at `barrier`.  False, with nothing done: that task
 * has met there before, so nobody could ever leave. */
MUST_USE bool builder_barrier(struct builder *b, uint32_t barrier, uint32_t users);

void builder_event(struct builder *b, const struct workload_event *event);

/* Close a phase: its events are those added since the phase before. */
void builder_phase(struct builder *b, const char *name, uint32_t loop, uint32_t mask);

/* Close a task: its phases are those added since the task before.  Fills in what follows from
 * that: first_phase, phase_count, first_thread, flags, and `name`. */
void builder_task(struct builder *b, const char *name, struct workload_task task);

/* Suspend points that are also mutexes or conditions become one of each.  builder_finish does it;
 * before, for who looks at what the events name.  Once is as good as twice. */
void builder_settle_suspends(struct builder *b);

/* Drop the phases and events added since the last task: the task was refused. */
void builder_drop_task(struct builder *b);

/*
 * Lay out the image: *bytes is allocated (free() it), *size its length.  False, with nothing
 * allocated, when the builder has failed or the image would be larger than WORKLOAD_BYTES_MAX.
 */
MUST_USE bool builder_finish(struct builder *b, const struct builder_global *global, void **bytes,
                             uint64_t *size);

#endif /* WORKLOAD_BUILDER_H */
