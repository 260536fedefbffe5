/* SPDX-License-Identifier: MIT */
/* Sleeping: never too short, in order, and past instants at once. */
#include "user/guest_test/helper.h"
#include "user/rt/program.h"

#define SLEEPERS 8u
#define ROUNDS 50u
#define LATE_NS_MAX ((int64_t)(100 * NS_PER_US)) /* deterministic machine, nobody else runs */

static struct mono base;
static uint32_t order_count;
static uint32_t order[SLEEPERS];
static uint32_t late_count;

/* Sleeper i wakes (7 i mod SLEEPERS) ms after `base`: not in the order of their start. */
static uint32_t place_of(uint32_t sleeper)
{
    return 7 * sleeper % SLEEPERS;
}

static int64_t sleep_in_turn(void *argument)
{
    uint32_t number = (uint32_t)(uintptr_t)argument;
    struct mono at = mono_add(base, place_of(number) * NS_PER_MS);
    int64_t status = rt_sleep_until(at.ns);
    int64_t late_ns = mono_diff_ns(rt_now(), at);

    order[__atomic_fetch_add(&order_count, 1, __ATOMIC_RELAXED)] = number;
    if (late_ns > LATE_NS_MAX)
        (void)__atomic_add_fetch(&late_count, 1, __ATOMIC_RELAXED);
    return status == STATUS_OK && late_ns >= 0 ? 0 : 1;
}

/* Goal: no sleep ends early.  Method: many lengths from 0 to 1.2 ms. */
static void test_not_early(void)
{
    uint32_t early = 0;

    for (uint64_t i = 0; i < ROUNDS; i++) {
        struct mono at = mono_add(rt_now(), i * i * 500);

        if (rt_sleep_until(at.ns) != STATUS_OK || mono_before(rt_now(), at))
            early++;
    }
    tap_equal(early, 0, "no sleep ends early");
}

/* Goal: an instant that is past is no wait.  Method: sleep until 0, 1 and now. */
static void test_past(void)
{
    bool is_ok = rt_sleep_until(0) == STATUS_OK && rt_sleep_until(1) == STATUS_OK &&
                 rt_sleep_until(rt_now().ns) == STATUS_OK;

    tap_ok(is_ok, "a sleep until a past instant completes");
}

/* Goal: sleepers wake in the order of their instants.  Method: threads that note when they come. */
static void test_order(void)
{
    struct rt_thread_ref refs[SLEEPERS];
    int64_t early = 0;
    bool is_sorted = true;

    base = mono_add(rt_now(), 10 * NS_PER_MS);
    for (uintptr_t i = 0; i < SLEEPERS; i++)
        refs[i] = helper_spawn(sleep_in_turn, (void *)i, NULL);
    for (uint32_t i = 0; i < SLEEPERS; i++)
        early += helper_join(&refs[i]);
    for (uint32_t i = 0; i < SLEEPERS; i++)
        is_sorted = is_sorted && place_of(order[i]) == i;

    tap_equal(early, 0, "no sleeper woke early");
    tap_equal(order_count, SLEEPERS, "each sleeper woke once");
    if (helper_is_concurrent()) {
        tap_skip("sleepers wake in order", "a CPU may stand still");
        tap_skip("sleepers wake in time", "a CPU may stand still");
    } else {
        tap_ok(is_sorted, "sleepers wake in order");
        tap_equal(late_count, 0, "sleepers wake in time");
    }
}

int64_t rt_main(uint64_t argument)
{
    (void)argument;
    helper_begin(6);
    test_not_early();
    test_past();
    test_order();
    return tap_end();
}
