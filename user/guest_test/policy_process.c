/* SPDX-License-Identifier: MIT */
/* The policy of a whole process, through POLICY: of the threads it has, and of those it makes. */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/entry.h"
#include "user/rt/program.h"

#define LOOK_NS (120 * NS_PER_MS)
#define SETTLE_NS (30 * NS_PER_MS)
#define DELAY_NS (40 * NS_PER_MS)
#define CHURN_THREADS 4u
#define RACES 12u
#define THREADS 20u /* more than one step of the kernel's work looks at */

enum role { HOGS, LATE_HOG, NOTHING, WITHOUT_POLICY, CHURN };

static uint32_t should_end;
static uint32_t should_look;

/* ---- What children do ---- */

static int64_t hog(void *argument)
{
    (void)argument;
    while (__atomic_load_n(&should_end, __ATOMIC_ACQUIRE) == 0) /* its parent kills it */
        rt_burn();
    return 0;
}

static int64_t come_and_go(void *argument)
{
    (void)argument;
    rt_yield();
    return 0;
}

/* Two hogs, the first thread being one, on that CPU. */
static int64_t hogs(uint64_t cpu)
{
    struct cap_thread_params params = helper_on((uint32_t)cpu);

    (void)helper_spawn(hog, NULL, &params);
    helper_move_to((uint32_t)cpu);
    return hog(NULL);
}

/* A hog that is made later, with nothing said of its weight. */
static int64_t late_hog(uint64_t cpu)
{
    struct cap_thread_params params = {.latency_class = CAP_CLASS_DEFAULT,
                                       .has_mask = 1,
                                       .mask = {UINT64_C(1) << cpu}};

    helper_sleep(DELAY_NS);
    (void)helper_spawn(hog, NULL, &params);
    helper_hang();
}

static int64_t nothing(uint64_t word)
{
    (void)word;
    return 0;
}

static int64_t without_policy(uint64_t word)
{
    struct cap_process_policy policy = {.weight = 2 * WEIGHT_UNIT};

    (void)word;
    return rt_set_process_policy(CAP_NONE, &policy);
}

/* Threads come and go until the process is killed. */
static int64_t churn(uint64_t word)
{
    struct rt_thread_ref refs[CHURN_THREADS];

    while (__atomic_load_n(&should_end, __ATOMIC_ACQUIRE) == 0) {
        for (uint32_t i = 0; i < CHURN_THREADS; i++)
            refs[i] = helper_spawn(come_and_go, NULL, NULL);
        for (uint32_t i = 0; i < CHURN_THREADS; i++)
            (void)helper_join(&refs[i]);
        rt_pause();
    }
    return (int64_t)word;
}

static helper_role *const roles[] = {hogs, late_hog, nothing, without_policy, churn};

/* ---- What the parent does ---- */

static uint64_t used_by(uint32_t child)
{
    struct cap_process_stat stat = {0};
    int64_t status = rt_process_stat(child, &stat);

    ASSERT(status == STATUS_OK);
    return stat.runtime_ns;
}

/* What the child gets of what it and our hog get, in thousandths; not judged where time is not. */
static bool has_share(uint32_t child, const struct rt_thread_ref *ours, uint64_t expected)
{
    uint64_t child_ns = used_by(child), ours_ns = helper_used_ns(ours);

    helper_sleep(LOOK_NS);
    child_ns = used_by(child) - child_ns;
    ours_ns = helper_used_ns(ours) - ours_ns;
    return helper_is_near(child_ns * 1000 / (child_ns + ours_ns + 1), expected);
}

/* Goal: a process's threads, those there and those to come, have the weight it was given.  Method:
 * its hogs against one of ours on the same CPU. */
