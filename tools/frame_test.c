/* SPDX-License-Identifier: MIT */
#include "tools/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/test_run.h"

#define THREADS 3u
#define CPUS 2u

static const char three_threads[] =
    "{\"tasks\": {\"tick\": {\"instance\": 2, \"run\": 10}, \"h\\u00f6g\": {\"run\": 10}}}";

static const struct frame_window large = {50, 200};

/* Two snapshots, 2 s and 3 s after the start. */
static const struct stream_snapshot early = {
    .at_ns = 2 * NS_PER_S, .thread_count = THREADS, .cpu_count = CPUS};
static const struct stream_snapshot late = {
    .at_ns = 3 * NS_PER_S, .thread_count = THREADS, .cpu_count = CPUS};
static const struct stream_thread early_threads[THREADS] = {
    {.runtime_ns = 500 * NS_PER_MS},
    {.runtime_ns = RESULT_UNKNOWN},
    {.runtime_ns = 100},
};
static const struct stream_thread late_threads[THREADS] = {
    {750 * NS_PER_MS, 42, 2050, 1, 1},
    {3 * NS_PER_MS, 7, RESULT_UNKNOWN, 0, 0},
    {100, 0, RESULT_UNKNOWN, RESULT_UNKNOWN, 0},
};
static const struct stream_thread one_began[THREADS] = {
    {RESULT_UNKNOWN, RESULT_UNKNOWN, RESULT_UNKNOWN, RESULT_UNKNOWN, 0},
    {3 * NS_PER_MS, 7, RESULT_UNKNOWN, 0, 0},
    {RESULT_UNKNOWN, RESULT_UNKNOWN, RESULT_UNKNOWN, RESULT_UNKNOWN, 0},
};
static const struct result_cpu early_cpus[CPUS] = {
    {.busy_ns = 1000, .idle_ns = 2000, .kernel_ns = 3000, .switches = 10},
    {.busy_ns = RESULT_UNKNOWN, .idle_ns = 0, .kernel_ns = 0, .switches = 9},
};
static const struct result_cpu late_cpus[CPUS] = {
    {.busy_ns = 1500, .idle_ns = 2300, .kernel_ns = 3200, .switches = 1010},
    {.busy_ns = 1, .idle_ns = 0, .kernel_ns = 0, .switches = 8},
};
static const struct snapshot before = {&early, early_threads, early_cpus};
static const struct snapshot now = {&late, late_threads, late_cpus};

/* The frame as text, which the caller frees. */
static char *text_of(const struct frame *frame, struct frame_window window)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    assert_non_null(stream);
    frame_print(frame, window, stream);
    assert_int_equal(fclose(stream), 0);
    return text;
}

static void assert_frame(const struct frame *frame, const char *expected)
{
    char *text = text_of(frame, large);

    assert_string_equal(text, expected);
    free(text);
}

/* Goal: the figures are right and in their columns.  Method: all of a small one; of the CPUs what
 * was added since the frame before, of a CPU with a figure unknown or fallen nothing. */
static void test_frame_shows_figures(void **state)
{
    (void)state;
    struct test_run run;
    struct frame frame = {.duration_ns = 10 * NS_PER_S, .now = &now, .before = &before};

    test_run_init(&run, three_threads, CPUS);
    frame.run = &run.view;
    assert_frame(&frame,
                 "some.json on 2 CPUs: the kernel in QEMU, deterministic\n"
                 "3.000 s of 10.000 s; CPUs and `now' are of the last 1.000 s; * runs\n"
                 "\n"
                 "CPU  busy %  idle %  kernel %  switches/s\n"
                 "  0   50.00   30.00     20.00        1000\n"
                 "  1       -       -         -           -\n"
                 "\n"
                 "                runtime  share    now  activa-  latency\n"
                 "thread  CPU          ms      %      %    tions   p99 us\n"
                 "tick-0    1  *  750.000  25.00  25.00       42      2.1\n"
                 "tick-1    0       3.000   0.10      -        7        -\n"
                 "h\303\266g       -       0.000   0.00   0.00        0        -\n");
    test_run_fini(&run);
}

/* Goal: the first picture, and the first with figures, need nothing before them.  Method: neither
 * snapshot; one alone, of a run without duration: all since the start. */
