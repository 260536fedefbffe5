/* SPDX-License-Identifier: MIT */
#include "tools/agree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/test_run.h"

#define FREE "{\"tasks\": {\"t\": {\"run\": 10, \"sleep\": 10}}, \"global\": {\"duration\": 1}}"
#define TIMED                                                                                  \
    "{\"tasks\": {\"t\": {\"run\": 10, \"timer\": {\"ref\": \"unique\", \"period\": 1000}}},"  \
    " \"global\": {\"duration\": 1}}"
#define COUNTED "{\"tasks\": {\"t\": {\"loop\": 200, \"run\": 10}}}"

/* Two runs of one image whose only thread has these figures, judged. */
static struct agreement judge(const char *json, struct result_thread x, struct result_thread y)
{
    struct test_run a, b;
    struct agreement found;

    test_run_init(&a, json, 1);
    test_run_init(&b, json, 1);
    *test_run_thread(&a, 0) = x;
    *test_run_thread(&b, 0) = y;
    b.view.image = a.view.image;
    found = agree_thread(&a.view, &b.view, 0);
    test_run_fini(&a);
    test_run_fini(&b);
    return found;
}

static struct agreement judge_activations(const char *json, int64_t a, int64_t b, int64_t misses)
{
    return judge(json, (struct result_thread){.activations = a, .deadline_misses = misses},
                 (struct result_thread){.activations = b, .deadline_misses = misses});
}

static struct agreement judge_runtimes(int64_t a_ns, int64_t b_ns)
{
    return judge(FREE, (struct result_thread){.runtime_ns = a_ns, .voluntary_blocks = 1},
                 (struct result_thread){.runtime_ns = b_ns, .voluntary_blocks = 1});
}

/* What paces the first task of `json`? */
static enum agree_pace pace_of(const char *json)
{
    struct test_run run;
    enum agree_pace pace;

    test_run_init(&run, json, 1);
    pace = agree_pace_of(&run.image, &run.image.tasks[0]);
    test_run_fini(&run);
    return pace;
}

/* Goal: a thread that ran in another process disagrees, whatever its figures.  Method: the same
 * number, another, and one that is not known. */
static void test_agree_process(void **state)
{
    struct result_thread first = {.process = 1, .runtime_ns = 1000};
    struct result_thread second = {.process = 2, .runtime_ns = 1000};
    struct result_thread unknown = {.process = RESULT_UNKNOWN, .runtime_ns = 1000};

    (void)state;
    assert_true(judge(FREE, first, first).process_agrees);
    assert_false(judge(FREE, first, second).process_agrees);
    assert_false(judge(FREE, unknown, first).process_agrees);
    assert_true(judge(FREE, first, second).runtime_agrees);
}

/* Goal: what paces a thread is read from its file.  Method: one file each, and those in between:
 * a timer without period, a phase without timer, an endless phase in a counted task. */
static void test_agree_pace_is_the_files(void **state)
{
    (void)state;
    assert_int_equal(pace_of(FREE), PACE_FREE);
    assert_int_equal(pace_of(TIMED), PACE_TIMER);
    assert_int_equal(pace_of(COUNTED), PACE_COUNTED);
    assert_int_equal(pace_of("{\"tasks\": {\"t\": {\"run\": 10, \"timer\": {\"ref\": \"unique\","
                             " \"period\": 0}}}, \"global\": {\"duration\": 1}}"),
                     PACE_FREE);
    assert_int_equal(pace_of("{\"tasks\": {\"t\": {\"loop\": -1, \"phases\": {\"p\": {\"run\": 1,"
                             " \"timer\": {\"ref\": \"unique\", \"period\": 9}},"
                             " \"q\": {\"run\": 1}}}}, \"global\": {\"duration\": 1}}"),
                     PACE_FREE);
    assert_int_equal(pace_of("{\"tasks\": {\"t\": {\"loop\": 2, \"phases\": {\"p\": {\"loop\": -1,"
                             " \"run\": 1}}}}, \"global\": {\"duration\": 1}}"),
                     PACE_FREE);
}

/* Goal: timer-paced threads must agree exactly.  Method: one activation apart. */
static void test_agree_timer_paced_is_exact(void **state)
{
    (void)state;
    assert_true(judge_activations(TIMED, 1000, 1000, 0).activations_agree);
    assert_false(judge_activations(TIMED, 1000, 999, 0).activations_agree);
    assert_true(judge_activations(TIMED, 1000, 1000, 0).is_exact);
}

