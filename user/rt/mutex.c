/* SPDX-License-Identifier: MIT */
#include "user/rt/mutex.h"

#include "base/assert.h"
#include "user/rt/calls.h"

enum mutex_state { MUTEX_FREE = 0, MUTEX_HELD = 1, MUTEX_CONTENDED = 2 };

enum status rt_mutex_lock_until(struct rt_mutex *mutex, uint64_t deadline_ns)
{
    uint32_t expected = MUTEX_FREE;

    if (__atomic_compare_exchange_n(&mutex->word, &expected, MUTEX_HELD, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED))
        return STATUS_OK;

    /* Each turn after the first follows a wake-up or a change of the word. */
    while (__atomic_exchange_n(&mutex->word, MUTEX_CONTENDED, __ATOMIC_ACQUIRE) != MUTEX_FREE) {
        int64_t status = rt_park(&mutex->word, MUTEX_CONTENDED, deadline_ns);

        if (status == STATUS_EXPIRED)
            return STATUS_EXPIRED;
        ASSERT(status == STATUS_OK || status == STATUS_VALUE_CHANGED);
    }
    return STATUS_OK;
}

void rt_mutex_lock(struct rt_mutex *mutex)
{
    if (rt_mutex_lock_until(mutex, RT_NO_DEADLINE) != STATUS_OK)
        UNREACHABLE(); /* there is no deadline */
}

void rt_mutex_unpark_at_unlock(struct rt_mutex *mutex, const uint32_t *word)
{
    if (mutex->at_unlock != NULL) /* one place is enough: signals in a row are rare */
        (void)rt_unpark(mutex->at_unlock, 1);
    mutex->at_unlock = word;
}

void rt_mutex_unlock(struct rt_mutex *mutex)
{
    const uint32_t *at_unlock = mutex->at_unlock;

    mutex->at_unlock = NULL;
    uint32_t was = __atomic_exchange_n(&mutex->word, MUTEX_FREE, __ATOMIC_RELEASE);

    ASSERT(was != MUTEX_FREE);
    if (was == MUTEX_CONTENDED)
        (void)rt_unpark(&mutex->word, 1);
    if (at_unlock != NULL)
        (void)rt_unpark(at_unlock, 1);
}
