/* SPDX-License-Identifier: MIT */
/*
 * groups.h - tasks that run in processes of their own: rt-app's "taskgroup".
 *
 * Tasks of one path are one process (abi/workload.h); "/" and "" are the process of those that name
 * none.  Processes share no object and do not fork into one another.  A workload whose groups do
 * runs all the same, as one process: a note at one of the keys says what is shared, by whom.
 *
 * Part of a reading; memory is allocated.
 */
#ifndef WORKLOAD_GROUPS_H
#define WORKLOAD_GROUPS_H

#include "workload/rows.h"

struct member;
struct reading;

struct groups {
    struct rows rows; /* struct group: a task with the key */
};

void groups_init(struct groups *groups);
void groups_fini(struct groups *groups);

/* Is this a group's path?  An error if it is no name, and no group if it is the root. */
MUST_USE bool groups_is_path(struct reading *r, const struct member *m);

/* The task that was built last is in the group that `m` names.  Cost: O(tasks in groups). */
void groups_add(struct reading *r, const struct member *m);

/* All tasks are built, and who forks whom is known: objects get their processes, or nobody has one
 * and a note says why.  Cost: O(events). */
void groups_settle(struct reading *r);

#endif /* WORKLOAD_GROUPS_H */
