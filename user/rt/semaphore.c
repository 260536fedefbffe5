/* SPDX-License-Identifier: MIT */
#include "user/rt/semaphore.h"

#include "base/assert.h"

enum status rt_semaphore_wait_until(struct rt_semaphore *semaphore, uint64_t deadline_ns)
{
    return rt_waitlist_take_token(&semaphore->waiters, &semaphore->value, deadline_ns);
}

void rt_semaphore_wait(struct rt_semaphore *semaphore)
{
    if (rt_semaphore_wait_until(semaphore, RT_NO_DEADLINE) != STATUS_OK)
        UNREACHABLE(); /* there is no deadline */
}

void rt_semaphore_post(struct rt_semaphore *semaphore)
{
    rt_waitlist_give_token(&semaphore->waiters, &semaphore->value);
}
