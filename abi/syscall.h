/* SPDX-License-Identifier: MIT */
/*
 * syscall.h - the two system calls and how they are made on x86-64.
 *
 *   SYSCALL with rax = number, rdi, rsi = arguments; the result comes back in rax.
 *   rcx and r11 are lost (the instruction's own use); what is not named here is kept.
 *
 *   cap_enter(min_complete, deadline_ns)   drain the submission queue of the calling thread's ring,
 *       post completions, and block until at least `min_complete` unread completions are in the
 *       completion queue or the monotonic instant `deadline_ns` has passed (SYSCALL_NO_DEADLINE:
 *       none).  min_complete is at most RING_CQ_ENTRIES.
 *       Returns the number of unread completions (>= 0), or a refusal: BAD_ARGUMENT, RING_FULL (an
 *       entry stays in the queue until completions are read), RING_CORRUPT, EXPIRED (fewer than
 *       min_complete at the deadline).
 *   cap_enter with one entry in registers.  The same operations with the same checks as an entry of
 *       the ring (abi/ring.h, struct ring_sqe), without touching the ring page: queued entries stay
 *       queued, and no completion slot is needed.  It returns when this one entry is complete.
 *           rax   SYSCALL_CAP_ENTER_ENTRY
 *           rdi   the entry's first 8 bytes: op, flags, method, cap (SYSCALL_ENTRY)
 *           rsi   its deadline_ns
 *           rdx, r10, r8, r9   args[0] to args[3]
 *       user_data and the reserved field count as 0.  The completion comes back in
 *           rax   its status
 *           rdx   its value; r10, r8, r9   of a message the words behind the first, else 0
 *   exit(status)   end the calling thread with `status`; its joiner receives it.  Never returns.
 *   Any other number returns BAD_OP.
 */
#ifndef ABI_SYSCALL_H
#define ABI_SYSCALL_H

#include <stdint.h>

#define SYSCALL_CAP_ENTER 0u
#define SYSCALL_EXIT 1u
#define SYSCALL_CAP_ENTER_ENTRY 2u

/* struct ring_sqe's first 8 bytes. */
#define SYSCALL_ENTRY(op, method, cap) \
    ((uint64_t)(op) | (uint64_t)(method) << 16 | (uint64_t)(cap) << 32)

/* In that: the flags. */
#define SYSCALL_FLAGS UINT64_C(0xff00)

#define SYSCALL_NO_DEADLINE ((uint64_t)INT64_MAX)

#endif /* ABI_SYSCALL_H */
