/* SPDX-License-Identifier: MIT */
/*
 * semaphore.h - a number that is never negative: post adds one, wait takes one or waits for one.
 *
 * A post hands over: with waiters, the longest has the one and the number stays 0, so nobody who
 * comes later takes it away.  More than UINT32_MAX are not counted.
 * Start.  All zero has none; set `value` for more.
 */
#ifndef USER_RT_SEMAPHORE_H
#define USER_RT_SEMAPHORE_H

#include "user/rt/waitlist.h"

struct rt_semaphore {
    struct rt_waitlist waiters;
    uint32_t value; /* under the list's guard; 0 while somebody waits */
};

/* Returns: STATUS_OK with one taken, or STATUS_EXPIRED at `deadline_ns`. */
MUST_USE enum status rt_semaphore_wait_until(struct rt_semaphore *semaphore, uint64_t deadline_ns);

void rt_semaphore_wait(struct rt_semaphore *semaphore);
void rt_semaphore_post(struct rt_semaphore *semaphore);

#endif /* USER_RT_SEMAPHORE_H */
