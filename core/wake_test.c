/* SPDX-License-Identifier: MIT */
#include "core/fixture/fixture.h"
#include "core/wake_policy.h"

static struct thread_ref hog(struct fixture *f, uint32_t cpu, enum latency_class class)
{
    struct thread_ref ref = fixture_thread(f, 1024, class, UINT64_C(1) << cpu, cpu);

    (void)fixture_wake(f, cpu, ref);
    fixture_deliver_all(f);
    return ref;
}

/* Goal: the previous CPU first, if it is idle; the wake claims it. */
static void test_wake_prefers_the_idle_previous_cpu(void **state)
{
    struct fixture *f = fixture_new(4, 4, 0);
    struct thread_ref ref = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 2);
    struct decision d = fixture_wake(f, 0, ref);

    (void)state;
    assert_int_equal(d.kick_count, 1);
    assert_int_equal(d.kick[0], 2);
    assert_int_equal(d.rule, WHY_PLACED_PREVIOUS);
    assert_int_equal(port_load64(&f->s->clusters[0].idle.bits), 0xb);
    fixture_deliver_all(f);
    assert_int_equal(fixture_current(f, 2), ref.slot);
    fixture_free(f);
}

/* Goal: two wakes in a row never go to the same idle CPU. */
static void test_wake_claims_idle_cpus_once(void **state)
{
    struct fixture *f = fixture_new(4, 4, 0);

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        (void)fixture_wake(f, 3, fixture_thread(f, 1024, LATENCY_NORMAL, 0, 3));
    fixture_deliver_all(f);
    for (uint32_t cpu = 0; cpu < 4; cpu++)
        assert_int_not_equal(fixture_current(f, cpu), SLOT_NONE);
    fixture_free(f);
}

/* Goal: with nobody idle the previous CPU gets it; a mask without that CPU wins over it. */
static void test_wake_respects_the_mask(void **state)
{
    struct fixture *f = fixture_new(3, 8, 0);
    struct thread_ref stays;
    struct thread_ref narrow;

    (void)state;
    for (uint32_t cpu = 0; cpu < 3; cpu++)
        (void)hog(f, cpu, LATENCY_NORMAL);
    stays = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 1);
    narrow = fixture_thread(f, 1024, LATENCY_NORMAL, 4, 0);
    (void)fixture_wake(f, 0, stays);
    assert_int_equal(thread_word_read(f->s, stays.slot).cpu, 1);
    assert_int_equal(fixture_wake(f, 0, narrow).rule, WHY_PLACED_ALLOWED);
    assert_int_equal(thread_word_read(f->s, narrow.slot).cpu, 2);
    fixture_deliver_all(f);
    fixture_free(f);
}

/* Goal: an idle CPU of a further cluster is found.  Method: 128 CPUs, the first 64 busy. */
static void test_wake_finds_an_idle_cpu_in_the_next_cluster(void **state)
{
    struct fixture *f = fixture_new(128, 80, 0);
    struct thread_ref ref;

    (void)state;
    for (uint32_t cpu = 0; cpu < 64; cpu++)
        (void)hog(f, cpu, LATENCY_NORMAL);
    ref = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 10);
    uint64_t both[CPUMASK_WORDS] = {UINT64_MAX, UINT64_MAX};

    thread_mask_set(f->s, ref.slot, both);
    (void)fixture_wake(f, 0, ref);
    assert_int_equal(thread_word_read(f->s, ref.slot).cpu, 64);
    fixture_deliver_all(f);
    fixture_free(f);
}

/* Goal: who must be interrupted.  Method: a wake to a CPU that runs alone kicks; to one that has a
 * timer armed does not, unless the woken slice is shorter. */
static void test_wake_kicks_only_who_would_not_look(void **state)
{
    struct fixture *f = fixture_new(2, 8, 0);

    (void)state;
    (void)hog(f, 0, LATENCY_NORMAL);
    (void)hog(f, 1, LATENCY_NORMAL);
    assert_int_equal(
        fixture_wake(f, 0, fixture_thread(f, 1024, LATENCY_NORMAL, 2, 1)).kick_count, 1);
    fixture_deliver_all(f);
    assert_int_equal(
        fixture_wake(f, 0, fixture_thread(f, 1024, LATENCY_NORMAL, 2, 1)).kick_count, 0);
    assert_int_equal(
        fixture_wake(f, 0, fixture_thread(f, 1024, LATENCY_INTERACTIVE, 2, 1)).kick_count, 1);
    fixture_deliver_all(f);
    fixture_free(f);
}

