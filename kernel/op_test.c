/* SPDX-License-Identifier: MIT */
#include "kernel/op.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "kernel/endpoint.h"
#include "kernel/irq.h"
#include "kernel/park.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"
#include "kernel/uthread.h"

#define ROUNDS 20000u
#define WORD_PHYS UINT64_C(0x1000)
#define EXPIRY_NS 50u

static struct uthread thread;
static struct ring_page page;
static uint32_t word;
static _Thread_local uint32_t cpu_number;

/* ---- The machine under op.c: each host thread is a CPU ---- */

uint32_t arch_cpu(void)
{
    return cpu_number;
}

void *arch_local(void)
{
    return &cpu_blocks[cpu_number];
}

void arch_local_set(void *local)
{
    (void)local; /* who is asked for it knows */
}

void arch_pause(void)
{
    __asm__ volatile("" : : : "memory");
}

void glue_wake(struct thread_ref ref, enum wake_source source)
{
    (void)ref;
    (void)source;
}

static struct process process;
static uint32_t unlinked_joins;
static uint32_t unlinked_waits, unlinked_logouts, unlinked_irqs;
static uint32_t unlinked_calls;
static uint32_t disowned;
static uint32_t cancelled_slot;

void endpoint_cancel(struct op *op)
{
    assert_int_equal(port_load32(&op->state), OP_PENDING);
    unlinked_calls++;
}

void endpoint_disown(struct uthread *t)
{
    assert_ptr_equal(t, &thread);
    assert_int_equal(thread.free_ops, OP_ALL_FREE); /* nothing more can be passed to it */
    disowned++;
}

void cap_cancel(struct cap_table *table, uint32_t slot)
{
    assert_ptr_equal(table, &process.caps);
    cancelled_slot = slot;
}

void seat_join_cancel(struct process *of, struct op *op)
{
    assert_int_equal(port_load32(&op->state), OP_PENDING); /* before its claim */
    assert_ptr_equal(of, &process);
    unlinked_joins++;
}

void process_wait_cancel(struct op *op)
{
    assert_int_equal(port_load32(&op->state), OP_PENDING);
    unlinked_waits++;
}

void session_logout_cancel(struct op *op)
{
    assert_int_equal(port_load32(&op->state), OP_PENDING);
    unlinked_logouts++;
}

void irq_wait_cancel(struct op *op)
{
    assert_int_equal(port_load32(&op->state), OP_PENDING); /* before its claim */
    unlinked_irqs++;
}

static void start(void)
{
    cpu_number = 0;
    cpu_init();
    timer_init();
    park_init();
    unlinked_joins = 0;
    unlinked_waits = unlinked_logouts = unlinked_irqs = 0;
    unlinked_calls = 0;
    disowned = 0;
    cancelled_slot = CAP_NONE;
    memset(&page, 0, sizeof(page));
    thread = (struct uthread){.ref = {3, 1}, .process = &process};
    op_init(&thread);
    ring_init(&thread.ring, &page);
}

/* An accepted entry begins to wait. */
static struct op *wait_for(enum op_kind kind, uint64_t user_data)
{
    struct op *op = op_take(&thread, kind, user_data);

    assert_non_null(op);
    thread.ring.in_flight++;
    return op;
}

static const struct ring_cqe *last_completion(void)
{
    return &page.cq[(page.header.cq_tail - 1) % RING_CQ_ENTRIES];
}

/* ---- CANCEL alone ---- */

/* Goal: CANCEL ends the operation named.  Method: two in flight, one is named. */
static void test_op_cancel_ends_the_one_named(void **state)
{
    (void)state;
    start();
    (void)wait_for(OP_SLEEP, 7);
    (void)wait_for(OP_SLEEP, 8);
    assert_true(op_cancel(&thread, 8));
    op_collect(&thread);
    assert_int_equal(page.header.cq_tail, 1);
    assert_int_equal(last_completion()->user_data, 8);
    assert_int_equal(last_completion()->status, STATUS_CANCELLED);
    assert_false(op_cancel(&thread, 8));
    assert_true(op_cancel(&thread, 7));
}

/* Goal: what has ended, or answers elsewhere, is not in flight.  Method: one complete, uncollected;
 * one that came in registers; nothing. */
