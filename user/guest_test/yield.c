/* SPDX-License-Identifier: MIT */
/* YIELD gives the CPU to the next in line. */
#include "user/guest_test/helper.h"
#include "user/rt/program.h"

#define ROUNDS 500u

static uint32_t turn;
static uint32_t yields[2];

/* Takes its turns; yields while it is the other's, and counts how often that took. */
static int64_t alternate(void *argument)
{
    uint32_t number = (uint32_t)(uintptr_t)argument;

    for (uint32_t round = 0; round < ROUNDS; round++) {
        while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != 2 * round + number) {
            yields[number]++;
            rt_pause();
            rt_yield();
        }
        __atomic_store_n(&turn, 2 * round + number + 1, __ATOMIC_RELEASE);
    }
    return 0;
}

/* Goal: yielding lets the other run.  Method: two threads on one CPU that take turns. */
static void test_alternate(void)
{
    struct cap_thread_params params = helper_on(0);
    struct rt_thread_ref one = helper_spawn(alternate, (void *)(uintptr_t)0, &params);
    struct rt_thread_ref two = helper_spawn(alternate, (void *)(uintptr_t)1, &params);

    (void)helper_join(&one);
    (void)helper_join(&two);
    tap_equal(turn, 2 * ROUNDS, "two threads take turns by yielding");
    tap_note("yields of both:", (int64_t)yields[0] + yields[1]);
}

/* Goal: yielding with nobody else to run completes.  Method: alone on a CPU, many times. */
static void test_alone(void)
{
    struct mono began = rt_now();

    for (uint32_t i = 0; i < ROUNDS; i++)
        rt_yield();
    tap_ok(mono_diff_ns(rt_now(), began) > 0, "a thread alone goes on after a yield");
}

int64_t rt_main(uint64_t argument)
{
    (void)argument;
    helper_begin(2);
    test_alternate();
    test_alone();
    return tap_end();
}
