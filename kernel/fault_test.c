/* SPDX-License-Identifier: MIT */
#include "kernel/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/fault.h"
#include "base/fmt.h"
#include "kernel/console.h"
#include "kernel/fixture/callers.h"
#include "kernel/sched_glue.h"

#define LIMIT 200u
#define SERVER 0u
#define FAULTING 1u
#define VECTOR 14u
#define ADDRESS UINT64_C(0x12345678)
#define PC UINT64_C(0x401000)
#define COOKIE UINT64_C(0xc0ffee00c0ffee)
#define BADGE 9u
#define WHAT (VECTOR | FAULT_READ | FAULT_WRITE)

static const struct pool_ref no_grant = {GRANT_ROOT, 0};
static const struct arch_fault page_fault = {
    .name = "page fault",
    .vector = VECTOR,
    .address = ADDRESS,
    .access = ARCH_READ | ARCH_WRITE,
};

static uint32_t index_of;
static uint32_t endpoint; /* held by the server's process */
static uint32_t client;   /* by the faulting thread's */
static struct seat seats[SEATS_PER_PAGE];
static struct uthread *t; /* who faults */

/* ---- Mocks ---- */

static uint32_t blocked, ended, printed;
static struct arch_fault ended_by;
static uint64_t ended_at;

void glue_block(enum wake_source source)
{
    assert_int_equal(source, WAKE_ENDPOINT);
    blocked++;
}

void process_end_by_fault(struct process *process, const struct arch_fault *fault, uint32_t thread,
                          uint64_t pc)
{
    assert_ptr_equal(process, t->process);
    assert_int_equal(thread, t->index);
    assert_int_equal(ended, 0);
    ended_by = *fault;
    ended_at = pc;
}

void uthread_end(struct uthread *thread, int64_t status)
{
    assert_ptr_equal(thread, t);
    assert_int_equal(status, STATUS_KILLED);
    assert_false(t->enter.is_active);
    ended++;
}

uint64_t arch_context_stack(const struct arch_context *context)
{
    (void)context;
    return 0;
}

void console_line(const struct fmt *line)
{
    (void)line;
    printed++;
}

/* ---- A machine ---- */

static void start(uint32_t flags)
{
    callers_init(LIMIT);
    endpoint = callers_endpoint(SERVER, flags, &index_of);
    client = callers_client(FAULTING, index_of, BADGE, no_grant);
    t = &callers_threads[FAULTING];
    seats[0] = (struct seat){.index = 0, .gen = 3, .state = SEAT_LIVE, .thread = t};
    t->seat = &seats[0];
    t->process->seats = (struct seats){.pages = {seats}, .fresh_index = 1};
    t->process->parent = &callers_processes[SERVER];
    for (uint32_t i = 0; i < ARCH_CONTEXT_BYTES / 8; i++)
        t->context.words[i] = i + 100;
    t->context.words[OUTSIDE_PC] = PC;
    blocked = ended = printed = 0;
}

static enum status set(uint64_t handle, uint64_t cookie, uint64_t gen)
{
    struct fault_handler handler;
    enum status status = fault_decode(t->process, handle, cookie, &handler);

    return status == STATUS_OK ? fault_set(t->process, 0, gen, &handler) : status;
}

static void fault(void)
{
    cpu_this()->current = t;
    fault_take(t, &page_fault);
    assert_int_equal(cpu_this()->held_ranks, 0);
    endpoint_check(endpoint_at(index_of));
}

/* As enter.c does it, whenever the thread is dispatched. */
static bool goes_on(void)
{
    cpu_this()->current = t;
    op_collect(t);
    assert_true(t->enter.is_held);
    return fault_continue(t);
}

static struct came receive(void)
{
    struct ring_sqe entry = {.op = RING_OP_RECV, .cap = endpoint};

    return callers_direct(SERVER, &entry);
}

static struct came answer(uint16_t status, uint64_t word)
{
    struct ring_sqe entry = {.op = RING_OP_RETURN, .method = status, .args = {word, 1, 2, 3}};

    return callers_direct(SERVER, &entry);
}

