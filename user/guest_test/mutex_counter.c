/* SPDX-License-Identifier: MIT */
/* The runtime's mutex: nothing is lost under it, and a wait for it can have a deadline. */
#include "user/guest_test/helper.h"
#include "user/rt/mutex.h"
#include "user/rt/program.h"

#define THREADS 4u
#define TURNS 10000u
#define PAUSE_EVERY 16u

static struct rt_mutex mutex;
static uint64_t counter;

static int64_t count(void *argument)
{
    (void)argument;
    for (uint32_t i = 0; i < TURNS; i++) {
        rt_mutex_lock(&mutex);
        uint64_t seen = __atomic_load_n(&counter, __ATOMIC_RELAXED);

        if (i % PAUSE_EVERY == 0) /* here another CPU gets its turn, in the middle of the change */
            rt_pause();
        __atomic_store_n(&counter, seen + 1, __ATOMIC_RELAXED);
        rt_mutex_unlock(&mutex);
    }
    return 0;
}

static int64_t try_to_lock(void *argument)
{
    struct mono at = mono_add(rt_now(), 2 * NS_PER_MS);
    enum status status = rt_mutex_lock_until(&mutex, at.ns);

    (void)argument;
    return mono_before(rt_now(), at) ? 1 : status;
}

/* Goal: no increment is lost.  Method: threads that read, give way and write, under the lock. */
static void test_counter(void)
{
    struct rt_thread_ref refs[THREADS];

    for (uint32_t i = 0; i < THREADS; i++)
        refs[i] = helper_spawn(count, NULL, NULL);
    for (uint32_t i = 0; i < THREADS; i++)
        (void)helper_join(&refs[i]);
    tap_equal((int64_t)counter, THREADS * TURNS, "4 x 10000 increments, none lost");
}

/* Goal: a deadline ends the wait, and the lock still works.  Method: try while main holds it. */
static void test_deadline(void)
{
    rt_mutex_lock(&mutex);
    struct rt_thread_ref ref = helper_spawn(try_to_lock, NULL, NULL);

    tap_equal(helper_join(&ref), STATUS_EXPIRED, "waiting for a held lock ends at the deadline");
    rt_mutex_unlock(&mutex);
    tap_equal(rt_mutex_lock_until(&mutex, 1), STATUS_OK, "a free lock is taken at any time");
    rt_mutex_unlock(&mutex);
}

int64_t rt_main(uint64_t argument)
{
    (void)argument;
    helper_begin(3);
    test_counter();
    test_deadline();
    return tap_end();
}