static void test_op_cancel_refuses_what_is_not_in_flight(void **state)
{
    (void)state;
    start();
    struct op *done = wait_for(OP_SLEEP, 7);

    assert_int_equal(op_expire(done).slot, 3);
    assert_false(op_cancel(&thread, 7));
    thread.enter.is_entry = true;
    struct op *direct = op_take(&thread, OP_SLEEP, 0);

    assert_non_null(direct);
    assert_false(op_cancel(&thread, 0));
    assert_false(op_cancel(&thread, 99));
}

/* Goal: of two of one name, the one that can still be cancelled is.  Method: the first is complete.
 */
static void test_op_cancel_passes_over_the_complete(void **state)
{
    (void)state;
    start();
    assert_int_equal(op_expire(wait_for(OP_SLEEP, 7)).slot, 3);
    (void)wait_for(OP_PARK, 7);
    assert_true(op_cancel(&thread, 7));
    assert_false(op_cancel(&thread, 7));
    op_collect(&thread);
    assert_int_equal(page.header.cq_tail, 2);
}

/* Goal: a JOIN, a WAIT, a LOGOUT, an IRQ, a CALL is unlinked before it is claimed.  Method: the
 * stand-ins above look. */
static void test_op_cancel_unlinks_first(void **state)
{
    (void)state;
    start();
    (void)wait_for(OP_JOIN, 7);
    (void)wait_for(OP_WAIT, 8);
    assert_true(op_cancel(&thread, 7));
    assert_int_equal(unlinked_joins, 1);
    assert_int_equal(unlinked_waits, 0);
    assert_true(op_cancel(&thread, 8));
    assert_int_equal(unlinked_joins, 1);
    assert_int_equal(unlinked_waits, 1);
    (void)wait_for(OP_LOGOUT, 9);
    assert_true(op_cancel(&thread, 9));
    assert_int_equal(unlinked_logouts, 1);
    (void)wait_for(OP_IRQ, 10);
    assert_true(op_cancel(&thread, 10));
    assert_int_equal(unlinked_irqs, 1);
    (void)wait_for(OP_CALL, 11);
    assert_true(op_cancel(&thread, 11));
    assert_int_equal(unlinked_calls, 1);
}

/* Goal: the slot reserved for a capability that did not come is given back, and no other.  Method:
 * calls with and without one are cancelled, dropped, and end with their thread. */
static void test_op_gives_the_reserved_slot_back(void **state)
{
    (void)state;
    start();
    wait_for(OP_CALL, 1)->slot = 30;
    assert_true(op_cancel(&thread, 1));
    assert_int_equal(cancelled_slot, CAP_NONE); /* until it is collected */
    op_collect(&thread);
    assert_int_equal(cancelled_slot, 30);
    struct op *op = wait_for(OP_RECV, 2);

    op->slot = 31;
    op_drop(&thread, op);
    assert_int_equal(cancelled_slot, 31);
    wait_for(OP_CALL, 3)->slot = CAP_NONE;
    op_cancel_all(&thread);
    assert_int_equal(cancelled_slot, 31);
    wait_for(OP_SEND, 4)->slot = 32;
    op_cancel_all(&thread);
    assert_int_equal(cancelled_slot, 32);
    assert_int_equal(disowned, 2);
}

/* Goal: work is not cancelled; the thread's end takes back its record, too.  Method: one in flight
 * of each kind; CANCEL, then the end. */
static void test_op_work_is_not_cancelled(void **state)
{
    (void)state;
    start();
    const struct op *work = wait_for(OP_WORK, 7);

    assert_false(op_cancel(&thread, 7));
    assert_int_equal(port_load32(&work->state), OP_PENDING);
    (void)wait_for(OP_JOIN, 1);
    (void)wait_for(OP_WAIT, 2);
    (void)wait_for(OP_SLEEP, 3);
    op_cancel_all(&thread);
    assert_int_equal(thread.free_ops, OP_ALL_FREE);
    assert_int_equal(unlinked_joins, 1);
    assert_int_equal(unlinked_waits, 1);
    op_collect(&thread);
    assert_int_equal(page.header.cq_tail, 0);
}

