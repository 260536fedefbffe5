/* SPDX-License-Identifier: MIT */
#include "kernel/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "kernel/fixture/threads.h"
#include "kernel/grant.h"
#include "kernel/op.h"
#include "kernel/process.h"

#define LIMIT 2900u
#define USED_NS 100u
#define TREE_MAX 20u
#define TREE_SESSIONS 6u

static struct uthread waiter; /* of the first process */
static struct resource_ledger ledger_before;
static uint64_t frames_before;
static const struct pool_ref inherited = {POOL_NONE, 0};

static void start(void)
{
    struct cap_ref console = {.kind = CAP_KIND_CONSOLE, .grant = GRANT_ROOT};
    uint32_t handle;

    threads_init(LIMIT);
    assert_int_equal(reaper_create(&first_process), STATUS_OK);
    assert_int_equal(cap_insert(&first_process.caps, &console, &handle), STATUS_OK);
    waiter = (struct uthread){.ref = {62, 1}, .process = &first_process};
    op_init(&waiter);
    ledger_before = first_process.ledger;
    frames_before = frame_free_count();
    outside.used_ns = 0;
}

static void expect_nothing_left(void)
{
    assert_memory_equal(&first_process.ledger, &ledger_before, sizeof(ledger_before));
    assert_int_equal(frame_free_count(), frames_before);
    assert_int_equal(pool_free_count(&process_pool), PROCESSES_MAX);
    assert_int_equal(pool_free_count(&session_pool), SESSIONS_MAX - 1);
    assert_true(list_is_empty(&first_process.children));
    assert_true(list_is_empty(&first_process.sessions));
}

/* ---- Sessions and processes, as the methods make them ---- */

struct named {
    struct pool_ref ref;
    uint32_t handle;
};

static struct named create(struct process *owner)
{
    struct cap_ref cap = {.kind = CAP_KIND_SESSION, .grant = GRANT_ROOT};
    struct named session;
    uint32_t slot;

    assert_int_equal(cap_reserve(&owner->caps, &slot), STATUS_OK);
    assert_int_equal(session_create(owner, slot, &cap.object), STATUS_OK);
    cap.object_gen = pool_gen(&session_pool, cap.object);
    session.ref = (struct pool_ref){cap.object, cap.object_gen};
    session.handle = cap_commit(&owner->caps, slot, &cap);
    return session;
}

static bool is_there(const struct named *session)
{
    return pool_is_live(&session_pool, session->ref);
}

static struct op *log_out(const struct named *session)
{
    struct op *op = op_take(&waiter, OP_LOGOUT, 0);

    assert_non_null(op);
    assert_int_equal(session_logout(session->ref, op), STATUS_OK);
    return op;
}

static bool is_answered(const struct op *op)
{
    return (port_load32(&waiter.done) >> op->number & 1) != 0;
}

static uint32_t end_of(const struct process *process)
{
    struct cap_process_info info;

    assert_int_equal(process_read_info(process_ref(process), &info), STATUS_OK);
    return info.end;
}

/* What the work of reading says; a page of the first process's is where it goes. */
static struct cap_total_stat read_with(struct work *w)
{
    struct cap_total_stat sum;
    uint32_t steps = 0;

    while (session_stat_step(w) != WORK_DONE)
        assert_true(++steps < 200);
    assert_int_equal(w->status, STATUS_OK);
    assert_int_equal(vspace_copy_in(&first_process.space, &sum, w->to, sizeof(sum)), STATUS_OK);
    return sum;
}

static void begin_reading(struct work *w)
{
    uint64_t frame;

    if (vspace_lookup(&first_process.space, MAP_BASE, ARCH_WRITE) == 0)
        assert_int_equal(
            vspace_map_fresh(&first_process.space, MAP_BASE, ARCH_READ | ARCH_WRITE, &frame),
            STATUS_OK);
    work_init(w, WORK_TALLY, &first_process, waiter.ref);
}

static struct cap_total_stat stat_of(struct pool_ref session)
{
    struct work w;

    begin_reading(&w);
    assert_int_equal(session_begin_stat(&w, session, MAP_BASE), STATUS_OK);
    return read_with(&w);
}

static struct cap_total_stat stat_of_service(uint32_t service)
{
    struct work w;

    begin_reading(&w);
    service_begin_stat(&w, service, MAP_BASE);
    return read_with(&w);
}