/* Goal: where a timer-paced thread could not keep up in either engine, it is free.  Method: misses
 * in both, and in one only. */
static void test_agree_overrun_timer_is_free(void **state)
{
    (void)state;
    struct result_thread late = {.activations = 1000, .deadline_misses = 9};
    struct result_thread punctual = {.activations = 999, .deadline_misses = 0};

    assert_true(judge_activations(TIMED, 1000, 995, 9).activations_agree);
    assert_false(judge_activations(TIMED, 1000, 994, 9).activations_agree);
    assert_true(judge(TIMED, late, punctual).activations_agree); /* who is late may skip one */
    late.deadline_misses = 0;
    assert_false(judge(TIMED, late, punctual).activations_agree);
}

/* Goal: counted loops agree exactly once one engine has finished them.  Method: 200 of 200 against
 * 199, and two unfinished ones. */
static void test_agree_counted_is_exact_at_the_count(void **state)
{
    (void)state;
    assert_true(judge_activations(COUNTED, 200, 200, 0).activations_agree);
    assert_false(judge_activations(COUNTED, 200, 199, 0).activations_agree);
    assert_true(judge_activations(COUNTED, 150, 149, 0).activations_agree);
}

/* Goal: free threads may differ by 1 or 0.5 %.  Method: both sides of both limits. */
static void test_agree_free_has_a_tolerance(void **state)
{
    (void)state;
    assert_true(judge_activations(FREE, 10, 9, 0).activations_agree);
    assert_false(judge_activations(FREE, 10, 8, 0).activations_agree);
    assert_true(judge_activations(FREE, 1000, 995, 0).activations_agree);
    assert_false(judge_activations(FREE, 1000, 994, 0).activations_agree);
    assert_true(judge_activations(FREE, 995, 1000, 0).activations_agree);
}

/* Goal: a thread that one engine did not fork has done nothing there.  Method: one that did little
 * or much in the other; neither. */
static void test_agree_never_forked_is_nothing(void **state)
{
    (void)state;
    static const char json[] = "{\"tasks\": {\"c\": {\"instance\": 0, \"run\": 10},"
                               " \"f\": {\"loop\": 1, \"fork\": \"c\"}},"
                               " \"global\": {\"duration\": 1}}";
    struct result_thread never = {.activations = RESULT_UNKNOWN, .runtime_ns = RESULT_UNKNOWN};
    struct result_thread little = {.activations = 1, .runtime_ns = 25000};
    struct result_thread much = {.activations = 2, .runtime_ns = 25001};

    assert_true(judge(json, never, little).activations_agree);
    assert_true(judge(json, never, little).runtime_agrees);
    assert_false(judge(json, much, never).activations_agree);
    assert_false(judge(json, much, never).runtime_agrees);
    assert_true(judge(json, never, never).runtime_agrees);
}

/* Goal: CPU time may differ by 2 % or 25 us.  Method: both sides of both limits. */
static void test_agree_runtime_tolerance(void **state)
{
    (void)state;
    assert_true(judge_runtimes(1000000000, 980000000).runtime_agrees);
    assert_false(judge_runtimes(1000000000, 979999999).runtime_agrees);
    assert_true(judge_runtimes(0, 25000).runtime_agrees);
    assert_false(judge_runtimes(0, 25001).runtime_agrees);
}

/* Goal: a thread that asks for no CPU time may use it for its system calls, 25 us a turn, but not
 * more.  Method: a thread with nothing but a timer; both sides of the limit. */
static void test_agree_overhead_without_runs(void **state)
{
    (void)state;
    static const char json[] = "{\"tasks\": {\"t\": {\"timer\": {\"ref\": \"unique\","
                               " \"period\": 1000}}}, \"global\": {\"duration\": 1}}";
    struct result_thread idle = {.activations = 100, .runtime_ns = 0};
    struct result_thread busy = {.activations = 100, .runtime_ns = 2500000};

    assert_true(judge(json, idle, busy).runtime_agrees);
    assert_false(judge(TIMED, idle, busy).runtime_agrees);
    busy.runtime_ns++;
    assert_false(judge(json, idle, busy).runtime_agrees);
}

