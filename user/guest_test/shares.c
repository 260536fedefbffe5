/* SPDX-License-Identifier: MIT */
/* CPU time follows the weights: hogs of 1024, 335 and 110 (nice 0, 5 and 10) on one CPU. */
#include "user/guest_test/helper.h"
#include "user/rt/program.h"

#define HOGS 3u
#define RUN_NS NS_PER_S
#define PERCENT 100
#define TOLERANCE 1             /* percent */
#define TOLERANCE_CONCURRENT 50 /* a CPU that stands still is charged to whoever it ran */
#define INTERRUPTS 3 /* percent of the time, at the short slice */

static const uint32_t weights[HOGS] = {1024, 335, 110};
static struct mono start;
static struct mono end;
static uint64_t used_ns[HOGS];

static int64_t hog(void *argument)
{
    uint32_t number = (uint32_t)(uintptr_t)argument;

    (void)rt_sleep_until(start.ns);
    uint64_t before_ns = rt_own_ns();

    rt_burn_until(end);
    used_ns[number] = rt_own_ns() - before_ns;
    return 0;
}

/* Goal: each hog gets its weight's share within 1 % of it.  Method: one second on one CPU, with the
 * short slice, so that a slice at the end is less than the tolerance. */
int64_t rt_main(uint64_t argument)
{
    static const char *const names[HOGS] = {
        "weight 1024 gets its share", "weight 335 gets its share", "weight 110 gets its share"};
    struct rt_thread_ref refs[HOGS];
    uint64_t weight_sum = 0, sum_ns = 0;
    int64_t tolerance;

    (void)argument;
    helper_begin(HOGS + 1);
    tolerance = helper_is_concurrent() ? TOLERANCE_CONCURRENT : TOLERANCE;
    start = mono_add(rt_now(), 20 * NS_PER_MS);
    end = mono_add(start, RUN_NS);
    for (uintptr_t i = 0; i < HOGS; i++) {
        struct cap_thread_params params = helper_on(rt_cpu_count() - 1);

        params.weight = weights[i];
        params.latency_class = LATENCY_INTERACTIVE;
        refs[i] = helper_spawn(hog, (void *)i, &params);
    }
    for (uint32_t i = 0; i < HOGS; i++) {
        (void)helper_join(&refs[i]);
        weight_sum += weights[i];
        sum_ns += used_ns[i];
    }
    for (uint32_t i = 0; i < HOGS; i++) {
        int64_t ideal_ns = (int64_t)(sum_ns * weights[i] / weight_sum);
        int64_t allowed_ns = ideal_ns * tolerance / PERCENT;

        tap_within((int64_t)used_ns[i], ideal_ns - allowed_ns, ideal_ns + allowed_ns, names[i]);
    }
    /* What the interrupts at the slices' ends take is nobody's. */
    tap_within((int64_t)sum_ns,
               (int64_t)RUN_NS * (PERCENT - INTERRUPTS - tolerance + TOLERANCE) / PERCENT,
               (int64_t)RUN_NS * (PERCENT + tolerance) / PERCENT, "together they used the CPU");
    return tap_end();
}
