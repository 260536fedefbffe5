/* SPDX-License-Identifier: MIT */
/*
 * waitlist.h - threads that wait for an event which has no memory: a condition, a suspend point.
 *
 * A waiter is on the list before it lets go of anything, in order of arrival, with a word of its
 * own to park on.  So one wake ends exactly one wait, that of the longest waiter, and a wake
 * without a waiter is lost; there are no spurious ends.
 *
 *   W1  A waiter is linked iff its `is_woken` is 0, under `guard`.
 *
 * A wake has two halves: take the waiter off the list, which decides, and unpark it.  Only the
 * address of its word is used for the second: the waiter may have seen the first and be gone, and
 * an UNPARK too many is harmless, because whoever parks looks again.
 *
 * Locks.  `guard`, inside; it is never held while waiting.
 * Start.  All zero is an empty list.
 */
#ifndef USER_RT_WAITLIST_H
#define USER_RT_WAITLIST_H

#include "user/rt/mutex.h"

struct rt_waiter {
    uint32_t is_woken; /* what the waiter parks on */
    struct rt_mutex *mutex; /* what it gave back in order to wait, or NULL */
    struct rt_waiter *next;
};

struct rt_waitlist {
    struct rt_mutex guard;
    struct rt_waiter *first; /* longest waiting */
    struct rt_waiter *last;
};

/*
 * Wait for a wake.  `mutex`, if not NULL, must be held by the caller; it is released once the
 * caller is on the list, and not taken again.
 * Returns: STATUS_OK, or STATUS_EXPIRED at `deadline_ns`.
 */
MUST_USE enum status rt_waitlist_wait(struct rt_waitlist *list, struct rt_mutex *mutex,
                                      uint64_t deadline_ns);

/*
 * Wake the longest waiter.  `held` is a mutex that the caller holds, or NULL: if the waiter gave
 * that one back it could not go on before the caller unlocks it, so it is unparked then.
 * Returns whether there was a waiter.
 */
bool rt_waitlist_wake_one(struct rt_waitlist *list, struct rt_mutex *held);

/* The first half of that: returns the word to rt_unpark, or NULL when nobody waits; *mutex is what
 * the waiter gave back. */
MUST_USE const uint32_t *rt_waitlist_take_one(struct rt_waitlist *list, struct rt_mutex **mutex);

/* Wake all who wait now, longest first.  Returns how many. */
uint32_t rt_waitlist_wake_all(struct rt_waitlist *list);

/*
 * Tokens are a number that the list's guard guards, for who has a memory of wakes (semaphore.h).
 * take: have one of them, or wait for one.  Returns: STATUS_OK with it, or STATUS_EXPIRED.
 * give: the longest waiter has one, or there is one more.
 */
MUST_USE enum status rt_waitlist_take_token(struct rt_waitlist *list, uint32_t *tokens,
                                            uint64_t deadline_ns);
void rt_waitlist_give_token(struct rt_waitlist *list, uint32_t *tokens);

#endif /* USER_RT_WAITLIST_H */
