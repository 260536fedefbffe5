/* SPDX-License-Identifier: MIT */
/* The runtime's semaphore: it remembers posts, hands over to the longest waiter, counts right. */
#include "user/rt/semaphore.h"

#include "user/guest_test/helper.h"
#include "user/rt/program.h"

#define WAITERS 4u
#define THREADS 4u
#define ROUNDS 500u

static struct rt_semaphore semaphore;
static uint32_t woken_count;
static uint32_t woken[WAITERS];

/* Goal: posts before a wait are kept, one each; without one a wait lasts until its deadline.
 * Method: three posts, four waits. */
static void test_keeps_posts(void)
{
    uint32_t taken = 0;
    struct mono at;

    for (uint32_t i = 0; i < 3; i++)
        rt_semaphore_post(&semaphore);
    for (uint32_t i = 0; i < 3; i++)
        taken += rt_semaphore_wait_until(&semaphore, 0) == STATUS_OK;
    tap_equal(taken, 3, "three posts let three waits through");
    at = mono_add(rt_now(), 2 * NS_PER_MS);
    enum status status = rt_semaphore_wait_until(&semaphore, at.ns);

    tap_ok(status == STATUS_EXPIRED && !mono_before(rt_now(), at),
           "a fourth wait ends at its deadline");
}

static int64_t wait_once(void *argument)
{
    rt_semaphore_wait(&semaphore);
    woken[__atomic_fetch_add(&woken_count, 1, __ATOMIC_ACQ_REL)] = (uint32_t)(uintptr_t)argument;
    return 0;
}

static uint32_t waiting(void)
{
    uint32_t count = 0;

    rt_mutex_lock(&semaphore.waiters.guard);
    for (const struct rt_waiter *w = semaphore.waiters.first; w != NULL; w = w->next)
        count++; /* at most WAITERS turns */
    rt_mutex_unlock(&semaphore.waiters.guard);
    return count;
}

static void wait_for_woken(uint32_t count)
{
    while (__atomic_load_n(&woken_count, __ATOMIC_ACQUIRE) < count) {
        rt_pause();
        helper_sleep(100 * NS_PER_US);
    }
}

/* Goal: a post ends one wait, the longest, and leaves nothing.  Method: waiters that come one after
 * the other, posts one after the other. */
static void test_order(void)
{
    struct rt_thread_ref refs[WAITERS];
    bool is_in_order = true;

    for (uintptr_t i = 0; i < WAITERS; i++) {
        refs[i] = helper_spawn(wait_once, (void *)i, NULL);
        while (waiting() < i + 1)
            helper_sleep(100 * NS_PER_US);
    }
    for (uint32_t i = 0; i < WAITERS; i++) {
        rt_semaphore_post(&semaphore);
        wait_for_woken(i + 1);
        is_in_order = is_in_order && woken[i] == i && waiting() == WAITERS - 1 - i;
    }
    for (uint32_t i = 0; i < WAITERS; i++)
        (void)helper_join(&refs[i]);
    tap_ok(is_in_order, "each post ends the longest wait");
    tap_equal(semaphore.value, 0, "and nothing is left");
}

static uint32_t inside;
static uint32_t too_many;

static int64_t enter_and_leave(void *argument)
{
    (void)argument;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        rt_semaphore_wait(&semaphore);
        if (__atomic_add_fetch(&inside, 1, __ATOMIC_ACQ_REL) > 2)
            (void)__atomic_add_fetch(&too_many, 1, __ATOMIC_RELAXED);
        rt_burn();
        (void)__atomic_sub_fetch(&inside, 1, __ATOMIC_ACQ_REL);
        rt_semaphore_post(&semaphore);
    }
    return 0;
}

/* Goal: with two, at most two are inside, and none is lost.  Method: four threads, 500 rounds. */
static void test_count(void)
{
    struct rt_thread_ref refs[THREADS];

    rt_semaphore_post(&semaphore);
    rt_semaphore_post(&semaphore);
    for (uint32_t i = 0; i < THREADS; i++)
        refs[i] = helper_spawn(enter_and_leave, NULL, NULL);
    for (uint32_t i = 0; i < THREADS; i++)
        (void)helper_join(&refs[i]);
    tap_equal(too_many, 0, "with two there are never three inside");
    tap_equal(semaphore.value, 2, "and both come back");
}

int64_t rt_main(uint64_t argument)
{
    (void)argument;
    helper_begin(6);
    test_keeps_posts();
    test_order();
    test_count();
    return tap_end();
}