/* ---- Logging out ---- */

/* Goal: authority goes at once, of all processes of the session and of no other; then they end, and
 * who waits is told when the last is gone.  Method: a session with a child, its child, and a child
 * in the maker's session; each looked at before any reaper has done anything, and after. */
static void test_session_logout_ends_its_processes(void **state)
{
    (void)state;
    struct cap_ref console = {.kind = CAP_KIND_CONSOLE, .grant = GRANT_ROOT}, ref;
    struct cap_process_info info;
    uint32_t handles[3], held[3];

    start();
    struct named session = create(&first_process);
    struct process *p[3] = {threads_spawn(&first_process, session.ref, 700, &handles[0])};

    p[1] = threads_spawn(p[0], inherited, 200, &handles[1]);
    p[2] = threads_spawn(&first_process, inherited, 200, &handles[2]);
    assert_ptr_equal(p[1]->session, session_at(session.ref.index));
    assert_ptr_equal(p[2]->session, first_process.session);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(cap_insert(&p[i]->caps, &console, &held[i]), STATUS_OK);
    const struct op *op = log_out(&session);

    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(cap_lookup(p[i], held[i], &ref), i < 2 ? STATUS_STALE : STATUS_OK);
    assert_int_equal(process_state(p[0]), PROCESS_LIVE);
    assert_int_equal(process_read_info(process_ref(p[0]), &info), STATUS_OK);
    assert_int_equal(info.state, PROCESS_ENDING);
    assert_int_equal(info.end, PROCESS_LOGGED_OUT);
    assert_false(is_answered(op));
    threads_settle();
    assert_true(is_answered(op));
    assert_int_equal(op->status, STATUS_OK);
    assert_int_equal(process_state(p[0]), PROCESS_GONE);
    assert_int_equal(end_of(p[0]), PROCESS_LOGGED_OUT);
    assert_int_equal(process_state(p[2]), PROCESS_LIVE);
    process_end(p[2], PROCESS_KILLED, 0);
    threads_settle();
    threads_release(&first_process, handles[0]);
    threads_release(&first_process, handles[2]);
    assert_true(is_there(&session));
    threads_release(&first_process, session.handle);
    threads_settle();
    assert_false(is_there(&session));
    expect_nothing_left();
}

/* Goal: it can be said any number of times, before and after the last is gone; who does not wait
 * any more is not told; a handle let go of is STALE, and nothing begins in what was logged out.
 * Method: each. */
static void test_session_logout_again(void **state)
{
    (void)state;
    struct work work;
    uint32_t handle;

    start();
    struct named session = create(&first_process);
    struct process *p = threads_spawn(&first_process, session.ref, 200, &handle);
    struct op *ops[3] = {log_out(&session), log_out(&session), log_out(&session)};

    assert_non_null(p);
    session_logout_cancel(ops[1]);
    session_logout_cancel(ops[1]);
    assert_int_equal(threads_begin(&first_process, session.ref, 0, 200, &work), STATUS_STALE);
    threads_settle();
    assert_true(is_answered(ops[0]));
    assert_false(is_answered(ops[1]));
    assert_true(is_answered(ops[2]));
    const struct op *late = log_out(&session);

    threads_settle();
    assert_true(is_answered(late));
    assert_int_equal(threads_begin(&first_process, session.ref, 0, 200, &work), STATUS_STALE);
    threads_release(&first_process, handle);
    threads_release(&first_process, session.handle);
    threads_settle();
    assert_int_equal(session_logout(session.ref, op_take(&waiter, OP_LOGOUT, 0)), STATUS_STALE);
    assert_int_equal(threads_begin(&first_process, session.ref, 0, 200, &work), STATUS_STALE);
    expect_nothing_left();
}

/* Goal: all who wait are told, in bounded steps, and not too many can.  Method: as many as may,
 * then one more. */
