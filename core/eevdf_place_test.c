/* SPDX-License-Identifier: MIT */
/*
 * Published mistakes of EEVDF schedulers, each a test: those of placing who joins, and of the lag
 * that who leaves takes along.  See eevdf_pick_test.c.
 */
#include "base/prng.h"
#include "core/fixture/fixture.h"

#define MS NS_PER_MS
#define MANY 4096u

/* A context that left CPU 0 with this credit and has slept for long. */
static struct sc *with_credit(const struct fixture *f, struct sc *c, int64_t lag_vns)
{
    c->v = vtime_add(fair_now(f->s, rq_of(f->s, 0), f->now), -(INT64_C(1) << 40));
    c->lag_vns = lag_vns;
    c->v_clock = 1;
    return c;
}

static int64_t lag_of(const struct fixture *f, const struct sc *c)
{
    return vtime_diff_vns(fair_now(f->s, rq_of(f->s, 0), f->now), c->v);
}

/* V by looking at everybody who competes on CPU 0, each once. */
static struct vtime v_of_all(const struct fixture *f)
{
    const struct rq *rq = rq_of(f->s, 0);
    struct wide sum = {0, 0};
    int64_t weight = 0;

    for (uint32_t slot = 0; slot < f->s->thread_count; slot++) {
        enum thread_state thread_state = thread_word_read(f->s, slot).state;
        const struct sc *c = sc_of(f->s, slot);

        if (thread_state != THREAD_QUEUED && thread_state != THREAD_RUNNING)
            continue;
        sum = wide_add_mul(sum, vtime_diff_vns(c->v, rq->v0), c->weight);
        weight += c->weight;
    }
    return vtime_add(rq->v0, wide_floor_div(sum, weight));
}

/* 2f2fc17bab00.  Goal: who is placed has a deadline of the slice and weight that it has now.
 * Method: it changes both while it runs, sleeps and wakes; d - v is slice * 1024 / weight. */
static void test_bug_stale_slice_at_placement(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref ref = fixture_start(f, 1024, LATENCY_BATCH);
    const struct sc *c = sc_of(f->s, ref.slot);

    (void)state;
    (void)fixture_start(f, 1024, LATENCY_BATCH);
    f->now = mono_add(f->now, MS);
    assert_int_equal(fixture_set_class(f, 0, ref, LATENCY_INTERACTIVE), STATUS_OK);
    while (fixture_current(f, 0) != ref.slot)
        fixture_run(f, MS);
    fixture_block(f, 0);
    fixture_run(f, 10 * MS);
    (void)fixture_wake(f, 0, ref);
    assert_int_equal(vtime_diff_vns(c->vdeadline, c->v), SLICE_INTERACTIVE_NS);
    while (fixture_current(f, 0) != ref.slot)
        fixture_run(f, MS);
    assert_int_equal(fixture_set_weight(f, 0, ref, 333), STATUS_OK);
    while (fixture_current(f, 0) != ref.slot)
        fixture_run(f, MS);
    fixture_block(f, 0);
    fixture_run(f, 10 * MS);
    (void)fixture_wake(f, 0, ref);
    assert_int_equal(vtime_diff_vns(c->vdeadline, c->v), SLICE_INTERACTIVE_NS * 1024 / 333);
    fixture_free(f);
}

/* 1560d1f6eb6b.  Goal: lag is clamped before anything is multiplied by it.  Method: the timer of
 * who runs comes 39 hours late; who waited leaves with L, not with 19 hours, and somebody is picked
 * whatever happens then. */
static void test_bug_unclamped_lag_times_weight(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref runs = fixture_start(f, WEIGHT_MIN, LATENCY_NORMAL);
    struct thread_ref waits = fixture_start(f, WEIGHT_MIN, LATENCY_NORMAL);
    const struct sc *c = sc_of(f->s, waits.slot);

    (void)state;
    f->now = mono_add(f->now, CHARGE_NS_MAX - 1);
    fixture_decide(f, 0);
    assert_int_equal(fixture_current(f, 0), waits.slot);
    assert_true(lag_of(f, c) > INT64_C(1) << 55);
    fixture_block(f, 0);
    assert_int_equal(c->lag_vns, c->bound_vns);
    assert_int_equal(fixture_current(f, 0), runs.slot);
    (void)fixture_wake(f, 0, waits);
    assert_true(lag_of(f, c) <= c->bound_vns);
    fixture_run(f, 100 * MS);
    assert_int_not_equal(fixture_current(f, 0), SLOT_NONE);
    fixture_free(f);
}

