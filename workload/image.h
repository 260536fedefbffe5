/* SPDX-License-Identifier: MIT */
/*
 * image.h - taking in a workload image (abi/workload.h): check everything once, then read freely.
 *
 * workload_image_open looks at every record; after WORKLOAD_IMAGE_OK
 *   I1  the tables follow the header in the documented order and fill the image exactly,
 *   I2  every index (phase, event, mask, object, name) is inside its table, and an event's objects
 *       have the kinds that its own kind needs,
 *   I3  tasks partition the phases, phases partition the events; both are never empty,
 *   I4  every number is inside its limit, every name ends in NUL inside the strings,
 *   I5  thread numbers are consecutive: first_thread is the sum of the counts before,
 *   I6  processes are numbered in the order of their first tasks, 1..process_count each have one,
 *       and no event of one names an object, or forks a task, of another.
 * So users of `struct workload_image` check nothing again.
 *
 * Freestanding; no locks, no allocation.  The bytes stay the caller's and must not change.
 */
#ifndef WORKLOAD_IMAGE_H
#define WORKLOAD_IMAGE_H

#include "abi/workload.h"
#include "base/types.h"

#define WORKLOAD_REFUSAL_TABLE(X)                                                          \
    X(OK, "the image is sound")                                                            \
    X(SIZE, "the image's size is not what its header says, or beyond the limit")           \
    X(ALIGNMENT, "the image is not aligned to 8 bytes")               \
    X(MAGIC, "these bytes are not a workload image of this version")                       \
    X(CHECKSUM, "the checksum does not match: the image is damaged")                       \
    X(BOUNDS, "the tables do not fill the image one after the other")                      \
    X(LIMIT, "a table has more records than its limit, or none where one is needed")       \
    X(STRINGS, "a name is outside the strings, too long, or does not end in NUL")          \
    X(TASK, "a task's number is outside its range, or its phases are not the next ones")   \
    X(PHASE, "a phase's number is outside its range, or its events are not the next ones") \
    X(EVENT, "an event's kind, duration or object is not valid")                           \
    X(MASK, "a CPU set is empty")                                                          \
    X(OBJECT, "an object's kind or timer number is not valid")                             \
    X(PROCESS, "a process's number is not the next one, or two processes share something") \
    X(THREADS, "the thread count is not the sum of the tasks' instances")

enum workload_refusal {
#define WORKLOAD_REFUSAL_ENUM(name, sentence) WORKLOAD_IMAGE_##name,
    WORKLOAD_REFUSAL_TABLE(WORKLOAD_REFUSAL_ENUM)
#undef WORKLOAD_REFUSAL_ENUM
    WORKLOAD_REFUSAL_COUNT
};

/* An image that was found sound: its tables, in place. */
struct workload_image {
    const struct workload_header *header;
    const struct workload_task *tasks;
    const struct workload_phase *phases;
    const struct workload_event *events;
    const struct workload_mask *masks;
    const struct workload_object *objects;
    const char *strings;
};

/*
 * Check `size` bytes at `bytes` and, if all is well, fill `image` with the tables.  If refused,
 * `image` is left alone.  `bytes` may hold anything at all.  Cost: O(size).
 */
MUST_USE enum workload_refusal workload_image_open(struct workload_image *image, const void *bytes,
                                                   uint64_t size);

/* The table's sentence; "unknown" for a value that is not in it. */
const char *workload_refusal_sentence(enum workload_refusal refusal);

/* ---- Reading an opened image; indices must be inside their table ----------------------------- */

static inline uint32_t workload_image_threads(const struct workload_image *image)
{
    return image->header->thread_count;
}

/* The number of the task that `thread` is an instance of.  Binary search: O(log tasks). */
uint32_t workload_image_task_of(const struct workload_image *image, uint32_t thread);

/* Which instance of its task `thread` is, from 0. */
uint32_t workload_image_instance_of(const struct workload_image *image, uint32_t thread);

/* The process of `thread`'s task: 0, or 1..process_count.  Cost: as task_of; O(1) without any. */
uint32_t workload_image_process_of(const struct workload_image *image, uint32_t thread);

/* The name of a process, "" for process 0.  O(tasks). */
const char *workload_image_process_name(const struct workload_image *image, uint32_t process);

/* Does `thread` start with the workload?  Else it is there to be forked. */
bool workload_image_starts(const struct workload_image *image, uint32_t thread);

static inline const char *workload_image_name(const struct workload_image *image, uint32_t name)
{
    return image->strings + name;
}

/* The row of a mask (WORKLOAD_MASK_WORDS words), or NULL for WORKLOAD_INDEX_NONE: all CPUs. */
static inline const uint64_t *workload_image_mask(const struct workload_image *image, uint32_t mask)
{
    return mask == WORKLOAD_INDEX_NONE ? NULL : image->masks[mask].words;
}

/*
 * Can this workload end by itself?  False when it has no duration and some thread loops for ever:
 * then whoever runs it must set a duration.  (True does not promise it: a thread may wait for a
 * resume that never comes.)  O(tasks + phases).
 */
bool workload_image_ends(const struct workload_image *image);

#endif /* WORKLOAD_IMAGE_H */
