/* SPDX-License-Identifier: MIT */
/*
 * reaper.h - a thread of the kernel's own for each process that has children: it does, in the time
 * of a fair thread of the parent's, what the end of a child costs.
 *
 * It has no user part: whenever it is dispatched it does steps of what is in its process's queue.
 * Queued are processes that end, records of killed threads whose work (kernel/work.h) was not done,
 * and sessions that were logged out.  It is charged to its process's ledger as a thread, and ends
 * with its process.
 *
 *   RP1  An item is in at most one queue, that of the parent of the process it belongs to.
 *   RP2  A queue's process has a reaper.
 *
 * Locks: LOCK_FAMILY, inside.
 */
#ifndef KERNEL_REAPER_H
#define KERNEL_REAPER_H

#include "abi/status.h"
#include "base/list.h"
#include "core/thread.h"
#include "kernel/work.h"

struct process;
struct uthread;

enum reap_kind { REAP_PROCESS = 0, REAP_THREAD, REAP_SESSION }; /* what it is a field of */

struct reap_item {
    struct list link;
    bool is_queued;
    uint8_t kind; /* enum reap_kind */
};

/* The queues' lock, for who looks at kinship and queue together. */
void family_lock(void);
void family_unlock(void);

/* Make the reaper of `process` if it has none.  LEDGER_FULL, NO_SLOT. */
MUST_USE enum status reaper_create(struct process *process);

/* Queue an item of `process` with its parent's reaper (its own, if it is the first). */
void reaper_queue(struct process *process, struct reap_item *item);

/* The same under LOCK_FAMILY; returns whom to wake once it is given back. */
MUST_USE struct thread_ref reaper_queue_locked(struct process *process, struct reap_item *item);

/* Nothing is to be done with it for now, or ever.  Under LOCK_FAMILY. */
void reaper_unqueue_locked(struct process *process, struct reap_item *item);

/* A step by the reaper `t`, the running thread. */
MUST_USE enum work_turn reaper_step(struct uthread *t);

/* The record of `t`, a reaper of the process, is being taken down: what it has used is left behind
 * in the same hold of the lock in which it is the reaper no more. */
void reaper_gone(struct process *process, const struct uthread *t);

#endif /* KERNEL_REAPER_H */
