/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workload/prepass.h"
#include "workload/test_reading.h"

#define TASKS "\"tasks\":{\"t\":{\"run\":1}}"

static struct test_reading t;

static int teardown(void **state)
{
    (void)state;
    test_fini(&t);
    return 0;
}

static const struct workload_diagnostic *find_text(const char *part)
{
    for (uint32_t i = 0; i < t.d.count; i++)
        if (strstr(t.d.items[i].text, part) != NULL)
            return &t.d.items[i];
    return NULL;
}

/* Goal: durations in seconds; without one, or with -1, until all threads end.  Method: each. */
static void test_reader_duration(void **state)
{
    static const struct {
        const char *text;
        uint64_t duration_ns;
    } cases[] = {
        {"{" TASKS "}", WORKLOAD_DURATION_FOREVER},
        {"{" TASKS ",\"global\":{}}", WORKLOAD_DURATION_FOREVER},
        {"{" TASKS ",\"global\":{\"duration\":-1}}", WORKLOAD_DURATION_FOREVER},
        {"{" TASKS ",\"global\":{\"duration\":2}}", 2 * NS_PER_S},
        {"{\"global\":{\"duration\":86400}," TASKS "}", WORKLOAD_DURATION_NS_MAX},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        test_fini(&t);
        test_read(&t, cases[i].text);
        assert_int_equal(t.image.header->duration_ns, cases[i].duration_ns);
    }
}

/* Goal: other durations are refused at the number.  Method: 0, -2, beyond a day, no number. */
static void test_reader_duration_refused(void **state)
{
    static const char *const values[] = {"0", "-2", "86401", "1.5", "\"2\"", "9999999999999999999"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        char text[100];

        snprintf(text, sizeof text, "{" TASKS ",\n\"global\":{\"duration\":%s}}", values[i]);
        test_refused(text, 2, 22, "-1 (until every thread has ended) or 1 to 86400");
    }
}

/* Goal: the default policy is every task's that names none, wherever "global" stands.
 * Method: behind the tasks; one task has its own. */
static void test_reader_default_policy(void **state)
{
    (void)state;
    test_read(&t, "{\"tasks\":{\"a\":{\"run\":1},\"b\":{\"policy\":\"SCHED_OTHER\",\"run\":1}},"
                  "\"global\":{\"default_policy\":\"SCHED_IDLE\"}}");
    assert_int_equal(t.image.tasks[0].weight, 3);
    assert_int_equal(t.image.tasks[1].weight, 1024);
    test_refused("{" TASKS ",\n\"global\":{\"default_policy\":\"SCHED_RR\"}}", 2, 28,
                 "\"SCHED_RR\"");
}

/* Goal: rt-app's keys that change nothing are noted, once each, and accepted with any value.
 * Method: all of them, and "resources". */
static void test_reader_notes(void **state)
{
    static const char *const keys[] = {"calibration", "logdir",      "log_basename", "log_size",
                                       "ftrace",      "gnuplot",     "lock_pages",   "pi_enabled",
                                       "io_device",   "frag",        "resources"};

    (void)state;
    test_read(&t, "{" TASKS ",\"resources\":{\"m\":{}},\"global\":{\"calibration\":\"CPU0\","
                  "\"logdir\":\".\",\"log_basename\":\"x\",\"log_size\":2,\"ftrace\":true,"
                  "\"gnuplot\":false,\"lock_pages\":true,\"pi_enabled\":1,\"io_device\":[],"
                  "\"frag\":1}}");
    assert_int_equal(t.d.count, ARRAY_COUNT(keys));
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        char part[60];

        snprintf(part, sizeof part, "\"%s\" has no effect", keys[i]);
        assert_non_null(find_text(part));
        assert_int_equal(find_text(part)->severity, WORKLOAD_NOTE);
    }
}

/* Goal: the buffer has the size asked for, at least a page and at most 4 MiB; more is cut, with a
 * note.  Method: sizes within, below, above; what is no size. */
