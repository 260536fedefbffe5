/* SPDX-License-Identifier: MIT */
#include "tools/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/test_run.h"

static const char two_tasks[] =
    "{\"tasks\": {\"hog\": {\"priority\": 10, \"cpus\": [1], \"run\": 10},"
    " \"ticker\": {\"run\": 10, \"timer\": {\"ref\": \"unique\", \"period\": 1000}}}}";

/* Reduce runs of spaces to one, in place, so that tests do not depend on widths. */
static char *squeezed(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++)
        if (*from != ' ' || from[1] != ' ')
            *to++ = *from;
    *to = '\0';
    return text;
}

/* Goal: a thread's row holds its figures in the units of the headings.  Method: set them all. */
static void test_report_thread_row(void **state)
{
    (void)state;
    struct test_run run;
    char *text;

    test_run_init(&run, two_tasks, 2);
    *test_run_thread(&run, 0) = (struct result_thread){.runtime_ns = 1500000500,
                                                       .activations = 42,
                                                       .wake_latency_p50_ns = 1000,
                                                       .wake_latency_p99_ns = 2050,
                                                       .wake_latency_max_ns = 25000,
                                                       .slack_min_ns = -1500,
                                                       .deadline_misses = 3,
                                                       .switches = 44,
                                                       .preemptions = 5,
                                                       .migrations = 6};
    text = squeezed(test_run_text(report_print_threads, &run.view));
    assert_non_null(
        strstr(text, "\nhog 1 normal 10 110 1500.001 75.00 42 1.0 2.1 25.0 -1.5 3 44 5 6\n"));
    free(text);
    test_run_fini(&run);
}

/* Goal: a run in several processes says where each thread ran, and what each process had; any other
 * has no word more.  Method: two groups and a task in none; the same without groups. */
static void test_report_processes(void **state)
{
    static const char groups[] =
        "{\"tasks\": {\"a\": {\"taskgroup\": \"/x\", \"instance\": 2, \"run\": 1},"
        "\"b\": {\"taskgroup\": \"/y\", \"run\": 1}, \"c\": {\"run\": 1}}}";
    static const int64_t processes[] = {1, 1, RESULT_UNKNOWN, 0};
    struct test_run run;
    char *text;

    (void)state;
    test_run_init(&run, groups, 2);
    for (uint32_t i = 0; i < ARRAY_COUNT(processes); i++)
        *test_run_thread(&run, i) = (struct result_thread){
            .process = processes[i], .runtime_ns = 500000000, .migrations = 77};
    text = squeezed(test_run_text(report_print, &run.view));
    assert_non_null(strstr(text, " 77 1 /x\na-1 "));
    assert_non_null(strstr(text, " 77 -\nc "));
    assert_non_null(strstr(text, " 77 0\n\n"));
    assert_non_null(strstr(text, "\n0 1 500.000 25.00\n1 /x 2 1000.000 50.00\n\n"));
    free(text);
    test_run_fini(&run);

    test_run_init(&run, two_tasks, 2);
    text = test_run_text(report_print, &run.view);
    assert_null(strstr(text, "process"));
    free(text);
    test_run_fini(&run);
}

/* Goal: unknown figures are dashes.  Method: a thread without timer. */
static void test_report_unknown_is_a_dash(void **state)
{
    (void)state;
    struct test_run run;
    char *text;

    test_run_init(&run, two_tasks, 2);
    *test_run_thread(&run, 1) = (struct result_thread){.wake_latency_p50_ns = RESULT_UNKNOWN,
                                                       .wake_latency_p99_ns = RESULT_UNKNOWN,
                                                       .wake_latency_max_ns = RESULT_UNKNOWN,
                                                       .slack_min_ns = RESULT_UNKNOWN,
                                                       .deadline_misses = RESULT_UNKNOWN};
    text = squeezed(test_run_text(report_print_threads, &run.view));
    assert_non_null(strstr(text, "\nticker 0-1 normal 0 1024 0.000 0.00 0 - - - - - 0 0 0\n"));
    free(text);
    test_run_fini(&run);
}

/* Goal: latencies of a concurrent run are marked.  Method: the word "wall" in both kinds. */
static void test_report_marks_wall_time(void **state)
{
    (void)state;
    struct test_run run;
    char *text;

    test_run_init(&run, two_tasks, 2);
    text = test_run_text(report_print_threads, &run.view);
    assert_null(strstr(text, "wall"));
    free(text);
    run.view.engine = ENGINE_KERNEL_CONCURRENT;
    text = test_run_text(report_print_threads, &run.view);
    assert_non_null(strstr(text, "wall"));
    free(text);
    test_run_fini(&run);
}

