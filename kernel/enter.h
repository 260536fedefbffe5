/* SPDX-License-Identifier: MIT */
/*
 * enter.h - cap_enter: take submitted entries, post completions, wait for more.
 *
 * The thread waits only here.  Its registers are in its context already, so waiting is a flag and a
 * count in its record (struct enter); whenever the core puts the thread on a CPU, glue_leave asks
 * enter_continue whether it may go on.  Completions that others made meanwhile are posted there, on
 * the CPU that will run it.
 *
 * Locks: none held; the CPU that runs the thread.
 */
#ifndef KERNEL_ENTER_H
#define KERNEL_ENTER_H

#include "base/types.h"

struct uthread;

/* The call with one entry in registers: executes it; ends at once, or as enter_begin does. */
void enter_entry(struct uthread *t);

/* The whole call of the running thread for an entry whose first word is nothing but PARK, or
 * UNPARK. */
NORETURN void enter_park(void);

/* CALL and RETURN_RECV, whose first word is `word`, with no flags but MESSAGE and no deadline.
 * Returns if it is another operation, or not the short way. */
void enter_call(uint64_t word);
NORETURN void enter_unpark(void);

/* The call: drains the submission queue; the result is known when enter_continue says so. */
void enter_begin(struct uthread *t, uint64_t min_complete, uint64_t deadline_ns);

/*
 * `t`, the running thread, is in cap_enter: post what has completed, then decide.
 * Returns: true: the call is over, its result is set; false: the thread was told to wait, and
 * cpu->current is whoever runs now (possibly `t`, if a wake came first).
 */
MUST_USE bool enter_continue(struct uthread *t);

#endif /* KERNEL_ENTER_H */