/* 6d71a9c61604, 101f3498b4bd.  Goal: V, as seen by who joins, has everybody in it once: who runs
 * too, who joins not.  Method: hogs of three weights and a newcomer without lag, which is placed at
 * the V of a look at everybody and leaves it there. */
static void test_bug_running_counted_twice(void **state)
{
    struct fixture *f = fixture_new(1, 4, 0);
    struct rq *rq = rq_of(f->s, 0);
    struct sc *newcomer;

    (void)state;
    (void)fixture_start(f, 1024, LATENCY_NORMAL);
    (void)fixture_start(f, 3000, LATENCY_NORMAL);
    (void)fixture_start(f, 110, LATENCY_BATCH);
    newcomer = sc_of(f->s, fixture_thread(f, 2000, LATENCY_NORMAL, 1, 0).slot);
    for (unsigned i = 0; i < 1000; i++) {
        fixture_run(f, MS / 3);
        account_charge(f->s, rq, f->now, CHARGE_PREEMPT);
        struct vtime v_now = v_of_all(f);

        assert_int_equal(fair_now(f->s, rq, f->now).vns, v_now.vns);
        (void)fair_join(f->s, rq, with_credit(f, newcomer, 0), f->now);
        assert_int_equal(newcomer->v.vns, v_now.vns);
        assert_int_equal(fair_now(f->s, rq, f->now).vns, v_now.vns);
        fair_leave(rq, newcomer, f->now, false);
    }
    fixture_free(f);
}

/* The same fix.  Goal: a flood of wakes starves nobody who waits.  Method: two threads that wake
 * each other every 10 us beside a hog, for 2 s: it has more than 45 %, a third being its due. */
static void test_bug_starved_by_a_flood_of_wakes(void **state)
{
    struct fixture *f = fixture_new(1, 3, 0);
    struct thread_ref hog = fixture_start(f, 1024, LATENCY_NORMAL);
    struct thread_ref pair[2];

    (void)state;
    pair[0] = fixture_start(f, 1024, LATENCY_NORMAL);
    pair[1] = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
    for (unsigned i = 0; i < 200000; i++) {
        uint32_t before = fixture_current(f, 0);

        fixture_run(f, MS / 100);
        uint32_t current = fixture_current(f, 0);

        if (current == hog.slot || current != before)
            continue;
        (void)fixture_wake(f, 0, pair[current == pair[0].slot ? 1 : 0]);
        fixture_block(f, 0);
    }
    fixture_decide(f, 0);
    account_charge(f->s, rq_of(f->s, 0), f->now, CHARGE_PREEMPT);
    assert_in_range(fixture_runtime_ns(f, hog), 900 * MS, 1100 * MS);
    fixture_free(f);
}

/* c70fc32f4443.  Goal: who is being placed is not among those it is placed among.  Method: credits
 * up to L and weights up to 10,000; the lag after joining is what was brought, which it is only if
 * W is the others'. */
static void test_bug_count_includes_who_is_placed(void **state)
{
    struct fixture *f = fixture_new(1, 4, 0);
    struct rq *rq = rq_of(f->s, 0);
    struct prng p = prng_seed(4);

    (void)state;
    (void)fixture_start(f, 1024, LATENCY_NORMAL);
    (void)fixture_start(f, 335, LATENCY_NORMAL);
    (void)fixture_start(f, 70, LATENCY_NORMAL);
    for (unsigned i = 0; i < 1000; i++) {
        struct thread_ref ref =
            fixture_thread(f, 1 + (uint32_t)prng_below(&p, 10000), LATENCY_NORMAL, 1, 0);
        struct sc *c = sc_of(f->s, ref.slot);
        int64_t credit_vns = (int64_t)prng_below(&p, (uint64_t)c->bound_vns + 1);
        int64_t weight = rq->w;

        (void)fair_join(f->s, rq, with_credit(f, c, credit_vns), f->now);
        assert_int_equal(rq->w, weight + c->weight);
        assert_in_range(lag_of(f, c) - credit_vns + 1, 0, 2);
        fair_leave(rq, c, f->now, false);
        assert_int_equal(rq->w, weight);
        assert_int_equal(sched_kill(f->s, 0, ref, f->now).status, STATUS_OK);
        sched_release(f->s, sched_take_reaped(f->s, 0));
    }
    fixture_free(f);
}

