/* SPDX-License-Identifier: MIT */
#include "core/clock.h"
#include "core/fixture/fixture.h"

#define MS NS_PER_MS
#define E_VNS ((int64_t)CLOCK_EPOCH_NS)

/* Goal: within an epoch V passes dt * 1024 / W, and with the wall's time on an empty queue. */
static void test_clock_runs_at_the_queues_rate(void **state)
{
    struct clock c = {.w = 2048, .count = 2};

    (void)state;
    clock_advance(&c, (struct mono){10 * MS});
    assert_int_equal(clock_g(&c), 5 * MS);
    c.w = 0;
    clock_advance(&c, (struct mono){30 * MS});
    assert_int_equal(clock_g(&c), 25 * MS);
    clock_advance(&c, (struct mono){20 * MS}); /* not backwards */
    assert_int_equal(clock_g(&c), 25 * MS);
}

/* Goal: every epoch begins with G := min(G / 2, E), and V itself does not move. */
static void test_clock_halves_at_epochs(void **state)
{
    struct clock c = {.w = 1024, .count = 1};

    (void)state;
    clock_advance(&c, (struct mono){CLOCK_EPOCH_NS});
    assert_int_equal(c.v.vns, E_VNS);
    assert_int_equal(clock_g(&c), E_VNS / 2);
    struct clock light = {.w = 16, .count = 1}; /* 64 times as fast */

    clock_advance(&light, (struct mono){CLOCK_EPOCH_NS});
    assert_int_equal(light.v.vns, 64 * E_VNS);
    assert_int_equal(clock_g(&light), E_VNS);
}

/* Goal: when somebody looks changes nothing.  Method: one clock advanced in one step, another in
 * steps of a prime number of ns, a third after so long that everything is forgotten. */
static void test_clock_does_not_depend_on_looking(void **state)
{
    struct clock once = {.w = 1024, .count = 1, .zone_vns = 12345};
    struct clock often = once;
    struct clock late = {.w = 1024, .count = 1, .zone_vns = -777};
    const uint64_t end_ns = 9 * CLOCK_EPOCH_NS + 123457;

    (void)state;
    clock_advance(&once, (struct mono){end_ns});
    for (uint64_t at = 0; at < end_ns; at += 99999989)
        clock_advance(&often, (struct mono){at});
    clock_advance(&often, (struct mono){end_ns});
    assert_int_equal(clock_g(&once), clock_g(&often));
    assert_int_equal(once.v.vns, often.v.vns);
    clock_advance(&late, (struct mono){CLOCK_EPOCH_NS << 20});
    assert_in_range(clock_g(&late), E_VNS - 1000, E_VNS); /* its own rate's fixed point */
}

/* Goal: two clocks at different rates stay within 2 E times the difference, whatever they were. */
static void test_clock_gap_saturates(void **state)
{
    struct clock fast = {.w = 1024, .count = 1, .zone_vns = 100 * E_VNS};
    struct clock slow = {.w = 10240, .count = 10};

    (void)state;
    for (uint64_t epoch = 1; epoch <= 40; epoch++) {
        clock_advance(&fast, (struct mono){epoch * CLOCK_EPOCH_NS - 1});
        clock_advance(&slow, (struct mono){epoch * CLOCK_EPOCH_NS - 1});
        assert_true(epoch < 12 ||
                    clock_g(&fast) - clock_g(&slow) <= 2 * E_VNS * 9 / 10 + E_VNS / 1000);
    }
}

/* Goal: readers and the owner see the same clock.  Method: hogs on CPU 0; after epochs without an
 * event of its own, CPU 1's reading equals what CPU 0 says itself. */
static void test_clock_owner_and_reader_agree(void **state)
{
    struct fixture *f = fixture_new(2, 2, 0);
    struct clock read;

    (void)state;
    (void)fixture_wake(f, 0, fixture_thread(f, 512, LATENCY_NORMAL, 1, 0));
    f->now = mono_add(f->now, 3 * CLOCK_EPOCH_NS + 5);
    assert_true(clock_read(f->s, 0, f->now, &read));
    account_charge(f->s, rq_of(f->s, 0), f->now, CHARGE_PREEMPT);
    struct clock own = clock_own(f->s, rq_of(f->s, 0), f->now);

    assert_int_equal(read.zone_vns, own.zone_vns);
    assert_int_equal(read.v.vns, own.v.vns);
    assert_int_equal(read.count, 1);
    assert_int_equal(read.w, 512);
    fixture_free(f);
}

/* Goal: a decision that comes early, for a kick too late or an interrupt, does not throw the clock
 * back to the last charge.  Method: a hog alone for a second; one decision more. */
static void test_clock_counts_what_is_not_charged_yet(void **state)
{
    struct fixture *f = fixture_new(2, 2, 0);
    struct clock before;
    struct clock after;

    (void)state;
    (void)fixture_wake(f, 0, fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0));
    f->now = mono_add(f->now, 1000 * MS);
    assert_true(clock_read(f->s, 0, f->now, &before));
    fixture_decide(f, 0);
    assert_true(clock_read(f->s, 0, f->now, &after));
    assert_int_equal(clock_g(&after), clock_g(&before));
    fixture_free(f);
}

