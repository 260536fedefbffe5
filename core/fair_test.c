/* SPDX-License-Identifier: MIT */
#include "base/prng.h"
#include "core/fixture/fixture.h"

#define MS NS_PER_MS

static void assert_share(const struct fixture *f, struct thread_ref ref, uint64_t ideal_ns,
                         uint64_t tolerance_ns)
{
    uint64_t got_ns = fixture_runtime_ns(f, ref);

    assert_in_range(got_ns, ideal_ns - tolerance_ns, ideal_ns + tolerance_ns);
}

/* Goal: hogs share by weight.  Method: weights of nice 0, 5, 10 for 10 s; each within a slice. */
static void shares_by_weight_from(uint64_t start_ns)
{
    struct fixture *f = fixture_new(1, 3, start_ns);
    const uint32_t weights[3] = {1024, 335, 110};
    struct thread_ref refs[3];

    for (unsigned i = 0; i < 3; i++)
        refs[i] = fixture_start(f, weights[i], LATENCY_NORMAL);
    fixture_run(f, 10000 * MS);
    fixture_decide(f, 0);
    account_charge(f->s, rq_of(f->s, 0), f->now, CHARGE_PREEMPT);
    for (unsigned i = 0; i < 3; i++)
        assert_share(f, refs[i], 10000 * MS * weights[i] / 1469, 2 * SLICE_NORMAL_NS);
    fixture_free(f);
}

static void test_fair_shares_by_weight(void **state)
{
    (void)state;
    shares_by_weight_from(0);
}

/* Goal: the schedule does not depend on where the clock stands.  Method: the same near 2^63. */
static void test_fair_shares_by_weight_across_the_clock_wrap(void **state)
{
    (void)state;
    shares_by_weight_from((UINT64_C(1) << 63) - 5000 * MS);
}

/* Goal: lag stays bounded.  Method: 8 hogs of mixed weights and classes; after every event the
 * queue's V - v of each stays within its own slice plus the longest other one. */
static void test_fair_lag_stays_bounded(void **state)
{
    struct fixture *f = fixture_new(1, 8, 0);
    struct thread_ref refs[8];

    (void)state;
    for (unsigned i = 0; i < 8; i++)
        refs[i] = fixture_start(f, 100u + 300u * i, i % 2 ? LATENCY_NORMAL : LATENCY_BATCH);
    for (unsigned step = 0; step < 3000; step++) {
        fixture_run(f, MS);
        fixture_decide(f, 0);
        for (unsigned i = 0; i < 8; i++) {
            const struct sc *c = sc_of(f->s, refs[i].slot);
            int64_t lag = vtime_diff_vns(fair_now(f->s, rq_of(f->s, 0), f->now), c->v);
            int64_t bound = sc_virtual_vns(2 * SLICE_BATCH_NS, c->weight);

            assert_true(lag < bound);
            assert_true(lag > -bound);
        }
    }
    fixture_free(f);
}

/* Goal: sleeping right before a charge gains nothing.  Method: a cheater that runs 90 % of a slice
 * and sleeps 0.1 ms, beside a hog, takes no more than half. */
static void test_fair_short_sleeps_gain_nothing(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref hog = fixture_start(f, 1024, LATENCY_NORMAL);
    struct thread_ref cheater = fixture_start(f, 1024, LATENCY_NORMAL);

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        if (fixture_current(f, 0) == cheater.slot) {
            fixture_run(f, 2700000);
            if (fixture_current(f, 0) == cheater.slot)
                fixture_block(f, 0);
            fixture_run(f, MS / 10);
            (void)fixture_wake(f, 0, cheater);
        } else {
            fixture_run(f, MS / 10);
        }
    }
    uint64_t sum_ns = fixture_runtime_ns(f, hog) + fixture_runtime_ns(f, cheater);

    assert_true(fixture_runtime_ns(f, cheater) <= sum_ns / 2 + 10 * MS);
    assert_true(fixture_runtime_ns(f, cheater) >= sum_ns * 45 / 100);
    fixture_free(f);
}

/* Goal: a long sleeper brings no more credit than a slice.  Method: it sleeps 1 s beside a hog,
 * then both run 1 s: it gets at most half plus L. */
static void test_fair_credit_of_a_sleeper_is_bounded(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref hog = fixture_start(f, 1024, LATENCY_NORMAL);
    struct thread_ref sleeper = fixture_start(f, 1024, LATENCY_NORMAL);

    (void)state;
    fixture_run(f, 10 * MS);
    while (fixture_current(f, 0) != sleeper.slot)
        fixture_run(f, MS);
    fixture_block(f, 0);
    fixture_run(f, 1000 * MS);
    uint64_t before_ns = fixture_runtime_ns(f, sleeper);

    (void)fixture_wake(f, 0, sleeper);
    fixture_run(f, 1000 * MS);
    assert_true(fixture_runtime_ns(f, sleeper) - before_ns <= 500 * MS + 3 * SLICE_NORMAL_NS);
    assert_true(fixture_runtime_ns(f, hog) > 1400 * MS);
    fixture_free(f);
}

