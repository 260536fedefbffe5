/* SPDX-License-Identifier: MIT */
#include "core/fixture/fixture.h"

/* Goal: who runs keeps the CPU for the shorter of its slice and the shortest queued one; the CPU
 * looks at least every PUSH_CHECK_NS all the same. */
static void test_rq_protection_is_the_shorter_slice(void **state)
{
    struct fixture *f = fixture_new(1, 3, 500);

    (void)state;
    (void)fixture_start(f, 1024, LATENCY_BATCH);
    assert_true(mono_is_never(f->arm_at[0]));
    (void)fixture_start(f, 1024, LATENCY_BATCH);
    assert_int_equal(rq_protect_end(rq_of(f->s, 0)).ns, 500 + SLICE_BATCH_NS);
    assert_int_equal(f->arm_at[0].ns, 500 + PUSH_CHECK_NS);
    fixture_run(f, PUSH_CHECK_NS);
    assert_int_equal(fixture_current(f, 0), 0);
    /* New: half a slice; it preempts because it is shorter. */
    (void)fixture_start(f, 1024, LATENCY_INTERACTIVE);
    assert_int_equal(f->arm_at[0].ns, 500 + PUSH_CHECK_NS + SLICE_INTERACTIVE_NS);
    fixture_free(f);
}

/* Goal: a thread alone arms no timer; the second arrival does. */
static void test_rq_solo_thread_arms_nothing(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref second;

    (void)state;
    (void)fixture_start(f, 1024, LATENCY_NORMAL);
    assert_true(mono_is_never(f->arm_at[0]));
    assert_true((port_load32(&rq_of(f->s, 0)->published) & PUBLISHED_SOLO) != 0);
    second = fixture_start(f, 1024, LATENCY_NORMAL);
    assert_false(mono_is_never(f->arm_at[0]));
    assert_true((port_load32(&rq_of(f->s, 0)->published) & PUBLISHED_SOLO) == 0);
    fixture_run(f, SLICE_NORMAL_NS);
    assert_int_equal(fixture_current(f, 0), second.slot);
    fixture_free(f);
}

/* Goal: detach and attach keep the position, and the deadline of who is owed something counts from
 * V.  Method: take a queued thread off one CPU and put it on another that runs somebody, whose
 * clock is 1 ms ahead: it is owed that too, shared with the other. */
static void test_rq_move_keeps_lag(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct thread_ref first = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
    struct thread_ref moved = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
    struct thread_ref other = fixture_thread(f, 1024, LATENCY_NORMAL, 2, 1);

    (void)state;
    (void)fixture_wake(f, 0, first);
    (void)fixture_wake(f, 0, moved);
    (void)fixture_wake(f, 1, other);
    fixture_run(f, 2 * NS_PER_MS);
    account_charge(f->s, rq_of(f->s, 0), f->now, CHARGE_PREEMPT);
    account_charge(f->s, rq_of(f->s, 1), f->now, CHARGE_PREEMPT);
    struct sc *c = sc_of(f->s, moved.slot);
    int64_t lag = vtime_diff_vns(fair_now(f->s, rq_of(f->s, 0), f->now), c->v);
    int64_t left = vtime_diff_vns(c->vdeadline, c->v);

    assert_int_equal(lag, NS_PER_MS); /* it is owed half of the 2 ms */
    rq_detach(f->s, rq_of(f->s, 0), moved.slot, 1, f->now);
    assert_int_equal(thread_word_read(f->s, moved.slot).state, THREAD_MIGRATING);
    rq_attach(f->s, rq_of(f->s, 1), moved.slot, 1, f->now);
    assert_int_equal(vtime_diff_vns(fair_now(f->s, rq_of(f->s, 1), f->now), c->v),
                     (lag + (int64_t)NS_PER_MS) / 2);
    assert_int_equal(vtime_diff_vns(c->vdeadline, c->v), left + lag + (int64_t)NS_PER_MS);
    assert_int_equal(thread_of(f->s, moved.slot)->ledger.migration_count, 1);
    (void)rq_publish_overload(f->s, rq_of(f->s, 0));
    (void)rq_publish_overload(f->s, rq_of(f->s, 1));
    fixture_free(f);
}

