/* SPDX-License-Identifier: MIT */
#include "workload/step.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cpumask.h"
#include "workload/test_reading.h"

#define MS NS_PER_MS
#define US NS_PER_US

/* Not 0, so that a forgotten start shows. */
#define START ((struct mono){7 * NS_PER_S})

static struct step_shared shared;
static struct step_thread thread;
static struct test_reading reading;

static struct mono at(uint64_t ns_after_start)
{
    return mono_add(START, ns_after_start);
}

static int teardown(void **state)
{
    (void)state;
    test_fini(&reading);
    return 0;
}

/* Begin thread 0 of a file whose only task has this body. */
static void begin(const char *body)
{
    shared = (struct step_shared){0};
    test_read_body(&reading, body);
    step_init(&thread, &reading.image, 0, START, MONO_NEVER);
}

static struct step_action next(uint64_t ns_after_start)
{
    return step_next(&thread, &shared, at(ns_after_start));
}

static void expect_run(uint64_t ns_after_start, uint64_t us)
{
    struct step_action action = next(ns_after_start);

    assert_int_equal(action.kind, STEP_RUN);
    assert_int_equal(action.ns, us * US);
}

static void expect_sleep(uint64_t ns_after_start, uint64_t until_ns)
{
    struct step_action action = next(ns_after_start);

    assert_int_equal(action.kind, STEP_SLEEP_UNTIL);
    assert_int_equal(mono_diff_ns(action.at, at(until_ns)), 0);
}

static void expect_kind(uint64_t ns_after_start, enum step_kind kind)
{
    assert_int_equal(next(ns_after_start).kind, kind);
}

static struct result_thread result_of(const struct step_thread *t)
{
    struct result_thread result = {0};

    step_result(t, &result);
    return result;
}

/* ---- Start and end ------------------------------------------------------------------------- */

/* Goal: threads start 100 us apart, closer when there are many.  Method: 2, 100, 1000 threads. */
static void test_step_start_offsets(void **state)
{
    static const struct {
        const char *body;
        uint64_t apart_ns;
        uint32_t last;
    } cases[] = {
        {"\"instance\":2,\"run\":1", 100 * US, 1},
        {"\"instance\":100,\"run\":1", 100 * US, 99},
        {"\"instance\":1000,\"run\":1", 10 * US, 999},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        test_fini(&reading);
        begin(cases[i].body);
        assert_int_equal(step_start_offset_ns(&reading.image, 0), 0);
        assert_int_equal(step_start_offset_ns(&reading.image, cases[i].last),
                         cases[i].apart_ns * cases[i].last);
        assert_true(step_start_offset_ns(&reading.image, cases[i].last) <
                    WORKLOAD_START_SPREAD_NS_MAX);
    }
}

/* Goal: asked too early, a thread sleeps until offset and delay are over, and that is no latency.
 * Method: the second of two threads with a delay. */
static void test_step_waits_for_its_start(void **state)
{
    (void)state;
    begin("\"instance\":2,\"delay\":50,\"sleep\":1");
    step_init(&thread, &reading.image, 1, START, MONO_NEVER);
    expect_sleep(0, 150 * US);
    expect_sleep(151 * US, 152 * US);
    assert_int_equal(thread.wake_latency.count, 0);
    assert_int_equal(thread.activations, 0);
}

/* Goal: at the end nothing counts any more.  Method: an action completes 1 ns before, and at. */
static void test_step_end(void **state)
{
    (void)state;
    begin("\"run\":10");
    step_init(&thread, &reading.image, 0, START, at(100));
    expect_run(0, 10);
    expect_run(99, 10);
    assert_int_equal(thread.activations, 1);
    expect_kind(100, STEP_DONE);
    expect_kind(200, STEP_DONE);
    assert_int_equal(thread.activations, 1);
}

/* ---- Phases and loops ---------------------------------------------------------------------- */

/* Goal: phases turn `loop` times in order, the task repeats them, then the thread is done.
 * Method: 2 x (2 x a, b); an activation for each turn. */
static void test_step_loops(void **state)
{
    (void)state;
    begin("\"loop\":2,\"phases\":{\"a\":{\"loop\":2,\"run\":1},\"b\":{\"run\":2,\"runtime\":3}}");
    for (unsigned turn = 0; turn < 2; turn++) {
        expect_run(0, 1);
        expect_run(0, 1);
        expect_run(0, 2);
        expect_kind(0, STEP_RUNTIME);
    }
    assert_int_equal(thread.activations, 5);
    expect_kind(0, STEP_DONE);
    assert_int_equal(thread.activations, 6);
    expect_kind(0, STEP_DONE);
    assert_int_equal(thread.activations, 6);
}