/* Goal: time that interrupts take of a CPU on which nothing is decided does not make its clock fall
 * when it is told at last.  Method: 40 epochs of one hog, a tenth of them taken. */
static void test_clock_of_an_interrupted_cpu_does_not_fall(void **state)
{
    struct fixture *f = fixture_new(2, 2, 0);
    struct clock before;
    struct clock after;

    (void)state;
    (void)fixture_wake(f, 0, fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0));
    for (unsigned i = 0; i < 400; i++) {
        struct mono begin = mono_add(f->now, CLOCK_EPOCH_NS * 9 / 100);

        f->now = mono_add(f->now, CLOCK_EPOCH_NS / 10);
        account_interrupt(f->s, 0, begin, f->now);
    }
    assert_true(clock_read(f->s, 0, f->now, &before));
    fixture_decide(f, 0);
    assert_true(clock_read(f->s, 0, f->now, &after));
    assert_int_equal(clock_g(&after), clock_g(&before));
    fixture_free(f);
}

/* Goal: a page that is being written is not read. */
static void test_clock_reader_goes_without(void **state)
{
    struct fixture *f = fixture_new(2, 2, 0);
    struct clock c;

    (void)state;
    port_note32(&rq_of(f->s, 1)->clock.seq, port_peek32(&rq_of(f->s, 1)->clock.seq) + 1);
    assert_false(clock_read(f->s, 1, f->now, &c));
    fixture_free(f);
}

/* Goal: a gap counts as service at the queue's mean weight: 12 ms of weight 15 are a gap of 819 ms
 * of virtual time, of weight 16384 one of 0.75 ms. */
static void test_clock_gaps_are_service(void **state)
{
    const struct clock light = {.w = 30, .count = 2};
    const struct clock heavy = {.w = 16384, .count = 1};
    const struct clock empty = {.w = 0};

    (void)state;
    assert_false(clock_gap_exceeds(&light, 819 * (int64_t)MS, 1024, 12 * MS));
    assert_true(clock_gap_exceeds(&light, 820 * (int64_t)MS, 1024, 12 * MS));
    assert_false(clock_gap_exceeds(&heavy, (int64_t)MS * 3 / 4, 1024, 12 * MS));
    assert_true(clock_gap_exceeds(&heavy, (int64_t)MS, 1024, 12 * MS));
    assert_true(clock_gap_exceeds(&empty, 13 * (int64_t)MS, 1024, 12 * MS));
    assert_false(clock_gap_exceeds(&empty, 13 * (int64_t)MS, 512, 12 * MS));
    assert_false(clock_gap_exceeds(&heavy, -(int64_t)MS, 1024, 12 * MS));
}

/* Goal: contact is B = 4 H + 2 longest slices at the smaller mean, in both directions. */
static void test_clock_contact(void **state)
{
    struct clock a = {.w = 2048, .count = 2, .least_class = LATENCY_NORMAL};
    struct clock b = a;
    const int64_t contact_vns = (int64_t)(4 * PUSH_LEAD_NS + 2 * SLICE_NORMAL_NS);

    (void)state;
    b.zone_vns = contact_vns;
    assert_true(clock_in_contact(&a, &b, 1024, LATENCY_NORMAL));
    b.zone_vns++;
    assert_false(clock_in_contact(&a, &b, 1024, LATENCY_NORMAL));
    assert_false(clock_in_contact(&b, &a, 1024, LATENCY_NORMAL));
    assert_true(clock_in_contact(&a, &b, 1024, LATENCY_BATCH)); /* its slice is longer */
    b.w = 1024; /* mean 512: the gap is worth half */
    assert_true(clock_in_contact(&a, &b, 1024, LATENCY_NORMAL));
}

/* ---- What moving does with them ---- */

static int64_t position_of(const struct fixture *f, uint32_t cpu, struct thread_ref ref)
{
    struct clock own = clock_own(f->s, rq_of(f->s, cpu), f->now);

    return vtime_add(sc_of(f->s, ref.slot)->v, own.zone_vns).vns;
}

/* `ref`, queued on CPU 0, goes to CPU 1. */
static void move_to_1(struct fixture *f, struct thread_ref ref)
{
    account_charge(f->s, rq_of(f->s, 0), f->now, CHARGE_PREEMPT);
    account_charge(f->s, rq_of(f->s, 1), f->now, CHARGE_PREEMPT);
    clock_publish(f->s, rq_of(f->s, 0), f->now);
    rq_detach(f->s, rq_of(f->s, 0), ref.slot, 1, f->now);
    rq_attach(f->s, rq_of(f->s, 1), ref.slot, 1, f->now);
    (void)rq_publish_overload(f->s, rq_of(f->s, 0));
    (void)rq_publish_overload(f->s, rq_of(f->s, 1));
}