/* Goal: an entry in registers answers there.  Method: one ends; the ring stays empty. */
static void test_op_direct_answers_in_registers(void **state)
{
    (void)state;
    start();
    thread.enter.is_entry = true;
    struct op *op = op_take(&thread, OP_PARK, 0);

    assert_true(op_claim(op));
    assert_int_equal(op_complete(op, STATUS_OK, 5).slot, 3);
    op_collect(&thread);
    assert_true(thread.enter.answer.is_there);
    assert_int_equal(thread.enter.answer.value, 5);
    assert_int_equal(page.header.cq_tail, 0);
    assert_int_equal(thread.free_ops, (1u << RING_INFLIGHT_MAX) - 1);
}

/* ---- Every order ---- */

/*
 * Three actors would end one operation, each in two steps: claim, then (the winner) complete.  The
 * owner collects whenever it likes, here after every step.  The claim is one compare-and-swap, so
 * these steps are all there is to interleave.
 */
enum actor { ACTOR_UNPARK, ACTOR_EXPIRE, ACTOR_CANCEL, ACTOR_COUNT };

struct race {
    struct op *op;
    uint32_t steps[ACTOR_COUNT];
    bool has_won[ACTOR_COUNT];
};

static const enum status endings[ACTOR_COUNT] = {STATUS_OK, STATUS_EXPIRED, STATUS_CANCELLED};

static void step(struct race *race, enum actor actor)
{
    if (race->steps[actor]++ == 0)
        race->has_won[actor] = op_claim(race->op);
    else if (race->has_won[actor])
        assert_int_equal(op_complete(race->op, endings[actor], actor).slot, 3);
}

/* The schedule's digits to the base ACTOR_COUNT say who steps.  false: somebody steps too often. */
static bool is_schedule(uint32_t schedule)
{
    uint32_t counts[ACTOR_COUNT] = {0};

    for (uint32_t i = 0; i < 2 * ACTOR_COUNT; i++, schedule /= ACTOR_COUNT)
        counts[schedule % ACTOR_COUNT]++;
    return counts[0] == 2 && counts[1] == 2 && counts[2] == 2;
}

static void run_schedule(uint32_t schedule, uint32_t collect_after)
{
    struct race race = {.op = wait_for(OP_PARK, schedule)};
    uint32_t tail = page.header.cq_tail;
    uint32_t winners = 0;

    for (uint32_t i = 0; i < 2 * ACTOR_COUNT; i++, schedule /= ACTOR_COUNT) {
        step(&race, (enum actor)(schedule % ACTOR_COUNT));
        if (i == collect_after)
            op_collect(&thread);
        assert_true(page.header.cq_tail - tail <= 1);
        if (page.header.cq_tail != tail)
            break; /* free: under the locks of OP1 nobody claims it any more */
    }
    op_collect(&thread);
    assert_int_equal(page.header.cq_tail - tail, 1);
    for (uint32_t actor = 0; actor < ACTOR_COUNT; actor++) {
        winners += race.has_won[actor];
        if (race.has_won[actor])
            assert_int_equal(last_completion()->status, endings[actor]);
    }
    assert_int_equal(winners, 1);
    page.header.cq_head = page.header.cq_tail;
    thread.ring.cq_head = page.header.cq_tail;
}

/* Goal: one winner, one completion, the winner's.  Method: all 90 orders of the six steps, and the
 * owner collects after each of them. */
static void test_op_every_order_has_one_winner(void **state)
{
    (void)state;
    uint32_t count = 0;

    start();
    for (uint32_t schedule = 0; schedule < 729; schedule++) { /* 3^6 */
        if (!is_schedule(schedule))
            continue;
        count++;
        for (uint32_t after = 0; after < 2 * ACTOR_COUNT; after++)
            run_schedule(schedule, after);
    }
    assert_int_equal(count, 90); /* 6! / (2! 2! 2!) */
    assert_int_equal(thread.free_ops, (1u << RING_INFLIGHT_MAX) - 1);
}

/* ---- The real thing, on host threads ---- */

