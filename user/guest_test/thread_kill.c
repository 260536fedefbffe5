/* SPDX-License-Identifier: MIT */
/* A thread is ended by another, in whatever state it is: its joiner is told, and nothing of it is
 * left where it waited. */
#include "user/guest_test/helper.h"
#include "user/rt/ledger.h"
#include "user/rt/program.h"

#define WHILE_NS (2 * NS_PER_MS)
#define THREADS 4u
#define CYCLES 200u

#define MEMORY_BYTES (64u << 10) /* made in more than one step */

static uint32_t word; /* stays 0 */
static uint32_t begun;
static uint32_t turns;
static bool should_end;

/* ---- Victims ---- */

static int64_t park(void *argument)
{
    (void)argument;
    (void)__atomic_add_fetch(&begun, 1, __ATOMIC_ACQ_REL);
    return rt_park(&word, 0, RT_NO_DEADLINE);
}

static int64_t sleep(void *argument)
{
    (void)argument;
    (void)__atomic_add_fetch(&begun, 1, __ATOMIC_ACQ_REL);
    helper_sleep(1000 * NS_PER_S);
    return 0;
}

static int64_t spin(void *argument)
{
    (void)argument;
    (void)__atomic_add_fetch(&begun, 1, __ATOMIC_ACQ_REL);
    while (!__atomic_load_n(&should_end, __ATOMIC_ACQUIRE)) {
        (void)__atomic_add_fetch(&turns, 1, __ATOMIC_ACQ_REL);
        rt_burn();
    }
    return 0;
}

/* Parks as often as it may have operations in flight, then waits for one of them. */
static int64_t park_often(void *argument)
{
    struct ring_sqe entry = {.op = RING_OP_PARK,
                             .args = {(uint64_t)(uintptr_t)&word, 0, RING_NO_DEADLINE}};
    struct ring_cqe completion;
    uint64_t ticket = 0;

    (void)argument;
    for (uint32_t i = 0; i < RING_INFLIGHT_MAX; i++)
        ticket = rt_ring_submit(&entry);
    rt_ring_enter();
    (void)__atomic_add_fetch(&begun, 1, __ATOMIC_ACQ_REL);
    return rt_ring_wait(ticket, RT_NO_DEADLINE, &completion);
}

static int64_t give_back(void *argument)
{
    return (int64_t)(uintptr_t)argument;
}

static int64_t kill_itself(void *argument)
{
    struct rt_thread_ref self = rt_thread_self();

    (void)argument;
    (void)rt_thread_kill(&self);
    (void)__atomic_add_fetch(&turns, 1, __ATOMIC_ACQ_REL); /* never */
    return 0;
}

static int64_t join(void *argument)
{
    (void)__atomic_add_fetch(&begun, 1, __ATOMIC_ACQ_REL);
    return rt_thread_join(argument, NULL);
}

/* ---- Tests ---- */

static struct rt_thread_ref start(int64_t (*run)(void *argument), uint32_t cpu)
{
    struct cap_thread_params params = helper_on(cpu);

    begun = 0;
    return helper_spawn(run, NULL, &params);
}

/* Goal: a thread that has begun ends, is told as KILLED, and runs no more.  Method: on the last
 * CPU, a while after its start. */
static void test_begun(int64_t (*run)(void *argument), const char *what)
{
    struct rt_thread_ref ref = start(run, rt_cpu_count() - 1);

    helper_wait_for(&begun, 1);
    helper_sleep(WHILE_NS);
    int64_t killed = rt_thread_kill(&ref);
    int64_t joined = rt_thread_join(&ref, NULL);
    uint32_t seen = __atomic_load_n(&turns, __ATOMIC_ACQUIRE);

    helper_sleep(WHILE_NS);
    tap_ok(killed == STATUS_OK && joined == STATUS_KILLED &&
               __atomic_load_n(&turns, __ATOMIC_ACQUIRE) == seen && rt_unpark(&word, 100) == 0,
           what);
}

/* Goal: a thread can be killed before it ran, or between.  Method: at once, on each CPU; this
 * thread's own CPU has it queued, another's may have it anywhere. */
static void test_at_once(void)
{
    uint32_t right = 0;

    helper_move_to(0);
    for (uint32_t i = 0; i < CYCLES; i++) {
        struct rt_thread_ref ref = start(spin, i % rt_cpu_count());

        for (uint32_t pauses = i % 7; pauses > 0; pauses--) /* at most 6 */
            rt_pause();
        int64_t killed = rt_thread_kill(&ref);

        right += killed == STATUS_OK && rt_thread_join(&ref, NULL) == STATUS_KILLED;
    }
    helper_move_anywhere();
    tap_equal(right, CYCLES, "a thread that has hardly begun is killed");
}

