/* SPDX-License-Identifier: MIT */
/*
 * Published mistakes of EEVDF schedulers, each a test: those of the pick and of the average it
 * rests on.  Others: eevdf_place_test.c, eevdf_weight_test.c, eevdf_time_test.c.  The numbers are
 * commits of Linux.  tests/eevdf/bugs.txt puts each mistake into the core and expects its test to
 * fail.
 */
#include "base/prng.h"
#include "core/fixture/fixture.h"

#define MS NS_PER_MS
#define MANY 4096u
#define TREE_NODES 31u /* more than EEDQ_ARRAY_MAX */

static bool is_eligible(const struct rq *rq, const struct sc *c)
{
    struct eedq_clock clock = {rq->v0.vns, rq->w, rq->s};

    return eedq_is_eligible(c->v.vns, &clock);
}

/* The same, straight from the definition: v <= V. */
static bool is_eligible_exactly(const struct rq *rq, const struct sc *c)
{
    return (wide_int)vtime_diff_vns(c->v, rq->v0) * rq->w <= wide_join(rq->s);
}

/* Where V0 is decides nothing: move it, and V, lags and eligibility are what they were. */
static void move_origin(struct rq *rq, int64_t by_vns)
{
    rq->v0 = vtime_add(rq->v0, by_vns);
    rq->s = wide_add_mul(rq->s, -by_vns, rq->w);
}

/* 650cad561cce.  Goal: who is placed at V is eligible.  Method: V0 ahead of everybody, so that S is
 * negative and no multiple of W; a newcomer without lag; 10,000 times. */
static void test_bug_v_truncated_towards_zero(void **state)
{
    struct fixture *f = fixture_new(1, 4, 0);
    struct rq *rq = rq_of(f->s, 0);
    struct prng p = prng_seed(1);
    struct sc *newcomer;
    uint32_t odd_count = 0;

    (void)state;
    for (uint32_t weight = 3; weight < 9; weight += 2)
        (void)fixture_start(f, weight, LATENCY_NORMAL);
    fixture_run(f, 7 * MS + 1);
    account_charge(f->s, rq, f->now, CHARGE_PREEMPT);
    move_origin(rq, (int64_t)NS_PER_S);
    newcomer = sc_of(f->s, fixture_thread(f, 11, LATENCY_NORMAL, 1, 0).slot);
    for (unsigned i = 0; i < 10000; i++) {
        move_origin(rq, (int64_t)prng_below(&p, 1000000) - (i % 2 ? 999999 : 0));
        odd_count += rq->s.high < 0 && wide_join(rq->s) % rq->w != 0;
        newcomer->lag_vns = 0;
        newcomer->v_clock = 0; /* it is new, again */
        (void)fair_join(f->s, rq, newcomer, f->now);
        assert_true(is_eligible(rq, newcomer));
        fair_leave(rq, newcomer, f->now, true);
    }
    assert_true(odd_count > 1000);
    fixture_free(f);
}

/* All nodes in one tree, in a mixed order; deadlines as the slots, eligible are `a` and `b`. */
static uint32_t pick_of_two(struct fixture *f, uint32_t a, uint32_t b)
{
    struct eedq_clock clock = {.origin = 50, .weight = 1};
    struct eedq q;

    eedq_init(&q);
    for (uint32_t i = 0; i < TREE_NODES; i++) {
        uint32_t slot = i * 7 % TREE_NODES;
        struct eedq_node *n = &sc_of(f->s, slot)->node;

        n->key = (struct eedq_key){slot == a || slot == b ? 50 : 51, slot};
        eedq_insert(f->s, &q, slot, n);
    }
    eedq_check(f->s, &q);
    return eedq_pick(f->s, &q, &clock);
}

/* b01db23d5923.  Goal: no earlier eligible deadline is missed in a subtree that is passed by.
 * Method: a tree of 31, and every pair of eligible ones in it: the earlier is picked. */
static void test_bug_search_misses_left_subtree(void **state)
{
    struct fixture *f = fixture_new(1, TREE_NODES, 0);

    (void)state;
    for (uint32_t a = 0; a < TREE_NODES; a++)
        for (uint32_t b = a; b < TREE_NODES; b++)
            assert_int_equal(pick_of_two(f, a, b), a);
    fixture_free(f);
}

/* What rq_protect_end must say, by looking at everybody. */
static uint64_t shortest_slice_ns(const struct fixture *f)
{
    uint64_t shortest_ns = UINT64_MAX;

    for (uint32_t slot = 0; slot < f->s->thread_count; slot++) {
        enum thread_state thread_state = thread_word_read(f->s, slot).state;
        uint64_t slice_ns = sc_slice_ns(sc_of(f->s, slot)->latency_class);

        if ((thread_state == THREAD_QUEUED || thread_state == THREAD_RUNNING) &&
            slice_ns < shortest_ns)
            shortest_ns = slice_ns;
    }
    return shortest_ns;
}

/* bbce3de72be5.  Goal: the slice that protects who runs is one of somebody there, also where nobody
 * is queued or has left a moment ago.  Method: 10^5 wakes, blocks, yields, changes of class and
 * late timers of six threads; compared with a look at everybody. */
