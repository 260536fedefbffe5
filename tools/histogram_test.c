/* SPDX-License-Identifier: MIT */
#include "tools/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/stream.h"
#include "tools/test_run.h"

static const char three_threads[] =
    "{\"tasks\": {\"tick\": {\"instance\": 2, \"run\": 10}, \"hog\": {\"run\": 10}}}";

/* Three threads: two latencies of 1 us and one of 2; eleven of 0, three beyond; none. */
static const struct {
    struct stream_histograms header;
    struct stream_histogram first;
    uint32_t first_counts[4];
    struct stream_histogram second;
    uint32_t second_counts[2];
    struct stream_histogram third;
} histograms = {
    .header = {.thread_count = 3, .us_count = 4},
    .first = {.beyond = 0, .count = 3},
    .first_counts = {0, 2, 1},
    .second = {.beyond = 3, .count = 1},
    .second_counts = {11},
    .third = {.beyond = 0, .count = 0},
};

/* Goal: the text has cyclictest's layout, to the byte.  Method: the whole of a small one; the
 * layout is that of rt-tests 2.4, `cyclictest -h 4 -q -t 3`, with what was counted here. */
static void test_histogram_layout(void **state)
{
    (void)state;
    struct test_run run;
    char *text;

    test_run_init(&run, three_threads, 2);
    test_run_thread(&run, 0)->wake_latency_min_ns = 1999;
    test_run_thread(&run, 0)->wake_latency_mean_ns = 2000;
    test_run_thread(&run, 0)->wake_latency_max_ns = 2999;
    test_run_thread(&run, 1)->wake_latency_min_ns = 0;
    test_run_thread(&run, 1)->wake_latency_mean_ns = 900;
    test_run_thread(&run, 1)->wake_latency_max_ns = 123456789;
    test_run_thread(&run, 2)->wake_latency_min_ns = RESULT_UNKNOWN;
    test_run_thread(&run, 2)->wake_latency_mean_ns = RESULT_UNKNOWN;
    test_run_thread(&run, 2)->wake_latency_max_ns = RESULT_UNKNOWN;
    test_run_seal(&run);
    run.view.result.histograms = &histograms.header;
    text = test_run_text(histogram_print, &run.view);
    assert_string_equal(text, "# some.json on 2 CPUs: kernel\n"
                              "# Threads: tick-0\ttick-1\thog\n"
                              "# Histogram\n"
                              "000000 000000\t000011\t000000\n"
                              "000001 000002\t000000\t000000\n"
                              "000002 000001\t000000\t000000\n"
                              "000003 000000\t000000\t000000\n"
                              "# Total: 000000003 000000011 000000000\n"
                              "# Min Latencies: 00001 00000 1000000\n"
                              "# Avg Latencies: 00002 00000 00000\n"
                              "# Max Latencies: 00002 123456 00000\n"
                              "# Histogram Overflows: 00000 00003 00000\n"
                              "# Histogram Overflow at cycle number:\n"
                              "# Thread 0:\n"
                              "# Thread 1: # 00003 others\n"
                              "# Thread 2:\n"
                              "\n");
    free(text);
    test_run_fini(&run);
}

/* Goal: a thread that never began has no column.  Method: the first of three has no runtime. */
static void test_histogram_leaves_out_who_never_began(void **state)
{
    (void)state;
    struct test_run run;
    char *text;

    test_run_init(&run, three_threads, 2);
    test_run_thread(&run, 0)->runtime_ns = RESULT_UNKNOWN;
    test_run_seal(&run);
    run.view.result.histograms = &histograms.header;
    text = test_run_text(histogram_print, &run.view);
    assert_non_null(strstr(text, "\n# Threads: tick-1\thog\n"));
    assert_non_null(strstr(text, "\n000000 000011\t000000\n"));
    assert_non_null(strstr(text, "\n# Histogram Overflows: 00003 00000\n"));
    assert_non_null(strstr(text, "\n# Thread 0: # 00003 others\n# Thread 1:\n\n"));
    free(text);
    test_run_fini(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_histogram_layout),
        cmocka_unit_test(test_histogram_leaves_out_who_never_began),
    };

    return cmocka_run_group_tests_name("tools/histogram", tests, NULL, NULL);
}
