/* SPDX-License-Identifier: MIT */
#include "core/fixture/fixture.h"

/* Goal: values outside their range, stale references and other CPUs' threads are refused. */
static void test_policy_refuses_what_it_must(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct thread_ref ref = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0);
    struct thread_ref stale = {ref.slot, ref.gen + 1};
    uint64_t none[CPUMASK_WORDS] = {UINT64_C(4)};

    (void)state;
    assert_int_equal(sched_set_weight(f->s, 0, ref, 0, f->now), STATUS_BAD_ARGUMENT);
    assert_int_equal(sched_set_weight(f->s, 0, ref, WEIGHT_MAX + 1, f->now), STATUS_BAD_ARGUMENT);
    assert_int_equal(sched_set_weight(f->s, 0, stale, 5, f->now), STATUS_STALE);
    assert_int_equal(sched_set_class(f->s, 0, ref, (enum latency_class)3, f->now),
                     STATUS_BAD_ARGUMENT);
    assert_int_equal(sched_set_mask(f->s, 0, ref, none, f->now).status, STATUS_OUTSIDE_MASK);
    assert_int_equal(sched_set_mask(f->s, 0, stale, none, f->now).status, STATUS_STALE);
    assert_int_equal(sched_set_weight(f->s, 1, ref, 5, f->now), STATUS_BUSY); /* NEW, not ours */
    assert_int_equal(sched_set_class(f->s, 1, ref, LATENCY_BATCH, f->now), STATUS_BUSY);
    (void)fixture_wake(f, 0, ref);
    assert_int_equal(sched_set_weight(f->s, 1, ref, 5, f->now), STATUS_BUSY);
    assert_int_equal(sched_set_class(f->s, 1, ref, LATENCY_BATCH, f->now), STATUS_BUSY);
    assert_int_equal(sc_of(f->s, ref.slot)->weight, 1024);
    fixture_free(f);
}

/* Goal: a running thread whose mask leaves its CPU moves at the next decision. */
static void test_policy_mask_moves_the_caller(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct thread_ref ref = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0);
    uint64_t second[CPUMASK_WORDS] = {UINT64_C(2)};

    (void)state;
    (void)fixture_wake(f, 0, ref);
    assert_int_equal(fixture_current(f, 0), ref.slot);
    f->now = mono_add(f->now, 1000);
    fixture_act(f, 0, sched_set_mask(f->s, 0, ref, second, f->now));
    assert_int_equal(fixture_current(f, 0), SLOT_NONE);
    fixture_deliver_all(f);
    assert_int_equal(fixture_current(f, 1), ref.slot);
    assert_int_equal(thread_of(f->s, ref.slot)->ledger.migration_count, 1);
    assert_int_equal(fixture_runtime_ns(f, ref), 1000);
    fixture_free(f);
}

/* Goal: the same for a thread running, and for one queued, on another CPU: that CPU is kicked. */
static void test_policy_mask_moves_others(void **state)
{
    struct fixture *f = fixture_new(3, 4, 0);
    struct thread_ref running = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
    struct thread_ref queued = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
    uint64_t second[CPUMASK_WORDS] = {UINT64_C(2)};
    uint64_t third[CPUMASK_WORDS] = {UINT64_C(4)};

    (void)state;
    (void)fixture_wake(f, 0, running);
    (void)fixture_wake(f, 0, queued);
    fixture_act(f, 2, sched_set_mask(f->s, 2, running, second, f->now));
    fixture_deliver_all(f);
    assert_int_equal(fixture_current(f, 1), running.slot);
    assert_int_equal(fixture_current(f, 0), queued.slot);
    (void)fixture_wake(f, 0, fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0));
    fixture_run(f, SLICE_NORMAL_NS); /* now `queued` waits again */
    assert_int_equal(thread_word_read(f->s, queued.slot).state, THREAD_QUEUED);
    fixture_act(f, 1, sched_set_mask(f->s, 1, queued, third, f->now));
    fixture_run(f, 3 * SLICE_NORMAL_NS);
    assert_int_equal(fixture_current(f, 2), queued.slot);
    fixture_free(f);
}

