/* SPDX-License-Identifier: MIT */
/*
 * condition.h - a condition variable with the manners of rt-app's: a signal ends exactly one wait,
 * the longest, and a signal that nobody waits for is lost.  All zero is ready.
 */
#ifndef USER_RT_CONDITION_H
#define USER_RT_CONDITION_H

#include "user/rt/waitlist.h"

struct rt_condition {
    struct rt_waitlist waiters;
};

/*
 * Release `mutex`, which the caller holds, wait for a signal, take `mutex` again.
 * Returns: STATUS_OK with the mutex held; STATUS_EXPIRED at `deadline_ns`, without it.
 */
MUST_USE enum status rt_condition_wait_until(struct rt_condition *condition, struct rt_mutex *mutex,
                                             uint64_t deadline_ns);

void rt_condition_wait(struct rt_condition *condition, struct rt_mutex *mutex);

/* Wake the longest waiter, or all who wait now.  `held`: a mutex that the caller holds, or NULL; if
 * it is the waiter's, the waiter is unparked when the caller unlocks it. */
void rt_condition_signal(struct rt_condition *condition, struct rt_mutex *held);
void rt_condition_broadcast(struct rt_condition *condition);

#endif /* USER_RT_CONDITION_H */
