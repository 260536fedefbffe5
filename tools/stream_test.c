/* SPDX-License-Identifier: MIT */
#include "tools/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "tools/test_run.h"

static const char two_threads[] = "{\"tasks\": {\"a\": {\"instance\": 2, \"run\": 10}}}";

/* A snapshot of two threads and one CPU. */
struct test_snapshot {
    struct stream_snapshot header;
    struct stream_thread threads[2];
    struct result_cpu cpu;
};

/* Histograms of two threads: three counts, one of them used; and none. */
struct test_histograms {
    struct stream_histograms header;
    struct stream_histogram first;
    uint32_t counts[4];
    struct stream_histogram second;
};

/* All a run can write. */
struct test_stream {
    unsigned char *bytes;
    size_t size;
    size_t histograms_at;
};

static void seal(void *record, size_t bytes)
{
    struct stream_record *r = record;

    r->checksum = hash_sealed(record, bytes, offsetof(struct stream_record, checksum));
}

static struct test_snapshot make_snapshot(uint64_t at_ns)
{
    struct test_snapshot s = {
        .header = {.magic = STREAM_MAGIC_SNAPSHOT, .bytes = sizeof s, .at_ns = at_ns,
                   .thread_count = 2, .cpu_count = 1},
        .threads = {{.runtime_ns = 1}, {.runtime_ns = 2, .cpu = RESULT_UNKNOWN}},
        .cpu = {.busy_ns = 3},
    };

    seal(&s, sizeof s);
    return s;
}

static struct test_histograms make_histograms(void)
{
    struct test_histograms h = {
        .header = {.magic = STREAM_MAGIC_HISTOGRAMS, .bytes = sizeof h, .thread_count = 2,
                   .us_count = 5},
        .first = {.beyond = 7, .count = 3},
        .counts = {0, 0, 9},
        .second = {.beyond = 0, .count = 0},
    };

    seal(&h, sizeof h);
    return h;
}

/* Two snapshots, the result of `run`, the histograms. */
static struct test_stream make_stream(const struct test_run *run)
{
    struct test_snapshot first = make_snapshot(10), second = make_snapshot(20);
    struct test_histograms histograms = make_histograms();
    struct test_stream stream;

    stream.histograms_at = 2 * sizeof first + run->size;
    stream.size = stream.histograms_at + sizeof histograms;
    stream.bytes = malloc(stream.size);
    assert_non_null(stream.bytes);
    memcpy(stream.bytes, &first, sizeof first);
    memcpy(stream.bytes + sizeof first, &second, sizeof second);
    memcpy(stream.bytes + 2 * sizeof first, run->bytes, run->size);
    memcpy(stream.bytes + stream.histograms_at, &histograms, sizeof histograms);
    return stream;
}

/* Goal: a result alone is a stream, and has no histograms.  Method: open one. */
static void test_stream_of_a_result_alone(void **state)
{
    (void)state;
    struct test_run run;
    struct result result;

    test_run_init(&run, two_threads, 1);
    assert_int_equal(stream_open(&result, run.bytes, run.size), RESULT_OK);
    assert_ptr_equal(result.header, run.bytes);
    assert_null(result.histograms);
    test_run_fini(&run);
}

/* Goal: what a stream holds is found.  Method: snapshots, result, histograms. */
static void test_stream_has_result_and_histograms(void **state)
{
    (void)state;
    struct test_run run;
    struct test_stream stream;
    struct result result;
    const struct stream_histogram *row;

    test_run_init(&run, two_threads, 1);
    stream = make_stream(&run);
    assert_int_equal(stream_open(&result, stream.bytes, stream.size), RESULT_OK);
    assert_int_equal(result.threads[1].runtime_ns, test_run_thread(&run, 1)->runtime_ns);
    row = histogram_next(result.histograms, NULL);
    assert_int_equal(row->beyond, 7);
    assert_int_equal(histogram_counts(row)[2], 9);
    row = histogram_next(result.histograms, row);
    assert_int_equal(row->count, 0);
    free(stream.bytes);
    test_run_fini(&run);
}

/* Goal: a stream cut or damaged behind its snapshots is refused, and nothing outside it is read.
 * Method: every length but the one where the result ends, in memory of that length; each bit. */