static void expect_end(void)
{
    assert_int_equal(ended, 1);
    assert_int_equal(ended_by.vector, VECTOR);
    assert_int_equal(ended_by.address, ADDRESS);
    assert_int_equal(ended_at, PC);
    assert_int_equal(t->free_ops, OP_ALL_FREE);
    assert_false(t->enter.is_active);
    assert_false(t->enter.is_held);
    assert_false(t->enter.is_fault);
}

/* ---- Setting ---- */

/* Goal: each refusal, which changes nothing; 0 takes it away.  Method: a table of them. */
static void test_fault_set_refuses(void **state)
{
    (void)state;
    start(0);
    uint32_t own = callers_endpoint(FAULTING, 0, &index_of);
    uint32_t dead = callers_client(FAULTING, index_of, 0, no_grant);

    assert_int_equal(set(client, COOKIE, 3), STATUS_OK);
    assert_int_equal(set(client, 0, 2), STATUS_STALE);
    assert_int_equal(set(own, 0, 3), STATUS_BAD_CAP);
    assert_int_equal(set(dead + 1, 0, 3), STATUS_BAD_CAP); /* nothing is there */
    assert_int_equal(set(client | UINT64_C(1) << 32, 0, 3), STATUS_BAD_CAP);
    assert_int_equal(set(CAP_NONE, 1, 3), STATUS_BAD_ARGUMENT);
    assert_true(pool_stale(&endpoint_pool, index_of));
    assert_int_equal(set(dead, 0, 3), STATUS_STALE);
    assert_int_equal(t->fault.client.badge, BADGE);
    assert_int_equal(t->fault.cookie, COOKIE);
    assert_int_equal(set(CAP_NONE, 0, 3), STATUS_OK);
    assert_int_equal(t->fault.client.kind, CAP_KIND_EMPTY);
    seats[0].state = SEAT_ENDED;
    assert_int_equal(set(client, 0, 3), STATUS_STALE);
}

/* ---- Telling ---- */

/* Goal: without an endpoint the process ends; only the first one's fault is printed.  Method: one
 * with a parent, one without. */
static void test_fault_without_endpoint_ends(void **state)
{
    (void)state;
    start(0);
    fault();
    expect_end();
    assert_int_equal(printed, 0);
    start(0);
    t->process->parent = NULL;
    fault();
    expect_end();
    assert_int_equal(printed, 1);
}

/* Goal: what is received says what happened, and is marked; RESUME lets the thread go on, with all
 * its registers as they were.  Method: the receiver waits first; then the fault does. */
static void test_fault_is_told_and_resumed(void **state)
{
    (void)state;
    for (uint32_t turn = 0; turn < 2; turn++) {
        struct arch_context before;
        struct came came;

        start(0);
        assert_int_equal(set(client, COOKIE, 3), STATUS_OK);
        before = t->context;
        if (turn == 0)
            assert_true(receive().is_waiting);
        fault();
        assert_false(goes_on());
        if (turn == 0)
            assert_true(callers_read(SERVER, &came));
        else
            came = receive();
        assert_int_equal(came.status, RECEIVED_FAULT | (int64_t)BADGE << 16);
        assert_int_equal(came.words[0], WHAT);
        assert_int_equal(came.words[1], ADDRESS);
        assert_int_equal(came.words[2], PC);
        assert_int_equal(came.words[3], COOKIE);
        assert_false(goes_on());
        assert_int_equal(blocked, 2);
        assert_int_equal(answer(0, FAULT_RESUME).status, STATUS_OK);
        assert_true(callers_is_woken(FAULTING));
        assert_true(goes_on());
        assert_memory_equal(&t->context, &before, sizeof(before));
        assert_int_equal(ended, 0);
        assert_false(t->enter.is_active || t->enter.is_held || t->enter.is_fault);
        assert_int_equal(t->free_ops, OP_ALL_FREE);
    }
}

/* Goal: that something is mapped there is told.  Method: such a fault. */
static void test_fault_of_what_is_mapped(void **state)
{
    struct arch_fault mapped = page_fault;

    (void)state;
    start(0);
    assert_int_equal(set(client, 0, 3), STATUS_OK);
    mapped.is_mapped = true;
    cpu_this()->current = t;
    fault_take(t, &mapped);
    assert_int_equal(receive().words[0], WHAT | FAULT_MAPPED);
}