static void test_reader_buffer(void **state)
{
    static const struct {
        const char *bytes;
        uint32_t buffer_bytes;
        uint32_t notes;
    } cases[] = {{"100000", 100000, 0}, {"1", 4096, 0}, {"4194304", 4194304, 0},
                 {"4194305", 4194304, 1}};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[120];

        snprintf(text, sizeof text,
                 "{\"tasks\":{\"t\":{\"mem\":1}},\"global\":{\"mem_buffer_size\":%s}}",
                 cases[i].bytes);
        test_fini(&t);
        test_read(&t, text);
        assert_int_equal(t.image.header->buffer_bytes, cases[i].buffer_bytes);
        assert_int_equal(t.d.count, cases[i].notes);
    }
    test_refused("{\"global\":{\"mem_buffer_size\":0}}", 1, 30, "from 1 to 2147483647");
}

/* Goal: a note stands at its key.  Method: on the third line. */
static void test_reader_note_position(void **state)
{
    (void)state;
    test_read(&t, "{" TASKS ",\n\"global\":{\n  \"ftrace\":true}}");
    assert_int_equal(t.d.items[0].position.line, 3);
    assert_int_equal(t.d.items[0].position.column, 3);
}

/* Goal: cumulative_slack is a flag of the image.  Method: true, false, no truth value. */
static void test_reader_cumulative_slack(void **state)
{
    (void)state;
    test_read(&t, "{" TASKS ",\"global\":{\"cumulative_slack\":true}}");
    assert_int_equal(t.image.header->flags, WORKLOAD_FLAG_CUMULATIVE_SLACK);
    test_fini(&t);
    test_read(&t, "{" TASKS ",\"global\":{\"cumulative_slack\":false}}");
    assert_int_equal(t.image.header->flags, 0);
    test_refused("{" TASKS ",\n\"global\":{\"cumulative_slack\":1}}", 2, 30, "true or false");
}

/* Goal: the outer objects are checked.  Method: missing, twice, wrong type, unknown, empty. */
static void test_reader_outer_objects(void **state)
{
    (void)state;
    test_refused("{}", 1, 1, "the file has no \"tasks\"");
    test_refused("{\"global\":{}}", 1, 1, "the file has no \"tasks\"");
    test_refused("{\"tasks\":{}}", 1, 10, "\"tasks\": expected at least one task");
    test_refused("{\"tasks\":[]}", 1, 10, "an object in { }, found an array");
    test_refused("{\"tasks\"}", 1, 2, "an object in { }, found no value");
    test_refused("{\"tasks\":{\"a\":1}}", 1, 15, "an object in { }, found 1");
    test_refused("{\"tasks\":{\"\":{\"run\":1}}}", 1, 11, "a name of 1 to 255 bytes");
    test_refused("{" TASKS ",\n" TASKS "}", 2, 1, "\"tasks\" is given twice");
    test_refused("{" TASKS ",\n\"globals\":{}}", 2, 1, "unknown key \"globals\"; expected tasks");
    test_refused("{" TASKS ",\n\"global\":7}", 2, 10, "an object in { }, found 7");
    test_refused("{" TASKS ",\n\"global\":{\"duratoin\":7}}", 2, 11, "unknown key \"duratoin\"");
    test_refused("{" TASKS ",\n\"global\":{\"duration\":7,\"duration\":8}}", 2, 24, "twice");
}

/* Goal: what is no JSON is refused with its place.  Method: a missing comma on line 3. */
static void test_reader_grammar(void **state)
{
    (void)state;
    test_refused("{\"tasks\":{\n\"a\":{\"run\":1}\n  \"b\":{}}}", 3, 3, "expected ',' or '}'");
}

/* Goal: the duration can be set afterwards.  Method: set, open again. */
static void test_reader_set_duration(void **state)
{
    struct workload_image image;

    (void)state;
    test_read(&t, "{" TASKS "}");
    workload_blob_set_duration(&t.blob, 5);
    assert_int_equal(workload_image_open(&image, t.blob.bytes, t.blob.size), WORKLOAD_IMAGE_OK);
    assert_int_equal(image.header->duration_ns, 5);
    expect_assert_failure(workload_blob_set_duration(&t.blob, 0));
    expect_assert_failure(workload_blob_set_duration(&t.blob, WORKLOAD_DURATION_NS_MAX + 1));
}