/* Goal: without "loop" a task goes on for ever; with it, that many turns.  Method: both. */
static void test_step_direct_events(void **state)
{
    (void)state;
    begin("\"run\":1");
    for (unsigned turn = 0; turn < 1000; turn++)
        expect_run(turn, 1);
    test_fini(&reading);
    begin("\"loop\":3,\"run\":1");
    for (unsigned turn = 0; turn < 3; turn++)
        expect_run(turn, 1);
    expect_kind(3, STEP_DONE);
}

/* Goal: a phase that loops for ever is the last.  Method: a second one is never reached. */
static void test_step_phase_for_ever(void **state)
{
    (void)state;
    begin("\"phases\":{\"a\":{\"loop\":-1,\"run\":1},\"b\":{\"run\":2}}");
    for (unsigned turn = 0; turn < 1000; turn++)
        expect_run(turn, 1);
    assert_int_equal(thread.activations, 999);
}

/* Goal: a phase's CPUs are set at its start and the task's come back.
 * Method: phases with the task's set, an own one for two turns, and the task's again. */
static void test_step_masks(void **state)
{
    (void)state;
    begin("\"cpus\":[2],\"phases\":{\"a\":{\"run\":1},\"b\":{\"cpus\":[0,3],\"loop\":2,\"run\":2},"
          "\"c\":{\"run\":3}}");
    assert_int_equal(workload_image_mask(&reading.image, thread.mask)[0], 4);
    expect_run(0, 1);

    struct step_action action = next(1);

    assert_int_equal(action.kind, STEP_SET_MASK);
    assert_int_equal(workload_image_mask(&reading.image, action.object)[0], 9);
    expect_run(2, 2);
    expect_run(3, 2);
    action = next(4);
    assert_int_equal(action.kind, STEP_SET_MASK);
    assert_int_equal(workload_image_mask(&reading.image, action.object)[0], 4);
    expect_run(5, 3);
    expect_run(6, 1);
}

/* Goal: from a phase's CPUs back to all.  Method: a task without CPUs. */
static void test_step_mask_all(void **state)
{
    (void)state;
    begin("\"phases\":{\"a\":{\"cpus\":[1],\"run\":1},\"b\":{\"run\":2}}");
    assert_int_equal(thread.mask, WORKLOAD_INDEX_NONE);
    expect_kind(0, STEP_SET_MASK);
    expect_run(0, 1);
    assert_int_equal(next(0).object, WORKLOAD_INDEX_NONE);
    assert_null(workload_image_mask(&reading.image, thread.mask));
}

/* ---- Timers --------------------------------------------------------------------------------- */

/* Goal: a timer's first period begins at the thread's start; slack and latency as rt-app has them.
 * Method: 10 ms of 100, woken 5 us late, twice. */
static void test_step_timer(void **state)
{
    (void)state;
    begin("\"run\":10000,\"timer\":{\"ref\":\"unique\",\"period\":100000}");
    expect_run(0, 10000);
    expect_sleep(10 * MS, 100 * MS);
    expect_run(100 * MS + 5 * US, 10000);
    expect_sleep(130 * MS, 200 * MS);
    expect_run(200 * MS + 7 * US, 10000);

    struct result_thread result = result_of(&thread);

    assert_int_equal(result.activations, 2);
    assert_int_equal(result.slack_min_ns, 70 * MS);
    assert_int_equal(result.slack_mean_ns, 80 * MS);
    assert_int_equal(result.deadline_misses, 0);
    assert_int_equal(result.wake_latency_min_ns, 5 * US);
    assert_int_equal(result.wake_latency_max_ns, 7 * US);
    assert_int_equal(result.wake_latency_mean_ns, 6 * US);
}

/* Goal: a missed period of a relative timer moves its grid.  Method: the tutorial's figure: runs of
 * 10, 30 and 10 ms with a timer of 20; the third begins at 50 and its timer is due at 70. */