static void test_weight(void)
{
    struct cap_process_policy policy = {.weight = 3 * WEIGHT_UNIT};
    uint32_t cpu = rt_cpu_count() - 1;
    struct cap_thread_params params = helper_on(cpu);
    struct rt_thread_ref ours = helper_spawn(hog, NULL, &params);
    struct cap_process_params hogs_params = helper_child_params(HOGS, cpu);
    struct cap_process_params late_params = helper_child_params(LATE_HOG, cpu);

    helper_move_to(0);
    uint32_t child = helper_start(&hogs_params);

    helper_sleep(SETTLE_NS);
    tap_ok(has_share(child, &ours, 667), "two hogs of a process against one of ours");
    tap_equal(rt_set_process_policy(child, &policy), STATUS_OK,
              "it is given three times the weight");
    helper_sleep(SETTLE_NS);
    tap_ok(has_share(child, &ours, 857), "and both its threads have it");
    (void)rt_process_kill(child);
    (void)helper_end_of(child);
    child = helper_start(&late_params);
    tap_equal(rt_set_process_policy(child, &policy), STATUS_OK, "another is given it at its start");
    helper_sleep(DELAY_NS + 2 * SETTLE_NS);
    tap_ok(has_share(child, &ours, 750), "and a thread it makes later has it");
    (void)rt_process_kill(child);
    (void)helper_end_of(child);
    __atomic_store_n(&should_end, 1, __ATOMIC_RELEASE);
    (void)helper_join(&ours);
    helper_move_anywhere();
}

/* How often it found itself elsewhere than on the last CPU. */
static int64_t look(void *argument)
{
    uint32_t cpu = rt_cpu_count() - 1;
    int64_t elsewhere = 0;

    (void)argument;
    while (__atomic_load_n(&should_look, __ATOMIC_ACQUIRE) == 0) {
        rt_yield();
        rt_pause();
    }
    for (uint32_t i = 0; i < 20; i++) {
        elsewhere += rt_own_cpu() != cpu;
        rt_yield();
    }
    return elsewhere;
}

/* Goal: the CPU set of all threads, and of new ones.  Method: many threads that yield; then the
 * last CPU only, for the whole process; each looks where it is from then on. */
static void test_mask(void)
{
    static struct rt_thread_ref refs[THREADS];
    struct cpumask last = helper_only(rt_cpu_count() - 1);
    struct cpumask all = helper_all();
    struct cap_process_policy policy = {.has_mask = 1};
    int64_t elsewhere = 0;

    for (uint32_t i = 0; i + 1 < THREADS; i++)
        refs[i] = helper_spawn(look, NULL, NULL);
    for (uint32_t i = 0; i < CPUMASK_WORDS; i++)
        policy.mask[i] = last.words[i];
    tap_equal(rt_set_process_policy(CAP_NONE, &policy), STATUS_OK, "a process moves itself");
    rt_yield();
    refs[THREADS - 1] = helper_spawn(look, NULL, NULL);
    helper_sleep(DELAY_NS); /* so that each has been through the kernel since */
    __atomic_store_n(&should_look, 1, __ATOMIC_RELEASE);
    for (uint32_t i = 0; i < THREADS; i++)
        elsewhere += helper_join(&refs[i]);
    tap_ok(elsewhere == 0 || helper_is_concurrent(), "and all its threads, old and new, are there");
    for (uint32_t i = 0; i < CPUMASK_WORDS; i++)
        policy.mask[i] = all.words[i];
    tap_equal(rt_set_process_policy(CAP_NONE, &policy), STATUS_OK, "and may go anywhere again");
}

/* Change the process and read it until killed, or it has ended; `argument` is its handle. */
static int64_t change(void *argument)
{
    struct cap_process_policy policy = {.has_class = 1};
    struct cap_process_stat stat;

    do { /* at most until it is killed */
        policy.weight = 1 + policy.weight * 7 % 5003;
        policy.latency_class = policy.weight % LATENCY_CLASS_COUNT;
        (void)rt_process_stat((uint32_t)(uintptr_t)argument, &stat);
    } while (rt_set_process_policy((uint32_t)(uintptr_t)argument, &policy) == STATUS_OK);
    return 0;
}