static void test_stream_cut_or_damaged_is_refused(void **state)
{
    (void)state;
    struct test_run run;
    struct test_stream stream;
    struct result result;

    test_run_init(&run, two_threads, 1);
    stream = make_stream(&run);
    for (size_t bytes = 0; bytes < stream.size; bytes++) {
        unsigned char *part = malloc(bytes != 0 ? bytes : 1);

        assert_non_null(part);
        memcpy(part, stream.bytes, bytes);
        if (bytes != stream.histograms_at)
            assert_int_not_equal(stream_open(&result, part, bytes), RESULT_OK);
        free(part);
    }
    for (size_t bit = 16 * sizeof(struct test_snapshot); bit < 8 * stream.size; bit++) {
        stream.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_int_not_equal(stream_open(&result, stream.bytes, stream.size), RESULT_OK);
        stream.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    free(stream.bytes);
    test_run_fini(&run);
}

/* Goal: histograms that do not fit their record or the result are refused, with a right checksum.
 * Method: one wrong field at a time. */
static void test_stream_impossible_histograms_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint32_t value;
    } wrong[] = {
        {offsetof(struct test_histograms, header.thread_count), 1},
        {offsetof(struct test_histograms, header.us_count), 0},
        {offsetof(struct test_histograms, header.us_count), 2},
        {offsetof(struct test_histograms, header.us_count), STREAM_HISTOGRAM_US_MAX + 1},
        {offsetof(struct test_histograms, first.count), 5},
        {offsetof(struct test_histograms, first.count), UINT32_MAX},
        {offsetof(struct test_histograms, second.count), 1},
        {offsetof(struct test_histograms, second.reserved), 1},
    };
    struct test_run run;
    struct test_stream stream;
    struct result result;

    test_run_init(&run, two_threads, 1);
    stream = make_stream(&run);
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        struct test_histograms h = make_histograms();

        memcpy((unsigned char *)&h + wrong[i].at, &wrong[i].value, sizeof wrong[i].value);
        seal(&h, sizeof h);
        memcpy(stream.bytes + stream.histograms_at, &h, sizeof h);
        assert_int_equal(stream_open(&result, stream.bytes, stream.size), RESULT_HISTOGRAM_WRONG);
    }
    free(stream.bytes);
    test_run_fini(&run);
}

/* Goal: of a growing stream, a record is seen when it is whole.  Method: look at every length. */
static void test_stream_grows_record_by_record(void **state)
{
    (void)state;
    struct test_snapshot snapshot = make_snapshot(10);
    const unsigned char *data = (const void *)&snapshot;
    struct snapshot open;
    size_t record_bytes;

    for (size_t bytes = 0; bytes < sizeof snapshot; bytes++)
        assert_int_equal(stream_look(data, bytes, &record_bytes), STREAM_PART);
    assert_int_equal(stream_look(data, sizeof snapshot, &record_bytes), STREAM_SNAPSHOT);
    assert_int_equal(record_bytes, sizeof snapshot);
    assert_true(snapshot_open(&open, data, record_bytes));
    assert_int_equal(open.header->at_ns, 10);
    assert_int_equal(open.threads[1].runtime_ns, 2);
    assert_int_equal(open.cpus[0].busy_ns, 3);
}

/* Goal: what is no record stops a reader.  Method: unknown magic, sizes that cannot be. */
static void test_stream_of_something_else_is_wrong(void **state)
{
    (void)state;
    struct test_snapshot snapshot = make_snapshot(10);
    const unsigned char *data = (const void *)&snapshot;
    struct snapshot open;
    size_t record_bytes;

    snapshot.header.bytes = 8;
    assert_int_equal(stream_look(data, sizeof snapshot, &record_bytes), STREAM_WRONG);
    snapshot.header.bytes = sizeof snapshot - 4;
    assert_int_equal(stream_look(data, sizeof snapshot, &record_bytes), STREAM_WRONG);
    snapshot.header.bytes = RESULT_BYTES_MAX + 8;
    assert_int_equal(stream_look(data, sizeof snapshot, &record_bytes), STREAM_WRONG);
    snapshot.header.magic++;
    assert_int_equal(stream_look(data, sizeof snapshot, &record_bytes), STREAM_WRONG);

    snapshot = make_snapshot(10);
    snapshot.header.thread_count = 3;
    seal(&snapshot, sizeof snapshot);
    assert_false(snapshot_open(&open, data, sizeof snapshot));
    snapshot = make_snapshot(10);
    snapshot.threads[0].runtime_ns++;
    assert_false(snapshot_open(&open, data, sizeof snapshot));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream_of_a_result_alone),
        cmocka_unit_test(test_stream_has_result_and_histograms),
        cmocka_unit_test(test_stream_cut_or_damaged_is_refused),
        cmocka_unit_test(test_stream_impossible_histograms_are_refused),
        cmocka_unit_test(test_stream_grows_record_by_record),
        cmocka_unit_test(test_stream_of_something_else_is_wrong),
    };

    return cmocka_run_group_tests_name("tools/stream", tests, NULL, NULL);
}