/* Goal: undoing a removal within its critical section leaves everything as it was. */
static void test_rq_restore_undoes_remove(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref a = fixture_start(f, 1024, LATENCY_NORMAL);
    struct rq *rq = rq_of(f->s, 0);

    (void)state;
    (void)fixture_start(f, 1024, LATENCY_NORMAL);
    fixture_run(f, NS_PER_MS);
    account_charge(f->s, rq_of(f->s, 0), f->now, CHARGE_PREEMPT);
    int64_t w = rq->w;
    struct wide sum = rq->s;
    struct vtime v = sc_of(f->s, a.slot)->v;

    rq_remove_current(f->s, rq_of(f->s, 0), f->now, false);
    assert_int_equal(rq->w, w - 1024);
    rq_restore_current(f->s, rq_of(f->s, 0), a.slot);
    assert_int_equal(rq->w, w);
    assert_int_equal(rq->s.low, sum.low);
    assert_int_equal(sc_of(f->s, a.slot)->v.vns, v.vns);
    assert_int_equal(rq->current, a.slot);
    fixture_free(f);
}

/* Goal: the overload bit follows the queue, and a post that found it set is not forgotten. */
static void test_rq_overload_bit(void **state)
{
    struct fixture *f = fixture_new(2, 3, 0);
    struct port_atomic64 *word = &f->s->clusters[0].overload.bits;

    (void)state;
    (void)fixture_start(f, 1024, LATENCY_NORMAL);
    assert_int_equal(port_load64(word), 0);
    (void)fixture_start(f, 1024, LATENCY_NORMAL);
    assert_int_equal(port_load64(word), 1);
    fixture_block(f, 0);
    assert_int_equal(port_load64(word), 0);
    fixture_free(f);
}

/* Goal: rq_check_threads notices a thread that says it is queued, or running, and is not.  Method:
 * such words, with and without the link that belongs to them. */
static void test_rq_check_notices_a_lost_thread(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref ref = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0);
    struct thread_word word = {.state = THREAD_QUEUED, .gen = ref.gen};

    (void)state;
    rq_check_threads(f->s);
    port_store64(&thread_of(f->s, ref.slot)->word, thread_word_pack(word));
    expect_assert_failure(rq_check_threads(f->s));
    thread_link(thread_of(f->s, ref.slot), LINKED_QUEUE);
    expect_assert_failure(rq_check_threads(f->s));
    thread_unlink(thread_of(f->s, ref.slot), LINKED_QUEUE);
    word.state = THREAD_RUNNING;
    port_store64(&thread_of(f->s, ref.slot)->word, thread_word_pack(word));
    expect_assert_failure(rq_check_threads(f->s));
    word.state = THREAD_NEW;
    port_store64(&thread_of(f->s, ref.slot)->word, thread_word_pack(word));
    fixture_free(f);
}

/* Goal: rq_check notices a linked thread that says it is elsewhere.  Method: one of two queued says
 * it is blocked. */
static void test_rq_check_notices_who_is_linked_unawares(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref first = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0);
    struct thread_ref second = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0);

    (void)state;
    (void)fixture_wake(f, 0, first);
    (void)fixture_wake(f, 0, second);
    rq_check(f->s, 0);
    struct port_atomic64 *word = &thread_of(f->s, second.slot)->word;
    uint64_t true_word = port_load64(word);
    struct thread_word wrong = thread_word_unpack(true_word);

    assert_int_equal(wrong.state, THREAD_QUEUED);
    wrong.state = THREAD_BLOCKED;
    port_store64(word, thread_word_pack(wrong));
    expect_assert_failure(rq_check(f->s, 0));
    port_store64(word, true_word);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rq_protection_is_the_shorter_slice),
        cmocka_unit_test(test_rq_solo_thread_arms_nothing),
        cmocka_unit_test(test_rq_move_keeps_lag),
        cmocka_unit_test(test_rq_restore_undoes_remove),
        cmocka_unit_test(test_rq_overload_bit),
        cmocka_unit_test(test_rq_check_notices_a_lost_thread),
        cmocka_unit_test(test_rq_check_notices_who_is_linked_unawares),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
