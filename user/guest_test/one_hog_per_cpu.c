/* SPDX-License-Identifier: MIT */
/* As many hogs as CPUs, free to run anywhere: no CPU stays idle. */
#include "user/guest_test/helper.h"
#include "user/rt/program.h"

#define HOGS_MAX 64u
#define RUN_NS (300 * NS_PER_MS)
#define PERCENT 100

static struct mono end;

static int64_t hog(void *argument)
{
    (void)argument;
    rt_burn_until(end);
    return 0;
}

static void read_all(struct cap_cpu_stat *stats, uint32_t cpu_count)
{
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
        if (rt_cpu_stat(cpu, &stats[cpu]) != STATUS_OK)
            tap_ok(false, "the CPU's figures can be read");
}

/* Goal: with a hog per CPU, no CPU is idle for more than 1 %.  Method: let them settle for 20 ms,
 * then take the CPUs' own figures over 300 ms. */
int64_t rt_main(uint64_t argument)
{
    static struct cap_cpu_stat before[HOGS_MAX], after[HOGS_MAX];
    struct rt_thread_ref refs[HOGS_MAX];
    uint32_t cpu_count = rt_cpu_count();
    int64_t idle_max_ns = 0, busy_min_ns = INT64_MAX;

    (void)argument;
    helper_begin(2);
    cpu_count = cpu_count < HOGS_MAX ? cpu_count : HOGS_MAX;
    end = mono_add(rt_now(), RUN_NS + 40 * NS_PER_MS);
    for (uint32_t i = 0; i < cpu_count; i++)
        refs[i] = helper_spawn(hog, NULL, NULL);
    helper_sleep(20 * NS_PER_MS);
    read_all(before, cpu_count);
    helper_sleep(RUN_NS);
    read_all(after, cpu_count);
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
        int64_t idle_ns = (int64_t)(after[cpu].idle_ns - before[cpu].idle_ns);
        int64_t busy_ns = (int64_t)(after[cpu].busy_ns - before[cpu].busy_ns);

        idle_max_ns = idle_ns > idle_max_ns ? idle_ns : idle_max_ns;
        busy_min_ns = busy_ns < busy_min_ns ? busy_ns : busy_min_ns;
    }
    for (uint32_t i = 0; i < cpu_count; i++)
        (void)helper_join(&refs[i]);

    if (helper_is_concurrent()) {
        tap_skip("no CPU is idle for more than 1 %", "a CPU may be slow to wake");
        tap_ok(busy_min_ns > 0, "each CPU is busy");
    } else {
        tap_within(idle_max_ns, 0, RUN_NS / PERCENT, "no CPU is idle for more than 1 %");
        tap_within(busy_min_ns, (int64_t)(RUN_NS - 2 * RUN_NS / PERCENT), INT64_MAX,
                   "each CPU is busy for at least 98 %");
    }
    return tap_end();
}
