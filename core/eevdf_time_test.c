/* SPDX-License-Identifier: MIT */
/*
 * Published mistakes of EEVDF schedulers, each a test: those of state that outlives its time, such
 * as origins, fields with two meanings, entities that sleep in a queue, counts of failures.  See
 * eevdf_pick_test.c.
 */
#include "base/prng.h"
#include "core/fixture/fixture.h"

#define MS NS_PER_MS

/* b3d99f43c72b.  Goal: V0 follows who runs alone for ever, so that the next to join is near it.
 * Method: a thread alone for 12 days, charged once a second: |v - V0| stays below 2^40,
 * and a newcomer joins at lag 0. */
static void test_bug_origin_lags_behind_a_solo_runner(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref solo = fixture_start(f, 1024, LATENCY_NORMAL);
    const struct rq *rq = rq_of(f->s, 0);
    const struct sc *c = sc_of(f->s, solo.slot);
    const int64_t reach_vns = INT64_C(1) << 40;

    (void)state;
    for (unsigned i = 0; i < 1000000; i++) {
        f->now = mono_add(f->now, NS_PER_S);
        account_charge(f->s, rq_of(f->s, 0), f->now, CHARGE_PREEMPT);
        assert_true(vtime_diff_vns(c->v, rq->v0) < reach_vns);
        assert_true(vtime_diff_vns(c->v, rq->v0) >= -reach_vns);
    }
    struct thread_ref second = fixture_start(f, WEIGHT_MAX, LATENCY_NORMAL);

    assert_int_equal(sc_of(f->s, second.slot)->v.vns, c->v.vns);
    fair_check(f->s, 0);
    fixture_free(f);
}

/* 80390ead2080.  Goal: the lag kept over a sleep is a field of its own: nothing that happens while
 * the thread runs or waits writes it.  Method: dispatches, charges, preemptions, yields. */
static void test_bug_lag_field_used_for_protection(void **state)
{
    struct fixture *f = fixture_new(1, 3, 0);
    struct thread_ref refs[3];
    const int64_t mark = 123456789;

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        refs[i] = fixture_start(f, 1000 + i, (enum latency_class)i);
    for (unsigned i = 0; i < 3; i++)
        sc_of(f->s, refs[i].slot)->lag_vns = mark;
    for (unsigned i = 0; i < 1000; i++) {
        fixture_run(f, MS);
        if (i % 3 == 0)
            fixture_yield(f, 0);
        else
            fixture_decide(f, 0);
        for (unsigned k = 0; k < 3; k++)
            assert_int_equal(sc_of(f->s, refs[k].slot)->lag_vns, mark);
    }
    fixture_free(f);
}

/* 75b6499024a6, c662e2b1e8cf, cd9626e9ebc7, b55945c500c5, 493afbd187c4, 3429dd57f0de, aa3ee4f0b754,
 * b7ca5743a260, 9b5ce1a37e90: delayed dequeue.  Goal: it does not exist: who blocks is in no queue
 * and in no sum, whatever it owes.  Method: a debtor blocks; its traces are looked for; then no
 * pick meets it, and its own wake queues it once. */
static void test_bug_delayed_dequeue(void **state)
{
    struct fixture *f = fixture_new(1, 3, 0);
    const struct rq *rq = rq_of(f->s, 0);
    struct thread_ref debtor = fixture_start(f, 1024, LATENCY_NORMAL);
    struct thread_ref hog = fixture_start(f, 512, LATENCY_NORMAL);

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        while (fixture_current(f, 0) != debtor.slot)
            fixture_run(f, MS);
        f->now = mono_add(f->now, 20 * MS);
        fixture_block(f, 0);
        assert_true(sc_of(f->s, debtor.slot)->lag_vns < 0); /* it is not eligible */
        assert_int_equal(thread_word_read(f->s, debtor.slot).state, THREAD_BLOCKED);
        assert_int_equal(port_load32(&thread_of(f->s, debtor.slot)->linked), 0);
        assert_int_equal(rq->w, 512);
        assert_int_equal(rq_queued_count(rq), 0);
        assert_int_equal(rq->class_count[LATENCY_NORMAL], 0);
        sched_check(f->s);
        fixture_yield(f, 0);
        assert_int_equal(fixture_current(f, 0), hog.slot);
        assert_int_equal(fixture_set_weight(f, 0, debtor, 1024), STATUS_OK);
        assert_int_equal(rq->w, 512); /* a new weight finds it in no sum either */
        (void)fixture_wake(f, 0, debtor);
        (void)fixture_wake(f, 0, debtor); /* it is awake: the wake is kept, nothing is queued */
        assert_int_equal(rq->w, 1536);
        assert_int_equal(rq_queued_count(rq), 1);
        sched_check(f->s);
        while (fixture_current(f, 0) != debtor.slot)
            fixture_run(f, MS);
        fixture_block(f, 0); /* takes the wake that was kept */
        assert_int_equal(thread_word_read(f->s, debtor.slot).state, THREAD_RUNNING);
    }
    fixture_free(f);
}

/* 91dcf1e8068e, 39a2a6eb5c9b.  Goal: a balancer that fails often is as it was.  Method: an idle CPU
 * finds its victim's lock taken 1,000 times, and 1,000 times nothing that it may have: each time it
 * asks for the same second look, or none; then it takes what it may have at once. */
