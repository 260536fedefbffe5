/* SPDX-License-Identifier: MIT */
#include "kernel/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/fixture/callers.h"
#include "kernel/limits.h"
#include "kernel/work.h"

#define LIMIT 2000u
#define SERVER 0u /* its process owns the endpoint */
#define CALLER 1u
#define OTHER 2u
#define BADGE 0xfeedbeefu
#define MANY_THREADS 63u /* 16 calls each: 1,008 */

static const struct pool_ref no_grant = {GRANT_ROOT, 0};
static uint32_t index_of;
static uint32_t endpoint;
static uint32_t clients[CALLERS_PROCESSES]; /* of the endpoint, held by each process */

static void start(void)
{
    callers_init(LIMIT);
    endpoint = callers_endpoint(0, 0, &index_of);
    for (uint32_t i = 0; i < CALLERS_PROCESSES; i++)
        clients[i] = callers_client(i, index_of, BADGE + i, no_grant);
}

static void check(void)
{
    endpoint_check(endpoint_at(index_of));
}

static struct cap_endpoint_stat stat(void)
{
    return endpoint_at(index_of)->stat;
}

/* ---- Entries, in registers and of rings ---- */

static struct ring_sqe entry_of(uint8_t op, uint32_t thread)
{
    bool is_client = op == RING_OP_CALL || op == RING_OP_SEND;

    return (struct ring_sqe){
        .op = op,
        .cap = op == RING_OP_RETURN ? CAP_NONE
               : is_client          ? clients[thread % CALLERS_PROCESSES]
                                    : endpoint,
    };
}

/* An entry whose words count up from `word`. */
static struct came enter(uint8_t op, uint32_t thread, uint16_t method, uint64_t word)
{
    struct ring_sqe entry = entry_of(op, thread);

    entry.method = method;
    for (uint32_t i = 0; i < MESSAGE_REGISTERS; i++)
        entry.args[i] = word + i;
    struct came came = callers_direct(thread, &entry);

    check();
    return came;
}

static struct came call(uint32_t thread, uint16_t method, uint64_t word)
{
    return enter(RING_OP_CALL, thread, method, word);
}

static struct came receive(uint32_t thread)
{
    struct ring_sqe entry = entry_of(RING_OP_RECV, thread);
    struct came came = callers_direct(thread, &entry);

    check();
    return came;
}

static struct came answer(uint32_t thread, uint16_t status, uint64_t word)
{
    return enter(RING_OP_RETURN, thread, status, word);
}

/* A call of a ring, with an empty message and room for four words. */
static struct came ring_call(uint32_t thread, uint64_t deadline_ns, uint64_t user_data)
{
    struct ring_sqe entry = entry_of(RING_OP_CALL, thread);

    entry.flags = RING_FLAG_MESSAGE;
    entry.args[0] = RING_MESSAGE(0, 0, MESSAGE_REGISTERS);
    entry.deadline_ns = deadline_ns;
    entry.user_data = user_data;
    struct came came = callers_ring(thread, &entry);

    check();
    return came;
}

static void expect_words(const struct came *came, uint64_t word)
{
    for (uint32_t i = 0; i < MESSAGE_REGISTERS; i++)
        assert_int_equal(came->words[i], word + i);
}

static struct came expect_completion(uint32_t thread, int64_t status)
{
    struct came came;

    assert_true(callers_read(thread, &came));
    assert_int_equal(came.status, status);
    return came;
}

static void expect_nothing(uint32_t thread)
{
    struct came came;

    assert_false(callers_read(thread, &came));
}

/* ---- Meeting ---- */

/* Goal: a call and its answer carry words, method, badge and status; each side is woken once, and
 * completes once.  Method: the receiver waits first; then the caller does. */
