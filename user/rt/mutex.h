/* SPDX-License-Identifier: MIT */
/*
 * mutex.h - a mutual exclusion lock.
 *
 * Model.  Ulrich Drepper, "Futexes are tricky" (2011), section 6, the three-state lock: 0 free,
 *         1 held, 2 held and somebody may wait.  Uncontended lock and unlock make no system call.
 *         A thread that waited takes the lock with 2, because others may still be waiting.
 * Order.  Unlock wakes the longest waiter, but a running thread may take the lock before it.
 * Locks.  `at_unlock` belongs to the holder.
 * Start.  All zero is a free lock.
 */
#ifndef USER_RT_MUTEX_H
#define USER_RT_MUTEX_H

#include "base/types.h"
#include "user/rt/ring.h"

struct rt_mutex {
    uint32_t word;
    const uint32_t *at_unlock; /* somebody to unpark when it is unlocked, or NULL */
};

void rt_mutex_lock(struct rt_mutex *mutex);

/* Returns: STATUS_OK with the lock held, or STATUS_EXPIRED at `deadline_ns` without it. */
MUST_USE enum status rt_mutex_lock_until(struct rt_mutex *mutex, uint64_t deadline_ns);

/* The caller holds it, and somebody parked on `word` could not go on before it is unlocked: unpark
 * one waiter of `word` then. */
void rt_mutex_unpark_at_unlock(struct rt_mutex *mutex, const uint32_t *word);

/* The caller must hold it. */
void rt_mutex_unlock(struct rt_mutex *mutex);

#endif /* USER_RT_MUTEX_H */
