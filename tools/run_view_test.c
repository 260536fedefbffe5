/* SPDX-License-Identifier: MIT */
#include "tools/run_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tools/test_run.h"

/* Goal: sets read as people write them, and a cut one looks cut.  Method: a table of sets. */
static void test_cpumask_text(void **state)
{
    (void)state;
    struct cpumask mask = {{0}};
    char text[RUN_CPUS_BYTES], narrow[4];

    cpumask_text(&mask, text, sizeof text);
    assert_string_equal(text, "");
    cpumask_set(mask.words, 5);
    cpumask_text(&mask, text, sizeof text);
    assert_string_equal(text, "5");
    cpumask_set(mask.words, 0);
    cpumask_set(mask.words, 1);
    cpumask_set(mask.words, 1023);
    cpumask_text(&mask, text, sizeof text);
    assert_string_equal(text, "0-1,5,1023");
    cpumask_text(&mask, narrow, sizeof narrow);
    assert_string_equal(narrow, "0-~");
    cpumask_fill(mask.words, CPUMASK_WORDS, CPU_MAX);
    cpumask_text(&mask, text, sizeof text);
    assert_string_equal(text, "0-1023");
}

/* Goal: a lone thread has its task's name, one of several a number too.  Method: 1 and 3. */
static void test_run_thread_name(void **state)
{
    (void)state;
    static const char json[] = "{\"tasks\": {\"solo\": {\"run\": 1},"
                               " \"crew\": {\"instance\": 3, \"run\": 1}}}";
    char name[RUN_NAME_BYTES];
    struct test_run run;

    test_run_init(&run, json, 1);
    run_thread_name(&run.view, 0, name);
    assert_string_equal(name, "solo");
    run_thread_name(&run.view, 1, name);
    assert_string_equal(name, "crew-0");
    run_thread_name(&run.view, 3, name);
    assert_string_equal(name, "crew-2");
    test_run_fini(&run);
}

/* Goal: a thread that is there to be forked counts only when it was.  Method: room for three, of
 * which one ran; a thread of the start whose figures are unknown. */
static void test_run_was_started(void **state)
{
    (void)state;
    static const char json[] = "{\"tasks\": {\"f\": {\"loop\": 3, \"fork\": \"c\"},"
                               " \"c\": {\"instance\": 0, \"run\": 1}}}";
    struct test_run run;

    test_run_init(&run, json, 1);
    test_run_thread(&run, 0)->runtime_ns = RESULT_UNKNOWN;
    test_run_thread(&run, 1)->runtime_ns = 5;
    test_run_thread(&run, 2)->runtime_ns = RESULT_UNKNOWN;
    test_run_thread(&run, 3)->runtime_ns = RESULT_UNKNOWN;
    assert_true(run_was_started(&run.view, 0));
    assert_true(run_was_started(&run.view, 1));
    assert_false(run_was_started(&run.view, 2));
    assert_int_equal(run_started_count(&run.view), 2);
    test_run_fini(&run);
}

/* Goal: a task's CPUs are those of all its phases, below the machine's number.  Method: a phase
 * with a set of its own beside one with the task's. */
static void test_run_task_cpus_joins_phases(void **state)
{
    (void)state;
    static const char json[] =
        "{\"tasks\": {\"t\": {\"cpus\": [0], \"phases\": {"
        "\"p\": {\"run\": 1}, \"q\": {\"cpus\": [2, 7], \"run\": 1}}}}}";
    char text[RUN_CPUS_BYTES];
    struct cpumask cpus;
    struct test_run run;

    test_run_init(&run, json, 4);
    cpus = run_task_cpus(&run.image, &run.image.tasks[0], 4);
    cpumask_text(&cpus, text, sizeof text);
    assert_string_equal(text, "0,2");
    test_run_fini(&run);
}

/* Goal: a run that lost a CPU did not hold.  Method: ask for one more than the result has. */
static void test_run_held_needs_all_cpus(void **state)
{
    (void)state;
    struct test_run run;

    test_run_init(&run, "{\"tasks\": {\"t\": {\"run\": 1}}}", 2);
    assert_true(run_held(&run.view));
    run.view.cpu_count = 3;
    assert_false(run_held(&run.view));
    run.view.cpu_count = 2;
    test_run_header(&run)->failed = RESULT_FAILED_INCOMPLETE;
    assert_false(run_held(&run.view));
    test_run_fini(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cpumask_text),
        cmocka_unit_test(test_run_thread_name),
        cmocka_unit_test(test_run_was_started),
        cmocka_unit_test(test_run_task_cpus_joins_phases),
        cmocka_unit_test(test_run_held_needs_all_cpus),
    };

    return cmocka_run_group_tests_name("run_view", tests, NULL, NULL);
}