static void test_endpoint_call_and_answer(void **state)
{
    (void)state;
    for (uint32_t turn = 0; turn < 2; turn++) {
        struct came came;

        start();
        if (turn == 0) {
            assert_true(receive(SERVER).is_waiting);
            assert_true(call(CALLER, 9, 100).is_waiting);
            assert_true(callers_is_woken(SERVER));
            assert_true(callers_read(SERVER, &came));
        } else {
            assert_true(call(CALLER, 9, 100).is_waiting);
            assert_int_equal(stat().waiting, 1);
            came = receive(SERVER);
            assert_false(came.is_waiting);
        }
        expect_words(&came, 100);
        assert_int_equal(came.status, INT64_C(9) | (int64_t)(BADGE + 1) << 16);
        assert_ptr_equal(callers_threads[SERVER].serving, callers_threads[CALLER].ops); /* EP2 */
        expect_nothing(CALLER);
        outside.wake_count = 0;
        assert_int_equal(answer(SERVER, 7, 500).status, STATUS_OK);
        assert_true(callers_is_woken(CALLER));
        came = expect_completion(CALLER, 7);
        expect_words(&came, 500);
        expect_nothing(CALLER);
        expect_nothing(SERVER);
        assert_int_equal(answer(SERVER, 7, 0).status, STATUS_STALE); /* one-shot */
        assert_int_equal(stat().received, 1);
    }
}

/* Goal: SEND completes when it is received; nobody waits for an answer.  Method: both orders. */
static void test_endpoint_send(void **state)
{
    struct ring_sqe entry;

    (void)state;
    start();
    entry = entry_of(RING_OP_SEND, CALLER);
    assert_true(receive(SERVER).is_waiting);
    struct came came = callers_direct(CALLER, &entry);

    assert_false(came.is_waiting);
    assert_int_equal(came.status, STATUS_OK);
    assert_true(callers_read(SERVER, &came));
    assert_true((came.status & RECEIVED_SEND) != 0);
    assert_int_equal(RECEIVED_BADGE(came.status), BADGE + 1);
    assert_null(callers_threads[SERVER].serving);
    assert_true(callers_direct(CALLER, &entry).is_waiting);
    check();
    outside.wake_count = 0;
    came = receive(SERVER);
    assert_true((came.status & RECEIVED_SEND) != 0);
    assert_true(callers_is_woken(CALLER));
    (void)expect_completion(CALLER, STATUS_OK);
    assert_int_equal(answer(SERVER, 0, 0).status, STATUS_STALE);
}

/* Goal: RETURN_RECV answers and takes the next; it is refused as a whole while a RECV waits.
 * Method: two in line. */
static void test_endpoint_return_receive(void **state)
{
    (void)state;
    start();
    assert_true(call(CALLER, 1, 10).is_waiting);
    assert_true(call(OTHER, 2, 20).is_waiting);
    assert_int_equal(RECEIVED_METHOD(receive(SERVER).status), 1);
    struct ring_sqe entry = entry_of(RING_OP_RETURN_RECV, SERVER);

    entry.method = 5;
    struct came came = callers_direct(SERVER, &entry);

    check();
    assert_int_equal(RECEIVED_METHOD(came.status), 2);
    expect_words(&came, 20);
    (void)expect_completion(CALLER, 5);
    assert_true(callers_direct(SERVER, &entry).is_waiting);
    (void)expect_completion(OTHER, 5);
    check();
    struct ring_sqe second = entry_of(RING_OP_RECV, SERVER);

    second.flags = RING_FLAG_MESSAGE;
    assert_int_equal(callers_ring(SERVER, &second).status, STATUS_BUSY);
    assert_true(call(CALLER, 3, 0).is_waiting);
    assert_true(callers_read(SERVER, &came));
    assert_int_equal(callers_ring(SERVER, &second).status, STATUS_BUSY); /* it serves */
}

/* ---- Order ---- */

static uint64_t serve_next(void)
{
    struct came came = receive(SERVER);
    uint64_t user_data;

    assert_true(came.status >= 0);
    user_data = callers_threads[SERVER].serving->user_data;
    assert_int_equal(answer(SERVER, 0, 0).status, STATUS_OK);
    return user_data;
}

/* Goal: the earliest deadline is first, then arrival; no deadline is the latest.  Method: six in
 * line. */
