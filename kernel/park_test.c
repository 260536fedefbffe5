/* SPDX-License-Identifier: MIT */
#include "kernel/park.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/endpoint.h"
#include "kernel/fixture/fixture.h"
#include "kernel/irq.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"
#include "kernel/uthread.h"

#define THREADS 64u
#define WORD_PHYS (FIXTURE_PHYS_BASE + 0x40)
#define OTHER_PHYS (FIXTURE_PHYS_BASE + 0x44)

static struct uthread threads[THREADS];
static struct ring_page pages[THREADS];

/* Whom the code under test woke, in order. */
static uint32_t woken[THREADS * RING_INFLIGHT_MAX];
static uint32_t woken_count;
static bool should_park_again; /* on another CPU, while UNPARK goes on */

static struct op *park(uint32_t i, uint64_t phys);

void glue_wake(struct thread_ref ref, enum wake_source source)
{
    assert_int_equal(source, WAKE_PARK);
    assert_int_equal(cpu_this()->held_ranks, 0);
    assert_true(woken_count < ARRAY_COUNT(woken));
    woken[woken_count++] = ref.slot;
    if (should_park_again) {
        threads[ref.slot].ring.cq_head = threads[ref.slot].ring.cq_tail;
        op_collect(&threads[ref.slot]);
        (void)park(ref.slot, WORD_PHYS);
    }
}

void seat_join_cancel(struct process *process, struct op *op)
{
    (void)process;
    (void)op;
    fail(); /* nobody joins here */
}

void process_wait_cancel(struct op *op)
{
    (void)op;
    fail(); /* or waits for a process */
}

void session_logout_cancel(struct op *op)
{
    (void)op;
    fail(); /* or for one to be logged out */
}

void irq_wait_cancel(struct op *op)
{
    (void)op;
    fail(); /* or a device */
}

void endpoint_cancel(struct op *op)
{
    (void)op;
    fail(); /* or calls */
}

void endpoint_disown(struct uthread *t)
{
    (void)t; /* it serves nobody */
}

void cap_cancel(struct cap_table *table, uint32_t slot)
{
    (void)table;
    (void)slot;
    fail();
}

static uint32_t *word(void)
{
    return arch_phys_to_virt(WORD_PHYS);
}

static void start(void)
{
    fixture_init();
    timer_init();
    park_init();
    woken_count = 0;
    should_park_again = false;
    memset(pages, 0, sizeof(pages));
    for (uint32_t i = 0; i < THREADS; i++) {
        threads[i] = (struct uthread){.ref = {i, 1}, .index = i};
        op_init(&threads[i]);
        ring_init(&threads[i].ring, &pages[i]);
    }
    *word() = 1;
}

/* An accepted entry of thread `i` begins to park on `phys`. */
static struct op *park(uint32_t i, uint64_t phys)
{
    struct op *op = op_take(&threads[i], OP_PARK, 100 + i);

    assert_non_null(op);
    threads[i].ring.in_flight++;
    op->key = phys;
    assert_true(park_wait(op, word(), 1));
    return op;
}

/* The last completion posted to thread `i`. */
static const struct ring_cqe *completion(uint32_t i)
{
    op_collect(&threads[i]);
    assert_true(pages[i].header.cq_tail > 0);
    return &pages[i].cq[(pages[i].header.cq_tail - 1) % RING_CQ_ENTRIES];
}

static struct op *expected_expiry;
static struct thread_ref expired_ref;

static void expire(struct timer *timer, void *context)
{
    (void)context;
    assert_ptr_equal(timer, &expected_expiry->timer);
    expired_ref = op_expire(expected_expiry);
}

/* Goal: a word that changed is not waited on.  Method: expect another value. */
static void test_park_changed_word_does_not_wait(void **state)
{
    (void)state;
    start();
    struct op *op = op_take(&threads[0], OP_PARK, 0);

    op->key = WORD_PHYS;
    assert_false(park_wait(op, word(), 2));
    op_drop(&threads[0], op);
    assert_int_equal(park_wake(WORD_PHYS, 10), 0);
    assert_int_equal(threads[0].free_ops, (1u << RING_INFLIGHT_MAX) - 1);
}

/* Goal: waiters are woken oldest first, as many as asked.  Method: five wait, two are woken. */
static void test_park_wakes_oldest_first(void **state)
{
    (void)state;
    start();
    for (uint32_t i = 0; i < 5; i++)
        (void)park(i, WORD_PHYS);
    assert_int_equal(park_wake(WORD_PHYS, 2), 2);
    assert_int_equal(woken_count, 2);
    assert_int_equal(woken[0], 0);
    assert_int_equal(woken[1], 1);
    assert_int_equal(completion(0)->status, STATUS_OK);
    assert_int_equal(completion(0)->user_data, 100);
    assert_int_equal(park_wake(WORD_PHYS, 10), 3);
    assert_int_equal(woken[4], 4);
}