static void test_session_many_wait(void **state)
{
    (void)state;
    static struct uthread crowd[SESSION_WAITERS_MAX / RING_INFLIGHT_MAX];
    uint32_t handle;

    start();
    struct named session = create(&first_process);

    assert_non_null(threads_spawn(&first_process, session.ref, 200, &handle));
    for (uint32_t i = 0; i < ARRAY_COUNT(crowd); i++) {
        crowd[i] = (struct uthread){.ref = {61, 1}, .process = &first_process};
        op_init(&crowd[i]);
        for (uint32_t j = 0; j < RING_INFLIGHT_MAX; j++)
            assert_int_equal(session_logout(session.ref, op_take(&crowd[i], OP_LOGOUT, 0)),
                             STATUS_OK);
    }
    assert_int_equal(session_logout(session.ref, op_take(&waiter, OP_LOGOUT, 0)), STATUS_NO_SLOT);
    threads_settle();
    for (uint32_t i = 0; i < ARRAY_COUNT(crowd); i++)
        assert_int_equal(port_load32(&crowd[i].done), OP_ALL_FREE);
    threads_release(&first_process, handle);
    threads_release(&first_process, session.handle);
    threads_settle();
    expect_nothing_left();
}

/* Goal: SE3: a process that is being made does not begin to live in it.  Method: log out after each
 * number of steps of its making, until it was made. */
static void test_session_logout_while_one_is_made(void **state)
{
    (void)state;
    bool is_made = false;

    for (uint32_t steps = 0; !is_made; steps++) {
        struct work work;

        assert_true(steps < 100);
        start();
        struct named session = create(&first_process);

        assert_int_equal(threads_begin(&first_process, session.ref, 0, 200, &work), STATUS_OK);
        for (uint32_t i = 0; i < steps && !is_made; i++)
            is_made = work_step(&work) == WORK_DONE;
        const struct op *op = log_out(&session);

        if (!is_made) {
            threads_settle();
            assert_false(is_answered(op)); /* it is not gone yet */
            threads_finish(&work);
            assert_int_equal(work.status, STATUS_STALE);
        }
        threads_settle();
        assert_true(is_answered(op));
        if (is_made)
            threads_release(&first_process, (uint32_t)work.status);
        threads_release(&first_process, session.handle);
        threads_settle();
        expect_nothing_left();
    }
}

/* Goal: letting go of the handle ends a session without processes, and one with them when the last
 * is gone.  Method: both. */
static void test_session_release(void **state)
{
    (void)state;
    uint32_t handle;

    start();
    struct named session = create(&first_process);

    threads_release(&first_process, session.handle);
    threads_settle();
    assert_false(is_there(&session));
    session = create(&first_process);
    struct process *p = threads_spawn(&first_process, session.ref, 200, &handle);

    threads_release(&first_process, session.handle);
    threads_settle();
    assert_true(is_there(&session));
    assert_int_equal(process_state(p), PROCESS_LIVE);
    process_end(p, PROCESS_KILLED, 0);
    assert_int_equal(end_of(p), PROCESS_KILLED);
    threads_release(&first_process, handle);
    threads_settle();
    assert_false(is_there(&session));
    expect_nothing_left();
}

/* Goal: who makes a session outlives it, wherever its processes are.  Method: a child makes one,
 * the first process starts a process in it; the child ends. */
static void test_session_ends_with_its_maker(void **state)
{
    (void)state;
    uint32_t handle, member;

    start();
    struct process *maker = threads_spawn(&first_process, inherited, 200, &handle);
    struct named session = create(maker);
    struct process *p = threads_spawn(&first_process, session.ref, 200, &member);

    process_end(maker, PROCESS_KILLED, 0);
    for (uint32_t i = 0; i < 300; i++)
        (void)(reaper_step(first_process.reaper) == WORK_DONE);
    assert_int_equal(process_state(maker), PROCESS_ENDING); /* no thread was taken down */
    threads_settle();
    assert_int_equal(process_state(maker), PROCESS_GONE);
    assert_int_equal(end_of(p), PROCESS_LOGGED_OUT);
    assert_false(is_there(&session));
    threads_release(&first_process, handle);
    threads_release(&first_process, member);
    expect_nothing_left();
}

/* ---- What was used ---- */

/* Goal: a session's total is that of its processes, whatever has become of them; what a session
 * that ended has used is its maker's.  Method: two in it, one in the maker's; one ends; all do. */
