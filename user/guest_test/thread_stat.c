/* SPDX-License-Identifier: MIT */
/* How a thread stands, as others see it: its CPU time, its CPU, and whether it runs. */
#include "user/guest_test/helper.h"
#include "user/rt/program.h"

#define BURN_NS (5 * NS_PER_MS)
#define SLEEP_NS (20 * NS_PER_MS)
#define LOOKS 50u

static uint32_t stage; /* 1: it has burnt; 2: it may go on; 3: it may end */
static uint64_t used_ns;

/* Burn, tell how much its own record has, and park until it may go on. */
static int64_t burn_and_wait(void *argument)
{
    (void)argument;
    rt_burn_own_until(rt_own_ns() + BURN_NS, MONO_NEVER);
    __atomic_store_n(&used_ns, rt_own_ns(), __ATOMIC_RELAXED);
    __atomic_store_n(&stage, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&stage, __ATOMIC_ACQUIRE) == 1)
        (void)rt_park(&stage, 1, RT_NO_DEADLINE);
    while (__atomic_load_n(&stage, __ATOMIC_ACQUIRE) != 3)
        rt_burn();
    return 0;
}

static struct cap_thread_stat stat_of(const struct rt_thread_ref *ref)
{
    struct cap_thread_stat stat = {0};

    if (rt_thread_stat(ref, &stat) != STATUS_OK)
        tap_ok(false, "a live thread can be read");
    return stat;
}

/* Goal: who waits stands still, at what its own record had when it went to wait, and the last
 * system call.  Method: read twice with a sleep between. */
static void test_waiting(const struct rt_thread_ref *ref)
{
    helper_wait_for(&stage, 1);
    helper_sleep(SLEEP_NS);
    struct cap_thread_stat before = stat_of(ref);

    helper_sleep(SLEEP_NS);
    struct cap_thread_stat after = stat_of(ref);

    tap_ok(before.is_running == 0, "who waits does not run");
    tap_ok(after.runtime_ns == before.runtime_ns, "and its time stands");
    tap_ok(before.runtime_ns >= __atomic_load_n(&used_ns, __ATOMIC_RELAXED),
           "at no less than its own record had");
}

/* Goal: who runs advances, never back.  Method: let it run; look often. */
static void test_running(const struct rt_thread_ref *ref)
{
    struct cap_thread_stat first = stat_of(ref);
    struct cap_thread_stat last = first;
    bool is_rising = true;

    __atomic_store_n(&stage, 2, __ATOMIC_RELEASE);
    (void)rt_unpark(&stage, 1);
    for (uint32_t i = 0; i < LOOKS; i++) {
        helper_sleep(SLEEP_NS / 10);
        struct cap_thread_stat now = stat_of(ref);

        is_rising = is_rising && now.runtime_ns >= last.runtime_ns;
        last = now;
    }
    tap_ok(is_rising, "the time of a thread never falls");
    tap_ok(last.runtime_ns > first.runtime_ns, "and rises while it runs");
    tap_ok(last.cpu == rt_cpu_count() - 1, "it is on its CPU");
}

/* Goal: the caller sees itself.  Method: its own record before and after. */
static void test_self(void)
{
    struct rt_thread_ref self = rt_thread_self();
    uint64_t before_ns = rt_own_ns();
    struct cap_thread_stat stat = stat_of(&self);

    tap_ok(stat.is_running == 1, "the caller runs");
    tap_within((int64_t)stat.runtime_ns, (int64_t)before_ns, (int64_t)rt_own_ns(),
               "its time is what its own record says");
}

int64_t rt_main(uint64_t argument)
{
    struct cap_thread_params params;
    struct rt_thread_ref ref;

    (void)argument;
    helper_begin(11);
    params = helper_on(rt_cpu_count() - 1);
    ref = helper_spawn(burn_and_wait, NULL, &params);
    test_waiting(&ref);
    test_running(&ref);
    test_self();
    tap_equal(rt_thread_stat(&ref, NULL), STATUS_BAD_ADDRESS, "an address of nothing is refused");
    __atomic_store_n(&stage, 3, __ATOMIC_RELEASE);
    (void)helper_join(&ref);
    struct cap_thread_stat stat;

    tap_equal(rt_thread_stat(&ref, &stat), STATUS_STALE, "a thread that has ended is stale");
    tap_ok(rt_conservation_holds(), "all time of all CPUs is accounted for");
    return tap_end();
}
