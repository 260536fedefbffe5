/* SPDX-License-Identifier: MIT */
#include "core/fixture/fixture.h"

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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
