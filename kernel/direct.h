/* SPDX-License-Identifier: MIT */
/*
 * direct.h - the short way of a call and of its answer: both entries in registers, the other side
 * waiting, nothing but words to pass.
 *
 * The same checks as kernel/call.c, and the same effect; what is unusual is left to that.
 * The endpoint's lock is held while the core hands over, which is what lets both threads' records
 * be completed in one go: the run queue's lock is innermost.  A receiver with a context of its own
 * is woken, and the caller waits, in one go too.
 *
 * Locks: LOCK_ENDPOINT, and the run queue's inside it.   Cost: O(1).
 */
#ifndef KERNEL_DIRECT_H
#define KERNEL_DIRECT_H

#include "kernel/cap.h"

/* The running thread's CALL in registers, to the CLIENT `cap`, whose first word is `word`, with no
 * flags but MESSAGE and no deadline: it hands over and does not return, or nothing has changed. */
void direct_call(struct uthread *t, uint64_t word, const struct cap_ref *cap);

/* The same for a RETURN_RECV of the ENDPOINT `cap`. */
void direct_return_receive(struct uthread *t, uint64_t word, const struct cap_ref *cap);

#endif /* KERNEL_DIRECT_H */
