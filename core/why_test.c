/* SPDX-License-Identifier: MIT */
#include "core/why.h"
#include "core/fair.h"
#include "core/fixture/fixture.h"

#define MS ((int64_t)NS_PER_MS)

/* Its last reason; a thread without one fails the test. */
static struct why last_of(struct fixture *f, struct thread_ref ref)
{
    struct why reasons[WHY_RECORD_COUNT];

    assert_true(why_read(f->s, ref.slot, reasons) > 0);
    return reasons[0];
}

static void expect(struct fixture *f, struct thread_ref ref, uint32_t rule, int64_t a, int64_t b)
{
    struct why why = last_of(f, ref);

    assert_int_equal(why.rule, rule);
    assert_int_equal(why.a, a);
    assert_int_equal(why.b, b);
    assert_int_equal(why.time_ns, f->now.ns);
}

static void expect_subject(struct fixture *f, struct thread_ref ref, struct thread_ref subject)
{
    assert_int_equal(last_of(f, ref).subject_slot, subject.slot);
    assert_int_equal(last_of(f, ref).subject_gen, subject.gen);
}

static uint32_t count_of(struct fixture *f, struct thread_ref ref)
{
    struct why reasons[WHY_RECORD_COUNT];

    return why_read(f->s, ref.slot, reasons);
}

/* A new thread for the CPUs of `mask`, woken from and on `cpu`. */
static struct thread_ref started(struct fixture *f, enum latency_class class, uint64_t mask,
                                 uint32_t cpu)
{
    struct thread_ref ref = fixture_thread(f, WEIGHT_UNIT, class, mask, cpu);

    (void)fixture_wake(f, cpu, ref);
    fixture_deliver_all(f);
    return ref;
}

/* Reason number `number` of a thread, with what a reason can have. */
static void note(struct fixture *f, uint32_t thread, uint32_t number)
{
    why_note(f->s, thread,
             &(struct why){.rule = 1 + number % (WHY_RULE_COUNT - 1),
                           .subject_slot = number % 2 != 0 ? number : SLOT_NONE,
                           .subject_gen = number % 2 != 0 ? UINT32_MAX - number : 0,
                           .time_ns = number / 2,
                           .a = -(int64_t)number,
                           .b = INT64_MIN + number});
}

/* Goal: the last four are kept as they were, newest first.  Method: 100, read after each; two at a
 * time have one instant. */
static void test_why_keeps_the_last_four(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct why reasons[WHY_RECORD_COUNT];

    (void)state;
    assert_int_equal(why_read(f->s, 1, reasons), 0);
    for (uint32_t number = 1; number <= 100; number++) {
        uint32_t kept = number < WHY_RECORD_COUNT ? number : WHY_RECORD_COUNT;

        note(f, 1, number);
        assert_int_equal(why_read(f->s, 1, reasons), kept);
        for (uint32_t i = 0; i < kept; i++) {
            uint32_t n = number - i;

            assert_int_equal(reasons[i].rule, 1 + n % (WHY_RULE_COUNT - 1));
            assert_int_equal(reasons[i].subject_slot, n % 2 != 0 ? n : SLOT_NONE);
            assert_int_equal(reasons[i].subject_gen, n % 2 != 0 ? UINT32_MAX - n : 0);
            assert_int_equal(reasons[i].time_ns, n / 2);
            assert_int_equal(reasons[i].a, -(int64_t)n);
            assert_int_equal(reasons[i].b, INT64_MIN + n);
        }
    }
    assert_int_equal(why_read(f->s, 0, reasons), 0); /* the neighbour's row is its own */
    fixture_free(f);
}

/* Goal: a record that is being written is left out, the others are read.  Method: for each of the
 * four as the next one, what its writer stores first. */
static void test_why_leaves_out_what_is_being_written(void **state)
{
    struct fixture *f = fixture_new(1, 1, 0);
    struct why reasons[WHY_RECORD_COUNT];

    (void)state;
    for (uint32_t number = 1; number <= 12; number++) {
        note(f, 0, number);
        if (number < WHY_RECORD_COUNT)
            continue;
        struct why_row row = *why_row_of(f->s, 0);
        struct why_record *next = &why_row_of(f->s, 0)->records[(number + 1) % WHY_RECORD_COUNT];

        port_note64(&next->head, 0);
        port_note64(&next->a, 77);
        assert_int_equal(why_read(f->s, 0, reasons), WHY_RECORD_COUNT - 1);
        for (uint32_t i = 0; i < WHY_RECORD_COUNT - 1; i++)
            assert_int_not_equal(reasons[i].a, 77);
        *why_row_of(f->s, 0) = row;
    }
    fixture_free(f);
}

