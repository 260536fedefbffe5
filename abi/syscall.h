/* SPDX-License-Identifier: MIT */
/*
 * syscall.h - the two system calls and how they are made on x86-64.
 *
 *   SYSCALL with rax = number, rdi, rsi = arguments; the result comes back in rax.
 *   rcx and r11 are lost (the instruction's own use); everything else is kept.
 *
 *   cap_enter(min_complete, deadline_ns)   drain the submission queue of the calling thread's ring,
 *       post completions, and block until at least `min_complete` unread completions are in the
 *       completion queue or the monotonic instant `deadline_ns` has passed (SYSCALL_NO_DEADLINE:
 *       none).  min_complete is at most RING_CQ_ENTRIES.
 *       Returns the number of unread completions (>= 0), or a refusal: BAD_ARGUMENT, RING_FULL (an
 *       entry stays in the queue until completions are read), RING_CORRUPT, EXPIRED (fewer than
 *       min_complete at the deadline).
 *   exit(status)   end the calling thread with `status`; its joiner receives it.  Never returns.
 *   Any other number returns BAD_OP.
 */
#ifndef ABI_SYSCALL_H
#define ABI_SYSCALL_H

#include <stdint.h>

#define SYSCALL_CAP_ENTER 0u
#define SYSCALL_EXIT 1u

#define SYSCALL_NO_DEADLINE ((uint64_t)INT64_MAX)

#endif /* ABI_SYSCALL_H */
