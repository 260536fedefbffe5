/* SPDX-License-Identifier: MIT */
/*
 * walk.h - operations on all threads of a process, in steps: their policy, what they have used.
 *
 * The walk is work of the thread that asked (kernel/work.h); each step looks at SEATS_PER_STEP
 * seats.  It keeps the process from being taken apart as one thread more of it would, so that seats
 * stay where they are; the process may end meanwhile.
 *
 * Policy.  What new threads begin with is changed first, then the seats are walked, each thread
 * being given what the process has at that moment.  So of two walks at once the later wins, for
 * all threads.  A thread made meanwhile, whose seat was passed when nobody sat there, is looked at
 * again once it sits (walk_catch_up): the epoch that its maker read first tells.
 *
 * Use.  A seat has what the threads that sat in it left behind, or one that lives (ST4), so each
 * thread counts once, at the instant its seat is read.
 *
 * Locks: none held between steps; LOCK_PROCESS, LOCK_THREAD of a seat, LOCK_FAMILY within.
 */
#ifndef KERNEL_WALK_H
#define KERNEL_WALK_H

#include "kernel/cap.h"
#include "kernel/pool.h"
#include "kernel/work.h"

struct process_policy;

/* Begin.  Returns: void, with call->is_waiting; or a refusal: NO_SLOT, STALE, which no thread left
 * is, too. */
MUST_USE int64_t walk_begin_policy(struct cap_call *call, struct pool_ref target,
                                   const struct process_policy *policy);

/* Begin, to fill what args[0] points to.  Returns: void, with call->is_waiting; or, without, the
 * status of the answer for a process that is GONE: OK, BAD_ADDRESS; or a refusal: NO_SLOT, STALE,
 * BUSY (no thread is left, but it is not GONE yet). */
MUST_USE int64_t walk_begin_stat(struct cap_call *call, struct pool_ref target);

MUST_USE enum work_turn walk_policy_step(struct work *w);
MUST_USE enum work_turn walk_stat_step(struct work *w);

/* The new thread of that index, made from what the process had in `epoch`, is given what it has
 * now. */
void walk_catch_up(struct process *process, uint32_t index, uint32_t epoch);

#endif /* KERNEL_WALK_H */