/* Goal: many threads are folded to one row per task, and that is said.  Method: 41 threads of one
 * task with runtimes 1..41 ms. */
static void test_report_folds_many_threads(void **state)
{
    (void)state;
    static const char json[] = "{\"tasks\": {\"crew\": {\"instance\": 41, \"run\": 10}}}";
    struct test_run run;
    char *text;

    test_run_init(&run, json, 2);
    for (uint32_t i = 0; i < 41; i++)
        *test_run_thread(&run, i) = (struct result_thread){.runtime_ns = (i + 1) * 1000000,
                                                           .activations = 2,
                                                           .wake_latency_p99_ns = i,
                                                           .wake_latency_max_ns = 1000 * i,
                                                           .slack_min_ns = RESULT_UNKNOWN,
                                                           .deadline_misses = RESULT_UNKNOWN,
                                                           .switches = 1,
                                                           .migrations = 3};
    text = squeezed(test_run_text(report_print_threads, &run.view));
    assert_non_null(strstr(text, "41 threads, folded to one row per task\n"));
    assert_non_null(strstr(
        text, "\ncrew 41 0-1 normal 0 1024 1.000 21.000 41.000 43.05 82 0.0 40.0 - - 41 123\n"));
    assert_null(strstr(text, "crew-0"));
    free(text);
    test_run_fini(&run);
}

/* Goal: a task of 40 threads still has a row for each.  Method: the last thread's name. */
static void test_report_shows_forty_threads(void **state)
{
    (void)state;
    static const char json[] = "{\"tasks\": {\"crew\": {\"instance\": 40, \"run\": 10}}}";
    struct test_run run;
    char *text;

    test_run_init(&run, json, 2);
    text = test_run_text(report_print_threads, &run.view);
    assert_non_null(strstr(text, "\ncrew-39 "));
    free(text);
    test_run_fini(&run);
}

/* Goal: a CPU's percentages are of its own time and add up.  Method: 30, 65 and 5 of 100. */
static void test_report_cpu_row(void **state)
{
    (void)state;
    struct test_run run;
    char *text;

    test_run_init(&run, two_tasks, 2);
    *test_run_cpu(&run, 1) = (struct result_cpu){30, 65, 5, 1, 2, 3, 4, RESULT_UNKNOWN};
    text = squeezed(test_run_text(report_print, &run.view));
    assert_non_null(strstr(text, "\n 1 30.00 65.00 5.00 1 2 3 4 -\n"));
    free(text);
    test_run_fini(&run);
}

/* Goal: very many CPUs are folded to the two extremes.  Method: 41 CPUs, one busier. */
static void test_report_folds_many_cpus(void **state)
{
    (void)state;
    struct test_run run;
    char *text;

    test_run_init(&run, two_tasks, 41);
    test_run_cpu(&run, 17)->busy_ns = 1000000;
    test_run_cpu(&run, 23)->busy_ns = 0;
    text = squeezed(test_run_text(report_print, &run.view));
    assert_non_null(strstr(text, "41 CPUs; the least and the most busy one:\n"));
    assert_non_null(strstr(text, "\n 23 0.00 "));
    assert_non_null(strstr(text, "\n 17 99."));
    free(text);
    test_run_fini(&run);
}

/* Goal: the last line is the verdict with its reasons.  Method: none, then one. */
static void test_report_ends_with_the_verdict(void **state)
{
    (void)state;
    static const char held[] = "\nverdict: ok\n";
    static const char failed[] =
        "\nverdict: FAILED (the run ended before its duration was over)\n";
    struct test_run run;
    char *text;

    test_run_init(&run, two_tasks, 2);
    text = test_run_text(report_print, &run.view);
    assert_string_equal(text + strlen(text) - strlen(held), held);
    free(text);
    test_run_header(&run)->failed = RESULT_FAILED_INCOMPLETE;
    text = test_run_text(report_print, &run.view);
    assert_string_equal(text + strlen(text) - strlen(failed), failed);
    free(text);
    test_run_fini(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_report_thread_row),
        cmocka_unit_test(test_report_processes),
        cmocka_unit_test(test_report_unknown_is_a_dash),
        cmocka_unit_test(test_report_marks_wall_time),
        cmocka_unit_test(test_report_folds_many_threads),
        cmocka_unit_test(test_report_shows_forty_threads),
        cmocka_unit_test(test_report_cpu_row),
        cmocka_unit_test(test_report_folds_many_cpus),
        cmocka_unit_test(test_report_ends_with_the_verdict),
    };

    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
