/* SPDX-License-Identifier: MIT */
/*
 * Published mistakes of EEVDF schedulers, each a test: those of weights, and of changing them while
 * they count.  See eevdf_pick_test.c.
 */
#include "base/prng.h"
#include "core/fixture/fixture.h"

#define MS NS_PER_MS
#define THREADS 24u /* queued they are a tree */

/* The queue is sorted by keys: they must be those of the contexts, and the order must hold. */
static void check_queue(const struct fixture *f)
{
    for (uint32_t slot = 0; slot < f->s->thread_count; slot++) {
        const struct sc *c = sc_of(f->s, slot);

        if (thread_word_read(f->s, slot).state != THREAD_QUEUED)
            continue;
        assert_int_equal(c->node.key.eligible_at, c->v.vns);
        assert_int_equal(c->node.key.deadline, c->vdeadline.vns);
    }
    eedq_check(f->s, &rq_of(f->s, 0)->fair);
    fair_check(f->s, 0);
}

/* 8dafa9d0eb1a, d2929762cc3f.  Goal: a change of weight leaves no queue behind whose order is by
 * other deadlines than its contexts have.  Method: 10,000 changes of weight and class of 24
 * threads, running or queued, granted or refused; the queue is checked after each. */
static void test_bug_reweight_breaks_the_order(void **state)
{
    struct fixture *f = fixture_new(1, THREADS, 0);
    struct prng p = prng_seed(5);
    struct thread_ref refs[THREADS];
    uint32_t granted_count = 0;

    (void)state;
    for (unsigned i = 0; i < THREADS; i++)
        refs[i] = fixture_start(f, 100 + 100 * i, LATENCY_NORMAL);
    for (unsigned i = 0; i < 10000; i++) {
        struct thread_ref ref = refs[prng_below(&p, THREADS)];
        uint32_t weight = 1 + (uint32_t)prng_below(&p, 5000);

        fixture_run(f, prng_below(&p, MS));
        if (prng_below(&p, 2) == 0)
            ref = thread_ref_of(f->s, fixture_current(f, 0));
        granted_count += fixture_set_weight(f, 0, ref, weight) == STATUS_OK;
        check_queue(f);
        enum latency_class class = (enum latency_class)prng_below(&p, 3);

        granted_count += fixture_set_class(f, 0, ref, class) == STATUS_OK;
        check_queue(f);
    }
    assert_true(granted_count > 5000);
    fixture_free(f);
}

/* Three hogs; who runs is reweighted 10,000 times, and `judge` compares before and after. */
struct before {
    struct vtime v_now;
    struct vtime v;
    uint32_t weight;
};

static void reweight_often(void (*judge)(const struct rq *rq, const struct sc *c,
                                         const struct before *before))
{
    struct fixture *f = fixture_new(1, 3, 0);
    struct rq *rq = rq_of(f->s, 0);
    struct prng p = prng_seed(6);

    for (unsigned i = 0; i < 3; i++)
        (void)fixture_start(f, 1024, i == 0 ? LATENCY_BATCH : LATENCY_NORMAL);
    for (unsigned i = 0; i < 10000; i++) {
        fixture_run(f, prng_below(&p, 3 * MS));
        account_charge(f->s, rq, f->now, CHARGE_PREEMPT);
        const struct sc *c = sc_of(f->s, rq->current_sc);
        struct before before = {fair_now(f->s, rq, f->now), c->v, c->weight};
        uint32_t weight = 1 + (uint32_t)prng_below(&p, i % 4 ? 4000 : WEIGHT_MAX);

        fair_reweight(f->s, rq, rq->current_sc, weight);
        judge(rq, c, &before);
    }
    fixture_free(f);
}

/* The lag is a quotient rounded down before and after, and its scaling rounds too. */
static void lag_is_kept(const struct rq *rq, const struct sc *c, const struct before *before)
{
    wide_int was = (wide_int)vtime_diff_vns(before->v_now, before->v) * before->weight;
    wide_int is =
        (wide_int)vtime_diff_vns(vtime_add(rq->v0, wide_floor_div(rq->s, rq->w)), c->v) * c->weight;
    wide_int slack = before->weight + 2 * (wide_int)c->weight;

    assert_true(is - was <= slack);
    assert_true(was - is <= slack);
}

/* eab03c23c2a1.  Goal: a new weight keeps lag * weight, so it neither gives nor takes CPU time. */
static void test_bug_reweight_keeps_v(void **state)
{
    (void)state;
    reweight_often(lag_is_kept);
}

/* A lag one vns off moves V by its weight's part of W. */
static void v_is_kept(const struct rq *rq, const struct sc *c, const struct before *before)
{
    int64_t slack_vns = 2 + (before->weight + (int64_t)c->weight) / rq->w;
    int64_t moved_vns =
        vtime_diff_vns(vtime_add(rq->v0, wide_floor_div(rq->s, rq->w)), before->v_now);

    assert_in_range(moved_vns + slack_vns, 0, 2 * slack_vns);
}

