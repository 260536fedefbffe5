/* SPDX-License-Identifier: MIT */
#include "core/overload.h"
#include "core/fixture/fixture.h"

#define MS NS_PER_MS

static struct thread_ref start(struct fixture *f, enum latency_class class, uint64_t mask)
{
    struct thread_ref ref = fixture_thread(f, 1024, class, mask, 0);

    (void)fixture_wake(f, 0, ref);
    return ref;
}

static void run_windows(struct fixture *f, unsigned count)
{
    fixture_run(f, count * OVERLOAD_WINDOW_NS + 2 * PUSH_CHECK_NS);
}

/* Goal: more than OVERLOAD_COUNT_MAX runnable is overload, once, until they are gone.  Method: one
 * more than that; they end; the limit itself is none. */
static void test_overload_by_count_begins_and_ends(void **state)
{
    struct fixture *f = fixture_new(1, OVERLOAD_COUNT_MAX + 2, 0);
    struct rq *rq = rq_of(f->s, 0);

    (void)state;
    for (unsigned i = 0; i < OVERLOAD_COUNT_MAX; i++)
        (void)start(f, LATENCY_INTERACTIVE, 1);
    run_windows(f, 3);
    assert_int_equal(rq->stat.overload_count, 0);
    (void)start(f, LATENCY_INTERACTIVE, 1);
    run_windows(f, 3);
    assert_int_equal(rq->stat.overload_count, 1);
    assert_true(overload_is_on(rq));
    for (unsigned i = 0; i < OVERLOAD_COUNT_MAX / 2 + 1; i++)
        fixture_exit(f, 0);
    assert_false(overload_is_on(rq)); /* at once, the next look only says so */
    run_windows(f, 2);
    assert_int_equal(rq->overload.from_count, UINT32_MAX);
    assert_int_equal(rq->stat.overload_count, 1);
    fixture_free(f);
}

/* Goal: a standing queue is overload, however few they are; one that somebody passes is none.
 * Method: 14 of the longest slice; then one of short runs among them, which waits little. */
static void test_overload_by_sojourn_is_a_standing_queue(void **state)
{
    struct fixture *f = fixture_new(1, 16, 0);
    struct rq *rq = rq_of(f->s, 0);
    struct thread_ref brief = fixture_thread(f, 1024, LATENCY_INTERACTIVE, 1, 0);

    (void)state;
    for (unsigned i = 0; i < 14; i++)
        (void)start(f, LATENCY_BATCH, 1);
    for (unsigned i = 0; i < 60; i++) {
        (void)fixture_wake(f, 0, brief);
        for (unsigned turn = 0; turn < 10000 && fixture_current(f, 0) != brief.slot; turn++)
            fixture_run(f, MS / 10);
        fixture_run(f, MS / 10);
        if (fixture_current(f, 0) == brief.slot)
            fixture_block(f, 0);
        fixture_run(f, 20 * MS);
    }
    assert_int_equal(rq->stat.overload_count, 0);
    run_windows(f, 8);
    assert_in_range(rq->stat.overload_count, 1, 3);
    fixture_free(f);
}

/* Goal: in overload a shorter slice does not preempt, and fairness does not push. */
static void test_overload_drops_what_is_dear(void **state)
{
    struct fixture *f = fixture_new(2, OVERLOAD_COUNT_MAX + 4, 0);
    struct rq *rq = rq_of(f->s, 0);
    struct thread_ref brief = fixture_thread(f, 1024, LATENCY_INTERACTIVE, 1, 0);
    struct thread_ref hog = fixture_thread(f, 1024, LATENCY_NORMAL, 2, 1);

    (void)state;
    (void)fixture_wake(f, 1, hog);
    fixture_deliver_all(f);
    for (unsigned i = 0; i < OVERLOAD_COUNT_MAX + 1; i++)
        (void)start(f, LATENCY_NORMAL, 1);
    run_windows(f, 2);
    assert_true(overload_is_on(rq));
    fixture_run(f, MS); /* who runs is in the middle of its slice */
    uint32_t runs = fixture_current(f, 0);

    (void)fixture_wake(f, 0, brief);
    assert_int_equal(fixture_current(f, 0), runs);
    uint64_t both[CPUMASK_WORDS] = {3};

    fixture_act(f, 0, sched_set_mask(f->s, 0, brief, both, f->now));
    run_windows(f, 3);
    assert_int_equal(rq->stat.push_count, 0);
    fixture_free(f);
}

/* Goal: migration that cannot keep up is said, and one look that finds nobody far ahead is enough
 * not to.  Method: looks of one window, all of which found somebody far ahead, and all but one. */
static void test_overload_says_that_it_stays_behind(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct rq *rq = rq_of(f->s, 0);

    (void)state;
    for (unsigned i = 0; i < 30; i++)
        overload_note_push(rq, true, 123456789);
    rq->overload.window_end = f->now;
    overload_look(f->s, rq, f->now);
    assert_int_equal(rq->why.rule, WHY_OVERLOAD_BEHIND);
    assert_int_equal(rq->why.a, 123456789);
    for (unsigned i = 0; i < 30; i++)
        overload_note_push(rq, i > 0, 5);
    rq->why.rule = WHY_NONE;
    rq->overload.window_end = f->now;
    overload_look(f->s, rq, f->now);
    assert_int_equal(rq->why.rule, WHY_NONE); /* once it was not: it keeps up */
    fixture_free(f);
}

/* Goal: the published bound of latency is a slice of each, and nobody queued there waits longer
 * while nobody comes.  Method: 3 classes; from each queueing to running. */
static void test_overload_latency_bound_holds(void **state)
{
    struct fixture *f = fixture_new(1, 8, 0);
    struct rq *rq = rq_of(f->s, 0);
    uint64_t longest_ns = 0;

    (void)state;
    for (unsigned i = 0; i < 6; i++)
        (void)start(f, (enum latency_class)(i % 3), 1);
    uint64_t bound_ns = rq_latency_bound_ns(rq);

    assert_int_equal(bound_ns, 2 * (SLICE_BATCH_NS + SLICE_NORMAL_NS + SLICE_INTERACTIVE_NS));
    for (unsigned i = 0; i < 20000; i++) {
        fixture_run(f, SLICE_INTERACTIVE_NS);
        const struct sc *c = sc_of(f->s, fixture_current(f, 0));
        uint64_t waited_ns = (uint64_t)mono_diff_ns(rq->stretch_start, c->queued_at);

        longest_ns = waited_ns > longest_ns ? waited_ns : longest_ns;
    }
    assert_in_range(longest_ns, SLICE_INTERACTIVE_NS, bound_ns);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overload_by_count_begins_and_ends),
        cmocka_unit_test(test_overload_by_sojourn_is_a_standing_queue),
        cmocka_unit_test(test_overload_drops_what_is_dear),
        cmocka_unit_test(test_overload_says_that_it_stays_behind),
        cmocka_unit_test(test_overload_latency_bound_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
