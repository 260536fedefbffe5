/* SPDX-License-Identifier: MIT */
/* What a process has used: the sum over its threads, those that have ended included, each once. */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/program.h"

#define BURN_NS (2 * NS_PER_MS)
#define THREADS 18u /* more than one step of the kernel's work looks at */
#define CHILD_THREADS 3u

enum role { USE_AND_END };

static uint32_t gate;

static int64_t burn_and_park(void *argument)
{
    (void)argument;
    rt_burn_own_until(rt_own_ns() + BURN_NS / 4, MONO_NEVER);
    while (__atomic_load_n(&gate, __ATOMIC_ACQUIRE) == 0)
        (void)rt_park(&gate, 0, RT_NO_DEADLINE);
    return 0;
}

static int64_t burn(void *argument)
{
    (void)argument;
    rt_burn_own_until(rt_own_ns() + BURN_NS, MONO_NEVER);
    return 0;
}

static int64_t use_and_end(uint64_t word)
{
    struct rt_thread_ref refs[CHILD_THREADS];

    (void)word;
    for (uint32_t i = 0; i < CHILD_THREADS; i++)
        refs[i] = helper_spawn(burn, NULL, NULL);
    for (uint32_t i = 0; i < CHILD_THREADS; i++)
        (void)helper_join(&refs[i]);
    return 0;
}

static helper_role *const roles[] = {use_and_end};

static struct cap_process_stat own_stat(void)
{
    struct cap_process_stat stat = {0};
    int64_t status = rt_process_stat(CAP_NONE, &stat);

    ASSERT(status == STATUS_OK);
    return stat;
}

/* What those others have used who are all waiting, to the nanosecond. */
static uint64_t used_by(const struct rt_thread_ref *refs, uint32_t count)
{
    uint64_t sum_ns = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct cap_thread_stat stat = {0};
        int64_t status = rt_thread_stat(&refs[i], &stat);

        ASSERT(status == STATUS_OK);
        while (stat.is_running != 0 && status == STATUS_OK) {
            helper_sleep(NS_PER_MS / 4);
            status = rt_thread_stat(&refs[i], &stat);
        }
        sum_ns += stat.runtime_ns;
    }
    return sum_ns;
}

/* Goal: each thread counts once, at what it has used.  Method: many wait; what the process has used
 * but for them is what the caller had used during the call; then they end, and it is less by no
 * nanosecond. */
static void test_own(void)
{
    static struct rt_thread_ref refs[THREADS];

    for (uint32_t i = 0; i < THREADS; i++)
        refs[i] = helper_spawn(burn_and_park, NULL, NULL);
    helper_sleep(THREADS * BURN_NS);
    (void)used_by(refs, THREADS); /* all of them wait now */
    uint64_t others_ns = used_by(refs, THREADS);
    uint64_t before_ns = rt_own_ns();
    struct cap_process_stat stat = own_stat();
    uint64_t after_ns = rt_own_ns();
    uint64_t self_ns = stat.runtime_ns - others_ns;

    tap_equal(stat.live_count, THREADS + 1, "all its threads live");
    tap_equal(stat.ended_count, 0, "and none has ended");
    tap_ok(self_ns >= before_ns && self_ns <= after_ns,
           "the sum is what those have who wait, and the caller");
    __atomic_store_n(&gate, 1, __ATOMIC_RELEASE);
    helper_unpark_all(&gate, THREADS);
    for (uint32_t i = 0; i < THREADS; i++)
        (void)helper_join(&refs[i]);
    struct cap_process_stat later = own_stat();

    tap_ok(later.live_count == 1 && later.ended_count == THREADS, "those that ended are counted");
    tap_ok(later.runtime_ns >= others_ns + after_ns && later.switches >= stat.switches &&
               later.voluntary_blocks >= stat.voluntary_blocks,
           "and what they have used stays");
}

/* Goal: it can be read of a process that has ended, for as long as its handle is held. */
static void test_ended(void)
{
    struct cap_process_params params = helper_child_params(USE_AND_END, 0);
    struct cap_process_stat stat = {0}, again = {0};
    uint32_t child = helper_start(&params);
    int64_t end = rt_process_wait(child, NULL);

    tap_equal(end, PROCESS_EXITED, "a child has ended");
    tap_equal(rt_process_stat(child, &stat), STATUS_OK, "what it has used is known");
    tap_ok(stat.live_count == 0 && stat.ended_count == CHILD_THREADS + 1 &&
               stat.runtime_ns >= CHILD_THREADS * BURN_NS,
           "all its threads count");
    (void)rt_process_stat(child, &again);
    tap_ok(again.runtime_ns == stat.runtime_ns, "and it stays as it is");
    (void)rt_release(child);
    tap_equal(rt_process_stat(child, &stat), STATUS_STALE, "a handle let go of is STALE");
    tap_equal(rt_process_stat(CAP_NONE, (struct cap_process_stat *)(uintptr_t)8),
              STATUS_BAD_ADDRESS, "an address that is none is refused");
    tap_ok(rt_conservation_holds(), "every nanosecond is accounted");
}

/* Goal: user and system calls, interrupts, kernel and idle are all of a CPU's time.  Method: read
 * each CPU between two looks at the clock, which counts from boot, as the accounts do. */
static void test_cpus(void)
{
    uint32_t right = 0, with_interrupts = 0;

    for (uint32_t cpu = 0; cpu < rt_cpu_count(); cpu++) {
        struct cap_cpu_stat stat = {0};
        uint64_t before_ns = rt_now().ns;
        int64_t status = rt_cpu_stat(cpu, &stat);
        uint64_t after_ns = rt_now().ns;
        uint64_t sum_ns = stat.busy_ns + stat.idle_ns + stat.irq_ns + stat.kernel_ns;

        right += status == STATUS_OK && sum_ns >= before_ns && sum_ns <= after_ns;
        with_interrupts += stat.irq_ns > 0;
        rt_pause();
    }
    tap_equal(right, rt_cpu_count(), "each CPU's parts are the time since boot");
    tap_ok(with_interrupts > 0, "and interrupts are one of them");
}

int64_t rt_main(uint64_t argument)
{
    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(5 + 7 + 2);
    test_own(); /* first: what the reaper of children has used would count, too */
    test_ended();
    test_cpus();
    return tap_end();
}
