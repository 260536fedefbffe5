/* SPDX-License-Identifier: MIT */
/*
 * waitlist.h - threads that wait for an event which has no memory: a condition, a suspend point.
 *
 * A waiter is on the list before it lets go of anything, in order of arrival, with a word of its own
 * to park on.  So one wake ends exactly one wait, that of the longest waiter, and a wake without a
 * waiter is lost; there are no spurious ends.
 *
 *   W1  A waiter is linked iff its `is_woken` is 0, under `guard`.
 *
 * Locks.  `guard`, inside; it is never held while waiting.
 * Start.  All zero is an empty list.
 */
#ifndef USER_RT_WAITLIST_H
#define USER_RT_WAITLIST_H

#include "user/rt/mutex.h"

struct rt_waiter {
    uint32_t is_woken; /* what the waiter parks on */
    struct rt_waiter *next;
};

struct rt_waitlist {
    struct rt_mutex guard;
    struct rt_waiter *first; /* longest waiting */
    struct rt_waiter *last;
};

/*
 * Wait for a wake.  `mutex`, if not NULL, must be held by the caller; it is released once the caller
 * is on the list, and not taken again.
 * Returns: STATUS_OK, or STATUS_EXPIRED at `deadline_ns`.
 */
MUST_USE enum status rt_waitlist_wait(struct rt_waitlist *list, struct rt_mutex *mutex,
                                      uint64_t deadline_ns);

/* Wake the longest waiter.  Returns whether there was one. */
bool rt_waitlist_wake_one(struct rt_waitlist *list);

/* Wake all who wait now, longest first.  Returns how many. */
uint32_t rt_waitlist_wake_all(struct rt_waitlist *list);

#endif /* USER_RT_WAITLIST_H */