/* 5068d84054b7, 11b1b8bc2b98, afae8002b4fd.  Goal: a new weight leaves V where it is: V and lag are
 * taken with who is reweighted still in, and from the sums of now. */
static void test_bug_reweight_moves_the_clock(void **state)
{
    (void)state;
    reweight_often(v_is_kept);
}

/* asterinas 2237.  Goal: time not yet charged when the weight changes is paid at the old weight.
 * Method: a thread alone, whose lag is 0: its v moves by the time and the weight of that time. */
static void test_bug_pending_time_at_the_new_weight(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref ref = fixture_start(f, 1000, LATENCY_NORMAL);
    const struct sc *c = sc_of(f->s, ref.slot);
    int64_t v_before = c->v.vns;

    (void)state;
    f->now = mono_add(f->now, 1234567);
    assert_int_equal(fixture_set_weight(f, 0, ref, 10), STATUS_OK);
    assert_int_equal(c->v.vns - v_before, 1234567 * 1024 / 1000); /* alone: its lag is 0 */
    v_before = c->v.vns;
    f->now = mono_add(f->now, 1000);
    account_charge(f->s, rq_of(f->s, 0), f->now, CHARGE_PREEMPT);
    assert_in_range(c->v.vns - v_before, 1000 * 1024 / 10, 1000 * 1024 / 10 + 1);
    f->now = mono_add(f->now, CHARGE_NS_MAX - 1);
    assert_int_equal(fixture_set_weight(f, 0, ref, WEIGHT_MAX), STATUS_OK);
    fair_check(f->s, 0);
    fixture_free(f);
}

/* 1560d1f6eb6b.  Goal: a new weight scales no lag without a bound.  Method: 39 hours uncharged
 * beside a waiting equal, so a lag of -2^56; twice the weight makes half the bound of it. */
static void test_bug_reweight_scales_any_lag(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref ref = fixture_start(f, WEIGHT_MIN, LATENCY_NORMAL);
    const struct sc *c = sc_of(f->s, ref.slot);

    (void)state;
    (void)fixture_start(f, WEIGHT_MIN, LATENCY_NORMAL);
    f->now = mono_add(f->now, CHARGE_NS_MAX - 1);
    account_charge(f->s, rq_of(f->s, 0), f->now, CHARGE_PREEMPT);
    struct vtime v_now = fair_now(f->s, rq_of(f->s, 0), f->now);

    assert_true(vtime_diff_vns(v_now, c->v) < -(INT64_C(1) << 55));
    assert_int_equal(fixture_set_weight(f, 0, ref, 2 * WEIGHT_MIN), STATUS_OK);
    assert_int_equal(vtime_diff_vns(v_now, c->v), -REWEIGHT_VNS_MAX / 2);
    fair_check(f->s, 0);
    fixture_decide(f, 0);
    assert_int_not_equal(fixture_current(f, 0), ref.slot); /* it owes still */
    fixture_free(f);
}

/* Each charge of `c`, to the last bit: w * dv + d(remainder) == 1024 * service. */
static void charge_exactly(struct fixture *f, struct sc *c)
{
    int64_t v = c->v.vns;
    int64_t remainder = c->remainder;
    uint64_t consumed_ns = c->consumed_ns;

    account_charge(f->s, rq_of(f->s, 0), f->now, CHARGE_PREEMPT);
    assert_int_equal((int64_t)c->weight * (c->v.vns - v) + ((int64_t)c->remainder - remainder),
                     (int64_t)(WEIGHT_UNIT * (c->consumed_ns - consumed_ns)));
}

/* 4823725d9d1d.  Goal: the lowest bits of a weight count, in the charge and in the average alike.
 * Method: hogs of weight 1, 2 and 3: every charge is exact, S and W are the sums of raw weights,
 * and the shares are 1 : 2 : 3 within two slices after 6 s. */
static void test_bug_low_bits_of_weight_dropped(void **state)
{
    struct fixture *f = fixture_new(1, 3, 0);
    struct thread_ref refs[3];

    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        refs[i] = fixture_start(f, i + 1, LATENCY_NORMAL);
    assert_int_equal(rq_of(f->s, 0)->w, 6);
    for (unsigned i = 0; i < 6000; i++) {
        fixture_run(f, MS);
        charge_exactly(f, sc_of(f->s, rq_of(f->s, 0)->current_sc));
        fair_check(f->s, 0);
    }
    for (uint32_t i = 0; i < 3; i++)
        assert_in_range(fixture_runtime_ns(f, refs[i]),
                        1000 * MS * (i + 1) - 2 * SLICE_NORMAL_NS,
                        1000 * MS * (i + 1) + 2 * SLICE_NORMAL_NS);
    fixture_free(f);
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bug_reweight_breaks_the_order),
        cmocka_unit_test(test_bug_reweight_keeps_v),
        cmocka_unit_test(test_bug_reweight_moves_the_clock),
        cmocka_unit_test(test_bug_pending_time_at_the_new_weight),
        cmocka_unit_test(test_bug_reweight_scales_any_lag),
        cmocka_unit_test(test_bug_low_bits_of_weight_dropped),
    };

    fixture_choose_test(argument_count, arguments);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