struct pair {
    struct thread_ref moved; /* queued on CPU 0, beside a hog; another hog runs on CPU 1 */
};

static struct pair make_pair(struct fixture *f)
{
    struct pair p;

    (void)fixture_wake(f, 0, fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0));
    p.moved = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
    (void)fixture_wake(f, 0, p.moved);
    (void)fixture_wake(f, 1, fixture_thread(f, 1024, LATENCY_NORMAL, 2, 1));
    return p;
}

/* Goal: in contact a thread keeps its absolute position. */
static void test_clock_move_in_contact_keeps_the_position(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct pair p = make_pair(f);

    (void)state;
    fixture_run(f, 2 * MS);
    account_charge(f->s, rq_of(f->s, 0), f->now, CHARGE_PREEMPT);
    int64_t position = position_of(f, 0, p.moved);

    move_to_1(f, p.moved);
    assert_int_equal(position_of(f, 1, p.moved), position);
    assert_int_equal(position, 0); /* it has not run */
    fixture_free(f);
}

/* Goal: out of contact its lag moves with it and nothing else.  Method: half a second of one hog
 * against two drives the clocks apart by a quarter of a second. */
static void test_clock_move_out_of_contact_keeps_the_lag(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct pair p = make_pair(f);

    (void)state;
    fixture_run(f, 500 * MS);
    while (fixture_current(f, 0) == p.moved.slot)
        fixture_run(f, MS);
    account_charge(f->s, rq_of(f->s, 0), f->now, CHARGE_PREEMPT);
    struct sc *c = sc_of(f->s, p.moved.slot);
    int64_t lag_vns = vtime_diff_vns(fair_now(f->s, rq_of(f->s, 0), f->now), c->v);
    int64_t left_vns = vtime_diff_vns(c->vdeadline, c->v);

    move_to_1(f, p.moved);
    assert_int_equal(vtime_diff_vns(fair_now(f->s, rq_of(f->s, 1), f->now), c->v), lag_vns);
    assert_int_equal(vtime_diff_vns(c->vdeadline, c->v), left_vns);
    fixture_free(f);
}

/* Goal: visiting another level by one's own CPU set clears no debt.  Method: out of contact, a
 * thread narrowed to the other CPU arrives with a debt of a slice, whatever it was owed. */
static void test_clock_own_affinity_arrives_in_debt(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct pair p = make_pair(f);
    const uint64_t only_1 = 2;

    (void)state;
    fixture_run(f, 500 * MS);
    while (fixture_current(f, 0) != p.moved.slot)
        fixture_run(f, MS);
    fixture_act(f, 0, sched_set_mask(f->s, 0, p.moved, &only_1, f->now));
    fixture_deliver_all(f);
    assert_int_equal(thread_word_read(f->s, p.moved.slot).cpu, 1);
    assert_int_equal(thread_word_read(f->s, p.moved.slot).state, THREAD_QUEUED);
    struct sc *c = sc_of(f->s, p.moved.slot);

    /* It joins a slice and the granularity behind, which takes V half of that way. */
    assert_int_equal(vtime_diff_vns(fair_now(f->s, rq_of(f->s, 1), f->now), c->v),
                     -(int64_t)(SLICE_NORMAL_NS + GRANULARITY_NS) / 2);
    fixture_free(f);
}

/* Goal: an empty queue's clock is lifted to an arrival's, never moved down. */
static void test_clock_arrival_lifts_an_empty_queue(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct rq *empty = rq_of(f->s, 1);
    struct clock before = clock_own(f->s, empty, f->now);
    struct clock after = clock_shift(f->s, empty, 5 * (int64_t)MS, f->now);

    (void)state;
    assert_int_equal(clock_g(&after) - clock_g(&before), 5 * MS);
    before = clock_own(f->s, empty, f->now);
    assert_int_equal(clock_g(&before), clock_g(&after));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_runs_at_the_queues_rate),
        cmocka_unit_test(test_clock_halves_at_epochs),
        cmocka_unit_test(test_clock_does_not_depend_on_looking),
        cmocka_unit_test(test_clock_gap_saturates),
        cmocka_unit_test(test_clock_owner_and_reader_agree),
        cmocka_unit_test(test_clock_counts_what_is_not_charged_yet),
        cmocka_unit_test(test_clock_of_an_interrupted_cpu_does_not_fall),
        cmocka_unit_test(test_clock_reader_goes_without),
        cmocka_unit_test(test_clock_gaps_are_service),
        cmocka_unit_test(test_clock_contact),
        cmocka_unit_test(test_clock_move_in_contact_keeps_the_position),
        cmocka_unit_test(test_clock_move_out_of_contact_keeps_the_lag),
        cmocka_unit_test(test_clock_own_affinity_arrives_in_debt),
        cmocka_unit_test(test_clock_arrival_lifts_an_empty_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
