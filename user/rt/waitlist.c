/* SPDX-License-Identifier: MIT */
#include "user/rt/waitlist.h"

#include "base/assert.h"
#include "user/rt/calls.h"

static void append(struct rt_waitlist *list, struct rt_waiter *waiter)
{
    if (list->first == NULL)
        list->first = waiter;
    else
        list->last->next = waiter;
    list->last = waiter;
}

/* Unlink `waiter`, which is linked.  O(waiters); only at a deadline. */
static void take_out(struct rt_waitlist *list, struct rt_waiter *waiter)
{
    struct rt_waiter *before = NULL;
    struct rt_waiter *at = list->first;

    for (; at != waiter; at = at->next) /* at most RT_THREADS_MAX turns */
        before = at;
    if (before == NULL)
        list->first = waiter->next;
    else
        before->next = waiter->next;
    if (list->last == waiter)
        list->last = before;
}

/* The longest waiter, unlinked, or NULL. */
static struct rt_waiter *take_first(struct rt_waitlist *list)
{
    struct rt_waiter *waiter = list->first;

    if (waiter != NULL)
        list->first = waiter->next;
    return waiter;
}

/* The waiter's record may be gone once `is_woken` is 1; its address still serves to unpark. */
static void wake(struct rt_waiter *waiter)
{
    __atomic_store_n(&waiter->is_woken, 1, __ATOMIC_RELEASE);
    (void)rt_unpark(&waiter->is_woken, 1);
}

static bool is_woken(const struct rt_waiter *waiter)
{
    return __atomic_load_n(&waiter->is_woken, __ATOMIC_ACQUIRE) != 0;
}

enum status rt_waitlist_wait(struct rt_waitlist *list, struct rt_mutex *mutex, uint64_t deadline_ns)
{
    struct rt_waiter waiter = {0, NULL};
    int64_t status = STATUS_OK;

    rt_mutex_lock(&list->guard);
    append(list, &waiter);
    rt_mutex_unlock(&list->guard);
    if (mutex != NULL)
        rt_mutex_unlock(mutex);

    while (!is_woken(&waiter) && status != STATUS_EXPIRED) {
        status = rt_park(&waiter.is_woken, 0, deadline_ns);
        ASSERT(status == STATUS_OK || status == STATUS_VALUE_CHANGED || status == STATUS_EXPIRED);
    }
    if (is_woken(&waiter))
        return STATUS_OK;

    /* The deadline passed, but a wake may come until the waiter is off the list. */
    rt_mutex_lock(&list->guard);
    bool is_linked = !is_woken(&waiter);

    if (is_linked)
        take_out(list, &waiter);
    rt_mutex_unlock(&list->guard);
    return is_linked ? STATUS_EXPIRED : STATUS_OK;
}

/* W1 needs the store to `is_woken` under the guard; the wake itself could come later, but a waiter
 * whose deadline passes meanwhile must not return before its address has been used. */
bool rt_waitlist_wake_one(struct rt_waitlist *list)
{
    rt_mutex_lock(&list->guard);
    struct rt_waiter *waiter = take_first(list);

    if (waiter != NULL)
        wake(waiter);
    rt_mutex_unlock(&list->guard);
    return waiter != NULL;
}

uint32_t rt_waitlist_wake_all(struct rt_waitlist *list)
{
    uint32_t count = 0;

    rt_mutex_lock(&list->guard);
    for (struct rt_waiter *waiter = list->first; waiter != NULL; count++) {
        struct rt_waiter *next = waiter->next; /* read before the waiter may be gone */

        wake(waiter);
        waiter = next;
    }
    list->first = NULL;
    rt_mutex_unlock(&list->guard);
    return count;
}
