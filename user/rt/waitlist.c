/* SPDX-License-Identifier: MIT */
#include "user/rt/waitlist.h"

#include "base/assert.h"
#include "user/rt/burn.h"
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

static bool is_woken(const struct rt_waiter *waiter)
{
    return __atomic_load_n(&waiter->is_woken, __ATOMIC_ACQUIRE) != 0;
}

/* The waiter is on the list. */
static enum status await_wake(struct rt_waitlist *list, struct rt_waiter *waiter,
                              uint64_t deadline_ns)
{
    int64_t status = STATUS_OK;

    while (!is_woken(waiter) && status != STATUS_EXPIRED) {
        status = rt_park(&waiter->is_woken, 0, deadline_ns);
        ASSERT(status == STATUS_OK || status == STATUS_VALUE_CHANGED || status == STATUS_EXPIRED);
    }
    if (is_woken(waiter))
        return STATUS_OK;

    /* The deadline passed, but a wake may come until the waiter is off the list. */
    rt_mutex_lock(&list->guard);
    bool is_linked = !is_woken(waiter);

    if (is_linked)
        take_out(list, waiter);
    rt_mutex_unlock(&list->guard);
    return is_linked ? STATUS_EXPIRED : STATUS_OK;
}

enum status rt_waitlist_wait(struct rt_waitlist *list, struct rt_mutex *mutex, uint64_t deadline_ns)
{
    struct rt_waiter waiter = {0, mutex, NULL};

    rt_mutex_lock(&list->guard);
    append(list, &waiter);
    rt_mutex_unlock(&list->guard);
    if (mutex != NULL)
        rt_mutex_unlock(mutex);
    return await_wake(list, &waiter, deadline_ns);
}

enum status rt_waitlist_take_token(struct rt_waitlist *list, uint32_t *tokens, uint64_t deadline_ns)
{
    struct rt_waiter waiter = {0, NULL, NULL};

    rt_mutex_lock(&list->guard);
    bool has_token = *tokens > 0;

    if (has_token)
        --*tokens;
    else
        append(list, &waiter);
    rt_mutex_unlock(&list->guard);
    return has_token ? STATUS_OK : await_wake(list, &waiter, deadline_ns);
}

/* Take the longest waiter off the list, under its guard.  Returns its word, or NULL. */
static const uint32_t *take_first(struct rt_waitlist *list, struct rt_mutex **mutex)
{
    struct rt_waiter *waiter = list->first;

    if (waiter == NULL)
        return NULL;
    const uint32_t *word = &waiter->is_woken;

    list->first = waiter->next;
    *mutex = waiter->mutex;
    /* Release, and last: with this the waiter may go. */
    __atomic_store_n(&waiter->is_woken, 1, __ATOMIC_RELEASE);
    return word;
}

void rt_waitlist_give_token(struct rt_waitlist *list, uint32_t *tokens)
{
    struct rt_mutex *unused;

    rt_mutex_lock(&list->guard);
    const uint32_t *word = take_first(list, &unused);

    if (word == NULL && *tokens < UINT32_MAX)
        ++*tokens;
    rt_mutex_unlock(&list->guard);
    if (word != NULL)
        (void)rt_unpark(word, 1);
}

const uint32_t *rt_waitlist_take_one(struct rt_waitlist *list, struct rt_mutex **mutex)
{
    rt_mutex_lock(&list->guard);
    const uint32_t *word = take_first(list, mutex);

    rt_mutex_unlock(&list->guard);
    return word;
}

bool rt_waitlist_wake_one(struct rt_waitlist *list, struct rt_mutex *held)
{
    struct rt_mutex *mutex = NULL;
    const uint32_t *word = rt_waitlist_take_one(list, &mutex);

    if (word == NULL)
        return false;
    if (held != NULL && mutex == held)
        rt_mutex_unpark_at_unlock(held, word);
    else
        (void)rt_unpark(word, 1);
    return true;
}

uint32_t rt_waitlist_wake_all(struct rt_waitlist *list)
{
    uint32_t count = 0;

    rt_mutex_lock(&list->guard);
    struct rt_waiter *waiter = list->first;

    list->first = NULL; /* who comes after this waits for the next wake */
    while (waiter != NULL) { /* at most RT_THREADS_MAX turns */
        struct rt_waiter *next = waiter->next; /* read before the waiter may go */
        const uint32_t *word = &waiter->is_woken;

        __atomic_store_n(&waiter->is_woken, 1, __ATOMIC_RELEASE);
        (void)rt_unpark(word, 1);
        waiter = next;
        count++;
        rt_pause();
    }
    rt_mutex_unlock(&list->guard);
    return count;
}