static void test_step_timer_relative_miss(void **state)
{
    (void)state;
    begin("\"run\":1,\"timer\":{\"ref\":\"unique\",\"period\":20000,\"mode\":\"relative\"}");
    expect_run(0, 1);
    expect_sleep(10 * MS, 20 * MS);
    expect_run(20 * MS, 1);
    expect_sleep(50 * MS, 40 * MS);
    expect_run(50 * MS, 1);
    expect_sleep(60 * MS, 70 * MS);

    struct result_thread result = result_of(&thread);

    assert_int_equal(result.deadline_misses, 1);
    assert_int_equal(result.slack_min_ns, -10 * (int64_t)MS);
    assert_int_equal(thread.wake_latency.count, 1);
}

/* Goal: an absolute timer keeps its grid and catches up.  Method: the same, due at 60. */
static void test_step_timer_absolute_miss(void **state)
{
    (void)state;
    begin("\"run\":1,\"timer\":{\"ref\":\"unique\",\"period\":20000,\"mode\":\"absolute\"}");
    expect_run(0, 1);
    expect_sleep(10 * MS, 20 * MS);
    expect_run(20 * MS, 1);
    expect_sleep(50 * MS, 40 * MS);
    expect_run(50 * MS, 1);
    expect_sleep(61 * MS, 60 * MS);
    expect_run(61 * MS, 1);
    expect_sleep(71 * MS, 80 * MS);
    assert_int_equal(result_of(&thread).deadline_misses, 2);
}

/* Goal: exactly in time is neither a miss nor a wake.  Method: slack 0. */
static void test_step_timer_in_time(void **state)
{
    (void)state;
    begin("\"run\":1,\"timer\":{\"ref\":\"unique\",\"period\":20}");
    expect_run(0, 1);
    expect_sleep(20 * US, 20 * US);
    expect_run(20 * US, 1);
    assert_int_equal(result_of(&thread).deadline_misses, 0);
    assert_int_equal(result_of(&thread).slack_min_ns, 0);
    assert_int_equal(thread.wake_latency.count, 0);
}

/* Goal: period 0 (rt-app's template) never sleeps and is no miss.  Method: two turns. */
static void test_step_timer_period_0(void **state)
{
    (void)state;
    begin("\"run\":1,\"timer\":{\"ref\":\"unique\",\"period\":0}");
    expect_run(0, 1);
    assert_true(mono_diff_ns(next(5).at, at(5)) <= 0);
    expect_run(6, 1);
    assert_int_equal(result_of(&thread).deadline_misses, 0);
    assert_int_equal(result_of(&thread).slack_min_ns, RESULT_UNKNOWN);
}

/* Goal: one name within a thread is one timer, another name another.
 * Method: two phases with the same unique timer, a third with its own. */
static void test_step_timer_names(void **state)
{
    (void)state;
    begin("\"phases\":{\"a\":{\"timer\":{\"ref\":\"unique\",\"period\":10}},"
          "\"b\":{\"timer\":{\"ref\":\"unique\",\"period\":10}},"
          "\"c\":{\"timer\":{\"ref\":\"uniqueC\",\"period\":100}}}");
    expect_sleep(0, 10 * US);
    expect_sleep(10 * US, 20 * US);
    expect_sleep(20 * US, 100 * US);
}

/* Goal: instances have unique timers of their own and share the others.
 * Method: two threads take turns at the same instant. */
static void test_step_timer_shared(void **state)
{
    static struct step_thread other;

    (void)state;
    begin("\"instance\":2,\"timer0\":{\"ref\":\"all\",\"period\":10},"
          "\"timer1\":{\"ref\":\"unique\",\"period\":1000}");
    step_init(&other, &reading.image, 1, START, MONO_NEVER);
    assert_true(step_uses_shared(&thread));

    struct step_action first = step_next(&thread, &shared, at(200 * US));
    struct step_action second = step_next(&other, &shared, at(200 * US));

    assert_true(mono_before(first.at, at(200 * US)));         /* missed: set to 200 */
    assert_int_equal(mono_diff_ns(second.at, at(210 * US)), 0); /* so due at 210 */

    first = step_next(&thread, &shared, at(210 * US));
    second = step_next(&other, &shared, at(210 * US));
    assert_int_equal(mono_diff_ns(first.at, at(1000 * US)), 0);
    assert_int_equal(mono_diff_ns(second.at, at(1100 * US)), 0); /* its own start is 100 later */
}