/* Goal: what was overwritten since its newer neighbours were read is no older reason.  Method: the
 * record of the oldest has a later time, while the cursor says otherwise. */
static void test_why_drops_what_is_newer_than_its_place(void **state)
{
    struct fixture *f = fixture_new(1, 1, 0);
    struct why reasons[WHY_RECORD_COUNT];

    (void)state;
    for (uint32_t number = 1; number <= 7; number++)
        note(f, 0, number);
    port_note64(&why_row_of(f->s, 0)->records[4 % WHY_RECORD_COUNT].time_ns, 99);
    assert_int_equal(why_read(f->s, 0, reasons), WHY_RECORD_COUNT - 1);
    fixture_free(f);
}

/* Goal: who takes over a slot has no reasons of who was there. */
static void test_why_of_a_new_thread_is_empty(void **state)
{
    struct fixture *f = fixture_new(1, 1, 0);
    struct thread_ref first = started(f, LATENCY_NORMAL, 1, 0);

    (void)state;
    note(f, first.slot, 5);
    assert_int_equal(count_of(f, first), 1);
    fixture_exit(f, 0);
    struct thread_ref second = fixture_thread(f, WEIGHT_UNIT, LATENCY_NORMAL, 1, 0);

    assert_int_equal(second.slot, first.slot);
    assert_int_equal(count_of(f, second), 0);
    fixture_free(f);
}

/* Goal: what is as always is no news.  Method: two threads of one CPU that wake each other, and
 * that yield to each other. */
static void test_why_says_nothing_of_the_ordinary(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref refs[2];

    (void)state;
    for (unsigned i = 0; i < 2; i++)
        refs[i] = started(f, LATENCY_NORMAL, 1, 0);
    fixture_block(f, 0);
    for (unsigned i = 0; i < 100; i++) {
        (void)fixture_wake(f, 0, refs[i % 2]);
        f->now = mono_add(f->now, 10000);
        fixture_block(f, 0);
    }
    (void)fixture_wake(f, 0, refs[0]);
    for (unsigned i = 0; i < 100; i++) {
        f->now = mono_add(f->now, 10000);
        fixture_yield(f, 0);
    }
    assert_int_equal(count_of(f, refs[0]), 0);
    assert_int_equal(count_of(f, refs[1]), 0);
    assert_true(rq_of(f->s, 0)->stat.switch_count > 150);
    fixture_free(f);
}

/* Goal: who is placed elsewhere than where it was is told where and why.  Method: CPU 0 is busy, so
 * CPU 1, idle; then not in the set, and no other idle. */
static void test_why_placed_elsewhere(void **state)
{
    struct fixture *f = fixture_new(3, 4, 0);
    struct thread_ref ref;

    (void)state;
    (void)started(f, LATENCY_NORMAL, 1, 0);
    ref = started(f, LATENCY_NORMAL, 7, 0);
    expect(f, ref, WHY_PLACED_IDLE, 1, 0);
    assert_int_equal(last_of(f, ref).subject_slot, SLOT_NONE);
    (void)started(f, LATENCY_NORMAL, 4, 2);
    assert_int_equal(fixture_current(f, 1), ref.slot);
    fixture_block(f, 1);
    (void)started(f, LATENCY_NORMAL, 2, 1);
    const uint64_t only_2 = 4;

    fixture_act(f, 1, sched_set_mask(f->s, 1, ref, &only_2, f->now));
    (void)fixture_wake(f, 1, ref);
    expect(f, ref, WHY_PLACED_ALLOWED, 2, 1);
    fixture_deliver_all(f);
    fixture_free(f);
}

/* Goal: stolen, pushed, sent away: each is told.  Method: one of two on CPU 0 is taken by an idle
 * CPU; given to who leads by more than H; narrowed to the other CPU. */
