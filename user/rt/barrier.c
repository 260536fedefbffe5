/* SPDX-License-Identifier: MIT */
#include "user/rt/barrier.h"

#include "base/assert.h"
#include "user/rt/calls.h"

enum status rt_barrier_wait_until(struct rt_barrier *barrier, uint64_t deadline_ns, bool *is_last)
{
    /* Before arriving: afterwards the last thread may begin the next turn at any time. */
    uint32_t turn = __atomic_load_n(&barrier->turn, __ATOMIC_ACQUIRE);
    uint32_t arrived = __atomic_add_fetch(&barrier->arrived, 1, __ATOMIC_ACQ_REL);

    ASSERT(arrived <= barrier->needed);
    if (is_last != NULL)
        *is_last = arrived == barrier->needed;
    if (arrived == barrier->needed) {
        __atomic_store_n(&barrier->arrived, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&barrier->turn, turn + 1, __ATOMIC_RELEASE);
        (void)rt_unpark(&barrier->turn, barrier->needed);
        return STATUS_OK;
    }
    while (__atomic_load_n(&barrier->turn, __ATOMIC_ACQUIRE) == turn)
        if (rt_park(&barrier->turn, turn, deadline_ns) == STATUS_EXPIRED)
            return __atomic_load_n(&barrier->turn, __ATOMIC_ACQUIRE) == turn ? STATUS_EXPIRED
                                                                            : STATUS_OK;
    return STATUS_OK;
}

bool rt_barrier_wait(struct rt_barrier *barrier)
{
    bool is_last;

    if (rt_barrier_wait_until(barrier, RT_NO_DEADLINE, &is_last) != STATUS_OK)
        UNREACHABLE(); /* there is no deadline */
    return is_last;
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