/* Goal: a debt is paid by the clock passing it and turns into nothing more.  Method: a thread that
 * leaves in debt and sleeps long joins with lag exactly 0; one that comes back at once owes. */
static void test_fair_debt_is_paid_and_no_more(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref debtor = fixture_start(f, 1024, LATENCY_NORMAL);

    (void)state;
    (void)fixture_start(f, 1024, LATENCY_NORMAL);
    fixture_run(f, 2 * MS);
    assert_int_equal(fixture_current(f, 0), debtor.slot);
    fixture_block(f, 0);
    struct sc *c = sc_of(f->s, debtor.slot);

    assert_int_equal(c->lag_vns, -(int64_t)MS); /* it had 2 ms where 1 ms was its share */
    (void)fixture_wake(f, 0, debtor);
    assert_int_equal(vtime_diff_vns(fair_now(f->s, rq_of(f->s, 0), f->now), c->v), -(int64_t)MS);
    while (fixture_current(f, 0) != debtor.slot)
        fixture_run(f, MS);
    fixture_run(f, 2 * MS);
    fixture_block(f, 0);
    fixture_run(f, 100 * MS);
    (void)fixture_wake(f, 0, debtor);
    assert_int_equal(vtime_diff_vns(fair_now(f->s, rq_of(f->s, 0), f->now), c->v), 0);
    fixture_free(f);
}

/* Goal: a request that lacks little at the end of a slice does not bring another whole slice.
 * Method: an interrupt takes 10 us of the slice; the next deadline is a slice away, not 10 us. */
static void test_fair_request_nearly_used_is_used(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref first = fixture_start(f, 1024, LATENCY_NORMAL);
    struct thread_ref second = fixture_start(f, 1024, LATENCY_NORMAL);
    const struct sc *c = sc_of(f->s, first.slot);

    (void)state;
    fixture_run(f, 2 * SLICE_NORMAL_NS); /* both have used the half slice of the new */
    assert_int_equal(fixture_current(f, 0), first.slot);
    assert_int_equal(vtime_diff_vns(c->vdeadline, c->v), SLICE_NORMAL_NS);
    account_interrupt(f->s, 0, f->now, mono_add(f->now, 10000));
    fixture_run(f, SLICE_NORMAL_NS);
    assert_int_equal(fixture_current(f, 0), second.slot);
    assert_int_equal(vtime_diff_vns(c->vdeadline, c->v), SLICE_NORMAL_NS);
    fixture_free(f);
}

/* Goal: a shorter slice wakes into a running longer one at once, an equal one does not. */
static void test_fair_only_shorter_slices_preempt(void **state)
{
    struct fixture *f = fixture_new(1, 3, 0);
    struct thread_ref hog = fixture_start(f, 1024, LATENCY_BATCH);
    struct thread_ref equal = fixture_thread(f, 1024, LATENCY_BATCH, 1, 0);
    struct thread_ref shorter = fixture_thread(f, 1024, LATENCY_INTERACTIVE, 1, 0);

    (void)state;
    fixture_run(f, MS);
    (void)fixture_wake(f, 0, equal);
    assert_int_equal(fixture_current(f, 0), hog.slot);
    (void)fixture_wake(f, 0, shorter);
    assert_int_equal(fixture_current(f, 0), shorter.slot);
    assert_int_equal(thread_of(f->s, hog.slot)->ledger.preempt_count, 1);
    fixture_free(f);
}

/* Goal: a change of weight keeps V and lag * weight.  Method: reweight the running context. */
static void test_fair_reweight_keeps_lag_times_weight(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref a = fixture_start(f, 1024, LATENCY_NORMAL);

    (void)state;
    (void)fixture_start(f, 1024, LATENCY_NORMAL);
    fixture_run(f, 2 * MS);
    account_charge(f->s, rq_of(f->s, 0), f->now, CHARGE_PREEMPT);
    struct rq *rq = rq_of(f->s, 0);
    struct sc *c = sc_of(f->s, a.slot);
    struct vtime v_before = fair_now(f->s, rq, f->now);
    int64_t scaled_before = vtime_diff_vns(v_before, c->v) * 1024;

    fair_reweight(f->s, rq, a.slot, 4096);
    int64_t scaled_after = vtime_diff_vns(fair_now(f->s, rq, f->now), c->v) * 4096;

    assert_in_range(llabs(vtime_diff_vns(fair_now(f->s, rq, f->now), v_before)), 0, 1);
    assert_in_range(llabs(scaled_after - scaled_before), 0, 4096 * 2);
    fair_check(f->s, 0);
    fixture_free(f);
}

/* Who should have been picked, if somebody was picked now: sums and eligibility by looking at
 * everybody, no tree, no V0. */