static void test_endpoint_order_is_deadline_then_arrival(void **state)
{
    static const uint64_t deadlines[] = {0, 500, 300, 500, 0, 100};
    static const uint64_t order[] = {5, 2, 1, 3, 0, 4};

    (void)state;
    start();
    for (uint32_t i = 0; i < ARRAY_COUNT(deadlines); i++)
        assert_true(ring_call(CALLER + i % 2, deadlines[i], i).is_waiting);
    for (uint32_t i = 0; i < ARRAY_COUNT(order); i++)
        assert_int_equal(serve_next(), order[i]);
}

/* Goal: whoever has no deadline is not passed by for ever.  Method: one such call, then always
 * another with a deadline; it is the 8th to be served. */
static void test_endpoint_every_eighth_is_the_oldest(void **state)
{
    (void)state;
    start();
    assert_true(ring_call(CALLER, 0, 1000).is_waiting);
    for (uint32_t i = 0; i < 2 * ENDPOINT_OLDEST_EVERY; i++) {
        struct came came;

        assert_true(ring_call(OTHER, 50 + i, i).is_waiting);
        uint64_t who = serve_next();

        assert_int_equal(who == 1000, i == ENDPOINT_OLDEST_EVERY - 1);
        (void)callers_read(OTHER, &came);
    }
}

/* ---- Deadlines ---- */

/* Goal: who is not received by his deadline is EXPIRED, then, and nobody else; the timer is set for
 * the next (EP4).  Method: four, one without a deadline and one received; time passes. */
static void test_endpoint_expires_in_line_only(void **state)
{
    (void)state;
    start();
    assert_true(ring_call(CALLER, 100, 1).is_waiting);
    (void)receive(SERVER); /* received: its deadline does not matter any more */
    assert_true(ring_call(CALLER, 300, 3).is_waiting);
    assert_true(ring_call(CALLER, 200, 2).is_waiting);
    assert_true(ring_call(CALLER, 0, 4).is_waiting);
    assert_int_equal(timer_next().ns, 100); /* an earlier instant is harmless */
    callers_pass_time(150);
    expect_nothing(CALLER);
    assert_int_equal(timer_next().ns, 200);
    callers_pass_time(200);
    assert_true(callers_is_woken(CALLER));
    assert_int_equal(expect_completion(CALLER, STATUS_EXPIRED).user_data, 2);
    expect_nothing(CALLER);
    assert_int_equal(timer_next().ns, 300);
    callers_pass_time(1000);
    assert_int_equal(expect_completion(CALLER, STATUS_EXPIRED).user_data, 3);
    assert_true(mono_is_never(timer_next()));
    check();
    assert_int_equal(answer(SERVER, 6, 0).status, STATUS_OK);
    assert_int_equal(expect_completion(CALLER, 6).user_data, 1);
    assert_int_equal(stat().waiting, 1);
    assert_int_equal(ring_call(CALLER, 999, 5).status, STATUS_EXPIRED); /* not begun */
}

/* Goal: however many are late, each is EXPIRED once, a bounded number in one hold of the lock.
 * Method: 100 of one instant. */
static void test_endpoint_expires_many_in_turns(void **state)
{
    uint32_t count = 0;
    struct came came;

    (void)state;
    start();
    for (uint32_t i = 0; i < 100; i++)
        assert_true(ring_call(1 + i / 16, 50, i).is_waiting);
    endpoint_expire(endpoint_at(index_of)); /* a stray one: it is not time yet */
    assert_int_equal(stat().waiting, 100);
    fixture_set_now(50);
    outside.wake_count = 0;
    endpoint_expire(endpoint_at(index_of));
    assert_int_equal(outside.wake_count, CALLERS_PER_STEP);
    check();
    callers_pass_time(50);
    check();
    for (uint32_t i = 0; i < 8; i++)
        for (; callers_read(i, &came); count++)
            assert_int_equal(came.status, STATUS_EXPIRED);
    assert_int_equal(count, 100);
}

