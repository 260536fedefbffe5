/* SPDX-License-Identifier: MIT */
/* A set of CPUs is a capability: it can be narrowed, not widened; a process keeps to its own, and
 * without POLICY it changes no weight and no class. */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/program.h"

#define LOOK_NS (10 * NS_PER_MS)
#define THREADS 3u

enum role { STAY_INSIDE, SPAWN_OUTSIDE, WITHOUT_POLICY };

static uint32_t should_end;

static uint32_t last_cpu(void)
{
    return rt_cpu_count() - 1;
}

static bool is_same(const struct cpumask *a, const struct cpumask *b)
{
    bool same = true;

    for (uint32_t i = 0; i < CPUMASK_WORDS; i++)
        same = same && a->words[i] == b->words[i];
    return same;
}

/* How often it found itself on another CPU than that. */
static int64_t look(void *argument)
{
    uint32_t cpu = (uint32_t)(uintptr_t)argument;
    struct mono until = mono_add(rt_now(), LOOK_NS);
    int64_t elsewhere = 0;

    while (mono_before(rt_now(), until)) {
        elsewhere += rt_own_cpu() != cpu;
        rt_burn();
    }
    return elsewhere;
}

/* ---- What children do; their set has one CPU ---- */

/* More threads than CPUs, free to be anywhere they may. */
static int64_t stay_inside(uint64_t word)
{
    struct rt_thread_ref refs[THREADS];
    int64_t elsewhere = 0;

    for (uint32_t i = 0; i < THREADS; i++)
        refs[i] = helper_spawn(look, (void *)(uintptr_t)word, NULL);
    elsewhere += look((void *)(uintptr_t)word);
    for (uint32_t i = 0; i < THREADS; i++)
        elsewhere += helper_join(&refs[i]);
    return elsewhere;
}

/* The status of the last thing that must be refused, or the number of one before that was not. */
static int64_t spawn_outside(uint64_t word)
{
    struct cap_thread_params params = helper_on((uint32_t)word);
    struct cpumask outside = helper_only((uint32_t)word);
    struct rt_thread_ref self = rt_thread_self();
    struct rt_thread_ref ref;

    if (rt_cpus_narrow(CAP_CPUS, &outside) != STATUS_OUTSIDE_MASK)
        return 1;
    if (rt_cpus_assign(CAP_CPUS, &self, &outside) != STATUS_OUTSIDE_MASK)
        return 2;
    return rt_thread_spawn(&ref, look, NULL, &params);
}

/* How many of the things that POLICY is for were not refused. */
static int64_t without_policy(uint64_t word)
{
    struct rt_thread_ref self = rt_thread_self();
    struct cpumask all = helper_all();
    int64_t done = 0;

    (void)word;
    done += rt_set_weight(&self, 2 * WEIGHT_UNIT) != STATUS_BAD_CAP;
    done += rt_set_class(&self, LATENCY_INTERACTIVE) != STATUS_BAD_CAP;
    done += rt_set_mask(&self, &all) != STATUS_BAD_CAP;
    return done;
}

static helper_role *const roles[] = {stay_inside, spawn_outside, without_policy};

/* ---- What the parent does ---- */

static uint32_t narrow(uint32_t handle, uint32_t cpu)
{
    struct cpumask mask = helper_only(cpu);
    int64_t narrowed = rt_cpus_narrow(handle, &mask);

    ASSERT(narrowed > 0);
    return (uint32_t)narrowed;
}