static void test_why_migrated(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    const uint64_t both = 3;
    const uint64_t only_0 = 1;
    struct thread_ref ref;

    (void)state;
    (void)started(f, LATENCY_NORMAL, 1, 0);
    ref = started(f, LATENCY_NORMAL, 1, 0);
    thread_mask_set(f->s, ref.slot, &both);
    fixture_decide(f, 1);
    expect(f, ref, WHY_MIGRATED_STOLEN, 1, 0);
    (void)started(f, LATENCY_NORMAL, 2, 1);
    fixture_run(f, 2 * PUSH_LEAD_NS + 4 * PUSH_CHECK_NS);
    assert_int_equal(rq_of(f->s, 1)->stat.push_count, 1);
    struct why reasons[WHY_RECORD_COUNT];
    uint32_t count = why_read(f->s, ref.slot, reasons);
    uint32_t at = 0;

    while (at < count && reasons[at].rule != WHY_MIGRATED_PUSHED)
        at++;
    assert_true(at < count);
    assert_true(reasons[at].a > reasons[at].b);
    assert_int_equal(reasons[at].b, PUSH_LEAD_NS);
    while (thread_word_read(f->s, ref.slot).cpu != 1)
        fixture_run(f, NS_PER_MS);
    fixture_act(f, 0, sched_set_mask(f->s, 0, ref, &only_0, f->now));
    fixture_deliver_all(f);
    while (thread_word_read(f->s, ref.slot).cpu != 0)
        fixture_run(f, NS_PER_MS);
    count = why_read(f->s, ref.slot, reasons);
    for (at = 0; at < count && reasons[at].rule != WHY_MIGRATED_MASK; at++)
        continue;
    assert_true(at < count);
    assert_int_equal(reasons[at].a, 0);
    assert_int_equal(reasons[at].b, 1);
    fixture_free(f);
}

/* Goal: who is preempted by a shorter slice is told both slices and who it was. */
static void test_why_preempted_by_a_shorter_slice(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref hog = started(f, LATENCY_NORMAL, 1, 0);

    (void)state;
    f->now = mono_add(f->now, NS_PER_MS);
    struct thread_ref quick = started(f, LATENCY_INTERACTIVE, 1, 0);

    assert_int_equal(fixture_current(f, 0), quick.slot);
    expect(f, hog, WHY_PREEMPTED_SHORTER, SLICE_INTERACTIVE_NS, SLICE_NORMAL_NS);
    expect_subject(f, hog, quick);
    assert_int_equal(count_of(f, quick), 0);
    fixture_free(f);
}

/* Goal: at the end of a slice it is told what it was beaten by.  Method: two hogs.  After its slice
 * the first is ahead of V by half of it; the second has caught up and is at V, but its deadline is
 * no earlier than the first one's. */
static void test_why_preempted_at_the_end_of_a_slice(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref first = started(f, LATENCY_NORMAL, 1, 0);
    struct thread_ref second = started(f, LATENCY_NORMAL, 1, 0);
    struct sc *c = sc_of(f->s, first.slot);

    (void)state;
    fixture_run(f, SLICE_NORMAL_NS);
    assert_int_equal(fixture_current(f, 0), second.slot);
    expect(f, first, WHY_PREEMPTED_AHEAD, c->v.vns, c->v.vns - (int64_t)SLICE_NORMAL_NS / 2);
    expect_subject(f, first, second);
    fixture_run(f, SLICE_NORMAL_NS);
    assert_int_equal(fixture_current(f, 0), first.slot);
    expect(f, second, WHY_PREEMPTED_DEADLINE, c->vdeadline.vns,
           sc_of(f->s, second.slot)->vdeadline.vns);
    expect_subject(f, second, first);
    fixture_free(f);
}

/* Goal: a shorter slice that wakes and does not get the CPU is told why.  Method: it has had more
 * than its share and sleeps for less than that takes to pass. */
static void test_why_not_preempted(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref hog = started(f, LATENCY_NORMAL, 1, 0);
    struct thread_ref quick = started(f, LATENCY_INTERACTIVE, 1, 0);

    (void)state;
    f->now = mono_add(f->now, SLICE_INTERACTIVE_NS / 2);
    fixture_block(f, 0);
    assert_int_equal(fixture_current(f, 0), hog.slot);
    f->now = mono_add(f->now, 1000);
    (void)fixture_wake(f, 0, quick);
    assert_int_equal(fixture_current(f, 0), hog.slot);
    struct why why = last_of(f, quick);

    assert_int_equal(why.rule, WHY_NOT_PREEMPTED);
    assert_int_equal(why.a, sc_of(f->s, quick.slot)->v.vns);
    assert_int_equal(why.b, fair_now(f->s, rq_of(f->s, 0), f->now).vns);
    assert_true(why.a > why.b);
    expect_subject(f, quick, hog);
    fixture_free(f);
}