/* ---- Ends ---- */

static uint64_t used_slots(uint32_t process)
{
    return outside_used(&callers_processes[process], LEDGER_SLOTS);
}

/* Goal: CANCEL ends a call in line, a call that is served and a RECV, once; then the answer is
 * STALE.  Method: each, with a slot reserved, which comes back. */
static void test_endpoint_cancel_in_each_place(void **state)
{
    struct ring_sqe entry, cancel = {.op = RING_OP_CANCEL, .args = {7}};

    (void)state;
    for (uint32_t turn = 0; turn < 3; turn++) {
        uint32_t who = turn == 2 ? SERVER : CALLER;

        start();
        uint64_t slots = used_slots(who);

        entry = entry_of(turn == 2 ? RING_OP_RECV : RING_OP_CALL, who);
        entry.flags = RING_FLAG_MESSAGE | RING_FLAG_ACCEPT;
        entry.user_data = 7;
        assert_true(callers_ring(who, &entry).is_waiting);
        assert_int_equal(used_slots(who), slots + 1);
        if (turn == 1)
            assert_false(receive(SERVER).is_waiting);
        assert_int_equal(callers_ring(who, &cancel).status, STATUS_OK);
        check();
        assert_int_equal(expect_completion(who, STATUS_CANCELLED).cap, CAP_NONE); /* no badge */
        expect_nothing(who);
        assert_int_equal(used_slots(who), slots);
        assert_int_equal(callers_ring(who, &cancel).status, STATUS_STALE);
        assert_int_equal(answer(SERVER, 0, 0).status, STATUS_STALE);
        assert_int_equal(stat().waiting + stat().receivers + stat().serving, 0);
    }
}

/* Goal: the end of who serves is DISCONNECTED to his caller, that of a caller STALE to who serves
 * him, that of a waiting receiver nothing.  Method: each. */
static void test_endpoint_threads_end(void **state)
{
    (void)state;
    start();
    assert_true(call(CALLER, 0, 0).is_waiting);
    (void)receive(SERVER);
    outside.wake_count = 0;
    callers_end(SERVER);
    check();
    assert_true(callers_is_woken(CALLER));
    (void)expect_completion(CALLER, STATUS_DISCONNECTED);

    assert_true(call(CALLER, 0, 0).is_waiting);
    (void)receive(SERVER + 3); /* of the same process */
    callers_end(CALLER);
    check();
    assert_int_equal(answer(SERVER + 3, 0, 0).status, STATUS_STALE);

    assert_true(receive(SERVER).is_waiting);
    callers_end(SERVER);
    assert_true(call(CALLER, 0, 0).is_waiting);
    assert_int_equal(stat().waiting, 1);
    callers_end(CALLER);
    assert_int_equal(stat().waiting, 0);
    check();
}

/* The endpoint ends, in steps.  Returns: how many. */
static uint32_t end_all(enum status status)
{
    uint32_t steps = 1;

    for (outside.wake_count = 0; !endpoint_end_some(index_of, status); outside.wake_count = 0) {
        assert_in_range(outside.wake_count, 1, CALLERS_PER_STEP);
        check();
        steps++;
    }
    return steps;
}

/* Goal: the endpoint's end ends everybody who waits, once, in bounded steps; nobody joins then.
 * Method: 1,008 calls of 63 threads, one of them served, and a look at each. */