/* Goal: a process may be changed and read while its threads come and go, while it ends, and by who
 * is killed in the middle: it ends all the same, and what it has used only grows.  Method: two
 * threads change a child; both are killed, the child before, between or after. */
static void test_races(void)
{
    uint32_t ended = 0, grown = 0;

    for (uint32_t i = 0; i < RACES; i++) {
        struct cap_process_params params = helper_child_params(CHURN, 0);
        struct rt_thread_ref refs[2];
        uint32_t child = helper_start(&params);

        for (uint32_t j = 0; j < 2; j++)
            refs[j] = helper_spawn(change, (void *)(uintptr_t)child, NULL);
        helper_sleep(NS_PER_MS + i * NS_PER_MS / 7);
        uint64_t before_ns = used_by(child);

        for (uint32_t j = 0; j < 3; j++)
            (void)(j == i % 3 ? rt_process_kill(child)
                              : rt_thread_kill(&refs[j < i % 3 ? j : j - 1]));
        (void)rt_thread_join(&refs[0], NULL);
        (void)rt_thread_join(&refs[1], NULL);
        ended += rt_process_wait(child, NULL) == PROCESS_KILLED;
        uint64_t after_ns = used_by(child);
        if (after_ns < before_ns)
            tap_note("less by ns:", (int64_t)(before_ns - after_ns));
        grown += after_ns >= before_ns;
        (void)rt_release(child);
    }
    tap_equal(ended, RACES, "a process that is being changed ends when it is killed");
    tap_ok(grown == RACES || helper_is_concurrent(), "and what it has used has only grown");
}

static void test_refusals(void)
{
    struct cap_process_policy heavy = {.weight = WEIGHT_MAX + 1};
    struct cap_process_policy class = {.has_class = 1, .latency_class = LATENCY_CLASS_COUNT};
    struct cap_process_policy flag = {.has_class = 2};
    struct cap_process_policy nowhere = {.has_mask = 1};
    struct cap_process_policy good = {.weight = WEIGHT_UNIT};
    struct cap_process_params dead = helper_child_params(NOTHING, 0);
    struct cap_process_params poor = helper_child_params(WITHOUT_POLICY, 0);

    tap_equal(rt_set_process_policy(CAP_NONE, &heavy), STATUS_BAD_ARGUMENT,
              "a weight above the most is refused");
    tap_equal(rt_set_process_policy(CAP_NONE, &class), STATUS_BAD_ARGUMENT, "class 3 is refused");
    tap_equal(rt_set_process_policy(CAP_NONE, &flag), STATUS_BAD_FLAGS,
              "a flag that is no flag is refused");
    tap_equal(rt_set_process_policy(CAP_NONE, &nowhere), STATUS_OUTSIDE_MASK,
              "a set of no CPU is refused");
    tap_equal(rt_set_process_policy(CAP_CONSOLE, &good), STATUS_BAD_CAP,
              "what is no process is refused");
    uint32_t child = helper_start(&dead);

    (void)rt_process_wait(child, NULL);
    uint64_t wide = UINT64_C(1) << 32 | child;

    tap_equal(rt_call(CAP_POLICY, POLICY_SET_PROCESS, wide, (uint64_t)&good, 0), STATUS_BAD_CAP,
              "an argument wider than a handle names no process");
    tap_equal(rt_set_process_policy(child, &good), STATUS_STALE,
              "a process that has ended is STALE");
    (void)rt_release(child);
    helper_withhold(&poor, CAP_POLICY);
    tap_equal(helper_finish(helper_start(&poor)), STATUS_BAD_CAP,
              "without POLICY a process does not change itself");
}

int64_t rt_main(uint64_t argument)
{
    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(5 + 3 + 2 + 8 + 1);
    helper_warm(THREADS);
    struct helper_holdings before = helper_holdings();

    test_weight();
    test_mask();
    test_races();
    test_refusals();
    tap_ok(helper_is_as_before(&before), "all is as before");
    return tap_end();
}