/* "Fix lag clamp".  Goal: the bound of lag knows the longest slice there, not only the own one.
 * Method: somebody of a long slice runs 20 ms at a stretch; who waited has a slice of 0.3 ms, and
 * leaves with all it is owed. */
static void test_bug_lag_clamped_by_own_slice(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref brief = fixture_start(f, 1024, LATENCY_INTERACTIVE);
    struct thread_ref hog = fixture_start(f, 1024, LATENCY_BATCH);
    const struct sc *c = sc_of(f->s, brief.slot);

    (void)state;
    fixture_run(f, SLICE_INTERACTIVE_NS);
    assert_int_equal(fixture_current(f, 0), hog.slot);
    f->now = mono_add(f->now, 20 * MS); /* the timer comes late */
    fixture_decide(f, 0);
    assert_int_equal(fixture_current(f, 0), brief.slot);
    int64_t owed_vns = lag_of(f, c);

    assert_in_range(owed_vns, 9 * MS, 10 * MS);
    assert_true(owed_vns > c->bound_vns); /* or this tests nothing */
    fixture_block(f, 0);
    assert_int_equal(c->lag_vns, owed_vns);
    fixture_free(f);
}

/* Pending in Linux: place_entity multiplies lag by the load.  Goal: a credit is multiplied by its
 * owner's weight only.  Method: 4096 of the heaviest and the lightest with the largest credit:
 * l * (W + w) needs 65 bits; the lag after joining is what was brought. */
static void test_bug_lag_times_load_overflows(void **state)
{
    struct fixture *f = fixture_new(1, MANY + 1, 0);
    struct rq *rq = rq_of(f->s, 0);
    struct sc *light;

    (void)state;
    for (unsigned i = 0; i < MANY; i++)
        (void)fixture_start(f, WEIGHT_MAX, LATENCY_BATCH);
    light = sc_of(f->s, fixture_thread(f, WEIGHT_MIN, LATENCY_BATCH, 1, 0).slot);
    assert_true((wide_int)light->bound_vns * (rq->w + light->weight) > INT64_MAX);
    (void)fair_join(f->s, rq, with_credit(f, light, light->bound_vns), f->now);
    assert_in_range(lag_of(f, light) - light->bound_vns + 1, 0, 2);
    fair_leave(rq, light, f->now, false);
    fixture_free(f);
}

/* a53ce18cacb4, 829c1651e9c4.  Goal: a sleep so long that V - v wraps gains nothing and costs no
 * more than L.  Method: beside the lightest hog V passes 2^63 in 104 days; half of that later V - v
 * reads as a debt of 2^62. */
static void test_bug_long_sleep_wraps(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref sleeper = fixture_start(f, 1024, LATENCY_NORMAL);
    struct thread_ref hog = fixture_start(f, WEIGHT_MIN, LATENCY_NORMAL);
    struct rq *rq = rq_of(f->s, 0);
    const struct sc *c = sc_of(f->s, sleeper.slot);

    (void)state;
    fixture_block(f, 0);
    assert_int_equal(fixture_current(f, 0), hog.slot);
    for (unsigned i = 0; i < 192; i++) {
        f->now = mono_add(f->now, CHARGE_NS_MAX / 2);
        account_charge(f->s, rq, f->now, CHARGE_PREEMPT);
    }
    assert_true(lag_of(f, c) < -(INT64_C(1) << 61)); /* it has wrapped, or this tests nothing */
    (void)fixture_wake(f, 0, sleeper);
    assert_in_range(lag_of(f, c) + c->bound_vns, 0, 2 * c->bound_vns);
    fixture_run(f, 100 * MS);
    fixture_decide(f, 0);
    account_charge(f->s, rq, f->now, CHARGE_PREEMPT);
    assert_true(fixture_runtime_ns(f, sleeper) >= 90 * MS);
    fixture_free(f);
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bug_stale_slice_at_placement),
        cmocka_unit_test(test_bug_unclamped_lag_times_weight),
        cmocka_unit_test(test_bug_running_counted_twice),
        cmocka_unit_test(test_bug_starved_by_a_flood_of_wakes),
        cmocka_unit_test(test_bug_count_includes_who_is_placed),
        cmocka_unit_test(test_bug_lag_clamped_by_own_slice),
        cmocka_unit_test(test_bug_lag_times_load_overflows),
        cmocka_unit_test(test_bug_long_sleep_wraps),
    };

    fixture_choose_test(argument_count, arguments);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