/* Goal: the lock is asked for only where it is needed.  Method: a unique timer only. */
static void test_step_unique_needs_no_lock(void **state)
{
    (void)state;
    begin("\"timer\":{\"ref\":\"unique\",\"period\":10}");
    assert_false(step_uses_shared(&thread));
}

/* Goal: of two timers in a turn the last one's slack counts, or with cumulative_slack the sum.
 * Method: the same turn both ways: slacks of 4 and 14 us. */
static void test_step_slack_of_a_turn(void **state)
{
    static const struct {
        const char *flag;
        int64_t slack_us;
    } cases[] = {{"false", 14}, {"true", 18}};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char *text;

        assert_true(asprintf(&text,
                             "{\"tasks\":{\"t\":{\"run\":1,\"timer\":{\"ref\":\"unique1\","
                             "\"period\":5},\"timer\":{\"ref\":\"unique2\",\"period\":20}}},"
                             "\"global\":{\"cumulative_slack\":%s}}",
                             cases[i].flag) > 0);
        test_fini(&reading);
        test_read(&reading, text);
        free(text);
        step_init(&thread, &reading.image, 0, START, MONO_NEVER);
        expect_run(0, 1);
        expect_sleep(1 * US, 5 * US);
        expect_sleep(6 * US, 20 * US);
        expect_run(20 * US, 1);
        assert_int_equal(thread.slack_count, 1);
        assert_int_equal(result_of(&thread).slack_min_ns, cases[i].slack_us * (int64_t)US);
    }
}

/* ---- Sleep, run, objects -------------------------------------------------------------------- */

/* Goal: a task without timers counts the latency of its sleeps.  Method: 3 us late. */
static void test_step_sleep_latency(void **state)
{
    (void)state;
    begin("\"sleep\":10");
    expect_sleep(0, 10 * US);
    expect_sleep(13 * US, 23 * US);
    assert_int_equal(result_of(&thread).wake_latency_max_ns, 3 * US);
    assert_int_equal(result_of(&thread).deadline_misses, RESULT_UNKNOWN);
    assert_int_equal(result_of(&thread).slack_mean_ns, RESULT_UNKNOWN);
}

/* Goal: a task with a timer counts only that, as rt-app.  Method: a late sleep, a timer wake. */
static void test_step_sleep_beside_timer(void **state)
{
    (void)state;
    begin("\"sleep\":10,\"timer\":{\"ref\":\"unique\",\"period\":100}");
    expect_sleep(0, 10 * US);
    expect_sleep(50 * US, 100 * US);
    expect_sleep(102 * US, 112 * US);
    assert_int_equal(thread.wake_latency.count, 1);
    assert_int_equal(result_of(&thread).wake_latency_max_ns, 2 * US);
}

/* Goal: "sleep": 0 is no wake.  Method: it is due at once and leaves no sample. */
static void test_step_sleep_0(void **state)
{
    (void)state;
    begin("\"sleep\":0");
    expect_sleep(4, 4);
    expect_sleep(9, 9);
    assert_int_equal(thread.wake_latency.count, 0);
    assert_int_equal(thread.activations, 1);
}

/* Goal: runtime ends at an instant of the clock.  Method: begun at 3 us. */
static void test_step_runtime(void **state)
{
    (void)state;
    begin("\"runtime\":10");

    struct step_action action = next(3 * US);

    assert_int_equal(action.kind, STEP_RUNTIME);
    assert_int_equal(mono_diff_ns(action.at, at(13 * US)), 0);
}

/* Goal: events on objects name the right ones.  Method: one of each kind, names read back. */
static void test_step_objects(void **state)
{
    static const struct {
        enum step_kind kind;
        const char *name;
    } steps[] = {{STEP_LOCK, "m"},    {STEP_WAIT, "c"},    {STEP_UNLOCK, "m"},
                 {STEP_SIGNAL, "c"},  {STEP_BROADCAST, "tt"}, {STEP_SUSPEND, "tt"},
                 {STEP_SUSPEND, "s"}};
    const struct workload_image *image = &reading.image;

    (void)state;
    begin("\"lock\":\"m\",\"wait\":{\"ref\":\"c\",\"mutex\":\"m\"},\"unlock\":\"m\","
          "\"signal\":\"c\",\"resume\":\"tt\",\"suspend\",\"suspend\":\"s\"");
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        struct step_action action = next(0);

        assert_int_equal(action.kind, steps[i].kind);
        assert_string_equal(workload_image_name(image, image->objects[action.object].name),
                            steps[i].name);
        if (action.kind == STEP_WAIT)
            assert_string_equal(workload_image_name(image, image->objects[action.mutex].name), "m");
    }
    assert_int_equal(next(0).kind, STEP_LOCK);
    assert_int_equal(thread.activations, 1);
}

