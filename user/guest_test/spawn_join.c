/* SPDX-License-Identifier: MIT */
/* Threads start with their argument, end with their status, and their places are used again. */
#include "user/guest_test/helper.h"
#include "user/rt/program.h"

#define TOGETHER 100u
#define ONE_AFTER_ANOTHER 1200u /* more than the kernel has threads in a process */

static int64_t give_back(void *argument)
{
    return (int64_t)(uintptr_t)argument;
}

static int64_t say_index(void *argument)
{
    (void)argument;
    return rt_self()->index;
}

/* Goal: argument in, exit status out, unchanged.  Method: values at the ends of the range. */
static void test_status(void)
{
    static const int64_t values[] = {0, 1, -1, INT64_MAX, INT64_MIN};
    bool is_same = true;

    for (uint32_t i = 0; i < ARRAY_COUNT(values); i++) {
        struct rt_thread_ref ref = helper_spawn(give_back, (void *)(uintptr_t)values[i], NULL);

        is_same = is_same && helper_join(&ref) == values[i];
    }
    tap_ok(is_same, "a thread's exit status reaches its joiner");
}

/* Goal: many threads live at once.  Method: start all, then join them, last first. */
static void test_together(void)
{
    static struct rt_thread_ref refs[TOGETHER];
    int64_t sum = 0;

    for (uintptr_t i = 0; i < TOGETHER; i++)
        refs[i] = helper_spawn(give_back, (void *)i, NULL);
    for (uint32_t i = TOGETHER; i > 0; i--)
        sum += helper_join(&refs[i - 1]);
    tap_equal(sum, TOGETHER * (TOGETHER - 1) / 2, "a hundred threads, each with its argument");
}

/* Goal: a joined thread's place is free again.  Method: more threads than there are places. */
static void test_reuse(void)
{
    uint32_t right = 0;

    for (uintptr_t i = 0; i < ONE_AFTER_ANOTHER; i++) {
        struct rt_thread_ref ref = helper_spawn(give_back, (void *)i, NULL);

        right += helper_join(&ref) == (int64_t)i;
    }
    tap_equal(right, ONE_AFTER_ANOTHER, "places of joined threads are used again");
}

/* Goal: a thread knows the index its creator was told.  Method: compare. */
static void test_index(void)
{
    struct rt_thread_ref ref = helper_spawn(say_index, NULL, NULL);

    tap_equal(helper_join(&ref), ref.index, "a thread finds its own index");
}

/* Goal: an ended thread waits for its joiner.  Method: sleep longer than it lives, then join. */
static void test_ended_before(void)
{
    struct rt_thread_ref ref = helper_spawn(give_back, (void *)(uintptr_t)7, NULL);

    helper_sleep(5 * NS_PER_MS);
    tap_equal(helper_join(&ref), 7, "a thread that ended before can be joined");
}

/* Goal: references to what is gone are refused.  Method: join twice; a wrong generation; self. */
static void test_stale(void)
{
    struct rt_thread_ref ref = helper_spawn(give_back, NULL, NULL);
    struct rt_thread_ref self = rt_thread_self();
    struct rt_thread_ref other_gen = {self.index, self.gen + 1, self.slot};
    struct rt_thread_ref no_such = {UINT32_MAX, 1, self.slot};

    (void)helper_join(&ref);
    tap_equal(rt_thread_join(&ref, NULL), STATUS_STALE, "joining twice is refused");
    tap_equal(rt_thread_join(&other_gen, NULL), STATUS_STALE, "another generation is refused");
    tap_equal(rt_thread_join(&no_such, NULL), STATUS_STALE, "an index without thread is refused");
    tap_equal(rt_thread_join(&self, NULL), STATUS_WOULD_DEADLOCK, "joining oneself is refused");
}

int64_t rt_main(uint64_t argument)
{
    (void)argument;
    helper_begin(9);
    test_status();
    test_together();
    test_reuse();
    test_index();
    test_ended_before();
    test_stale();
    return tap_end();
}