static uint32_t brute_pick(const struct fixture *f)
{
    wide_int sum = 0;
    int64_t weight = 0;
    uint32_t best = SLOT_NONE;

    for (uint32_t slot = 0; slot < f->s->thread_count; slot++) {
        enum thread_state state = thread_word_read(f->s, slot).state;
        const struct sc *c = sc_of(f->s, slot);

        if (state != THREAD_QUEUED && state != THREAD_RUNNING)
            continue;
        sum += (wide_int)c->v.vns * c->weight;
        weight += c->weight;
    }
    for (uint32_t slot = 0; slot < f->s->thread_count; slot++) {
        const struct sc *c = sc_of(f->s, slot);
        const struct sc *b = best == SLOT_NONE ? NULL : sc_of(f->s, best);
        enum thread_state state = thread_word_read(f->s, slot).state;

        if (state != THREAD_QUEUED && state != THREAD_RUNNING)
            continue;
        if ((wide_int)c->v.vns * weight > sum)
            continue; /* not eligible: v > V */
        if (b == NULL || c->vdeadline.vns < b->vdeadline.vns ||
            (c->vdeadline.vns == b->vdeadline.vns && c->node.arrival < b->node.arrival))
            best = slot;
    }
    return best;
}

/* Goal: the pick is exact and S and W stay the sums, whatever happens.  Method: 10^6 random wakes,
 * blocks, yields, slice ends and reweights on one CPU; whoever was picked by one is compared with
 * brute force, and every 1000th state goes through sched_check. */
static void test_fair_picks_like_brute_force(void **state)
{
    struct fixture *f = fixture_new(1, 32, 12345);
    struct prng p = prng_seed(99);
    struct thread_ref refs[32];
    uint32_t mismatches = 0;
    uint32_t picks = 0;

    (void)state;
    for (unsigned i = 0; i < 32; i++)
        refs[i] = fixture_thread(f, 1 + (uint32_t)prng_below(&p, i % 4 ? 5000 : WEIGHT_MAX),
                                 (enum latency_class)(i % 3), 1, 0);
    for (unsigned i = 0; i < 1000000; i++) {
        uint32_t current = fixture_current(f, 0);

        f->now = mono_add(f->now, 1 + prng_below(&p, 400000));
        switch (prng_below(&p, 8)) {
        case 0:
        case 1:
        case 2:
            (void)fixture_wake(f, 0, refs[prng_below(&p, 32)]);
            break;
        case 3:
        case 4:
            if (current != SLOT_NONE)
                fixture_block(f, 0);
            break;
        case 5:
            if (current != SLOT_NONE)
                fixture_yield(f, 0);
            break;
        case 6:
            fixture_act(f, 0,
                        sched_set_weight(f->s, 0, refs[prng_below(&p, 32)],
                                         1 + (uint32_t)prng_below(&p, 9000), f->now));
            fixture_act(f, 0,
                        sched_set_class(f->s, 0, refs[prng_below(&p, 32)],
                                        (enum latency_class)prng_below(&p, 3), f->now));
            break;
        default:
            fixture_decide(f, 0);
        }
        if (rq_of(f->s, 0)->stretch_start.ns == f->now.ns) { /* a pick belongs to this event */
            mismatches += fixture_current(f, 0) != brute_pick(f);
            picks++;
        }
        if (i % 1000 == 0)
            sched_check(f->s);
    }
    assert_int_equal(mismatches, 0);
    assert_true(picks > 100000);
    fixture_free(f);
}

/* Goal: a timer that comes late, because the machine was stopped, breaks nothing.  Method: the
 * lightest weight, the longest charge; who waited meanwhile blocks, and who ran is reweighted. */
static void test_fair_survives_a_late_timer(void **state)
{
    struct fixture *f = fixture_new(1, 3, 0);
    struct thread_ref a = fixture_start(f, WEIGHT_MIN, LATENCY_NORMAL);
    struct thread_ref b = fixture_start(f, WEIGHT_MIN, LATENCY_NORMAL);

    (void)state;
    assert_int_equal(fixture_current(f, 0), a.slot);
    f->now = mono_add(f->now, CHARGE_NS_MAX - 1);
    (void)fixture_set_weight(f, 0, a, WEIGHT_MAX);
    (void)fixture_set_weight(f, 0, a, WEIGHT_MIN);
    fixture_decide(f, 0);
    assert_int_equal(fixture_current(f, 0), b.slot);
    sched_check(f->s);
    fixture_block(f, 0);
    (void)fixture_wake(f, 0, b);
    sched_check(f->s);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fair_survives_a_late_timer),
        cmocka_unit_test(test_fair_shares_by_weight),
        cmocka_unit_test(test_fair_shares_by_weight_across_the_clock_wrap),
        cmocka_unit_test(test_fair_lag_stays_bounded),
        cmocka_unit_test(test_fair_short_sleeps_gain_nothing),
        cmocka_unit_test(test_fair_credit_of_a_sleeper_is_bounded),
        cmocka_unit_test(test_fair_debt_is_paid_and_no_more),
        cmocka_unit_test(test_fair_request_nearly_used_is_used),
        cmocka_unit_test(test_fair_only_shorter_slices_preempt),
        cmocka_unit_test(test_fair_reweight_keeps_lag_times_weight),
        cmocka_unit_test(test_fair_picks_like_brute_force),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
