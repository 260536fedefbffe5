/* SPDX-License-Identifier: MIT */
/* A detached thread leaves nothing behind when it ends, and nobody joins it. */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/program.h"

#define WHILE_NS (2 * NS_PER_MS)
#define CYCLES 1500u /* more than there are stacks, or threads in a process */
#define TOGETHER 20u

static uint32_t ended;
static uint32_t gate;

static int64_t end(void *argument)
{
    (void)argument;
    (void)__atomic_add_fetch(&ended, 1, __ATOMIC_ACQ_REL);
    return 0;
}

static int64_t detach_itself(void *argument)
{
    struct rt_thread_ref self = rt_thread_self();
    int64_t status = rt_thread_detach(&self);

    ASSERT(status == STATUS_OK);
    return end(argument);
}

static int64_t park(void *argument)
{
    (void)argument;
    while (__atomic_load_n(&gate, __ATOMIC_ACQUIRE) == 0)
        (void)rt_park(&gate, 0, RT_NO_DEADLINE);
    return end(NULL);
}

static int64_t hang(void *argument)
{
    (void)argument;
    helper_hang();
}

static int64_t join(void *argument)
{
    int64_t exit_status = -1;
    int64_t status = rt_thread_join(argument, &exit_status);

    return status == STATUS_OK ? exit_status : status;
}

static void detach(const struct rt_thread_ref *ref)
{
    int64_t status = rt_thread_detach(ref);

    ASSERT(status == STATUS_OK);
}

/* Goal: detached threads' places are used again.  Method: many, a few at a time; half of them
 * detach themselves. */
static void test_many(void)
{
    ended = 0;
    for (uint32_t i = 0; i < CYCLES; i++) {
        struct rt_thread_ref ref = helper_spawn(i % 2 == 0 ? end : detach_itself, NULL, NULL);

        if (i % 2 == 0)
            detach(&ref);
        if (i % TOGETHER == 0)
            helper_wait_for(&ended, i);
    }
    helper_wait_for(&ended, CYCLES);
    tap_equal(ended, CYCLES, "1500 detached threads, one after another");
}

/* Goal: it makes no difference when.  Method: detach what has ended, what waits, what is killed. */
static void test_when(void)
{
    struct rt_thread_ref ref = helper_spawn(end, NULL, NULL);

    helper_sleep(WHILE_NS);
    tap_equal(rt_thread_detach(&ref), STATUS_OK, "a thread that has ended is detached");
    tap_ok(rt_thread_join(&ref, NULL) < 0, "and cannot be joined then");
    tap_equal(rt_thread_detach(&ref), STATUS_STALE, "it is gone");

    ended = 0;
    ref = helper_spawn(park, NULL, NULL);
    helper_sleep(WHILE_NS);
    tap_equal(rt_thread_detach(&ref), STATUS_OK, "a thread that waits is detached");
    tap_ok(rt_thread_join(&ref, NULL) < 0, "and cannot be joined either");
    __atomic_store_n(&gate, 1, __ATOMIC_RELEASE);
    (void)rt_unpark(&gate, 1);
    helper_wait_for(&ended, 1);

    ref = helper_spawn(hang, NULL, NULL);
    int64_t detached = rt_thread_detach(&ref);

    helper_sleep(WHILE_NS);
    tap_ok(detached == STATUS_OK && rt_thread_kill(&ref) == STATUS_OK,
           "a detached thread is killed");
    ref = helper_spawn(hang, NULL, NULL);
    int64_t killed = rt_thread_kill(&ref);

    tap_ok(killed == STATUS_OK && rt_thread_detach(&ref) == STATUS_OK,
           "a killed thread is detached");
}

/* Goal: who waits is not cheated.  Method: detach a thread that is being joined. */
static void test_joined(void)
{
    gate = 0;
    struct rt_thread_ref ref = helper_spawn(park, NULL, NULL);
    struct rt_thread_ref joiner = helper_spawn(join, &ref, NULL);

    helper_sleep(WHILE_NS);
    int64_t detached = rt_thread_detach(&ref);

    __atomic_store_n(&gate, 1, __ATOMIC_RELEASE);
    (void)rt_unpark(&gate, 1);
    int64_t joined = helper_join(&joiner);

    if (helper_is_concurrent())
        tap_skip("a thread that is joined is BUSY", "the joiner may not have come so far");
    else
        tap_ok(detached == STATUS_BUSY && joined == 0, "a thread that is joined is BUSY");
}

int64_t rt_main(uint64_t argument)
{
    if (argument != 0)
        return helper_child(argument, NULL, 0);
    (void)argument;
    helper_begin(1 + 7 + 1 + 1);
    helper_warm(5 * TOGETHER); /* some may have ended and not be gone yet */
    struct helper_holdings before = helper_holdings();

    test_many();
    test_when();
    test_joined();
    tap_ok(helper_is_as_before(&before), "all that they held is back");
    return tap_end();
}