static void test_session_stat(void **state)
{
    (void)state;
    struct cap_total_stat sum;
    uint32_t handles[3];

    start();
    struct named session = create(&first_process);
    struct process *p[3] = {threads_spawn(&first_process, session.ref, 700, &handles[0])};

    p[1] = threads_spawn(p[0], inherited, 200, &handles[1]);
    p[2] = threads_spawn(&first_process, inherited, 200, &handles[2]);
    outside.used_ns = USED_NS;
    sum = stat_of(session.ref);
    assert_int_equal(sum.threads.runtime_ns,
                     3 * USED_NS); /* and the reaper of the one with a child */
    assert_int_equal(sum.threads.live_count, 2);
    assert_int_equal(sum.process_count, 2);
    sum = stat_of(inherited);
    assert_int_equal(sum.threads.runtime_ns, USED_NS); /* the first process is no member here */
    process_end(p[1], PROCESS_KILLED, 0);
    threads_settle();
    sum = stat_of(session.ref);
    assert_int_equal(sum.threads.runtime_ns, 3 * USED_NS);
    assert_int_equal(sum.threads.live_count, 1);
    assert_int_equal(sum.threads.ended_count, 1);
    assert_int_equal(sum.process_count, 1);
    assert_int_equal(sum.gone_count, 1);
    (void)log_out(&session);
    threads_settle();
    sum = stat_of(session.ref);
    assert_int_equal(sum.threads.runtime_ns, 3 * USED_NS);
    assert_int_equal(sum.gone_count, 2);
    threads_release(&first_process, handles[0]);
    threads_release(&first_process, session.handle);
    threads_settle();
    sum = stat_of(inherited);
    assert_int_equal(sum.threads.runtime_ns, 4 * USED_NS);
    assert_int_equal(sum.process_count, 1);
    assert_int_equal(sum.gone_count, 2);
}

/* Goal: a service goes from parent to child, across sessions; its total stays when they end.
 * Method: one of service 3 with a child in another session, one of service 4. */
static void test_session_service_stat(void **state)
{
    (void)state;
    struct work work;
    uint32_t handle;

    start();
    assert_int_equal(threads_begin(&first_process, inherited, CAP_SERVICES_MAX + 1, 200, &work),
                     STATUS_BAD_ARGUMENT);
    struct named session = create(&first_process);

    assert_int_equal(threads_begin(&first_process, inherited, 3, 700, &work), STATUS_OK);
    threads_finish(&work);
    struct process *p = process_at(work.object);
    const struct process *q = threads_spawn(p, session.ref, 200, &handle);

    assert_int_equal(q->service, 3);
    assert_int_equal(threads_begin(&first_process, inherited, 4, 200, &work), STATUS_OK);
    threads_finish(&work);
    outside.used_ns = USED_NS;
    assert_int_equal(stat_of_service(3).threads.runtime_ns, 3 * USED_NS);
    assert_int_equal(stat_of_service(4).threads.runtime_ns, USED_NS);
    assert_int_equal(stat_of_service(0).threads.runtime_ns, 0);
    process_end(p, PROCESS_KILLED, 0);
    threads_settle();
    assert_int_equal(stat_of_service(3).threads.runtime_ns, 3 * USED_NS);
    assert_int_equal(stat_of_service(3).gone_count, 2);
    assert_int_equal(stat_of_service(4).process_count, 1);
}

/* Goal: SE2: a walk keeps the record, and a second one waits.  Method: begin one; let go of the
 * session; go on. */
static void test_session_stat_keeps_the_record(void **state)
{
    (void)state;
    struct work w, second;

    start();
    struct named session = create(&first_process);

    begin_reading(&w);
    begin_reading(&second);
    assert_int_equal(session_begin_stat(&w, session.ref, MAP_BASE), STATUS_OK);
    threads_release(&first_process, session.handle);
    threads_settle();
    assert_true(is_there(&session));
    assert_true(tally_walk_begin(&session_at(session.ref.index)->tally));
    assert_int_equal(session_stat_step(&w), WORK_AGAIN);
    session_at(session.ref.index)->tally.is_walked = false;
    (void)read_with(&w);
    threads_settle();
    assert_false(is_there(&session));
    assert_int_equal(session_begin_stat(&second, session.ref, MAP_BASE), STATUS_STALE);
}

/* ---- Histories ---- */

struct member {
    struct process *process; /* NULL: none */
    struct process *parent;
    struct pool_ref ref;
    uint32_t handle;
};

static struct member tree[TREE_MAX];
static struct named sessions[TREE_SESSIONS];
static struct process *makers[TREE_SESSIONS];
static uint32_t grown_count, logout_count;

static bool lives(const struct member *m)
{
    return m->process != NULL && pool_is_live(&process_pool, m->ref) &&
           process_state(m->process) == PROCESS_LIVE;
}