static void test_endpoint_end_of_a_thousand(void **state)
{
    const uint32_t count = MANY_THREADS * RING_INFLIGHT_MAX;
    struct came came;

    (void)state;
    start();
    for (uint32_t i = 1; i <= MANY_THREADS; i++)
        for (uint32_t j = 0; j < RING_INFLIGHT_MAX; j++)
            assert_true(ring_call(i, 0, j).is_waiting);
    (void)receive(SERVER);
    assert_int_equal(stat().waiting, count - 1);
    assert_true(pool_stale(&endpoint_pool, index_of));
    assert_false(endpoint_end_some(index_of, STATUS_DISCONNECTED));
    assert_int_equal(call(MANY_THREADS + 1, 0, 0).status, STATUS_STALE);
    assert_in_range(end_all(STATUS_DISCONNECTED), count / CALLERS_PER_STEP - 1,
                    count / CALLERS_PER_STEP + 1);
    for (uint32_t i = 1; i <= MANY_THREADS; i++) {
        for (uint32_t j = 0; j < RING_INFLIGHT_MAX; j++)
            (void)expect_completion(i, STATUS_DISCONNECTED);
        assert_false(callers_read(i, &came));
        assert_int_equal(callers_threads[i].free_ops, OP_ALL_FREE);
    }
    assert_int_equal(answer(SERVER, 0, 0).status, STATUS_STALE);
    assert_int_equal(pool_free_count(&endpoint_pool), ENDPOINTS_MAX); /* EP5 */
    assert_int_equal(outside_used(&callers_processes[0], LEDGER_OBJECTS), 0);
}

/* Goal: waiting receivers end with the endpoint, and its timer.  Method: two; then two callers with
 * deadlines; a process's first endpoint is found, also when it is stale. */
static void test_endpoint_end_of_receivers_and_timer(void **state)
{
    (void)state;
    start();
    assert_true(receive(SERVER).is_waiting);
    assert_true(receive(SERVER + 3).is_waiting);
    assert_int_equal(endpoint_first_of(&callers_processes[0]), index_of);
    assert_int_equal(endpoint_first_of(&callers_processes[0]), index_of);
    assert_int_equal(end_all(STATUS_STALE), 1);
    (void)expect_completion(SERVER, STATUS_STALE);
    (void)expect_completion(SERVER + 3, STATUS_STALE);
    assert_int_equal(endpoint_first_of(&callers_processes[0]), POOL_NONE);

    start();
    assert_true(ring_call(CALLER, 100, 1).is_waiting);
    assert_int_equal(endpoint_first_of(&callers_processes[0]), index_of);
    (void)end_all(STATUS_STALE);
    assert_true(mono_is_never(timer_next()));
    (void)expect_completion(CALLER, STATUS_STALE);
}

/* Goal: an endpoint that ends between the look-up and the lock is not joined.  Method: it does. */
static void test_endpoint_ends_before_the_lock(void **state)
{
    struct uthread *t = &callers_threads[SERVER];
    struct ring_sqe entry = {.op = RING_OP_CALL};
    struct cap_ref ref;

    (void)state;
    start();
    assert_int_equal(cap_lookup(t->process, clients[0], &ref), STATUS_OK);
    cpu_this()->current = t;
    struct op *ops[] = {op_take(t, OP_CALL, 1), op_take(t, OP_RECV, 2)};

    for (uint32_t i = 0; i < ARRAY_COUNT(ops); i++) {
        ops[i]->endpoint = index_of;
        ops[i]->grant = no_grant;
        ops[i]->about = (struct op_message){.place = PLACE_NONE};
        ops[i]->slot = CAP_NONE;
    }
    assert_true(pool_stale(&endpoint_pool, index_of));
    assert_int_equal(endpoint_submit(ops[0], &entry, &ref).status, STATUS_STALE);
    assert_int_equal(endpoint_receive(ops[1], &ref).status, STATUS_STALE);
    check();
    assert_int_equal(stat().waiting + stat().receivers, 0);
    assert_true(endpoint_end_some(index_of, STATUS_STALE));
}

/* ---- Grants ---- */

static void revoke(struct pool_ref grant)
{
    struct work work;

    assert_true(grant_revoke(grant));
    work_init(&work, WORK_REVOKE, &callers_processes[0], (struct thread_ref){63, 1});
    work.object = grant.index;
    while (work_step(&work) != WORK_DONE) /* each step ends somebody, or moves the cursor */
        check();
}

/* Goal: what waits under a grant ends with it, in line and served, and nothing else does.  Method:
 * two clients, one through a grant below the one revoked; REVOKE's own work. */