static void test_bug_slice_of_an_empty_queue(void **state)
{
    struct fixture *f = fixture_new(1, 6, 0);
    struct prng p = prng_seed(2);
    struct thread_ref refs[6];

    (void)state;
    for (unsigned i = 0; i < 6; i++)
        refs[i] = fixture_thread(f, 1024, (enum latency_class)(i % 3), 1, 0);
    for (unsigned i = 0; i < 100000; i++) {
        uint32_t current = fixture_current(f, 0);
        uint64_t what = prng_below(&p, 8);

        f->now = mono_add(f->now, 1 + prng_below(&p, 2 * MS));
        if (current == SLOT_NONE || what < 3)
            (void)fixture_wake(f, 0, refs[prng_below(&p, 6)]);
        else if (what < 6)
            fixture_block(f, 0);
        else if (what == 6)
            assert_int_equal(fixture_set_class(f, 0, thread_ref_of(f->s, current),
                                             (enum latency_class)prng_below(&p, 3)),
                             STATUS_OK);
        else
            fixture_yield(f, 0);
        if (fixture_current(f, 0) == SLOT_NONE)
            continue;
        assert_int_equal(mono_diff_ns(rq_protect_end(rq_of(f->s, 0)),
                                      rq_of(f->s, 0)->stretch_start),
                         shortest_slice_ns(f));
    }
    fixture_free(f);
}

/* 556146ce5e94.  Goal: a heavy context and a light reference: key * weight needs more than 64 bits.
 * Method: the lightest runs beside the heaviest for the longest charge there is; S is the sum, and
 * who is eligible is who has v <= V. */
static void test_bug_key_times_weight_overflows(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref light = fixture_start(f, WEIGHT_MIN, LATENCY_NORMAL);
    struct thread_ref heavy = fixture_start(f, WEIGHT_MAX, LATENCY_NORMAL);
    const struct rq *rq = rq_of(f->s, 0);

    (void)state;
    f->now = mono_add(f->now, CHARGE_NS_MAX - 1);
    fixture_decide(f, 0);
    assert_int_equal(fixture_current(f, 0), heavy.slot);
    uint64_t light_ns = fixture_runtime_ns(f, light);

    for (unsigned i = 0; i < 1000; i++) {
        const struct sc *c = sc_of(f->s, light.slot);

        /* It takes more than 64 bits, or this tests nothing. */
        assert_true((wide_int)vtime_diff_vns(c->v, rq->v0) * rq->w > INT64_MAX);
        assert_false(is_eligible(rq, c));
        assert_true(is_eligible(rq, sc_of(f->s, heavy.slot)) ==
                    is_eligible_exactly(rq, sc_of(f->s, heavy.slot)));
        fair_check(f->s, 0);
        fixture_run(f, SLICE_NORMAL_NS);
    }
    assert_int_equal(fixture_runtime_ns(f, light), light_ns);
    fixture_free(f);
}

/* The same fix.  Goal: S itself needs more than 64 bits.  Method: 4096 of the heaviest, whose
 * timers each come 36 minutes late: S is above 2^63, and the sum over all. */
static void test_bug_sum_overflows(void **state)
{
    struct fixture *f = fixture_new(1, MANY, 0);
    const struct rq *rq = rq_of(f->s, 0);
    wide_int most = 0;

    (void)state;
    for (unsigned i = 0; i < MANY; i++)
        (void)fixture_start(f, WEIGHT_MAX, LATENCY_NORMAL);
    for (unsigned i = 0; i < 2 * MANY; i++) {
        f->now = mono_add(f->now, UINT64_C(1) << 41);
        fixture_decide(f, 0);
        most = wide_join(rq->s) > most ? wide_join(rq->s) : most;
        if (i % 256 == 0)
            fair_check(f->s, 0);
    }
    assert_true(most > INT64_MAX); /* or this tests nothing */
    fixture_free(f);
}

/* b6eee96843e8.  Goal: low load divides by nothing and freezes nobody.  Method: one thread that
 * wakes alone, up to 39 hours apart, 2,000 times: it runs at once, the sums are 0 when it has gone,
 * and V never goes back. */
static void test_bug_freeze_at_low_load(void **state)
{
    struct fixture *f = fixture_new(1, 1, 0);
    struct thread_ref ref = fixture_thread(f, WEIGHT_MAX, LATENCY_NORMAL, 1, 0);
    const struct rq *rq = rq_of(f->s, 0);
    struct prng p = prng_seed(3);
    struct vtime v_before = fair_now(f->s, rq, f->now);

    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        f->now = mono_add(f->now, prng_below(&p, i % 2 ? CHARGE_NS_MAX : 1000));
        assert_true(vtime_diff_vns(fair_now(f->s, rq, f->now), v_before) >= 0);
        (void)fixture_wake(f, 0, ref);
        assert_int_equal(fixture_current(f, 0), ref.slot);
        v_before = fair_now(f->s, rq, f->now);
        f->now = mono_add(f->now, prng_below(&p, MS));
        fixture_block(f, 0);
        assert_int_equal(rq->w, 0);
        assert_true(wide_is_zero(rq->s));
    }
    fixture_free(f);
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bug_v_truncated_towards_zero),
        cmocka_unit_test(test_bug_search_misses_left_subtree),
        cmocka_unit_test(test_bug_slice_of_an_empty_queue),
        cmocka_unit_test(test_bug_key_times_weight_overflows),
        cmocka_unit_test(test_bug_sum_overflows),
        cmocka_unit_test(test_bug_freeze_at_low_load),
    };

    fixture_choose_test(argument_count, arguments);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
