/* SPDX-License-Identifier: MIT */
/*
 * reading.h - what the parts of the reader share: the reading under way, and the checks of one
 * member.  Private to reader*.c, merge.c, endpoints.c, forks.c, groups.c, resources.c and
 * member.c.
 */
#ifndef WORKLOAD_READING_H
#define WORKLOAD_READING_H

#include "workload/builder.h"
#include "workload/diagnostics.h"
#include "workload/endpoints.h"
#include "workload/forks.h"
#include "workload/groups.h"
#include "workload/members.h"
#include "workload/prepass.h"
#include "workload/reader.h"
#include "workload/resources.h"

enum workload_policy {
    WORKLOAD_POLICY_OTHER,
    WORKLOAD_POLICY_BATCH,
    WORKLOAD_POLICY_IDLE,
    WORKLOAD_POLICY_FIFO, /* or round-robin */
};

enum section { SECTION_TASKS, SECTION_GLOBAL, SECTION_RESOURCES, SECTION_COUNT };

/* A text of the workload, and what its outermost object has. */
struct reading_file {
    struct prepass prepass; /* `base` tells its offsets from those of other files */
    struct json_object *json;
    struct member sections[SECTION_COUNT];
    uint32_t seen; /* bit for each section that it has */
};

struct reading {
    struct reading_file *files;
    uint32_t file_count;
    struct workload_diagnostics *d;
    struct workload_options options;
    struct builder builder;
    struct builder_global global;
    struct forks forks;
    struct groups groups;
    struct resources resources;
    enum workload_policy default_policy;
    uint32_t instance_count; /* of the task under way */
    bool has_limit_error; /* the builder's failure has been diagnosed */
};

/* Task `i` of those that are in the builder. */
static inline struct workload_task *reading_task(const struct reading *r, size_t i)
{
    return rows_at(&r->builder.tasks, i);
}

/* ---- merge.c --------------------------------------------------------------------------------- */

/* Find the sections of each file.  What is no section is an error. */
void merge_find_sections(struct reading *r);

/*
 * Make several files one, as rt-app's merge.py does: of a task, a resource or a key of "global"
 * that several files have, only the last file's is left; each that goes is noted.
 */
void merge_files(struct reading *r);

static inline bool file_has(const struct reading_file *file, enum section section)
{
    return (file->seen >> section & 1) != 0;
}

/* ---- member.c -------------------------------------------------------------------------------- */

/* Where an offset is, and from now on messages are about that file. */
struct text_position reading_place(struct reading *r, size_t offset);

/* The line of an offset, and of which file, as an image's event has it. */
uint32_t reading_line(const struct reading *r, size_t offset);

/* Element `i` of the array that `array` is, with the array's name.  O(i): for messages. */
struct member member_element(const struct reading *r, const struct member *array, size_t i);

/* An error about the member's value, or about its key; always false. */
bool member_refuse(struct reading *r, const struct member *m, const char *format, ...)
    PRINTF_LIKE(3, 4);
bool member_refuse_key(struct reading *r, const struct member *m, const char *format, ...)
    PRINTF_LIKE(3, 4);
void member_note(struct reading *r, const struct member *m, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* An error at `offset` about `name`, which `format` shows as %.*s. */
void reading_refuse(struct reading *r, size_t offset, const char *format, const char *name)
    PRINTF_LIKE(3, 0);

/* An error "expected `what`, found ..." about the member's value; always false. */
bool member_expected(struct reading *r, const struct member *m, const char *what);

/* May this key come, as number `bit` of its object?  An error if that bit of `seen` is set. */
MUST_USE bool member_is_first(struct reading *r, const struct member *m, uint32_t *seen,
                              unsigned bit);

/*
 * The value, if it is of this type and in this range; else an error, the result is false, and what
 * the last argument points to stays as it was.
 */
bool member_integer(struct reading *r, const struct member *m, int64_t least, int64_t greatest,
                    int64_t *value);
bool member_us(struct reading *r, const struct member *m, uint64_t *ns);
bool member_loop(struct reading *r, const struct member *m, uint32_t *loop);
bool member_bool(struct reading *r, const struct member *m, bool *value);
bool member_name(struct reading *r, const struct member *m, const char **name);
bool member_mask(struct reading *r, const struct member *m, uint32_t *mask);
MUST_USE bool member_object(struct reading *r, const struct member *m, struct members *members);

/* Can the key be a name (of a task, of a phase)?  Else an error. */
MUST_USE bool member_key_is_name(struct reading *r, const struct member *m);

/* The number of the word in `words` that the value is; else false, and an error that lists them. */
MUST_USE bool member_word(struct reading *r, const struct member *m, const char *const *words,
                          size_t *index);

/* If the builder ran into a limit, say so once, at this member. */
void reading_check_limit(struct reading *r, const struct member *m);

/* ---- reader_event.c, reader_exec.c, reader_task.c -------------------------------------------- */

#define READER_EVENT_NAMES \
    "run, runtime, mem, memrun, sleep, yield, timer, lock, unlock, wait, signal, broad, sync, "  \
    "barrier, sem_wait, sem_post, fork, suspend, resume, capos-call, capos-serve"

/* Is this key the name of an event, with or without digits behind it? */
MUST_USE bool reader_is_event(const char *key);

/* Read an event of the task called `task` and add it, or diagnose why not. */
void reader_event(struct reading *r, const struct member *m, const char *task);

/* Is this a key of rt-app's format before 1.0?  "sleep" is one, and an event as well. */
MUST_USE bool reader_is_exec_key(const char *key);

/* Is this task or phase in that format?  Then nothing else says what it does. */
MUST_USE bool reader_is_exec(struct json_object *object);

/* Read what the task or phase `where`, which is in that format, does, and add its events. */
void reader_exec(struct reading *r, const struct member *where);

/* Read the task that `m` is and add it, or diagnose why not. */
void reader_task(struct reading *r, const struct member *m);

/* One of rt-app's policies that can be had; else an error, and `policy` stays. */
void reader_policy(struct reading *r, const struct member *m, enum workload_policy *policy);

/* Refuse a key that is none of `expected`. */
void reader_refuse_key(struct reading *r, const struct member *m, const char *expected);

#endif /* WORKLOAD_READING_H */
