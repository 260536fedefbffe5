/* SPDX-License-Identifier: MIT */
/* Weight and class of any thread, whatever it does: only through POLICY, and they count at once. */
#include "user/guest_test/helper.h"
#include "user/rt/program.h"

#define LOOK_NS (120 * NS_PER_MS)
#define SETTLE_NS (30 * NS_PER_MS)
#define ROUNDS 200u

enum role { WITHOUT_POLICY };

static uint32_t should_end;
static uint32_t gate;

static int64_t hog(void *argument)
{
    (void)argument;
    while (__atomic_load_n(&should_end, __ATOMIC_ACQUIRE) == 0)
        rt_burn();
    return 0;
}

/* Park, wake up, and park again. */
static int64_t come_and_go(void *argument)
{
    (void)argument;
    while (__atomic_load_n(&should_end, __ATOMIC_ACQUIRE) == 0)
        (void)rt_park(&gate, 0, rt_now().ns + NS_PER_MS / 4);
    return 0;
}

/* What `a` gets of what both get, in thousandths, from now on. */
static uint64_t share_of(const struct rt_thread_ref *a, const struct rt_thread_ref *b)
{
    uint64_t a_ns = helper_used_ns(a), b_ns = helper_used_ns(b);

    helper_sleep(LOOK_NS);
    a_ns = helper_used_ns(a) - a_ns;
    b_ns = helper_used_ns(b) - b_ns;
    return a_ns * 1000 / (a_ns + b_ns);
}

/* Goal: a weight set by another thread counts.  Method: two hogs on the last CPU; equal, then one
 * three times as heavy, set from the first CPU, where it is queued or runs elsewhere. */
static void test_weight(void)
{
    struct cap_thread_params params = helper_on(rt_cpu_count() - 1);
    struct rt_thread_ref a = helper_spawn(hog, NULL, &params);
    struct rt_thread_ref b = helper_spawn(hog, NULL, &params);

    helper_move_to(0);
    helper_sleep(SETTLE_NS);
    tap_ok(helper_is_near(share_of(&a, &b), 500), "two hogs share a CPU");
    tap_equal(rt_set_weight(&a, 3 * WEIGHT_UNIT), STATUS_OK, "one is made three times as heavy");
    helper_sleep(SETTLE_NS);
    tap_ok(helper_is_near(share_of(&a, &b), 750), "and gets three times as much");
    tap_equal(rt_set_weight(&b, 3 * WEIGHT_UNIT), STATUS_OK, "then the other, too");
    helper_sleep(SETTLE_NS);
    tap_ok(helper_is_near(share_of(&a, &b), 500), "and they are equal again");
    __atomic_store_n(&should_end, 1, __ATOMIC_RELEASE);
    (void)helper_join(&a);
    (void)helper_join(&b);
    __atomic_store_n(&should_end, 0, __ATOMIC_RELEASE);
    helper_move_anywhere();
}

/* Goal: no state refuses.  Method: many changes of a hog, of one that parks and wakes, and of the
 * caller itself; all are accepted, and all end. */
static void test_any_state(void)
{
    struct rt_thread_ref refs[3];
    int64_t refused = 0;

    refs[0] = helper_spawn(hog, NULL, NULL);
    refs[1] = helper_spawn(come_and_go, NULL, NULL);
    refs[2] = rt_thread_self();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        refused += rt_set_weight(&refs[i % 3], 1 + i * 100) != STATUS_OK;
        refused += rt_set_class(&refs[i % 3], (enum latency_class)(i / 3 % 3)) != STATUS_OK;
        if (i % 16 == 0)
            rt_yield();
    }
    tap_equal(refused, 0, "a thread can be changed whatever it does");
    for (uint32_t i = 0; i < 3; i++) {
        refused += rt_set_weight(&refs[i], WEIGHT_UNIT) != STATUS_OK;
        refused += rt_set_class(&refs[i], LATENCY_NORMAL) != STATUS_OK;
    }
    __atomic_store_n(&should_end, 1, __ATOMIC_RELEASE);
    (void)helper_join(&refs[0]);
    (void)helper_join(&refs[1]);
    __atomic_store_n(&should_end, 0, __ATOMIC_RELEASE);
    tap_ok(refused == 0 && rt_conservation_holds(), "and every nanosecond is still accounted");
    tap_equal(rt_set_weight(&refs[0], WEIGHT_UNIT), STATUS_STALE, "one that has ended is STALE");
    tap_equal(rt_set_class(&refs[1], LATENCY_NORMAL), STATUS_STALE, "for its class, too");
}

static void test_refusals(void)
{
    struct rt_thread_ref self = rt_thread_self();

    tap_equal(rt_set_weight(&self, 0), STATUS_BAD_ARGUMENT, "weight 0 is refused");
    tap_equal(rt_set_weight(&self, WEIGHT_MAX + 1), STATUS_BAD_ARGUMENT,
              "a weight above the most is refused");
    tap_equal(rt_set_class(&self, (enum latency_class)LATENCY_CLASS_COUNT), STATUS_BAD_ARGUMENT,
              "class 3 is refused");
}

static int64_t nothing(void *argument)
{
    (void)argument;
    return 0;
}

/* How many of the things that take POLICY were not refused. */
static int64_t without_policy(uint64_t word)
{
    struct cap_thread_params heavy = {.weight = 2 * WEIGHT_UNIT, .latency_class = LATENCY_NORMAL};
    struct cap_thread_params urgent = {.latency_class = LATENCY_INTERACTIVE};
    struct cap_thread_params same = {.weight = WEIGHT_UNIT, .latency_class = LATENCY_NORMAL};
    struct rt_thread_ref self = rt_thread_self();
    struct rt_thread_ref ref;
    int64_t done = 0;

    (void)word;
    done += rt_set_weight(&self, WEIGHT_UNIT) != STATUS_BAD_CAP;
    done += rt_set_class(&self, LATENCY_NORMAL) != STATUS_BAD_CAP;
    done += rt_thread_spawn(&ref, nothing, NULL, &heavy) != STATUS_BAD_CAP;
    done += rt_thread_spawn(&ref, nothing, NULL, &urgent) != STATUS_BAD_CAP;
    if (rt_thread_spawn(&ref, nothing, NULL, &same) != STATUS_OK)
        return 100;
    (void)helper_join(&ref);
    return done;
}

/* Goal: without POLICY no weight and no class but the process's, for no thread, old or new. */
static void test_without_policy(void)
{
    struct cap_process_params params = helper_child_params(WITHOUT_POLICY, 0);

    helper_withhold(&params, CAP_POLICY);
    tap_equal(helper_finish(helper_start(&params)), 0,
              "without POLICY threads are neither changed nor made with another weight or class");
}

static helper_role *const roles[] = {without_policy};

int64_t rt_main(uint64_t argument)
{
    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(5 + 4 + 3 + 1);
    test_weight();
    test_any_state();
    test_refusals();
    test_without_policy();
    return tap_end();
}