static void test_endpoint_revoke_ends_what_waits(void **state)
{
    struct pool_ref grant, below;

    (void)state;
    start();
    (void)callers_grant(0, no_grant, &grant);
    (void)callers_grant(0, grant, &below);
    clients[1] = callers_client(1, index_of, 1, below);
    assert_true(ring_call(CALLER, 1, 1).is_waiting);
    (void)receive(SERVER);
    for (uint32_t i = 0; i < 5; i++)
        assert_true(ring_call(CALLER, 0, 2).is_waiting);
    assert_true(ring_call(OTHER, 0, 3).is_waiting);
    revoke(grant);
    check();
    for (uint32_t i = 0; i < 6; i++)
        (void)expect_completion(CALLER, STATUS_STALE);
    expect_nothing(CALLER);
    expect_nothing(OTHER);
    assert_int_equal(answer(SERVER, 0, 0).status, STATUS_STALE);
    assert_int_equal(serve_next(), 3);
    assert_int_equal(ring_call(CALLER, 0, 4).status, STATUS_STALE);
}

/* Goal: nothing is passed by or to what is dead but not looked at yet.  Method: the grant of a
 * caller in line dies, then that of a waiting receiver; no work is done. */
static void test_endpoint_dead_grants_meet_nobody(void **state)
{
    struct pool_ref grant;

    (void)state;
    start();
    (void)callers_grant(0, no_grant, &grant);
    clients[1] = callers_client(1, index_of, 1, grant);
    assert_true(ring_call(CALLER, 1, 1).is_waiting);
    assert_true(grant_revoke(grant));
    assert_true(receive(SERVER).is_waiting);
    (void)expect_completion(CALLER, STATUS_STALE);
    callers_end(SERVER);

    (void)callers_grant(0, no_grant, &grant);
    struct ring_sqe entry = entry_of(RING_OP_RECV, OTHER);
    struct cap_ref ref;

    assert_int_equal(cap_read(&callers_processes[0].caps, endpoint, &ref), STATUS_OK);
    ref.grant = grant.index;
    ref.grant_gen = grant.gen;
    assert_int_equal(cap_insert(&callers_processes[2].caps, &ref, &entry.cap), STATUS_OK);
    assert_true(callers_direct(OTHER, &entry).is_waiting);
    assert_true(receive(SERVER).is_waiting); /* behind it */
    assert_true(grant_revoke(grant));
    clients[1] = callers_client(1, index_of, 1, no_grant);
    assert_true(call(CALLER, 4, 0).is_waiting);
    expect_nothing(OTHER);
    (void)expect_completion(SERVER, 4 | 1 << 16);
    assert_int_equal(answer(SERVER, 0, 0).status, STATUS_OK);
    assert_true(call(CALLER, 4, 0).is_waiting); /* it waits past the dead one */
    assert_int_equal(stat().waiting, 1);
    assert_true(endpoint_drop_dead(&callers_threads[OTHER]));
    (void)expect_completion(OTHER, STATUS_STALE);
    assert_false(endpoint_drop_dead(&callers_threads[OTHER]));
    check();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endpoint_call_and_answer),
        cmocka_unit_test(test_endpoint_send),
        cmocka_unit_test(test_endpoint_return_receive),
        cmocka_unit_test(test_endpoint_order_is_deadline_then_arrival),
        cmocka_unit_test(test_endpoint_every_eighth_is_the_oldest),
        cmocka_unit_test(test_endpoint_expires_in_line_only),
        cmocka_unit_test(test_endpoint_expires_many_in_turns),
        cmocka_unit_test(test_endpoint_cancel_in_each_place),
        cmocka_unit_test(test_endpoint_threads_end),
        cmocka_unit_test(test_endpoint_end_of_a_thousand),
        cmocka_unit_test(test_endpoint_end_of_receivers_and_timer),
        cmocka_unit_test(test_endpoint_ends_before_the_lock),
        cmocka_unit_test(test_endpoint_revoke_ends_what_waits),
        cmocka_unit_test(test_endpoint_dead_grants_meet_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