/* Goal: who joins is told.  Method: another thread waits in JOIN. */
static void test_joined(void)
{
    struct rt_thread_ref victim = start(park, 0);
    struct rt_thread_ref joiner = helper_spawn(join, &victim, NULL);

    helper_wait_for(&begun, 2);
    helper_sleep(WHILE_NS);
    int64_t killed = rt_thread_kill(&victim);

    tap_ok(killed == STATUS_OK && helper_join(&joiner) == STATUS_KILLED,
           "the joiner of a killed thread is told KILLED");

    victim = start(park, 0);
    joiner = helper_spawn(join, &victim, NULL);
    helper_wait_for(&begun, 2);
    helper_sleep(WHILE_NS);
    killed = rt_thread_kill(&joiner);
    int64_t joined = rt_thread_join(&joiner, NULL);

    tap_ok(killed == STATUS_OK && joined == STATUS_KILLED, "a thread that joins is killed");
    helper_unpark_all(&word, 1);
    tap_equal(helper_join(&victim), STATUS_OK, "and its victim can be joined by another");
}

/* Goal: a killed waiter takes no wake.  Method: of two that park, the longer one is killed; one
 * UNPARK must reach the other, or this hangs. */
static void test_wake_is_not_lost(void)
{
    struct rt_thread_ref first = start(park, 0);

    helper_wait_for(&begun, 1);
    helper_sleep(WHILE_NS);
    struct rt_thread_ref second = helper_spawn(park, NULL, NULL);

    helper_wait_for(&begun, 2);
    helper_sleep(WHILE_NS);
    (void)rt_thread_kill(&first);
    helper_unpark_all(&word, 1);
    tap_equal(helper_join(&second), STATUS_OK, "a wake goes to the waiter that lives");
    tap_equal(rt_thread_join(&first, NULL), STATUS_KILLED, "the killed one is told as KILLED");
}

/* Goal: the same where the KILL stood in the queue behind work of several steps.  Method: a batch
 * with a memory object before it; then nobody must be left to unpark. */
static void test_behind_work(void)
{
    struct rt_thread_ref ref = start(park, 0);
    struct ring_cqe completions[2];

    helper_wait_for(&begun, 1);
    helper_sleep(WHILE_NS);
    struct ring_sqe entries[] = {
        {.op = RING_OP_CALL,
         .cap = CAP_LEDGER,
         .method = LEDGER_MEMORY_CREATE,
         .args = {MEMORY_BYTES}},
        {.op = RING_OP_CALL,
         .cap = CAP_THREADS,
         .method = THREADS_KILL,
         .args = {ref.index, ref.gen}},
    };

    rt_ring_batch(entries, ARRAY_COUNT(entries), completions);
    int64_t woken = rt_unpark(&word, 1);
    uint32_t memory = (uint32_t)completions[0].status;
    bool is_made = completions[0].status > 0 && rt_memory_destroy(memory) == STATUS_OK &&
                   rt_release(memory) == STATUS_OK;

    tap_ok(is_made && completions[1].status == STATUS_OK && woken == 0 &&
               rt_thread_join(&ref, NULL) == STATUS_KILLED,
           "a KILL behind work in the queue leaves no waiter either");
}

/* Goal: a thread may end itself so.  Method: it does; the process goes on. */
static void test_itself(void)
{
    uint32_t before = turns;
    struct rt_thread_ref ref = start(kill_itself, rt_cpu_count() - 1);

    tap_ok(rt_thread_join(&ref, NULL) == STATUS_KILLED && turns == before,
           "a thread kills itself and executes nothing more");
}

/* Goal: KILL of what has ended changes nothing.  Method: before and after it was joined. */
static void test_ended(void)
{
    struct rt_thread_ref ref = helper_spawn(give_back, (void *)(uintptr_t)7, NULL);
    int64_t exit_status = 0;

    helper_sleep(5 * NS_PER_MS);
    int64_t killed = rt_thread_kill(&ref);
    int64_t joined = rt_thread_join(&ref, &exit_status);

    if (helper_is_concurrent())
        tap_skip("a thread that ended before keeps its status", "it may not have ended");
    else
        tap_ok((killed == STATUS_OK || killed == STATUS_STALE) && joined == STATUS_OK &&
                   exit_status == 7,
               "a thread that ended before keeps its status");
    tap_equal(rt_thread_kill(&ref), STATUS_STALE, "one that was joined is STALE");

    ref = start(park, 0);
    killed = rt_thread_kill(&ref);
    int64_t again = rt_thread_kill(&ref);

    tap_ok(killed == STATUS_OK && (again == STATUS_OK || again == STATUS_STALE) &&
               rt_thread_join(&ref, NULL) == STATUS_KILLED,
           "killing twice is no harm");
}

int64_t rt_main(uint64_t argument)
{
    if (argument != 0)
        return helper_child(argument, NULL, 0);
    (void)argument;
    helper_begin(4 + 1 + 3 + 2 + 1 + 1 + 3 + 1);
    helper_warm(THREADS);
    struct helper_holdings before = helper_holdings();

    test_begun(park, "a thread that waits is killed");
    test_begun(park_often, "one with all operations in flight");
    test_begun(sleep, "one that sleeps");
    test_begun(spin, "one that runs");
    test_at_once();
    test_joined();
    test_wake_is_not_lost();
    test_behind_work();
    test_itself();
    test_ended();
    tap_ok(helper_is_as_before(&before), "all that they held is back");
    return tap_end();
}