/* Goal: at most one interrupt on its way per CPU.  Method: 5 wakes to one halted CPU, one kick. */
static void test_wake_coalesces_kicks(void **state)
{
    struct fixture *f = fixture_new(2, 8, 0);
    uint32_t kicks = 0;

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        kicks += fixture_wake(f, 0, fixture_thread(f, 1024, LATENCY_INTERACTIVE, 2, 1)).kick_count;
    assert_int_equal(kicks, 1);
    fixture_deliver_all(f);
    assert_int_equal(rq_of(f->s, 1)->stat.kick_count, 1);
    assert_int_equal(rq_queued_count(rq_of(f->s, 1)), 4);
    fixture_free(f);
}

/* Goal: a wake that queues somebody without taking the CPU from who runs needs no decision, and
 * what it says and publishes is what a decision would.  Method: a second hog of the same class, a
 * decision asked for all the same; then one of a shorter slice, and one past the slice's end. */
static void test_wake_that_does_not_preempt_needs_no_decision(void **state)
{
    struct fixture *f = fixture_new(1, 4, 0);
    struct rq *rq = rq_of(f->s, 0);

    (void)state;
    (void)hog(f, 0, LATENCY_NORMAL);
    f->now = mono_add(f->now, NS_PER_MS);
    struct decision d = fixture_wake(f, 0, fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0));

    assert_true(d.rearm);
    assert_false(d.resched);
    assert_int_equal(d.arm_at.ns, SLICE_NORMAL_NS);
    uint32_t published = port_load32(&rq->published);

    assert_int_equal(published & PUBLISHED_SOLO, 0);
    assert_int_equal(port_load64(&f->s->clusters[0].overload.bits), 1);
    fixture_decide(f, 0);
    assert_int_equal(f->arm_at[0].ns, SLICE_NORMAL_NS);
    assert_int_equal(port_load32(&rq->published), published);

    d = fixture_wake(f, 0, fixture_thread(f, 1024, LATENCY_INTERACTIVE, 0, 0));
    assert_false(d.rearm);
    assert_true(d.resched);
    f->now = f->arm_at[0];
    d = fixture_wake(f, 0, fixture_thread(f, 1024, LATENCY_BATCH, 0, 0));
    assert_false(d.rearm);
    assert_true(d.resched);
    fixture_free(f);
}

/* ---- The rows of core/wake_policy.h ---- */

struct row {
    enum wake_source source;
    uint32_t new_rule;     /* of a new thread where three are and elsewhere one */
    uint32_t blocked_rule; /* of one that waits, woken by who is alone on another CPU */
};

static const struct row rows[] = {
    {WAKE_TIMER, WHY_PLACED_PREVIOUS, WHY_PLACED_PREVIOUS},
    {WAKE_PARK, WHY_PLACED_PREVIOUS, WHY_PLACED_PREVIOUS},
    {WAKE_JOIN, WHY_PLACED_PREVIOUS, WHY_PLACED_WAKER},
    {WAKE_START, WHY_PLACED_FEWER, WHY_PLACED_PREVIOUS},
    {WAKE_ENDPOINT, WHY_PLACED_PREVIOUS, WHY_PLACED_WAKER},
    {WAKE_PROCESS, WHY_PLACED_PREVIOUS, WHY_PLACED_PREVIOUS},
    {WAKE_IRQ, WHY_PLACED_PREVIOUS, WHY_PLACED_PREVIOUS},
};

_Static_assert(ARRAY_COUNT(rows) == WAKE_SOURCE_COUNT, "each source has a row");

/* Goal: a new thread goes where fewer are if it is started, and by no other source.  Method: each
 * source; three threads on CPU 0, where it was made, one on each of the others. */
static void test_wake_row_spreads(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct fixture *f = fixture_new(3, 8, 0);

        for (uint32_t cpu = 0; cpu < 3; cpu++)
            (void)hog(f, cpu, LATENCY_NORMAL);
        (void)hog(f, 0, LATENCY_NORMAL);
        (void)hog(f, 0, LATENCY_NORMAL);
        struct thread_ref ref = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0);

        assert_int_equal(fixture_wake_by(f, 0, ref, rows[i].source).rule, rows[i].new_rule);
        assert_int_equal(thread_word_read(f->s, ref.slot).cpu == 0,
                         rows[i].new_rule == WHY_PLACED_PREVIOUS);
        fixture_deliver_all(f);
        fixture_free(f);
    }
}