/* Goal: a figure that one engine does not know is no agreement.  Method: unknown on one side. */
static void test_agree_unknown_is_a_difference(void **state)
{
    (void)state;
    assert_false(judge_runtimes(RESULT_UNKNOWN, 1000).runtime_agrees);
    assert_false(judge_activations(FREE, 1, RESULT_UNKNOWN, 0).activations_agree);
    assert_false(judge_activations(FREE, RESULT_UNKNOWN, 1, 0).activations_agree);
}

/* What agree_print says of two runs of `json`, the second changed by `change`; the caller frees. */
static char *printed(const char *json, void (*change)(struct test_run *), bool is_quiet,
                     bool *agreed)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    struct test_run a, b;

    assert_non_null(stream);
    test_run_init(&a, json, 1);
    test_run_init(&b, json, 1);
    b.view.image = a.view.image;
    b.view.engine = ENGINE_SIMULATOR;
    change(&b);
    *agreed = agree_print(&a.view, &b.view, is_quiet, stream);
    assert_int_equal(fclose(stream), 0);
    test_run_fini(&a);
    test_run_fini(&b);
    return text;
}

static void change_nothing(struct test_run *run)
{
    (void)run;
}

static void change_activations(struct test_run *run)
{
    test_run_thread(run, 0)->activations *= 2;
}

static void change_verdict(struct test_run *run)
{
    test_run_header(run)->failed = RESULT_FAILED_SPAWN;
}

/* Goal: the last line says whether all agree, and the row which figure does not.  Method: equal
 * runs, and one with other activations. */
static void test_agree_print_says_what_differs(void **state)
{
    (void)state;
    bool agreed;
    char *text = printed(TIMED, change_nothing, false, &agreed);

    assert_true(agreed);
    assert_non_null(strstr(text, "agreement: ok, 1 of 1 threads\n"));
    assert_non_null(strstr(text, "  yes\n"));
    free(text);
    text = printed(TIMED, change_activations, false, &agreed);
    assert_false(agreed);
    assert_non_null(strstr(text, "  NO: activations\n"));
    assert_non_null(strstr(text, "agreement: FAILED (1 of 1 threads differ)\n"));
    free(text);
}

/* Goal: engines do not agree while a verdict failed.  Method: equal figures, one failed bit. */
static void test_agree_print_needs_both_verdicts(void **state)
{
    (void)state;
    bool agreed;
    char *text = printed(TIMED, change_verdict, true, &agreed);

    assert_false(agreed);
    assert_string_equal(
        text, "simulator: verdict: FAILED (a thread of the workload could not be started)\n"
              "agreement: FAILED (0 of 1 threads differ; a verdict failed)\n");
    free(text);
}

/* Goal: of many threads only those that disagree have a row.  Method: 41 threads, one differs. */
static void test_agree_print_folds_many_threads(void **state)
{
    (void)state;
    static const char json[] = "{\"tasks\": {\"crew\": {\"instance\": 41, \"run\": 10}},"
                               " \"global\": {\"duration\": 1}}";
    bool agreed;
    char *text = printed(json, change_activations, false, &agreed);

    assert_false(agreed);
    assert_non_null(strstr(text, "\ncrew-0 "));
    assert_null(strstr(text, "\ncrew-1 "));
    assert_non_null(strstr(text, "of 41 threads only those that disagree"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agree_process),
        cmocka_unit_test(test_agree_pace_is_the_files),
        cmocka_unit_test(test_agree_timer_paced_is_exact),
        cmocka_unit_test(test_agree_overrun_timer_is_free),
        cmocka_unit_test(test_agree_counted_is_exact_at_the_count),
        cmocka_unit_test(test_agree_free_has_a_tolerance),
        cmocka_unit_test(test_agree_never_forked_is_nothing),
        cmocka_unit_test(test_agree_runtime_tolerance),
        cmocka_unit_test(test_agree_overhead_without_runs),
        cmocka_unit_test(test_agree_unknown_is_a_difference),
        cmocka_unit_test(test_agree_print_says_what_differs),
        cmocka_unit_test(test_agree_print_needs_both_verdicts),
        cmocka_unit_test(test_agree_print_folds_many_threads),
    };

    return cmocka_run_group_tests_name("agree", tests, NULL, NULL);
}