/* Goal: the same where it might preempt, but who runs has the earlier deadline, and for a thread of
 * the same class, nothing.  Method: both wake shortly before a hog's request is used up. */
static void test_why_not_preempted_as_later(void **state)
{
    struct fixture *f = fixture_new(1, 3, 0);
    struct thread_ref quick = started(f, LATENCY_INTERACTIVE, 1, 0);

    (void)state;
    fixture_block(f, 0);
    struct thread_ref equal = started(f, LATENCY_NORMAL, 1, 0);

    fixture_block(f, 0);
    struct thread_ref hog = started(f, LATENCY_NORMAL, 1, 0);

    f->now = mono_add(f->now, SLICE_NORMAL_NS / 2 - SLICE_INTERACTIVE_NS / 2);
    (void)fixture_wake(f, 0, equal);
    uint32_t told_count = count_of(f, equal);

    (void)fixture_wake(f, 0, quick);
    assert_int_equal(fixture_current(f, 0), hog.slot);
    expect(f, quick, WHY_NOT_PREEMPTED_LATER, sc_of(f->s, quick.slot)->vdeadline.vns,
           sc_of(f->s, hog.slot)->vdeadline.vns);
    expect_subject(f, quick, hog);
    assert_int_equal(count_of(f, equal), told_count);
    fixture_free(f);
}

/* Goal: a credit cut at the bound is told: what it was, what is left.  Method: a timer that comes
 * 97 ms late; who waited for it runs and blocks at once. */
static void test_why_clamped_leaving(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref ref;

    (void)state;
    (void)started(f, LATENCY_NORMAL, 1, 0);
    ref = started(f, LATENCY_NORMAL, 1, 0);
    f->now = mono_add(f->now, 100 * NS_PER_MS);
    fixture_decide(f, 0);
    assert_int_equal(fixture_current(f, 0), ref.slot);
    assert_int_equal(count_of(f, ref), 0);
    fixture_block(f, 0);
    expect(f, ref, WHY_CLAMPED_LEAVING, 50 * MS, (int64_t)(SLICE_NORMAL_NS + GRANULARITY_NS));
    fixture_free(f);
}

/* Goal: a lag that is not what it left with is told.  Method: as core/clock_test.c's: out of
 * contact, one whose CPU set makes it move arrives with a debt of a slice. */
static void test_why_clamped_arriving(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    const uint64_t only_1 = 2;

    (void)state;
    (void)started(f, LATENCY_NORMAL, 1, 0);
    struct thread_ref moved = started(f, LATENCY_NORMAL, 1, 0);

    (void)started(f, LATENCY_NORMAL, 2, 1);
    fixture_run(f, 500 * NS_PER_MS);
    while (fixture_current(f, 0) != moved.slot)
        fixture_run(f, NS_PER_MS);
    fixture_act(f, 0, sched_set_mask(f->s, 0, moved, &only_1, f->now));
    fixture_deliver_all(f);
    expect(f, moved, WHY_CLAMPED_ARRIVING, sc_of(f->s, moved.slot)->lag_vns,
           -(int64_t)(SLICE_NORMAL_NS + GRANULARITY_NS));
    struct why reasons[WHY_RECORD_COUNT];

    assert_true(why_read(f->s, moved.slot, reasons) >= 2);
    assert_int_equal(reasons[1].rule, WHY_MIGRATED_MASK);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_why_keeps_the_last_four),
        cmocka_unit_test(test_why_leaves_out_what_is_being_written),
        cmocka_unit_test(test_why_drops_what_is_newer_than_its_place),
        cmocka_unit_test(test_why_of_a_new_thread_is_empty),
        cmocka_unit_test(test_why_says_nothing_of_the_ordinary),
        cmocka_unit_test(test_why_placed_elsewhere),
        cmocka_unit_test(test_why_migrated),
        cmocka_unit_test(test_why_preempted_by_a_shorter_slice),
        cmocka_unit_test(test_why_preempted_at_the_end_of_a_slice),
        cmocka_unit_test(test_why_not_preempted),
        cmocka_unit_test(test_why_not_preempted_as_later),
        cmocka_unit_test(test_why_clamped_leaving),
        cmocka_unit_test(test_why_clamped_arriving),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
