/* SPDX-License-Identifier: MIT */
/*
 * why.h - what a program is told of a thread's last reasons (core/why.h): those of threads that its
 * capability reaches, with the other thread in them named only if it is of the same process.
 *
 * Locks: LOCK_THREAD of the seats, one at a time.
 */
#ifndef KERNEL_WHY_H
#define KERNEL_WHY_H

#include "abi/cap.h"
#include "abi/status.h"
#include "base/types.h"

struct process;

/* The reasons of the thread of this name.  The process cannot be taken apart meanwhile: it is the
 * caller's own, or held.  STALE: the thread has ended, or never existed. */
MUST_USE enum status why_of_thread(const struct process *process, uint64_t index, uint64_t gen,
                                   struct cap_thread_why *to);

#endif /* KERNEL_WHY_H */