static uint32_t begun;  /* rounds the owner has begun */
static uint32_t linked; /* rounds whose deadline runs */
static uint32_t ended[2];
static struct op *current;
static uint32_t unparked_count;
static uint32_t expired_count;
static uint32_t stray_count; /* of the helpers' checks that failed; judged by the main thread */

static void wait_until(const uint32_t *counter, uint32_t value)
{
    while (__atomic_load_n(counter, __ATOMIC_ACQUIRE) < value) /* bound: the others do not wait */
        sched_yield();
}

static void advance(uint32_t *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_RELEASE);
}

static void linger(struct prng *p)
{
    for (uint64_t i = prng_next(p) % 64; i > 0; i--)
        arch_pause();
}

static void *unpark_each_round(void *argument)
{
    struct prng p = prng_seed(1);

    (void)argument;
    cpu_number = 1;
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        wait_until(&linked, round);
        linger(&p);
        unparked_count += (uint32_t)park_wake(WORD_PHYS, 1);
        advance(&ended[0]);
    }
    return NULL;
}

static void fire(struct timer *timer, void *context)
{
    (void)context;
    if (timer != &current->timer)
        stray_count++;
    if (!thread_ref_is_none(op_expire(current)))
        expired_count++;
}

static void *expire_each_round(void *argument)
{
    struct prng p = prng_seed(2);

    (void)argument;
    cpu_number = 2;
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        wait_until(&begun, round);
        timer_insert(&current->timer, (struct mono){EXPIRY_NS}); /* timers belong to a CPU */
        advance(&linked);
        linger(&p);
        timer_expire((struct mono){EXPIRY_NS}, fire, NULL);
        advance(&ended[1]);
    }
    return NULL;
}

/* Goal: park.c, timer.c and op.c together end an operation once, whoever is first, and each of the
 * three knows whether it was.  Method: 20,000 operations, three host threads as CPUs; compare. */
static void test_op_three_cpus_agree_who_was_first(void **state)
{
    (void)state;
    pthread_t threads[2];
    struct prng p = prng_seed(3);
    uint32_t counts[ACTOR_COUNT] = {0};
    uint32_t cancelled_count = 0;

    start();
    assert_int_equal(pthread_create(&threads[0], NULL, unpark_each_round, NULL), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, expire_each_round, NULL), 0);
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        current = wait_for(OP_PARK, round);
        current->key = WORD_PHYS;
        assert_true(park_wait(current, &word, 0));
        advance(&begun);
        wait_until(&linked, round);
        linger(&p);
        cancelled_count += op_cancel(&thread, round);
        op_collect(&thread); /* a record that is done may still be in a claimer's hands: OP2 */
        wait_until(&ended[0], round);
        wait_until(&ended[1], round);
        op_collect(&thread);
        assert_int_equal(page.header.cq_tail, round);
        assert_int_equal(last_completion()->user_data, round);
        for (uint32_t actor = 0; actor < ACTOR_COUNT; actor++)
            counts[actor] += last_completion()->status == endings[actor];
        thread.ring.cq_head = page.header.cq_tail;
    }
    (void)pthread_join(threads[0], NULL);
    (void)pthread_join(threads[1], NULL);
    assert_int_equal(stray_count, 0);
    assert_int_equal(counts[ACTOR_UNPARK], unparked_count);
    assert_int_equal(counts[ACTOR_EXPIRE], expired_count);
    assert_int_equal(counts[ACTOR_CANCEL], cancelled_count);
    assert_int_equal(unparked_count + expired_count + cancelled_count, ROUNDS);
    assert_int_equal(thread.free_ops, (1u << RING_INFLIGHT_MAX) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_op_cancel_ends_the_one_named),
        cmocka_unit_test(test_op_cancel_refuses_what_is_not_in_flight),
        cmocka_unit_test(test_op_cancel_passes_over_the_complete),
        cmocka_unit_test(test_op_cancel_unlinks_first),
        cmocka_unit_test(test_op_gives_the_reserved_slot_back),
        cmocka_unit_test(test_op_work_is_not_cancelled),
        cmocka_unit_test(test_op_direct_answers_in_registers),
        cmocka_unit_test(test_op_every_order_has_one_winner),
        cmocka_unit_test(test_op_three_cpus_agree_who_was_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
