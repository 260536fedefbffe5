/* SPDX-License-Identifier: MIT */
/* The runtime's barrier and once. */
#include "user/rt/barrier.h"

#include "user/guest_test/helper.h"
#include "user/rt/program.h"

#define THREADS 5u
#define ROUNDS 200u

static struct rt_barrier barrier = {.needed = THREADS};
static struct rt_once once;
static uint32_t here[ROUNDS];
static uint32_t last_count;
static uint32_t once_count;

static void slow_work(void)
{
    helper_sleep(NS_PER_MS);
    once_count++;
}

static int64_t meet(void *argument)
{
    int64_t bad = 0;

    (void)argument;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        (void)__atomic_add_fetch(&here[round], 1, __ATOMIC_RELAXED);
        if (rt_barrier_wait(&barrier))
            (void)__atomic_add_fetch(&last_count, 1, __ATOMIC_RELAXED);
        bad += __atomic_load_n(&here[round], __ATOMIC_RELAXED) != THREADS;
    }
    rt_once_do(&once, slow_work);
    return bad + (once_count != 1);
}

/* Goal: who waits for somebody that does not come goes on at its deadline, not before, and the last
 * of a round never waits.  Method: one of two; then a barrier for one. */
static void test_deadline(void)
{
    struct rt_barrier pair = {.needed = 2};
    struct rt_barrier one = {.needed = 1};
    struct mono at = mono_add(rt_now(), 2 * NS_PER_MS);
    bool is_last = false;
    enum status status = rt_barrier_wait_until(&pair, at.ns, NULL);

    tap_ok(status == STATUS_EXPIRED && !mono_before(rt_now(), at),
           "a barrier that nobody else comes to ends at the deadline");
    status = rt_barrier_wait_until(&one, 0, &is_last);
    tap_ok(status == STATUS_OK && is_last, "a barrier for one waits for nobody");
}

/* Goal: nobody passes before all have come; work is done once and seen by all.
 * Method: count arrivals of each round before the barrier, look behind it. */
int64_t rt_main(uint64_t argument)
{
    struct rt_thread_ref refs[THREADS];
    int64_t bad = 0;

    (void)argument;
    helper_begin(5);
    for (uint32_t i = 0; i < THREADS; i++)
        refs[i] = helper_spawn(meet, NULL, NULL);
    for (uint32_t i = 0; i < THREADS; i++)
        bad += helper_join(&refs[i]);
    tap_equal(bad, 0, "nobody passes the barrier before all have come");
    tap_equal(last_count, ROUNDS, "one thread of each round is told that it was the last");
    tap_equal(once_count, 1, "work is done once");
    test_deadline();
    return tap_end();
}