/* Goal: every other answer ends the process.  Method: a status, a word; then what a call can end
 * with: the endpoint's end, the receiver's, no record, an endpoint that has ended before. */
static void test_fault_ends_otherwise(void **state)
{
    (void)state;
    for (uint32_t turn = 0; turn < 6; turn++) {
        start(0);
        assert_int_equal(set(client, COOKIE, 3), STATUS_OK);
        if (turn == 4)
            t->free_ops = 0;
        if (turn == 5)
            assert_true(pool_stale(&endpoint_pool, index_of));
        fault();
        if (turn == 4)
            t->free_ops = OP_ALL_FREE;
        if (turn < 4) {
            assert_int_equal(receive().status, RECEIVED_FAULT | (int64_t)BADGE << 16);
            assert_int_equal(ended, 0);
        }
        if (turn == 0)
            assert_int_equal(answer(1, FAULT_RESUME).status, STATUS_OK);
        if (turn == 1)
            assert_int_equal(answer(0, FAULT_RESUME + 1).status, STATUS_OK);
        if (turn == 2)
            assert_true(pool_stale(&endpoint_pool, index_of) &&
                        endpoint_end_some(index_of, STATUS_STALE));
        if (turn == 3)
            callers_end(SERVER);
        if (turn < 4)
            assert_false(goes_on());
        expect_end();
    }
}

/* Goal: what of the thread's ring ends meanwhile is completed there, and the thread waits on.
 * Method: a sleep whose timer fires. */
static void test_fault_waits_while_others_complete(void **state)
{
    struct came came;

    (void)state;
    start(0);
    assert_int_equal(set(client, COOKIE, 3), STATUS_OK);
    cpu_this()->current = t;
    struct op *op = op_take(t, OP_SLEEP, 77);

    assert_non_null(op);
    t->ring.in_flight++;
    fault();
    assert_int_equal(op_expire(op).slot, FAULTING);
    assert_false(goes_on());
    assert_true(callers_read(FAULTING, &came));
    assert_int_equal(came.user_data, 77);
    (void)receive();
    (void)answer(0, FAULT_RESUME);
    assert_true(goes_on());
}

/* Goal: at a PASSIVE endpoint the context is to be lent, as by a call in registers.  Method: nobody
 * is ever lent one here (callers.h), which is counted as a refusal. */
static void test_fault_lends(void **state)
{
    (void)state;
    start(ENDPOINT_PASSIVE);
    assert_int_equal(set(client, COOKIE, 3), STATUS_OK);
    assert_true(receive().is_waiting);
    fault();
    assert_int_equal(endpoint_at(index_of)->stat.refused, 1);
    assert_false(t->enter.is_entry);
    (void)answer(0, FAULT_RESUME);
    assert_true(goes_on());
}

/* Goal: who waits in a fault can end.  Method: in the line; served. */
static void test_fault_thread_ends(void **state)
{
    (void)state;
    for (uint32_t turn = 0; turn < 2; turn++) {
        start(0);
        assert_int_equal(set(client, COOKIE, 3), STATUS_OK);
        fault();
        if (turn == 1)
            (void)receive();
        callers_end(FAULTING);
        endpoint_check(endpoint_at(index_of));
        struct cap_endpoint_stat stat = endpoint_at(index_of)->stat;

        assert_int_equal(stat.waiting + stat.serving, 0);
        assert_int_equal(answer(0, FAULT_RESUME).status, STATUS_STALE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fault_set_refuses),
        cmocka_unit_test(test_fault_without_endpoint_ends),
        cmocka_unit_test(test_fault_is_told_and_resumed),
        cmocka_unit_test(test_fault_of_what_is_mapped),
        cmocka_unit_test(test_fault_ends_otherwise),
        cmocka_unit_test(test_fault_waits_while_others_complete),
        cmocka_unit_test(test_fault_lends),
        cmocka_unit_test(test_fault_thread_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