static void test_bug_failed_balancing_adds_up(void **state)
{
    struct fixture *f = fixture_new(2, 3, 0);
    struct rq *victim = rq_of(f->s, 0);
    uint64_t both[CPUMASK_WORDS] = {UINT64_C(3)};

    (void)state;
    (void)fixture_start(f, 1024, LATENCY_BATCH);
    (void)fixture_start(f, 1024, LATENCY_BATCH);
    for (unsigned i = 0; i < 1000; i++) {
        victim->lock.refuse_count = 1;
        fixture_decide(f, 1);
        assert_int_equal(mono_diff_ns(f->arm_at[1], f->now), STEAL_RETRY_NS);
        assert_int_equal(victim->lock.refuse_count, 0);
        fixture_decide(f, 1);
        assert_true(mono_is_never(f->arm_at[1]));
        assert_int_equal(fixture_current(f, 1), SLOT_NONE);
    }
    uint32_t queued = sc_thread(sc_of(f->s, victim->fair.sorted[0]));

    thread_mask_set(f->s, queued, both);
    fixture_decide(f, 1);
    assert_int_equal(fixture_current(f, 1), queued);
    fixture_free(f);
}

/* scx_lavd.  Goal: the time before a thread came to a CPU is not its time.  Method: it moves to a
 * CPU that was idle for an hour, and to one where another has run uncharged that long. */
static void test_bug_charged_for_the_gap_before(void **state)
{
    struct fixture *f = fixture_new(2, 3, 0);
    struct thread_ref ref = fixture_thread(f, 1024, LATENCY_INTERACTIVE, 1, 0);
    struct thread_ref other = fixture_thread(f, 1024, LATENCY_BATCH, 1, 0);
    uint64_t masks[2][CPUMASK_WORDS] = {{UINT64_C(1)}, {UINT64_C(2)}};

    (void)state;
    (void)fixture_wake(f, 0, ref);
    f->now = mono_add(f->now, 3600 * NS_PER_S);
    fixture_act(f, 0, sched_set_mask(f->s, 0, ref, masks[1], f->now));
    fixture_deliver_all(f);
    assert_int_equal(fixture_current(f, 1), ref.slot);
    assert_int_equal(fixture_runtime_ns(f, ref), 3600 * NS_PER_S);
    (void)fixture_wake(f, 0, other);
    f->now = mono_add(f->now, 3600 * NS_PER_S);
    fixture_act(f, 1, sched_set_mask(f->s, 1, ref, masks[0], f->now));
    fixture_deliver_all(f);
    while (fixture_current(f, 0) != ref.slot)
        fixture_run(f, MS);
    uint64_t waited_ns = (uint64_t)mono_diff_ns(f->now, (struct mono){7200 * NS_PER_S});

    f->now = mono_add(f->now, 1000);
    account_charge(f->s, rq_of(f->s, 0), f->now, CHARGE_PREEMPT);
    assert_true(fixture_runtime_ns(f, ref) <= 7200 * NS_PER_S + waited_ns + 1000);
    assert_int_equal(fixture_runtime_ns(f, ref) + fixture_runtime_ns(f, other),
                     10800 * NS_PER_S + waited_ns + 1000);
    fixture_free(f);
}

/* QFQ+.  Goal: that others leave, and take their weight out of W at once, gives nobody who stays an
 * advantage over who stays too.  Method: two equal hogs beside a thread 128 times as heavy that
 * comes and goes in debt and in credit 10,000 times: the hogs never differ by more than two slices,
 * and the sums are always those of who is there. */
static void test_bug_weight_leaves_before_its_time(void **state)
{
    struct fixture *f = fixture_new(1, 3, 0);
    struct thread_ref a = fixture_start(f, 1024, LATENCY_NORMAL);
    struct thread_ref b = fixture_start(f, 1024, LATENCY_NORMAL);
    struct thread_ref heavy = fixture_thread(f, WEIGHT_MAX, LATENCY_NORMAL, 1, 0);
    struct prng p = prng_seed(7);

    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        if (i == 0 || thread_word_read(f->s, heavy.slot).state == THREAD_BLOCKED)
            (void)fixture_wake(f, 0, heavy);
        fixture_run(f, prng_below(&p, 4 * MS));
        if (fixture_current(f, 0) == heavy.slot)
            fixture_block(f, 0);
        fixture_run(f, prng_below(&p, 4 * MS));
        fair_check(f->s, 0);
        int64_t apart_ns =
            (int64_t)fixture_runtime_ns(f, a) - (int64_t)fixture_runtime_ns(f, b);

        assert_in_range(apart_ns + 2 * (int64_t)SLICE_NORMAL_NS, 0, 4 * SLICE_NORMAL_NS);
    }
    assert_true(fixture_runtime_ns(f, heavy) > 1000 * MS);
    assert_true(fixture_runtime_ns(f, a) > 1000 * MS);
    fixture_free(f);
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bug_origin_lags_behind_a_solo_runner),
        cmocka_unit_test(test_bug_lag_field_used_for_protection),
        cmocka_unit_test(test_bug_delayed_dequeue),
        cmocka_unit_test(test_bug_failed_balancing_adds_up),
        cmocka_unit_test(test_bug_charged_for_the_gap_before),
        cmocka_unit_test(test_bug_weight_leaves_before_its_time),
    };

    fixture_choose_test(argument_count, arguments);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
