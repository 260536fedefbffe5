/* SPDX-License-Identifier: MIT */
/*
 * A session is logged out whatever its processes do: none of them is left, who waits for one is
 * told, and all that they held is back.
 *
 * Arguments: cycles=SESSIONS and seed=NUMBER.
 */
#include "base/assert.h"
#include "base/prng.h"
#include "user/guest_test/helper.h"
#include "user/rt/entry.h"
#include "user/rt/layout.h"
#include "user/rt/program.h"
#include "user/rt/session.h"

#define SHARED_SLOT 20u
#define SESSION_SLOT 21u
#define CYCLES 6u
#define SEED 1u
#define FRAMES 4096u
#define OTHERS 512u
#define THREADS 60u
#define LOGGERS 3u
#define WHILE_NS (2 * NS_PER_MS)

enum role { CROWD, HOG, COME, LEAVE_ITSELF, CLAIM };

struct shared {
    uint32_t begun; /* threads and processes of the crowd */
    uint32_t turns; /* of those that run */
    uint32_t left;  /* who came back from logging itself out */
};

static struct shared *const shared = (struct shared *)RT_FREE_BASE;
static uint32_t memory; /* MEMORY handle of the shared page */

/* ---- What the session does ---- */

static void begin(void)
{
    (void)__atomic_add_fetch(&shared->begun, 1, __ATOMIC_ACQ_REL);
}

static void map_shared(uint32_t handle)
{
    int64_t status = rt_memory_map(handle, RT_FREE_BASE, MEMORY_MAP_WRITE, NULL);

    ASSERT(status == STATUS_OK);
}

static int64_t burn(void *argument)
{
    (void)argument;
    begin();
    while (__atomic_add_fetch(&shared->turns, 1, __ATOMIC_ACQ_REL) > 0) /* until it is ended */
        rt_burn();
    return 0;
}

static int64_t park(void *argument)
{
    (void)argument;
    begin();
    helper_hang();
}

static int64_t join(void *argument)
{
    begin();
    return helper_join(argument);
}

static int64_t wait(void *argument)
{
    begin();
    return rt_process_wait((uint32_t)(uintptr_t)argument, NULL);
}

/* Most of the time it is in the middle of making a process. */
static int64_t spawn_always(void *argument)
{
    struct cap_process_params params = helper_child_params(COME, 0);

    (void)argument;
    begin();
    while (__atomic_add_fetch(&shared->turns, 1, __ATOMIC_ACQ_REL) > 0) { /* until it is ended */
        int64_t child = rt_process_spawn(&params);

        if (child > 0)
            (void)rt_release((uint32_t)child);
        rt_pause();
    }
    return 0;
}

static int64_t hog(uint64_t word)
{
    (void)word;
    map_shared(SHARED_SLOT);
    return burn(NULL);
}

static int64_t come(uint64_t word)
{
    (void)word;
    return 0;
}

/* One of each: it runs, waits for a word, a thread, a process, and makes processes; and a child. */
static int64_t crowd(uint64_t word)
{
    static struct rt_thread_ref parked;
    struct cap_process_params params = helper_child_params(HOG, 0);

    (void)word;
    map_shared(SHARED_SLOT);
    rt_process_give(&params, SHARED_SLOT, SHARED_SLOT, CAP_NONE);
    uint32_t child = helper_start(&params);

    parked = helper_spawn(park, NULL, NULL);
    (void)helper_spawn(burn, NULL, NULL);
    (void)helper_spawn(join, &parked, NULL);
    (void)helper_spawn(wait, (void *)(uintptr_t)child, NULL);
    (void)helper_spawn(spawn_always, NULL, NULL);
    begin();
    helper_sleep(1000 * NS_PER_S);
    return 0;
}

#define CROWD_BEGUN 7u

static int64_t leave_itself(uint64_t word)
{
    (void)word;
    map_shared(SHARED_SLOT);
    (void)rt_session_logout(SESSION_SLOT);
    begin(); /* never */
    return 0;
}

/* Without SESSIONS. */
static int64_t claim(uint64_t word)
{
    struct cap_process_params params = helper_child_params(COME, 0);

    (void)word;
    params.service = 1;
    return rt_process_spawn(&params) == STATUS_BAD_CAP && rt_session_create() == STATUS_BAD_CAP;
}

static helper_role *const roles[] = {crowd, hog, come, leave_itself, claim};

/* ---- Outside ---- */

static uint32_t create(void)
{
    int64_t session = rt_session_create();

    ASSERT(session > 0);
    return (uint32_t)session;
}

/* A child of the session, not started. */
static struct cap_process_params params_in(uint32_t session, uint32_t role)
{
    struct cap_process_params params = helper_child_params(role, 0);

    rt_process_give(&params, CAP_SPAWNER, CAP_SPAWNER, CAP_NONE);
    rt_process_give(&params, memory, SHARED_SLOT, CAP_NONE);
    params.session = session;
    params.limits[LEDGER_FRAMES] = FRAMES;
    params.limits[LEDGER_SLOTS] = OTHERS;
    params.limits[LEDGER_THREADS] = THREADS;
    params.limits[LEDGER_OPERATIONS] = THREADS * RING_INFLIGHT_MAX;
    params.limits[LEDGER_OBJECTS] = OTHERS;
    params.limits[LEDGER_GRANTS] = THREADS;
    return params;
}

