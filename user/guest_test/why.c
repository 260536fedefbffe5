/* SPDX-License-Identifier: MIT */
/* Why a thread was placed, moved, preempted or not: its last reasons, with the numbers compared. */
#include "user/guest_test/helper.h"
#include "user/rt/program.h"
#include "user/rt/why.h"

#define TURNS 5u
#define TRIES 50u
#define NAP_NS (10 * NS_PER_MS)
#define SHORT_NAP_NS UINT64_C(5000)
#define BURN_NS (SLICE_INTERACTIVE_NS * 2 / 3)

static uint32_t started;
static uint32_t should_end;
static uint32_t should_burn;

static int64_t hog(void *argument)
{
    (void)argument;
    (void)__atomic_add_fetch(&started, 1, __ATOMIC_ACQ_REL);
    while (!__atomic_load_n(&should_end, __ATOMIC_ACQUIRE))
        rt_burn();
    return 0;
}

static void begin_hogs(struct rt_thread_ref *refs, uint32_t count,
                       const struct cap_thread_params *params)
{
    __atomic_store_n(&started, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&should_end, 0, __ATOMIC_RELEASE);
    for (uint32_t i = 0; i < count; i++)
        refs[i] = helper_spawn(hog, NULL, params);
    helper_wait_for(&started, count);
}

static void end_hogs(const struct rt_thread_ref *refs, uint32_t count)
{
    __atomic_store_n(&should_end, 1, __ATOMIC_RELEASE);
    for (uint32_t i = 0; i < count; i++)
        (void)helper_join(&refs[i]);
}

/* The newest reason by that rule that a thread of this process has; rule NONE: it has none. */
static struct why reason_of(const struct rt_thread_ref *ref, uint32_t rule)
{
    struct cap_thread_why why;

    if (rt_thread_why(CAP_NONE, ref, &why) == STATUS_OK)
        for (uint32_t i = 0; i < why.count; i++)
            if (why.reasons[i].rule == rule)
                return why.reasons[i];
    return (struct why){.rule = WHY_NONE};
}

static bool is_about(const struct why *why, const struct rt_thread_ref *ref)
{
    return why->subject_slot == ref->index && why->subject_gen == ref->gen;
}

/* A test of what depends on time. */
static void judge(bool is_ok, const char *what)
{
    if (helper_is_concurrent())
        tap_skip(what, "any CPU may stand still here");
    else
        tap_ok(is_ok, what);
}

/* Wakes after long sleeps and needs little; or burns most of a slice, sleeps for less than that
 * takes to pass, and looks what it is told when it runs again. */
static int64_t quick(void *argument)
{
    const struct rt_thread_ref *hog_ref = argument;
    struct rt_thread_ref self = rt_thread_self();

    if (!__atomic_load_n(&should_burn, __ATOMIC_ACQUIRE)) {
        for (uint32_t i = 0; i < TURNS; i++)
            helper_sleep(NAP_NS);
        return 0;
    }
    for (uint32_t i = 0; i < TRIES; i++) {
        helper_sleep(NAP_NS);
        rt_burn_own_until(rt_own_ns() + BURN_NS, MONO_NEVER);
        helper_sleep(SHORT_NAP_NS);
        struct why why = reason_of(&self, WHY_NOT_PREEMPTED);

        if (why.rule == WHY_NOT_PREEMPTED && is_about(&why, hog_ref)) { /* not another's */
            rt_why_print(&why);
            return why.a > why.b ? 0 : 1;
        }
    }
    return 2;
}

/* Goal: who is preempted by a shorter slice is told by whom, and both slices; a shorter slice that
 * does not preempt is told so.  Method: a hog and an interactive thread on one CPU. */
static void test_preempted(void)
{
    struct cap_thread_params params = helper_on(rt_cpu_count() - 1);
    struct rt_thread_ref hog_ref;
    struct rt_thread_ref quick_ref;

    begin_hogs(&hog_ref, 1, &params);
    params.latency_class = LATENCY_INTERACTIVE;
    quick_ref = helper_spawn(quick, &hog_ref, &params);
    helper_sleep(2 * NAP_NS + NAP_NS / 2); /* it lives, so it can be named */
    struct why why = reason_of(&hog_ref, WHY_PREEMPTED_SHORTER);

    judge(why.rule == WHY_PREEMPTED_SHORTER, "a hog was preempted by a shorter slice");
    judge(why.a == (int64_t)SLICE_INTERACTIVE_NS && why.b == (int64_t)SLICE_NORMAL_NS,
          "and is told both slices");
    judge(is_about(&why, &quick_ref), "and whose it was");
    if (why.rule != WHY_NONE)
        rt_why_print(&why);
    (void)helper_join(&quick_ref);
    __atomic_store_n(&should_burn, 1, __ATOMIC_RELEASE);
    quick_ref = helper_spawn(quick, &hog_ref, &params);
    judge(helper_join(&quick_ref) == 0, "a shorter slice that had its share is told why it waits");
    end_hogs(&hog_ref, 1);
}

