/* SPDX-License-Identifier: MIT */
#include "sim/histograms.h"

#include "base/hash.h"
#include "sim/scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define US_COUNT 3u

/* Alone on its CPU: 1000 wakes, each 2.8 us late.  And one that never sleeps. */
static const char workload[] =
    "{\"tasks\": {\"beat\": {\"cpus\": [0], \"loop\": -1, \"run\": 100,"
    "   \"timer\": {\"ref\": \"unique\", \"period\": 1000}},"
    " \"hog\": {\"cpus\": [1], \"loop\": -1, \"run\": 1000}},"
    " \"global\": {\"duration\": 1}}";

static void run(struct sim_output *output, uint32_t us_count, const char *text)
{
    struct workload_blob blob = scenario_read(text);
    struct sim_config config = {.cpu_count = 2, .has_costs = true, .histogram_us = us_count};
    const char *what;

    assert_int_equal(sim_run(&config, blob.bytes, blob.size, output, &what), SIM_OK);
    workload_blob_fini(&blob);
}

/* Goal: the record follows the result, whole, with every wake in it.  Method: 2.8 us each is in the
 * line of 2; with lines for 0 and 1 only it is beyond. */
static void test_histograms_follow_the_result(void **state)
{
    (void)state;
    struct sim_output output;

    run(&output, US_COUNT, workload);
    const struct result_header *header = (const void *)output.result;
    const struct result_thread *threads = (const void *)(header + 1);
    const struct stream_histograms *h = (const void *)(output.result + header->bytes);
    const struct stream_histogram *row = (const void *)(h + 1);
    const uint32_t *counts = (const void *)(row + 1);

    assert_int_equal(header->bytes + h->bytes, output.result_bytes);
    assert_int_equal(h->magic, STREAM_MAGIC_HISTOGRAMS);
    assert_int_equal(h->thread_count, 2);
    assert_int_equal(h->us_count, US_COUNT);
    assert_int_equal(h->checksum,
                     hash_sealed(h, h->bytes, offsetof(struct stream_histograms, checksum)));
    assert_int_equal(row->count, US_COUNT);
    assert_int_equal(counts[2], 999); /* the last turn's wake would be at the end */
    assert_int_equal(threads[0].activations, 999);
    assert_int_equal(row->beyond, 0);
    row = (const void *)(counts + 4); /* an even number of them */
    assert_int_equal(row->count, 0);
    assert_ptr_equal(row + 1, output.result + output.result_bytes);
    free(output.result);

    run(&output, US_COUNT - 1, workload);
    header = (const void *)output.result;
    h = (const void *)(output.result + header->bytes);
    row = (const void *)(h + 1);
    assert_int_equal(row->beyond, 999);
    assert_int_equal(row->count, 0);
    free(output.result);
}

/* Goal: counting changes nothing.  Method: the result's bytes with and without. */
static void test_histograms_change_nothing(void **state)
{
    (void)state;
    struct sim_output with, without;

    run(&with, US_COUNT, workload);
    run(&without, 0, workload);
    assert_true(without.result_bytes < with.result_bytes);
    assert_memory_equal(with.result, without.result, without.result_bytes);
    free(with.result);
    free(without.result);
}

/* Goal: more than a stream can have is refused.  Method: one microsecond more than the limit; so
 * many threads that all their lines would not fit. */
static void test_histograms_too_large_are_refused(void **state)
{
    (void)state;
    struct workload_blob small = scenario_read(workload);
    struct workload_blob large =
        scenario_read("{\"tasks\": {\"a\": {\"instance\": 10000, \"loop\": 1, \"run\": 1}}}");
    struct sim_config config = {.cpu_count = 2, .histogram_us = STREAM_HISTOGRAM_US_MAX + 1};
    struct sim_output output;
    const char *what;

    assert_int_equal(sim_run(&config, small.bytes, small.size, &output, &what), SIM_BAD_CONFIG);
    config.histogram_us = STREAM_HISTOGRAM_US_MAX;
    assert_int_equal(sim_run(&config, large.bytes, large.size, &output, &what), SIM_BAD_CONFIG);
    assert_non_null(strstr(what, "256 MiB"));
    workload_blob_fini(&small);
    workload_blob_fini(&large);
}

/* Goal: forked threads count too, and one that was never forked has counted nothing.  Method: room
 * for two children; the first sleeps 10 times, each wake 2.8 us late. */
static void test_histograms_of_forked_threads(void **state)
{
    (void)state;
    struct sim_output output;

    run(&output, US_COUNT,
        "{\"tasks\": {\"forker\": {\"loop\": 2, \"runtime\": 600000, \"fork\": \"child\"},"
        " \"child\": {\"instance\": 0, \"loop\": 10, \"run\": 100, \"sleep\": 100}},"
        " \"global\": {\"duration\": 1}}");
    const struct result_header *header = (const void *)output.result;
    const struct stream_histograms *h = (const void *)(output.result + header->bytes);
    const struct stream_histogram *rows = (const void *)(h + 1);
    const uint32_t *counts = (const void *)(rows + 2);
    const struct stream_histogram *last = (const void *)(counts + 4);

    assert_int_equal(h->thread_count, 3);
    assert_int_equal(rows[0].count, 0);
    assert_int_equal(rows[1].count, US_COUNT);
    assert_int_equal(counts[2], 10);
    assert_int_equal(last->count, 0);
    assert_int_equal(last->beyond, 0);
    free(output.result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_histograms_follow_the_result),
        cmocka_unit_test(test_histograms_change_nothing),
        cmocka_unit_test(test_histograms_of_forked_threads),
        cmocka_unit_test(test_histograms_too_large_are_refused),
    };

    return cmocka_run_group_tests_name("sim/histograms", tests, NULL, NULL);
}
