/* SPDX-License-Identifier: MIT */
/* A thread's own CPU time: runs while it runs, stands while it waits, and counts what happened. */
#include "user/guest_test/helper.h"
#include "user/rt/program.h"

#define SLEEPS 20u
#define SLEEP_NS (10 * NS_PER_MS)
#define BURN_NS (5 * NS_PER_MS)

static uint32_t never;

/* How much own time may pass over SLEEPS short system calls: in the deterministic machine 1 % of
 * what was slept; in the concurrent one a CPU may stand still inside a call. */
static int64_t allowed_ns(void)
{
    uint64_t slept_ns = SLEEPS * SLEEP_NS;

    return (int64_t)(helper_is_concurrent() ? slept_ns / 2 : slept_ns / 100);
}

/* Goal: asleep, own time stands.  Method: read before and after. */
static void test_asleep(void)
{
    struct rt_usage before = rt_own_usage();

    for (uint32_t i = 0; i < SLEEPS; i++)
        helper_sleep(SLEEP_NS);
    struct rt_usage after = rt_own_usage();

    tap_within((int64_t)(after.runtime_ns - before.runtime_ns), 0, allowed_ns(),
               "asleep, own time stands");
    tap_equal((int64_t)(after.voluntary_blocks - before.voluntary_blocks), SLEEPS,
              "each sleep is one voluntary block");
}

/* Goal: parked, own time stands.  Method: nobody unparks; the deadline ends the wait. */
static void test_parked(void)
{
    uint64_t before_ns = rt_own_ns();

    for (uint32_t i = 0; i < SLEEPS; i++)
        if (rt_park(&never, 0, mono_add(rt_now(), SLEEP_NS).ns) != STATUS_EXPIRED)
            tap_ok(false, "a wait that nobody ends expires");
    tap_within((int64_t)(rt_own_ns() - before_ns), 0, allowed_ns(), "parked, own time stands");
}

/* Goal: running, own time advances, and never more than time.  Method: burn an amount of it. */
static void test_running(void)
{
    struct mono began = rt_now();
    uint64_t before_ns = rt_own_ns();

    rt_burn_own_until(before_ns + BURN_NS, MONO_NEVER);
    uint64_t used_ns = rt_own_ns() - before_ns;

    tap_ok(used_ns >= BURN_NS, "running, own time advances");
    tap_ok(used_ns <= (uint64_t)mono_diff_ns(rt_now(), began), "but not more than time itself");
}

static int64_t burn(void *argument)
{
    (void)argument;
    uint64_t before_ns = rt_own_ns();

    rt_burn_own_until(before_ns + 2 * BURN_NS, MONO_NEVER);
    return (int64_t)(rt_own_ns() - before_ns);
}

/* Goal: two threads on one CPU do not count the same time.  Method: both burn; the sum of their own
 * times is at most the time that passed. */
static void test_shared(void)
{
    struct cap_thread_params params = helper_on(0);
    struct mono began = rt_now();
    struct rt_thread_ref one = helper_spawn(burn, NULL, &params);
    struct rt_thread_ref two = helper_spawn(burn, NULL, &params);
    int64_t used_ns = helper_join(&one) + helper_join(&two);

    tap_within(used_ns, (int64_t)(4 * BURN_NS), mono_diff_ns(rt_now(), began),
               "two threads on one CPU share its time");
}

int64_t rt_main(uint64_t argument)
{
    (void)argument;
    helper_begin(7);
    test_asleep();
    test_parked();
    test_running();
    test_shared();
    tap_ok(rt_conservation_holds(), "all time of all CPUs is accounted for");
    return tap_end();
}