/* Goal: an overshoot is taken off the next run.  Method: 20 us late, then in time. */
static void test_step_run_carry(void **state)
{
    (void)state;
    begin("\"run\":1");
    assert_int_equal(step_run_target(&thread, 0, 100 * US), 100 * US);
    assert_int_equal(step_run_target(&thread, 120 * US, 100 * US), 200 * US);
    assert_int_equal(step_run_target(&thread, 200 * US, 100 * US), 300 * US);
}

/* Goal: more than the carry is not made good.  Method: 1 ms of CPU time between two runs. */
static void test_step_run_carry_bound(void **state)
{
    (void)state;
    begin("\"run\":1");
    assert_int_equal(step_run_target(&thread, 0, 100 * US), 100 * US);
    assert_int_equal(step_run_target(&thread, 1100 * US, 50 * US), 1050 * US);
}

/* Goal: a run that was cut short does not lengthen the next.  Method: ledger before the target. */
static void test_step_run_after_a_cut(void **state)
{
    (void)state;
    begin("\"run\":1");
    assert_int_equal(step_run_target(&thread, 0, 100 * US), 100 * US);
    assert_int_equal(step_run_target(&thread, 40 * US, 10 * US), 50 * US);
}

/* Goal: runs cost the sum of their durations.  Method: 10,000 runs, each up to the carry late. */
static void test_step_run_sum(void **state)
{
    uint64_t ledger = 0;

    (void)state;
    begin("\"run\":1");
    for (uint64_t i = 0; i < 10000; i++) {
        uint64_t target = step_run_target(&thread, ledger, 30 * US);

        if (ledger < target)
            ledger = target + i * 7919 % STEP_RUN_CARRY_NS_MAX;
    }
    assert_true(ledger >= 10000 * 30 * US);
    assert_true(ledger < 10000 * 30 * US + STEP_RUN_CARRY_NS_MAX);
}

/* Goal: what was not measured is unknown, not 0.  Method: a thread that did nothing. */
static void test_step_result_unknown(void **state)
{
    (void)state;
    begin("\"run\":1");

    struct result_thread result = result_of(&thread);

    assert_int_equal(result.activations, 0);
    assert_int_equal(result.wake_latency_min_ns, RESULT_UNKNOWN);
    assert_int_equal(result.wake_latency_p99_ns, RESULT_UNKNOWN);
    assert_int_equal(result.slack_min_ns, RESULT_UNKNOWN);
    assert_int_equal(result.deadline_misses, RESULT_UNKNOWN);
}

/* Goal: a thread that is not in the image is a bug.  Method: an assertion fails. */
static void test_step_thread_range(void **state)
{
    (void)state;
    begin("\"run\":1");
    expect_assert_failure(step_init(&thread, &reading.image, 1, START, MONO_NEVER));
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_step_start_offsets),
        TEST(test_step_waits_for_its_start),
        TEST(test_step_end),
        TEST(test_step_loops),
        TEST(test_step_direct_events),
        TEST(test_step_phase_for_ever),
        TEST(test_step_masks),
        TEST(test_step_mask_all),
        TEST(test_step_timer),
        TEST(test_step_timer_relative_miss),
        TEST(test_step_timer_absolute_miss),
        TEST(test_step_timer_in_time),
        TEST(test_step_timer_period_0),
        TEST(test_step_timer_names),
        TEST(test_step_timer_shared),
        TEST(test_step_unique_needs_no_lock),
        TEST(test_step_slack_of_a_turn),
        TEST(test_step_sleep_latency),
        TEST(test_step_sleep_beside_timer),
        TEST(test_step_sleep_0),
        TEST(test_step_runtime),
        TEST(test_step_objects),
        TEST(test_step_run_carry),
        TEST(test_step_run_carry_bound),
        TEST(test_step_run_after_a_cut),
        TEST(test_step_run_sum),
        TEST(test_step_result_unknown),
        TEST(test_step_thread_range),
    };

    return cmocka_run_group_tests_name("workload/step", tests, NULL, NULL);
}