static uint32_t start_crowd(uint32_t session)
{
    struct cap_process_params params = params_in(session, CROWD);

    *shared = (struct shared){0};
    uint32_t child = helper_start(&params);

    helper_wait_for(&shared->begun, CROWD_BEGUN);
    return child;
}

static int64_t wait_for_child(void *argument)
{
    return rt_process_wait((uint32_t)(uintptr_t)argument, NULL);
}

static int64_t log_out(void *argument)
{
    return rt_session_logout((uint32_t)(uintptr_t)argument);
}

static bool is_logged_out(uint32_t child)
{
    struct cap_process_info info;
    int64_t status = rt_process_info(child, &info);

    return status == STATUS_OK && info.state == PROCESS_GONE &&
           info.end == PROCESS_LOGGED_OUT && info.live_count == 0;
}

/* Goal: all of a session ends, whatever it does, and nothing else; who waits for one of its
 * processes is told.  Method: a crowd, a thread in WAIT, a child in the caller's session. */
static void test_all_end(void)
{
    uint32_t session = create(), child = start_crowd(session);
    struct cap_process_params params = params_in(CAP_NONE, HOG);
    uint32_t other = helper_start(&params);
    struct rt_thread_ref waiter = helper_spawn(wait_for_child, (void *)(uintptr_t)child, NULL);
    struct cap_process_info info = {.state = PROCESS_FREE};
    struct cap_total_stat stat = {.process_count = 1};

    helper_wait_for(&shared->begun, CROWD_BEGUN + 1);
    helper_sleep(WHILE_NS);
    tap_equal(rt_session_logout(session), STATUS_OK, "a session is logged out");
    tap_ok(is_logged_out(child), "when that returns its process is gone, for that reason");
    tap_equal(helper_join(&waiter), PROCESS_LOGGED_OUT, "and who waited for it was told");
    tap_ok(rt_session_stat(session, &stat) == STATUS_OK && stat.process_count == 0 &&
               stat.gone_count >= 2 && stat.threads.live_count == 0,
           "none of it is left, its children's children included");
    tap_ok(rt_process_info(other, &info) == STATUS_OK && info.state == PROCESS_LIVE,
           "a child in another session goes on");
    (void)rt_process_kill(other);
    tap_equal(helper_end_of(other), PROCESS_KILLED, "until it is killed");
    uint32_t turns = __atomic_load_n(&shared->turns, __ATOMIC_ACQUIRE);

    helper_sleep(WHILE_NS);
    tap_equal(__atomic_load_n(&shared->turns, __ATOMIC_ACQUIRE), turns, "and then nobody runs");
    tap_equal(rt_session_logout(session), STATUS_OK, "logging out again is no harm");
    params.session = session;
    tap_equal(rt_process_spawn(&params), STATUS_STALE, "nothing begins in it any more");
    (void)rt_release(child);
    (void)rt_release(session);
    tap_ok(rt_session_logout(session) == STATUS_STALE && rt_process_spawn(&params) == STATUS_STALE,
           "a handle let go of is STALE");
}

/* Goal: several may log out at once, and one of them be ended meanwhile.  Method: threads. */
static void test_several(void)
{
    uint32_t session = create(), child = start_crowd(session), told = 0;
    struct rt_thread_ref refs[LOGGERS];

    for (uint32_t i = 0; i < LOGGERS; i++)
        refs[i] = helper_spawn(log_out, (void *)(uintptr_t)session, NULL);
    (void)rt_thread_kill(&refs[0]);
    int64_t killed = rt_thread_join(&refs[0], NULL);

    for (uint32_t i = 1; i < LOGGERS; i++)
        told += helper_join(&refs[i]) == STATUS_OK;
    tap_ok(told == LOGGERS - 1 && (killed == STATUS_KILLED || killed == STATUS_OK),
           "all who log it out are told, but who is ended meanwhile");
    tap_equal(helper_end_of(child), PROCESS_LOGGED_OUT, "and it is logged out");
    (void)rt_release(session);
}

/* Goal: a process may log out its own session.  Method: one that holds its session's handle. */
static void test_own(void)
{
    uint32_t session = create();
    struct cap_process_params params = params_in(session, LEAVE_ITSELF);

    *shared = (struct shared){0};
    rt_process_give(&params, session, SESSION_SLOT, CAP_NONE);
    tap_equal(helper_end_of(helper_start(&params)), PROCESS_LOGGED_OUT,
              "who logs out its own session ends with it");
    tap_equal(shared->begun, 0, "and does not come back from that");
    tap_equal(rt_session_logout(session), STATUS_OK, "which others can wait for");
    (void)rt_release(session);
}

static uint32_t made;