/* Goal: one text gives one image, to the byte.  Method: read twice. */
static void test_reader_same_bytes(void **state)
{
    static const char text[] =
        "{\"tasks\":{\"a\":{\"lock\":\"m\",\"cpus\":[1]},\"b\":{\"run\":1}}}";
    struct test_reading again;

    (void)state;
    test_read(&t, text);
    test_read(&again, text);
    assert_int_equal(t.blob.size, again.blob.size);
    assert_memory_equal(t.blob.bytes, again.blob.bytes, t.blob.size);
    test_fini(&again);
}

/* A file that the test has written; removed by the caller. */
static void write_file(char *path, const char *text, size_t bytes)
{
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, bytes), bytes);
    close(fd);
}

/* Goal: a file is read as its text is.  Method: write one, read it. */
static void test_reader_file(void **state)
{
    static const char text[] = "{" TASKS "}";
    char path[] = "/tmp/capos-reader-XXXXXX";

    (void)state;
    write_file(path, text, sizeof text - 1);
    t = (struct test_reading){0};
    t.status = workload_read_file(path, NULL, &t.d, &t.blob);
    unlink(path);
    assert_int_equal(t.status, WORKLOAD_READ);
    assert_int_equal(workload_image_open(&t.image, t.blob.bytes, t.blob.size), WORKLOAD_IMAGE_OK);
}

/* Goal: a file that cannot be read is one error without a line.  Method: none there, a folder. */
static void test_reader_file_unreadable(void **state)
{
    static const char *const paths[] = {"/nonexistent/file.json", "/tmp"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        t = (struct test_reading){0};
        assert_int_equal(workload_read_file(paths[i], NULL, &t.d, &t.blob), WORKLOAD_NO_FILE);
        assert_int_equal(t.d.error_count, 1);
        assert_int_equal(t.d.items[0].position.line, 0);
        assert_non_null(strstr(t.d.items[0].text, "cannot be read: "));
        assert_null(t.blob.bytes);
    }
}

/* Goal: a huge file is refused, not read.  Method: one that is sparse and 1 GiB long. */
static void test_reader_file_huge(void **state)
{
    char path[] = "/tmp/capos-reader-XXXXXX";

    (void)state;
    write_file(path, "{}", 2);
    assert_int_equal(truncate(path, 1 << 30), 0);
    t = (struct test_reading){0};
    t.status = workload_read_file(path, NULL, &t.d, &t.blob);
    unlink(path);
    assert_int_equal(t.status, WORKLOAD_REFUSED);
    assert_non_null(strstr(t.d.items[0].text, "too large"));
}

/* A text of the largest size: a task with as many events as fit. */
static char *largest_text(const char *event)
{
    char *text = malloc(PREPASS_BYTES_MAX + 1);
    size_t used;

    assert_non_null(text);
    used = (size_t)sprintf(text, "{\"tasks\":{\"t\":{");
    while (used + strlen(event) + 3 <= PREPASS_BYTES_MAX)
        used += (size_t)sprintf(text + used, "%s", event);
    sprintf(text + used, "}}}");
    return text;
}

/* Goal: the largest file with the shortest events is read.  Method: 4 MiB of "run":1. */
static void test_reader_largest(void **state)
{
    char *text = largest_text("\"run\":1,");

    (void)state;
    test_read(&t, text);
    assert_int_equal(t.image.header->event_count, (PREPASS_BYTES_MAX - 18) / 8);
    free(text);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reader_duration),
        TEST(test_reader_duration_refused),
        TEST(test_reader_default_policy),
        TEST(test_reader_notes),
        TEST(test_reader_buffer),
        TEST(test_reader_note_position),
        TEST(test_reader_cumulative_slack),
        TEST(test_reader_outer_objects),
        TEST(test_reader_grammar),
        TEST(test_reader_set_duration),
        TEST(test_reader_same_bytes),
        TEST(test_reader_file),
        TEST(test_reader_file_unreadable),
        TEST(test_reader_file_huge),
        TEST(test_reader_largest),
    };

    return cmocka_run_group_tests_name("workload/reader", tests, NULL, NULL);
}
