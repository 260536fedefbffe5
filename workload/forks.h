/* SPDX-License-Identifier: MIT */
/*
 * forks.h - who forks whom, and how many threads that can be.
 *
 * A fork may name a task that comes later in the file, so forks are kept until all tasks are read.
 * Then each gets its task's number, and each forked task as many threads more as its forks can ask
 * for: turns of the forking phase and task, times the threads that do it, forked ones included.
 * Where that is more than WORKLOAD_FORKS_MAX, or endless, it is WORKLOAD_FORKS_MAX.
 *
 * Host only.  Cost: O(forks * tasks) comparisons of names, O(forks^2) at most for the counts.
 */
#ifndef WORKLOAD_FORKS_H
#define WORKLOAD_FORKS_H

#include "workload/rows.h"

struct reading;
struct member;

struct forks {
    struct rows rows;  /* struct fork, in forks.c */
    struct rows empty; /* struct empty_task: those with 0 instances */
};

void forks_init(struct forks *forks);
void forks_fini(struct forks *forks);

/* The event that is added next forks the task whose name is the member's value. */
void forks_add(struct reading *r, const struct member *m);

/* The task that is added next has no thread at the start; `m` says so. */
void forks_note_empty(struct reading *r, const struct member *m);

/* All tasks are read, without an error: settle them, or diagnose what does not fit. */
void forks_settle(struct reading *r);

#endif /* WORKLOAD_FORKS_H */
