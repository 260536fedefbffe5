/* SPDX-License-Identifier: MIT */
/* A process is ended by its PROCESS capability, whatever it does; whoever waits for it is told. */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/layout.h"
#include "user/rt/program.h"

#define SHARED_SLOT 20u
#define THREADS 10u
#define WAITERS 3u
#define WHILE_NS (3 * NS_PER_MS)

enum role { SPIN, PARK, SLEEP, CROWD, CHURN, WORK };

struct shared {
    uint32_t started; /* threads of the child that have begun */
    uint32_t turns;
    uint32_t should_end;
};

static struct shared *const shared = (struct shared *)RT_FREE_BASE;
static uint32_t memory; /* MEMORY handle of the shared page */

/* ---- What children do until they are killed, or told to end ---- */

static bool goes_on(void)
{
    (void)__atomic_add_fetch(&shared->turns, 1, __ATOMIC_ACQ_REL);
    return __atomic_load_n(&shared->should_end, __ATOMIC_ACQUIRE) == 0;
}

static void begin(void)
{
    int64_t status = rt_memory_map(SHARED_SLOT, RT_FREE_BASE, MEMORY_MAP_WRITE, NULL);

    ASSERT(status == STATUS_OK);
    (void)__atomic_add_fetch(&shared->started, 1, __ATOMIC_ACQ_REL);
}

static int64_t spin(uint64_t word)
{
    (void)word;
    begin();
    while (goes_on())
        rt_burn();
    return 0;
}

static int64_t park(uint64_t word)
{
    (void)word;
    begin();
    helper_hang();
}

static int64_t sleep(uint64_t word)
{
    (void)word;
    begin();
    while (goes_on())
        helper_sleep(NS_PER_S);
    return 0;
}

static int64_t be_one_of_many(void *argument)
{
    uint32_t number = (uint32_t)(uintptr_t)argument;

    (void)__atomic_add_fetch(&shared->started, 1, __ATOMIC_ACQ_REL);
    while (goes_on()) {
        if (number % 3 == 0)
            rt_burn();
        else if (number % 3 == 1)
            helper_hang();
        else
            helper_sleep(50 * NS_PER_US);
    }
    return 0;
}

/* Threads that run, wait and sleep, on all CPUs; the first joins one that does not end. */
static int64_t crowd(uint64_t word)
{
    struct rt_thread_ref refs[THREADS];

    (void)word;
    begin();
    for (uintptr_t i = 0; i < THREADS; i++)
        refs[i] = helper_spawn(be_one_of_many, (void *)i, NULL);
    return helper_join(&refs[1]);
}

static int64_t do_nothing(void *argument)
{
    (void)argument;
    return 0;
}

/* Threads and memory that come and go: it is killed in the middle of some operation. */
static int64_t churn(uint64_t word)
{
    (void)word;
    begin();
    while (goes_on()) {
        struct rt_thread_ref ref = helper_spawn(do_nothing, NULL, NULL);
        int64_t object = rt_memory_create(64 * RT_PAGE_BYTES);
        uint64_t at = RT_FREE_BASE + 16 * RT_PAGE_BYTES;

        ASSERT(object > 0);
        (void)rt_memory_map((uint32_t)object, at, MEMORY_MAP_WRITE, NULL);
        (void)rt_memory_unmap((uint32_t)object, at);
        (void)rt_memory_destroy((uint32_t)object);
        (void)rt_release((uint32_t)object);
        (void)helper_join(&ref);
        rt_pause();
    }
    return 0;
}

/* Counts until it is told to end. */
static int64_t work(uint64_t word)
{
    begin();
    while (goes_on())
        helper_sleep(50 * NS_PER_US);
    return (int64_t)word;
}

static helper_role *const roles[] = {spin, park, sleep, crowd, churn, work};

/* ---- What the parent does ---- */

/* Start a child; it has begun, with `threads` threads, when this returns. */
static uint32_t start(uint32_t role, uint32_t threads)
{
    struct cap_process_params params = helper_child_params(role, 0);

    *shared = (struct shared){0};
    rt_process_give(&params, memory, SHARED_SLOT, CAP_NONE);
    uint32_t child = helper_start(&params);

    helper_wait_for(&shared->started, threads);
    return child;
}

