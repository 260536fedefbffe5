/* SPDX-License-Identifier: MIT */
#include "user/rt/barrier.h"

#include "base/assert.h"
#include "user/rt/calls.h"

bool rt_barrier_wait(struct rt_barrier *barrier)
{
    /* Before arriving: afterwards the last thread may begin the next turn at any time. */
    uint32_t turn = __atomic_load_n(&barrier->turn, __ATOMIC_ACQUIRE);
    uint32_t arrived = __atomic_add_fetch(&barrier->arrived, 1, __ATOMIC_ACQ_REL);

    ASSERT(arrived <= barrier->needed);
    if (arrived == barrier->needed) {
        __atomic_store_n(&barrier->arrived, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&barrier->turn, turn + 1, __ATOMIC_RELEASE);
        (void)rt_unpark(&barrier->turn, barrier->needed);
        return true;
    }
    while (__atomic_load_n(&barrier->turn, __ATOMIC_ACQUIRE) == turn)
        (void)rt_park(&barrier->turn, turn, RT_NO_DEADLINE);
    return false;
}

void rt_once_do(struct rt_once *once, void (*work)(void))
{
    if (__atomic_load_n(&once->is_done, __ATOMIC_ACQUIRE))
        return;
    rt_mutex_lock(&once->guard);
    if (!once->is_done) {
        work();
        __atomic_store_n(&once->is_done, true, __ATOMIC_RELEASE);
    }
    rt_mutex_unlock(&once->guard);
}