static void test_frame_begins(void **state)
{
    (void)state;
    struct test_run run;
    struct frame frame = {.duration_ns = 10 * NS_PER_S};
    char *text;

    test_run_init(&run, three_threads, CPUS);
    frame.run = &run.view;
    assert_frame(&frame,
                 "some.json on 2 CPUs: the kernel in QEMU, deterministic\nstarting\n");
    frame.now = &now;
    frame.duration_ns = 0;
    text = text_of(&frame, large);
    assert_non_null(strstr(text, "\n3.000 s; CPUs and `now' are of the last 3.000 s; * runs\n"));
    assert_non_null(strstr(text, "\n  0   21.43   32.86     45.71         336\n"));
    assert_non_null(strstr(text, "tick-1    0       3.000   0.10   0.10        7        -\n"));
    free(text);
    test_run_fini(&run);
}

/* Goal: a thread that has not begun has no row, nor place for one.  Method: one of three has, in a
 * window with one line for threads. */
static void test_frame_leaves_out_who_has_not_begun(void **state)
{
    (void)state;
    const struct snapshot few = {&late, one_began, late_cpus};
    struct test_run run;
    struct frame frame = {.now = &few};
    char *text;

    test_run_init(&run, three_threads, CPUS);
    frame.run = &run.view;
    text = text_of(&frame, (struct frame_window){10, 200});
    assert_non_null(strstr(text, "\ntick-1 "));
    assert_null(strstr(text, "tick-0"));
    assert_null(strstr(text, "more"));
    free(text);
    test_run_fini(&run);
}

/* Goal: nothing goes beyond the window, whatever its size.  Method: all sizes up to one in which
 * everything has its place; count lines and characters. */
static void test_frame_respects_the_window(void **state)
{
    (void)state;
    struct test_run run;
    struct frame frame = {.duration_ns = 10 * NS_PER_S, .now = &now, .before = &before};

    test_run_init(&run, three_threads, CPUS);
    frame.run = &run.view;
    for (uint32_t rows = 0; rows < 14; rows++) {
        for (uint32_t columns = 1; columns < 80; columns++) {
            char *text = text_of(&frame, (struct frame_window){rows, columns});
            uint32_t lines = 0, width = 0;

            for (const char *c = text; *c != '\0'; c++) {
                width = *c == '\n' ? 0 : width + (((unsigned char)*c & 0xc0) != 0x80);
                lines += *c == '\n';
                assert_true(width <= columns);
            }
            assert_true(lines <= rows);
            free(text);
        }
    }
    test_run_fini(&run);
}

/* Goal: what was cut says so.  Method: windows with a line too few, and with hardly any;
 * one that cuts inside a character of two bytes. */
static void test_frame_marks_what_was_cut(void **state)
{
    (void)state;
    struct test_run run;
    struct frame frame = {.duration_ns = 10 * NS_PER_S, .now = &now, .before = &before};
    char *text;

    test_run_init(&run, three_threads, CPUS);
    frame.run = &run.view;
    text = text_of(&frame, (struct frame_window){11, 200});
    assert_non_null(strstr(text, "\n  1 "));
    assert_non_null(strstr(text, "\ntick-0 "));
    assert_non_null(strstr(text, "\n... 2 more threads\n"));
    free(text);
    text = text_of(&frame, (struct frame_window){9, 200});
    assert_non_null(strstr(text, "\n... 2 more CPUs\n"));
    assert_non_null(strstr(text, "\n... 3 more threads\n"));
    free(text);
    text = text_of(&frame, (struct frame_window){50, 3});
    assert_memory_equal(text, "so~\n", 4);
    assert_non_null(strstr(text, "\nh\303\266~\n"));
    free(text);
    test_run_fini(&run);
}

/* Goal: a file's name cannot steer the terminal.  Method: one with an escape code and a newline. */
static void test_frame_is_harmless(void **state)
{
    (void)state;
    struct test_run run;
    struct frame frame = {.now = NULL};

    test_run_init(&run, three_threads, CPUS);
    run.view.workload = "a\033[2J\nb";
    frame.run = &run.view;
    assert_frame(&frame, "a?[2J?b on 2 CPUs: the kernel in QEMU, deterministic\nstarting\n");
    test_run_fini(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame_shows_figures),
        cmocka_unit_test(test_frame_begins),
        cmocka_unit_test(test_frame_leaves_out_who_has_not_begun),
        cmocka_unit_test(test_frame_respects_the_window),
        cmocka_unit_test(test_frame_marks_what_was_cut),
        cmocka_unit_test(test_frame_is_harmless),
    };

    return cmocka_run_group_tests_name("tools/frame", tests, NULL, NULL);
}
