/* SPDX-License-Identifier: MIT */
/* Work conservation: hogs that queue on one CPU spread over all as soon as they may. */
#include "user/guest_test/helper.h"
#include "user/rt/program.h"

#define HOGS_MAX 64u
#define RUN_NS (200 * NS_PER_MS)
#define SPREAD_NS_MAX (2 * NS_PER_MS)

static uint32_t hog_count;
static uint32_t started;
static struct mono end;
static uint64_t seen_at_ns[HOGS_MAX]; /* when a hog first ran on the CPU; 0: never */

static int64_t hog(void *argument)
{
    (void)argument;
    (void)__atomic_add_fetch(&started, 1, __ATOMIC_ACQ_REL);
    while (mono_before(rt_now(), end)) {
        uint64_t never = 0;

        (void)__atomic_compare_exchange_n(&seen_at_ns[rt_own_cpu()], &never, rt_now().ns, false,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED);
        rt_burn();
    }
    return 0;
}

/* The first instant from which every CPU has been seen busy, or UINT64_MAX. */
static uint64_t all_seen_at(void)
{
    uint64_t latest_ns = 0;

    for (uint32_t cpu = 0; cpu < hog_count; cpu++) {
        uint64_t ns = __atomic_load_n(&seen_at_ns[cpu], __ATOMIC_RELAXED);

        if (ns == 0)
            return UINT64_MAX;
        latest_ns = ns > latest_ns ? ns : latest_ns;
    }
    return latest_ns;
}

/* Goal: four hogs on one CPU's queue run on four CPUs within 2 ms of being allowed to.
 * Method: start them with that CPU only, let all of them begin, widen their sets, look who ran. */
int64_t rt_main(uint64_t argument)
{
    struct rt_thread_ref refs[HOGS_MAX];
    struct cap_thread_params params = helper_on(0);
    uint32_t cpu_count = rt_cpu_count();
    struct cpumask all;

    (void)argument;
    helper_begin(2);
    hog_count = cpu_count < HOGS_MAX ? cpu_count : HOGS_MAX;
    all = helper_all();
    end = mono_add(rt_now(), RUN_NS);
    for (uint32_t i = 0; i < hog_count; i++)
        refs[i] = helper_spawn(hog, NULL, &params);
    helper_wait_for(&started, hog_count);
    tap_ok(hog_count == 1 || all_seen_at() == UINT64_MAX, "until then they stay on their CPU");

    for (uint32_t i = 0; i < hog_count; i++)
        if (rt_set_mask(&refs[i], &all) != STATUS_OK)
            tap_ok(false, "a CPU set can be widened");
    struct mono released = rt_now();

    for (uint32_t i = 0; i < hog_count; i++)
        (void)helper_join(&refs[i]);
    uint64_t limit_ns = helper_is_concurrent() ? RUN_NS : SPREAD_NS_MAX;

    tap_ok(all_seen_at() <= released.ns + limit_ns, "then all CPUs are busy within 2 ms");
    tap_note("ns until the last CPU was busy:", (int64_t)(all_seen_at() - released.ns));
    return tap_end();
}