/* Goal: who moves because its CPU set lacks its CPU is told both CPUs.  Method: the caller. */
static void test_moved_by_mask(void)
{
    const char *what = "who left a CPU because of its set is told both";
    struct rt_thread_ref self = rt_thread_self();

    if (rt_cpu_count() == 1) {
        tap_skip(what, "one CPU");
        return;
    }
    helper_move_to(0);
    helper_move_to(1);
    struct why why = reason_of(&self, WHY_MIGRATED_MASK);

    tap_ok(why.rule == WHY_MIGRATED_MASK && why.a == 1 && why.b == 0, what);
    helper_move_anywhere();
}

/* Goal: who is placed on an idle CPU is told both.  Method: start one from a busy CPU. */
static void test_placed(void)
{
    const char *what = "who is placed on an idle CPU is told which, and which was busy";
    struct cap_thread_params params = helper_params();
    struct rt_thread_ref ref;

    if (rt_cpu_count() == 1) {
        tap_skip(what, "one CPU");
        return;
    }
    helper_move_to(0);
    helper_sleep(NAP_NS); /* the others are idle by then */
    begin_hogs(&ref, 1, &params);
    struct why why = reason_of(&ref, WHY_PLACED_IDLE);

    judge(why.rule == WHY_PLACED_IDLE && why.a > 0 && why.b == 0, what);
    end_hogs(&ref, 1);
    helper_move_anywhere();
}

/* Goal: who is stolen is told.  Method: two hogs on CPU 0; then they may go anywhere. */
static void test_stolen(void)
{
    const char *what = "who was taken by an idle CPU is told both";
    struct cap_thread_params params = helper_on(0);
    struct cpumask all = helper_all();
    struct rt_thread_ref refs[2];
    uint32_t stolen_count = 0;

    if (rt_cpu_count() == 1) {
        tap_skip(what, "one CPU");
        return;
    }
    helper_move_to(1);
    begin_hogs(refs, 2, &params);
    for (uint32_t i = 0; i < 2; i++)
        if (rt_set_mask(&refs[i], &all) != STATUS_OK)
            tap_note("a mask was refused", i);
    helper_sleep(NAP_NS);
    for (uint32_t i = 0; i < 2; i++) {
        struct why why = reason_of(&refs[i], WHY_MIGRATED_STOLEN);

        stolen_count += why.rule == WHY_MIGRATED_STOLEN && why.a > 0 && why.b == 0;
    }
    judge(stolen_count > 0, what);
    end_hogs(refs, 2);
    helper_move_anywhere();
}

static int64_t hang(uint64_t word)
{
    (void)word;
    helper_hang();
}

/* Goal: a PROCESS handle reaches its threads, and no other.  Method: a child's first thread. */
static void test_of_a_process(void)
{
    struct cap_process_params params = helper_child_params(0, 0);
    struct rt_thread_ref first = {.index = 0, .gen = 1};
    struct rt_thread_ref none = {.index = 5, .gen = 1};
    struct cap_thread_why why;
    uint32_t child = helper_start(&params);

    tap_equal(rt_thread_why(child, &first, &why), STATUS_OK, "a child's thread can be asked");
    tap_ok(why.count <= WHY_RECORD_COUNT, "it has four reasons at most");
    tap_equal(rt_thread_why(child, &none, &why), STATUS_STALE, "a thread it has not is stale");
    tap_equal(rt_process_kill(child), STATUS_OK, "the child is ended");
    (void)rt_process_wait(child, NULL);
    tap_equal(rt_thread_why(child, &first, &why), STATUS_STALE, "and so are its threads then");
    (void)rt_release(child);
}

int64_t rt_main(uint64_t argument)
{
    static helper_role *const roles[] = {hang};
    struct rt_thread_ref self = rt_thread_self();
    struct rt_thread_ref ended;

    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(15);
    test_preempted();
    test_moved_by_mask();
    test_placed();
    test_stolen();
    test_of_a_process();
    tap_equal(rt_thread_why(CAP_NONE, &self, NULL), STATUS_BAD_ADDRESS,
              "an address of nothing is refused");
    __atomic_store_n(&should_end, 1, __ATOMIC_RELEASE);
    ended = helper_spawn(hog, NULL, NULL);
    (void)helper_join(&ended);
    struct cap_thread_why why;

    tap_equal(rt_thread_why(CAP_NONE, &ended, &why), STATUS_STALE,
              "a thread that has ended is stale");
    tap_ok(rt_conservation_holds(), "all time of all CPUs is accounted for");
    return tap_end();
}