/* Goal: widening a queued thread's mask wakes an idle CPU for it. */
static void test_policy_wider_mask_uses_an_idle_cpu(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct thread_ref first = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
    struct thread_ref second = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
    uint64_t both[CPUMASK_WORDS] = {UINT64_C(3)};

    (void)state;
    (void)fixture_wake(f, 0, first);
    (void)fixture_wake(f, 0, second);
    assert_int_equal(fixture_current(f, 1), SLOT_NONE);
    fixture_act(f, 0, sched_set_mask(f->s, 0, second, both, f->now));
    fixture_deliver_all(f);
    assert_int_equal(fixture_current(f, 1), second.slot);
    fixture_free(f);
}

/* Two threads of equal weight on one CPU, the first of a shorter slice; it runs that slice. */
static struct fixture *after_one_slice(enum fair_policy policy, struct thread_ref *first,
                                       struct thread_ref *second)
{
    struct fixture *f = fixture_new(1, 2, 0);

    sched_set_fair_policy(f->s, policy);
    *first = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
    *second = fixture_thread(f, 1024, LATENCY_BATCH, 1, 0);
    (void)fixture_wake(f, 0, *first);
    (void)fixture_wake(f, 0, *second);
    fixture_run(f, SLICE_NORMAL_NS);
    return f;
}

/* Goal: EEVDF asks who is eligible, weighted fair queueing does not.  Method: the first has the
 * earlier deadline still, but has had its share: EEVDF takes the second, WFQ goes on with it. */
static void test_policy_wfq_picks_the_not_eligible(void **state)
{
    struct thread_ref first;
    struct thread_ref second;
    struct fixture *f = after_one_slice(FAIR_EEVDF, &first, &second);

    (void)state;
    assert_int_equal(fixture_current(f, 0), second.slot);
    fixture_free(f);
    f = after_one_slice(FAIR_WFQ, &first, &second);
    assert_int_equal(fixture_current(f, 0), first.slot);
    assert_true(sc_of(f->s, first.slot)->vdeadline.vns < sc_of(f->s, second.slot)->vdeadline.vns);
    fixture_run(f, 100 * SLICE_BATCH_NS); /* in the long run it is fair all the same */
    fixture_decide(f, 0);
    assert_in_range(fixture_runtime_ns(f, first), 49 * SLICE_BATCH_NS, 51 * SLICE_BATCH_NS);
    fixture_free(f);
}

/* A thread of the shortest slice overruns its share, sleeps and wakes at once beside a hog. */
static bool debtor_preempts(enum fair_policy policy)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref debtor = fixture_thread(f, 1024, LATENCY_INTERACTIVE, 1, 0);
    struct thread_ref hog = fixture_thread(f, 1024, LATENCY_BATCH, 1, 0);

    sched_set_fair_policy(f->s, policy);
    (void)fixture_wake(f, 0, debtor);
    (void)fixture_wake(f, 0, hog);
    f->now = mono_add(f->now, SLICE_INTERACTIVE_NS / 2);
    fixture_block(f, 0);
    assert_int_equal(fixture_current(f, 0), hog.slot);
    (void)fixture_wake(f, 0, debtor);
    bool preempts = fixture_current(f, 0) == debtor.slot;

    fixture_free(f);
    return preempts;
}

/* Goal: the same for a wake: who is not eligible preempts in WFQ only. */
static void test_policy_wfq_lets_debtors_preempt(void **state)
{
    (void)state;
    assert_false(debtor_preempts(FAIR_EEVDF));
    assert_true(debtor_preempts(FAIR_WFQ));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policy_refuses_what_it_must),
        cmocka_unit_test(test_policy_mask_moves_the_caller),
        cmocka_unit_test(test_policy_mask_moves_others),
        cmocka_unit_test(test_policy_wider_mask_uses_an_idle_cpu),
        cmocka_unit_test(test_policy_wfq_picks_the_not_eligible),
        cmocka_unit_test(test_policy_wfq_lets_debtors_preempt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