/* What speaks against the waker's CPU. */
enum against { NOTHING, ITS_MASK, ANOTHER_WAITS, AN_IDLE_CPU, NO_CONTACT, AGAINST_COUNT };

/* A thread that ran last on CPU 1, where somebody runs now, is woken by `source` from CPU 0. */
static uint32_t rule_of_wake_from_0(enum wake_source source, enum against against)
{
    struct fixture *f = fixture_new(against == AN_IDLE_CPU ? 3 : 2, 8, 0);
    struct thread_ref ref = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 1);
    uint64_t own = 2;

    (void)fixture_wake(f, 1, ref);
    fixture_block(f, 1);
    if (against == ITS_MASK)
        thread_mask_set(f->s, ref.slot, &own);
    if (against == NO_CONTACT)
        (void)clock_shift(f->s, rq_of(f->s, 0), 10 * (int64_t)CLOCK_CONTACT_NS_MAX, f->now);
    (void)hog(f, 0, LATENCY_NORMAL);
    (void)hog(f, 1, LATENCY_NORMAL);
    if (against == ANOTHER_WAITS)
        (void)hog(f, 0, LATENCY_NORMAL);
    struct decision d = fixture_wake_by(f, 0, ref, source);
    struct thread_word word = thread_word_read(f->s, ref.slot);

    assert_int_equal(word.cpu, d.rule == WHY_PLACED_WAKER ? 0 : d.rule == WHY_PLACED_IDLE ? 2 : 1);
    fixture_deliver_all(f);
    fixture_free(f);
    return d.rule;
}

/* Goal: who is woken by one that leaves its CPU goes there, by no other source.  Method: each. */
static void test_wake_row_stays_with_waker(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_int_equal(rule_of_wake_from_0(rows[i].source, NOTHING), rows[i].blocked_rule);
}

/* Goal: but not outside its mask, nor behind others, nor past an idle CPU, nor between clocks that
 * are out of contact.  Method: the sources whose row lets them, each of these. */
static void test_wake_stays_with_waker_only_if_it_helps(void **state)
{
    static const uint32_t expected[AGAINST_COUNT] = {
        [NOTHING] = WHY_PLACED_WAKER,       [ITS_MASK] = WHY_PLACED_PREVIOUS,
        [ANOTHER_WAITS] = WHY_PLACED_PREVIOUS, [AN_IDLE_CPU] = WHY_PLACED_IDLE,
        [NO_CONTACT] = WHY_PLACED_PREVIOUS,
    };

    (void)state;
    for (uint32_t against = 0; against < AGAINST_COUNT; against++) {
        assert_int_equal(rule_of_wake_from_0(WAKE_JOIN, (enum against)against), expected[against]);
        assert_int_equal(rule_of_wake_from_0(WAKE_ENDPOINT, (enum against)against),
                         expected[against]);
    }
}

/* Goal: the woken thread is the next to run where who woke it ends.  Method: a join: CPU 0's thread
 * wakes the one that waits for it, then exits. */
static void test_wake_by_who_ends_runs_next_there(void **state)
{
    struct fixture *f = fixture_new(2, 8, 0);
    struct thread_ref ref = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 1);

    (void)state;
    (void)fixture_wake(f, 1, ref);
    fixture_block(f, 1);
    (void)hog(f, 0, LATENCY_NORMAL);
    (void)hog(f, 1, LATENCY_NORMAL);
    assert_int_equal(fixture_wake_by(f, 0, ref, WAKE_JOIN).kick_count, 0);
    fixture_exit(f, 0);
    assert_int_equal(fixture_current(f, 0), ref.slot);
    assert_int_equal(rq_of(f->s, 0)->stat.steal_count, 0);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wake_prefers_the_idle_previous_cpu),
        cmocka_unit_test(test_wake_claims_idle_cpus_once),
        cmocka_unit_test(test_wake_respects_the_mask),
        cmocka_unit_test(test_wake_finds_an_idle_cpu_in_the_next_cluster),
        cmocka_unit_test(test_wake_kicks_only_who_would_not_look),
        cmocka_unit_test(test_wake_coalesces_kicks),
        cmocka_unit_test(test_wake_that_does_not_preempt_needs_no_decision),
        cmocka_unit_test(test_wake_row_spreads),
        cmocka_unit_test(test_wake_row_stays_with_waker),
        cmocka_unit_test(test_wake_stays_with_waker_only_if_it_helps),
        cmocka_unit_test(test_wake_by_who_ends_runs_next_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