/* Goal: only waiters of that word wake.  Method: two words, next to each other. */
static void test_park_other_word_sleeps_on(void **state)
{
    (void)state;
    start();
    (void)park(0, OTHER_PHYS);
    assert_int_equal(park_wake(WORD_PHYS, 10), 0);
    assert_int_equal(park_wake(OTHER_PHYS, 10), 1);
}

/* Goal: everybody wakes, however many batches it takes.  Method: 64 threads, three records each. */
static void test_park_wakes_more_than_a_batch(void **state)
{
    (void)state;
    start();
    for (uint32_t turn = 0; turn < 3; turn++)
        for (uint32_t i = 0; i < THREADS; i++)
            (void)park(i, WORD_PHYS);
    assert_int_equal(park_wake(WORD_PHYS, UINT64_MAX), 3 * THREADS);
    assert_int_equal(woken_count, 3 * THREADS);
    for (uint32_t i = 0; i < THREADS; i++) {
        op_collect(&threads[i]);
        assert_int_equal(pages[i].header.cq_tail, 3);
    }
}

/* Goal: UNPARK ends.  Method: whom it wakes parks again before it goes on. */
static void test_park_again_waits_for_the_next_unpark(void **state)
{
    (void)state;
    start();
    for (uint32_t i = 0; i < THREADS; i++)
        (void)park(i, WORD_PHYS);
    should_park_again = true;
    assert_int_equal(park_wake(WORD_PHYS, UINT64_MAX), THREADS);
    should_park_again = false;
    assert_int_equal(park_wake(WORD_PHYS, UINT64_MAX), THREADS);
}

/* Goal: one winner.  Method: the deadline fires first, then UNPARK finds nobody to count. */
static void test_park_expired_waiter_is_not_counted(void **state)
{
    (void)state;
    start();
    struct op *op = park(0, WORD_PHYS);

    timer_insert(&op->timer, (struct mono){50});
    expected_expiry = op;
    timer_expire((struct mono){50}, expire, NULL);
    assert_int_equal(expired_ref.slot, 0);
    assert_int_equal(park_wake(WORD_PHYS, 1), 0);
    assert_int_equal(completion(0)->status, STATUS_EXPIRED);
    assert_int_equal(pages[0].header.cq_tail, 1);
}

/* Goal: the other winner.  Method: UNPARK first, then the deadline comes. */
static void test_park_deadline_after_wake_does_nothing(void **state)
{
    (void)state;
    start();
    struct op *op = park(0, WORD_PHYS);

    timer_insert(&op->timer, (struct mono){50});
    assert_int_equal(park_wake(WORD_PHYS, 1), 1);
    expected_expiry = op;
    timer_expire((struct mono){50}, expire, NULL);
    assert_true(thread_ref_is_none(expired_ref));
    assert_int_equal(completion(0)->status, STATUS_OK);
    assert_int_equal(pages[0].header.cq_tail, 1);
}

/* Goal: collecting takes the deadline away with the operation.  Method: wake, collect, look. */
static void test_park_collect_cancels_the_deadline(void **state)
{
    (void)state;
    start();
    struct op *op = park(0, WORD_PHYS);

    timer_insert(&op->timer, (struct mono){50});
    assert_int_equal(park_wake(WORD_PHYS, 1), 1);
    op_collect(&threads[0]);
    assert_true(mono_is_never(timer_next()));
}

/* Goal: a thread that ends leaves nothing behind.  Method: all its records wait, with deadlines. */
static void test_park_cancel_all_unlinks_everything(void **state)
{
    (void)state;
    start();
    for (uint32_t i = 0; i < RING_INFLIGHT_MAX; i++)
        timer_insert(&park(0, WORD_PHYS)->timer, (struct mono){50 + i});
    assert_null(op_take(&threads[0], OP_PARK, 0));
    (void)park(1, WORD_PHYS);
    op_cancel_all(&threads[0]);
    assert_true(mono_is_never(timer_next()));
    assert_int_equal(park_wake(WORD_PHYS, 100), 1);
    assert_int_equal(woken[0], 1);
    assert_int_equal(threads[0].free_ops, (1u << RING_INFLIGHT_MAX) - 1);
    timer_check(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_park_changed_word_does_not_wait),
        cmocka_unit_test(test_park_wakes_oldest_first),
        cmocka_unit_test(test_park_other_word_sleeps_on),
        cmocka_unit_test(test_park_wakes_more_than_a_batch),
        cmocka_unit_test(test_park_again_waits_for_the_next_unpark),
        cmocka_unit_test(test_park_expired_waiter_is_not_counted),
        cmocka_unit_test(test_park_deadline_after_wake_does_nothing),
        cmocka_unit_test(test_park_collect_cancels_the_deadline),
        cmocka_unit_test(test_park_cancel_all_unlinks_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