static int64_t spawn_into(void *argument)
{
    struct cap_process_params params = params_in((uint32_t)(uintptr_t)argument, HOG);
    int64_t child = rt_process_spawn(&params);
    int64_t wrong = 0;

    for (; child > 0; child = rt_process_spawn(&params)) { /* until the session is logged out */
        (void)__atomic_add_fetch(&made, 1, __ATOMIC_ACQ_REL);
        helper_sleep(WHILE_NS / 4);
        (void)rt_process_kill((uint32_t)child);
        int64_t end = helper_end_of((uint32_t)child);

        wrong += end != PROCESS_KILLED && end != PROCESS_LOGGED_OUT;
        rt_pause();
    }
    return child == STATUS_STALE ? wrong : child;
}

/* Goal: who starts processes in it from outside is refused from then on.  Method: one that always
 * does. */
static void test_spawn_into(void)
{
    uint32_t session = create();

    __atomic_store_n(&made, 0, __ATOMIC_RELEASE);
    struct rt_thread_ref ref = helper_spawn(spawn_into, (void *)(uintptr_t)session, NULL);

    helper_wait_for(&made, 2);
    int64_t status = rt_session_logout(session);
    struct cap_total_stat stat = {.process_count = 1};

    (void)rt_session_stat(session, &stat);
    tap_ok(status == STATUS_OK && stat.process_count == 0 && helper_join(&ref) == 0,
           "who is starting processes in it is refused STALE");
    (void)rt_release(session);
}

/* Goal: letting go of the handle does not end it; its last process does.  Method: release, look. */
static void test_release(void)
{
    uint32_t session = create();
    struct cap_process_params params = params_in(session, HOG);

    *shared = (struct shared){0};
    uint32_t child = helper_start(&params);

    helper_wait_for(&shared->begun, 1);
    int64_t released = rt_release(session);
    uint32_t turns = __atomic_load_n(&shared->turns, __ATOMIC_ACQUIRE);

    helper_wait_for(&shared->turns, turns + 10);
    (void)rt_process_kill(child);
    tap_ok(released == STATUS_OK && helper_end_of(child) == PROCESS_KILLED,
           "letting go of the handle does not log it out");
}

/* Goal: what is wrong is refused.  Method: each. */
static void test_refusals(void)
{
    struct cap_process_params params = helper_child_params(COME, 0);
    uint32_t session = create();

    params.session = CAP_MACHINE;
    tap_equal(rt_process_spawn(&params), STATUS_BAD_CAP, "what is no session is refused");
    params.session = OTHERS;
    tap_equal(rt_process_spawn(&params), STATUS_BAD_CAP, "and what is nothing");
    params.session = session;
    struct cap_process_params other = params_in(session, CLAIM);

    tap_equal(helper_finish(helper_start(&other)), 1, "sessions and services without SESSIONS");
    params.service = CAP_SERVICES_MAX + 1;
    tap_equal(rt_process_spawn(&params), STATUS_BAD_ARGUMENT, "a service that cannot be, too");
    tap_equal(rt_call(session, SESSION_LOGOUT, 1, 0, 0), STATUS_BAD_ARGUMENT, "an argument");
    tap_equal(rt_call(session, SESSION_STAT + 1, 0, 0, 0), STATUS_BAD_CAP, "a method");
    (void)rt_ledger_fail_after(2); /* the slot, then the record */
    tap_equal(rt_session_create(), STATUS_LEDGER_FULL, "a full ledger");
    (void)rt_release(session);
}

/* Goal: nothing is left, whenever it happens.  Method: crowds logged out after any time. */
static void test_storm(uint64_t cycles, uint64_t seed)
{
    struct prng random = prng_seed(seed);
    uint64_t wrong = 0;

    for (uint64_t i = 0; i < cycles; i++) {
        uint32_t session = create();
        struct cap_process_params params = params_in(session, CROWD);

        *shared = (struct shared){0};
        uint32_t child = helper_start(&params);

        helper_sleep(prng_below(&random, WHILE_NS));
        wrong += rt_session_logout(session) != STATUS_OK;
        wrong += helper_end_of(child) != PROCESS_LOGGED_OUT;
        (void)rt_release(session);
    }
    tap_equal((int64_t)wrong, 0, "sessions are logged out at any time");
}

int64_t rt_main(uint64_t argument)
{
    uint64_t cycles = CYCLES, seed = SEED;

    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(10 + 2 + 3 + 1 + 1 + 7 + 1 + 1);
    helper_numbers("cycles", &cycles, 1);
    helper_numbers("seed", &seed, 1);
    memory = (uint32_t)rt_memory_create(RT_PAGE_BYTES);
    map_shared(memory);
    helper_warm(LOGGERS + 1);
    struct helper_holdings before = helper_holdings();

    test_all_end();
    test_several();
    test_own();
    test_spawn_into();
    test_release();
    test_refusals();
    test_storm(cycles, seed);
    tap_ok(helper_is_as_before(&before), "all that they held is back");
    const struct cap_machine_stat then = before.stat, now = helper_read().stat;

    tap_note("process_end", (int64_t)(now.process_end_count - then.process_end_count));
    tap_note("thread_kill", (int64_t)(now.thread_kill_count - then.thread_kill_count));
    return tap_end();
}
