/* SPDX-License-Identifier: MIT */
/*
 * fault.h - a fault in user code: a call of the thread's fault endpoint, or its process's end.
 *
 * The kernel makes the call (kernel/call.h), so all that holds of calls holds of it: who waits in
 * which line, what is lent, who is told when somebody ends.  Unlike a call it brings its words from
 * the fault, and its answer stays with the kernel: the thread's registers are as the fault left
 * them.  What it can be told and can answer is in abi/fault.h.
 *
 *   FA1  A thread that waits for the answer to its fault has enter.is_active, is_held and is_fault;
 *        meanwhile enter.fault is that fault, and nothing is written to its registers.
 *   FA2  The thread goes on, or its process ends FAULTED with that fault, unless the thread is
 *        killed or the process has begun to end otherwise.
 *
 * Without an endpoint the process ends: other threads of it may hold what this one held, and nobody
 * can mend it.
 *
 * Locks: LOCK_THREAD of the thread's seat for its endpoint; none are held otherwise.
 */
#ifndef KERNEL_FAULT_H
#define KERNEL_FAULT_H

#include "abi/status.h"
#include "kernel/uthread.h"

/* `t`, the running thread, has faulted.  Whoever runs next is current afterwards (glue_leave). */
void fault_take(struct uthread *t, const struct arch_fault *fault);

/* `t`, the running thread, waits for the answer to its fault; what has completed is in t->enter.
 * Returns: as enter_continue. */
MUST_USE bool fault_continue(struct uthread *t);

/* What `holder` means by a handle, or 0, and a cookie.  BAD_CAP, STALE; BAD_ARGUMENT: a cookie for
 * no endpoint. */
MUST_USE enum status fault_decode(const struct process *holder, uint64_t client, uint64_t cookie,
                                  struct fault_handler *handler);

/* The thread of this name has that fault endpoint from now on.  STALE. */
MUST_USE enum status fault_set(const struct process *process, uint64_t index, uint64_t gen,
                               const struct fault_handler *handler);

#endif /* KERNEL_FAULT_H */