/* Goal: sets are cut, never widened.  Method: narrow, read, narrow again. */
static void test_narrow(void)
{
    struct cpumask all = helper_all();
    struct cpumask offline = helper_only(CPU_MAX - 1);
    struct cpumask first = helper_only(0);
    struct cpumask read = {{0}};
    struct cpumask wide = {{0}};

    tap_ok(rt_cpus_read(CAP_CPUS, &read) == STATUS_OK && is_same(&read, &all),
           "the program's set is all CPUs");
    uint32_t one = narrow(CAP_CPUS, 0);

    tap_ok(rt_cpus_read(one, &read) == STATUS_OK && is_same(&read, &first),
           "a narrowed set has the CPUs in both");
    for (uint32_t i = 0; i < CPUMASK_WORDS; i++)
        wide.words[i] = UINT64_MAX;
    int64_t wider = rt_cpus_narrow(one, &wide);

    tap_ok(wider > 0 && rt_cpus_read((uint32_t)wider, &read) == STATUS_OK &&
               is_same(&read, &first),
           "narrowing by more does not widen it");
    tap_equal(rt_cpus_narrow(one, &offline), STATUS_OUTSIDE_MASK, "no CPU in common is refused");
    (void)rt_release((uint32_t)wider);
    (void)rt_release(one);
}

static int64_t wait_and_look(void *argument)
{
    while (__atomic_load_n(&should_end, __ATOMIC_ACQUIRE) == 0)
        rt_burn();
    return look(argument);
}

/* Goal: a thread goes where it is assigned.  Method: move a running one to the last CPU, then try
 * what the set does not have. */
static void test_assign(void)
{
    uint32_t one = narrow(CAP_CPUS, last_cpu());
    struct cap_thread_params params = helper_on(0);
    struct rt_thread_ref ref =
        helper_spawn(wait_and_look, (void *)(uintptr_t)last_cpu(), &params);
    struct cpumask all = helper_all();
    struct cpumask offline = helper_only(CPU_MAX - 1);

    tap_equal(rt_cpus_assign(one, &ref, &offline), STATUS_OUTSIDE_MASK,
              "a CPU outside the set is refused");
    tap_equal(rt_cpus_assign(one, &ref, &all), STATUS_OK, "a thread is assigned what is in both");
    helper_sleep(LOOK_NS);
    __atomic_store_n(&should_end, 1, __ATOMIC_RELEASE);
    tap_equal(helper_join(&ref), 0, "and runs there only");
    tap_equal(rt_cpus_assign(one, &ref, &all), STATUS_STALE, "one that has ended is STALE");
    (void)rt_release(one);
}

/* Goal: a process's threads keep to its set.  Method: children whose set is one CPU. */
static void test_process(void)
{
    uint32_t one = narrow(CAP_CPUS, last_cpu());
    struct cap_process_params params = helper_child_params(STAY_INSIDE, last_cpu());

    for (uint32_t i = 0; i < params.gift_count; i++)
        if (params.gifts[i].slot == CAP_CPUS)
            params.gifts[i].from = one;
    tap_equal(helper_finish(helper_start(&params)), 0, "a process's threads keep to its set");

    uint32_t outside = rt_cpu_count() > 1 ? 0 : CPU_MAX - 1;
    struct cap_process_params other = helper_child_params(SPAWN_OUTSIDE, outside);

    other.gift_count = params.gift_count;
    for (uint32_t i = 0; i < params.gift_count; i++)
        other.gifts[i] = params.gifts[i];
    tap_equal(helper_finish(helper_start(&other)), STATUS_OUTSIDE_MASK,
              "it can make none outside, nor a set or an assignment");
    (void)rt_release(one);
}

/* Goal: weight, class and CPU set need POLICY.  Method: a child that was not given it. */
static void test_without_policy(void)
{
    struct cap_process_params params = helper_child_params(WITHOUT_POLICY, 0);

    helper_withhold(&params, CAP_POLICY);
    tap_equal(helper_finish(helper_start(&params)), 0,
              "without POLICY it changes no weight, class or wider set");
}

int64_t rt_main(uint64_t argument)
{
    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(4 + 4 + 2 + 1 + 1);
    helper_warm(THREADS);
    test_process();
    test_without_policy();
    struct helper_holdings before = helper_holdings();

    test_narrow();
    test_assign();
    tap_ok(helper_is_as_before(&before), "all sets are back");
    return tap_end();
}
