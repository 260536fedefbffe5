/* SPDX-License-Identifier: MIT */
#include "tools/result.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "tools/test_run.h"

static const char two_threads[] = "{\"tasks\": {\"a\": {\"instance\": 2, \"run\": 10}}}";

/* Goal: a sound result is opened with its figures.  Method: two threads, three CPUs. */
static void test_result_opens(void **state)
{
    (void)state;
    struct test_run run;

    test_run_init(&run, two_threads, 3);
    assert_int_equal(run.view.result.header->thread_count, 2);
    assert_int_equal(run.view.result.threads[1].runtime_ns,
                     test_run_thread(&run, 1)->runtime_ns);
    assert_int_equal(run.view.result.cpus[2].pushes, test_run_cpu(&run, 2)->pushes);
    test_run_fini(&run);
}

/* Goal: a result cut anywhere is refused.  Method: every length, in memory of that length. */
static void test_result_truncated_anywhere_is_refused(void **state)
{
    (void)state;
    struct test_run run;
    struct result result;

    test_run_init(&run, two_threads, 3);
    for (size_t bytes = 0; bytes < run.size; bytes++) {
        unsigned char *part = malloc(bytes != 0 ? bytes : 1);

        assert_non_null(part);
        memcpy(part, run.bytes, bytes);
        assert_int_not_equal(result_open(&result, part, bytes), RESULT_OK);
        free(part);
    }
    test_run_fini(&run);
}

/* Goal: bytes behind the end are refused.  Method: the whole result and one byte more. */
static void test_result_with_more_bytes_is_refused(void **state)
{
    (void)state;
    struct test_run run;
    struct result result;

    test_run_init(&run, two_threads, 3);
    run.bytes = realloc(run.bytes, run.size + 1);
    assert_non_null(run.bytes);
    run.bytes[run.size] = 0;
    assert_int_equal(result_open(&result, run.bytes, run.size + 1), RESULT_SIZE_WRONG);
    test_run_fini(&run);
}

/* Goal: damage anywhere is found.  Method: flip each bit. */
static void test_result_flipped_bits_are_refused(void **state)
{
    (void)state;
    struct test_run run;
    struct result result;

    test_run_init(&run, two_threads, 3);
    for (size_t bit = 0; bit < 8 * run.size; bit++) {
        run.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_int_not_equal(result_open(&result, run.bytes, run.size), RESULT_OK);
        run.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    assert_int_equal(result_open(&result, run.bytes, run.size), RESULT_OK);
    test_run_fini(&run);
}

/* Goal: counts beyond the limits are refused before anything is multiplied by them.  Method: the
 * largest numbers in the header. */
static void test_result_absurd_counts_are_refused(void **state)
{
    (void)state;
    struct test_run run;
    struct result result;

    test_run_init(&run, two_threads, 3);
    test_run_header(&run)->thread_count = UINT32_MAX;
    assert_int_equal(result_open(&result, run.bytes, run.size), RESULT_COUNTS_WRONG);
    test_run_header(&run)->thread_count = 2;
    test_run_header(&run)->cpu_count = UINT32_MAX;
    assert_int_equal(result_open(&result, run.bytes, run.size), RESULT_COUNTS_WRONG);
    test_run_header(&run)->cpu_count = 0;
    assert_int_equal(result_open(&result, run.bytes, run.size), RESULT_COUNTS_WRONG);
    test_run_fini(&run);
}

/* Open after a change, with a checksum that fits. */
static enum result_refusal open_changed(struct test_run *run)
{
    struct result_header *header = test_run_header(run);
    struct result result;

    header->checksum =
        hash_sealed(run->bytes, run->size, offsetof(struct result_header, checksum));
    return result_open(&result, run->bytes, run->size);
}

/* Goal: negative counts are refused, negative slack and lag and unknown values are not.  Method:
 * one field at a time, with a checksum that fits. */
static void test_result_impossible_numbers_are_refused(void **state)
{
    (void)state;
    struct test_run run;

    test_run_init(&run, two_threads, 1);
    test_run_thread(&run, 1)->slack_min_ns = -1;
    test_run_thread(&run, 1)->lag_min_ns = -1;
    test_run_thread(&run, 1)->ideal_ns = RESULT_UNKNOWN;
    assert_int_equal(open_changed(&run), RESULT_OK);
    test_run_thread(&run, 1)->runtime_ns = -1;
    assert_int_equal(open_changed(&run), RESULT_NUMBER_IMPOSSIBLE);
    test_run_thread(&run, 1)->runtime_ns = 0;
    test_run_cpu(&run, 0)->idle_ns = -1;
    assert_int_equal(open_changed(&run), RESULT_NUMBER_IMPOSSIBLE);
    test_run_cpu(&run, 0)->idle_ns = 0;
    test_run_header(&run)->duration_ns = UINT64_MAX;
    assert_int_equal(open_changed(&run), RESULT_NUMBER_IMPOSSIBLE);
    test_run_fini(&run);
}

/* Goal: each verdict bit has its sentence, and a bit beyond them is refused.  Method: walk. */
static void test_result_verdict_bits_are_those_of_the_table(void **state)
{
    (void)state;
    struct test_run run;
    unsigned bit;

    test_run_init(&run, two_threads, 1);
    for (bit = 0; result_verdict_sentence(bit) != NULL; bit++) {
        test_run_header(&run)->failed = UINT64_C(1) << bit;
        assert_int_equal(open_changed(&run), RESULT_OK);
    }
    for (; bit < 64; bit++) {
        test_run_header(&run)->failed = UINT64_C(1) << bit;
        assert_int_equal(open_changed(&run), RESULT_VERDICT_UNKNOWN);
    }
    test_run_fini(&run);
}

/* Goal: totals leave unknown figures out and stop at the end of the range.  Method: set figures. */
static void test_result_totals(void **state)
{
    (void)state;
    struct result_totals totals;
    struct test_run run;

    test_run_init(&run, two_threads, 1);
    test_run_thread(&run, 0)->runtime_ns = 900;
    test_run_thread(&run, 0)->ideal_ns = 1000;
    test_run_thread(&run, 1)->runtime_ns = RESULT_UNKNOWN;
    test_run_thread(&run, 0)->migrations = RESULT_UNKNOWN;
    test_run_thread(&run, 1)->migrations = RESULT_UNKNOWN;
    test_run_thread(&run, 0)->deadline_misses = INT64_MAX;
    totals = result_total(&run.view.result);
    assert_int_equal(totals.runtime_ns, 900);
    assert_int_equal(totals.migrations, RESULT_UNKNOWN);
    assert_int_equal(totals.deadline_misses, INT64_MAX);
    assert_true(totals.fairness_error_max > 0.0999);
    assert_true(totals.fairness_error_max < 0.1001);
    test_run_fini(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_result_opens),
        cmocka_unit_test(test_result_truncated_anywhere_is_refused),
        cmocka_unit_test(test_result_with_more_bytes_is_refused),
        cmocka_unit_test(test_result_flipped_bits_are_refused),
        cmocka_unit_test(test_result_absurd_counts_are_refused),
        cmocka_unit_test(test_result_impossible_numbers_are_refused),
        cmocka_unit_test(test_result_verdict_bits_are_those_of_the_table),
        cmocka_unit_test(test_result_totals),
    };

    return cmocka_run_group_tests_name("result", tests, NULL, NULL);
}