static struct process *any(struct prng *p)
{
    const struct member *m = &tree[prng_next(p) % TREE_MAX];

    return lives(m) && process_has_authority(m->process) ? m->process : &first_process;
}

static void grow(struct member *m, struct prng *p)
{
    const struct named *s = &sessions[prng_next(p) % TREE_SESSIONS];
    bool is_named = prng_next(p) % 2 == 0 && is_there(s);

    m->parent = any(p);
    m->process = threads_spawn(m->parent, is_named ? s->ref : inherited,
                               m->parent == &first_process ? 500 : 110, &m->handle);
    if (m->process == NULL)
        return;
    m->ref = process_ref(m->process);
    grown_count++;
    if (prng_next(p) % 2 == 0)
        threads_release(m->parent, m->handle);
}

static void turn_session(uint32_t i, struct prng *p)
{
    struct op *op;

    if (!is_there(&sessions[i])) {
        makers[i] = any(p);
        sessions[i] = create(makers[i]);
        return;
    }
    op = op_take(&waiter, OP_LOGOUT, 0);
    if (op == NULL || session_logout(sessions[i].ref, op) != STATUS_OK)
        return;
    session_logout_cancel(op);
    op_drop(&waiter, op);
    logout_count++;
    if (process_has_authority(makers[i]) && prng_next(p) % 2 == 0)
        (void)(cap_release(makers[i], sessions[i].handle) == STATUS_OK);
}

static void take_turn(struct prng *p)
{
    struct member *m = &tree[prng_next(p) % TREE_MAX];

    switch (prng_next(p) % 8) {
    case 0:
    case 1:
        if (!lives(m))
            grow(m, p);
        break;
    case 2:
        if (lives(m) && prng_next(p) % 4 == 0)
            process_end(m->process, PROCESS_KILLED, 0);
        break;
    case 3:
        if (prng_next(p) % 3 == 0)
            turn_session((uint32_t)(prng_next(p) % TREE_SESSIONS), p);
        break;
    default:
        (void)(reaper_step(first_process.reaper) == WORK_DONE);
        threads_take_down_killed();
    }
}

/* Goal: whoever makes, joins, leaves and ends what: in the end all is back, and nobody waits for
 * one who waits for him.  Method: trees of processes and sessions that any of them makes and any of
 * them begins in; then all of the first process's end. */
static void test_session_histories(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 12; seed++) {
        struct prng p = prng_seed(seed);

        start();
        for (uint32_t i = 0; i < TREE_MAX; i++)
            tree[i].process = NULL;
        for (uint32_t i = 0; i < TREE_SESSIONS; i++)
            sessions[i].ref = (struct pool_ref){0, 0};
        for (uint32_t i = 0; i < 600; i++) {
            take_turn(&p);
            if (i % 150 == 149)
                threads_settle();
        }
        while (!list_is_empty(&first_process.children)) {
            struct process *child =
                LIST_ENTRY(first_process.children.next, struct process, sibling);
            uint32_t handle_slot = child->handle_slot;

            process_end(child, PROCESS_KILLED, 0);
            threads_settle();
            process_release(&first_process, process_ref(child), handle_slot);
        }
        for (uint32_t i = 0; i < TREE_SESSIONS; i++)
            if (is_there(&sessions[i]))
                (void)(cap_release(&first_process, sessions[i].handle) == STATUS_OK);
        threads_settle();
        assert_int_equal(pool_free_count(&process_pool), PROCESSES_MAX);
        assert_int_equal(pool_free_count(&session_pool), SESSIONS_MAX - 1);
        assert_int_equal(outside_used(&first_process, LEDGER_OBJECTS), 0);
        assert_int_equal(frame_free_count(), frames_before);
    }
    assert_true(grown_count > 200);
    assert_true(logout_count > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session_logout_ends_its_processes),
        cmocka_unit_test(test_session_logout_again),
        cmocka_unit_test(test_session_many_wait),
        cmocka_unit_test(test_session_logout_while_one_is_made),
        cmocka_unit_test(test_session_release),
        cmocka_unit_test(test_session_ends_with_its_maker),
        cmocka_unit_test(test_session_stat),
        cmocka_unit_test(test_session_service_stat),
        cmocka_unit_test(test_session_stat_keeps_the_record),
        cmocka_unit_test(test_session_histories),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