/* Goal: a process ends, whatever it does.  Method: kill it a while after it has begun. */
static void test_kill(uint32_t role, uint32_t threads, const char *what)
{
    uint32_t child = start(role, threads);
    struct cap_process_info info;

    helper_sleep(WHILE_NS);
    int64_t killed = rt_process_kill(child);
    int64_t end = rt_process_wait(child, NULL);
    uint32_t turns = __atomic_load_n(&shared->turns, __ATOMIC_ACQUIRE);

    helper_sleep(WHILE_NS);
    bool is_still = __atomic_load_n(&shared->turns, __ATOMIC_ACQUIRE) == turns;
    int64_t status = rt_process_info(child, &info);

    (void)rt_release(child);
    tap_ok(killed == STATUS_OK && end == PROCESS_KILLED && is_still && status == STATUS_OK &&
               info.state == PROCESS_GONE && info.end == PROCESS_KILLED && info.live_count == 0,
           what);
}

/* Goal: it need not have begun.  Method: kill it at once. */
static void test_at_once(void)
{
    struct cap_process_params params = helper_child_params(PARK, 0);

    rt_process_give(&params, memory, SHARED_SLOT, CAP_NONE);
    uint32_t child = helper_start(&params);
    int64_t killed = rt_process_kill(child);

    tap_ok(killed == STATUS_OK && helper_end_of(child) == PROCESS_KILLED,
           "one that has hardly begun");
}

static int64_t wait_for_child(void *argument)
{
    return rt_process_wait((uint32_t)(uintptr_t)argument, NULL);
}

/* Goal: all who wait are told.  Method: threads in WAIT before the KILL; KILL again. */
static void test_waiters(void)
{
    struct rt_thread_ref refs[WAITERS];
    uint32_t child = start(PARK, 1);
    uint32_t told = 0;

    for (uint32_t i = 0; i < WAITERS; i++)
        refs[i] = helper_spawn(wait_for_child, (void *)(uintptr_t)child, NULL);
    helper_sleep(WHILE_NS);
    int64_t first = rt_process_kill(child);
    int64_t again = rt_process_kill(child);

    for (uint32_t i = 0; i < WAITERS; i++)
        told += helper_join(&refs[i]) == PROCESS_KILLED;
    tap_equal(told, WAITERS, "all who wait are told KILLED");
    tap_ok(first == STATUS_OK && (again == STATUS_OK || again == STATUS_STALE),
           "killing it twice is no harm");
    int64_t late = rt_process_kill(child);

    tap_ok(late == STATUS_OK || late == STATUS_STALE, "nor is killing what is gone");
    tap_equal(helper_end_of(child), PROCESS_KILLED, "it stays KILLED");
    tap_equal(rt_process_kill(child), STATUS_STALE, "a released handle is STALE");
}

/* Goal: who lets go of a process does not end it.  Method: release the handle of one that works;
 * see it go on, and tell it to end. */
static void test_release(void)
{
    uint32_t child = start(WORK, 1);
    int64_t released = rt_release(child);
    uint32_t turns = __atomic_load_n(&shared->turns, __ATOMIC_ACQUIRE);

    helper_wait_for(&shared->turns, turns + 3); /* else it hangs here */
    __atomic_store_n(&shared->should_end, 1, __ATOMIC_RELEASE);
    tap_ok(released == STATUS_OK, "a process whose handle was released goes on");
}

int64_t rt_main(uint64_t argument)
{
    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(6 + 5 + 1 + 1);
    helper_warm(WAITERS);
    memory = (uint32_t)rt_memory_create(sizeof(struct shared));
    if (rt_memory_map(memory, RT_FREE_BASE, MEMORY_MAP_WRITE, NULL) != STATUS_OK)
        UNREACHABLE();
    test_at_once();
    struct helper_holdings before = helper_holdings();

    test_kill(SPIN, 1, "a process that runs is killed");
    test_kill(PARK, 1, "one that waits");
    test_kill(SLEEP, 1, "one that sleeps");
    test_kill(CROWD, 1 + THREADS, "one with threads that run, wait, sleep and join");
    test_kill(CHURN, 1, "one in the middle of making threads and memory");
    test_waiters();
    test_release();
    tap_ok(helper_is_as_before(&before), "all that they held is back");
    return tap_end();
}
