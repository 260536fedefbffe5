/* SPDX-License-Identifier: MIT */
#include "user/rt/condition.h"

#include "base/assert.h"

enum status rt_condition_wait_until(struct rt_condition *condition, struct rt_mutex *mutex,
                                    uint64_t deadline_ns)
{
    if (rt_waitlist_wait(&condition->waiters, mutex, deadline_ns) == STATUS_EXPIRED)
        return STATUS_EXPIRED;
    return rt_mutex_lock_until(mutex, deadline_ns);
}

void rt_condition_wait(struct rt_condition *condition, struct rt_mutex *mutex)
{
    if (rt_condition_wait_until(condition, mutex, RT_NO_DEADLINE) != STATUS_OK)
        UNREACHABLE(); /* there is no deadline */
}

void rt_condition_signal(struct rt_condition *condition, struct rt_mutex *held)
{
    (void)rt_waitlist_wake_one(&condition->waiters, held);
}

void rt_condition_broadcast(struct rt_condition *condition)
{
    (void)rt_waitlist_wake_all(&condition->waiters);
}
