/* SPDX-License-Identifier: MIT */
/* Several files that are one workload; the files are strings here. */
#include <string.h>
#include <unistd.h>

#include "workload/test_reading.h"

#define FILES_MAX 4u

static struct test_reading t;

static int teardown(void **state)
{
    (void)state;
    test_fini(&t);
    return 0;
}

/* Read `count` texts as one workload. */
static void read_texts(const char *const *texts, uint32_t count)
{
    struct workload_text given[FILES_MAX];

    assert_true(count <= FILES_MAX);
    for (uint32_t i = 0; i < count; i++)
        given[i] = (struct workload_text){texts[i], strlen(texts[i])};
    t = (struct test_reading){.status = WORKLOAD_READ};
    t.status = workload_read_texts(given, count, NULL, &t.d, &t.blob);
    if (t.status == WORKLOAD_READ)
        assert_int_equal(workload_image_open(&t.image, t.blob.bytes, t.blob.size),
                         WORKLOAD_IMAGE_OK);
}

static void assert_message(uint32_t index, enum workload_severity severity, uint32_t file,
                           struct text_position position, const char *part)
{
    const struct workload_diagnostic *item = &t.d.items[index];

    assert_true(index < t.d.count);
    if (item->severity != severity || item->file != file ||
        item->position.line != position.line || item->position.column != position.column ||
        strstr(item->text, part) == NULL)
        fail_msg("%u: %u:%u: %s", item->file, item->position.line, item->position.column,
                 item->text);
}

static const char *task_name(uint32_t task)
{
    return workload_image_name(&t.image, t.image.tasks[task].name);
}

/* Goal: sections of several files come together, tasks in the order of the files.  Method: the
 * global object and each task in a file of its own. */
static void test_merge_sections(void **state)
{
    static const char *const texts[] = {
        "{\"global\": {\"duration\": 7}}",
        "{\"tasks\": {\"b\": {\"run\": 1}}}",
        "{\"tasks\": {\"a\": {\"run\": 2}, \"c\": {\"run\": 3}}}",
    };

    (void)state;
    read_texts(texts, 3);
    assert_int_equal(t.status, WORKLOAD_READ);
    assert_int_equal(t.d.count, 0);
    assert_int_equal(t.image.header->duration_ns, 7 * NS_PER_S);
    assert_int_equal(t.image.header->task_count, 3);
    assert_string_equal(task_name(0), "b");
    assert_string_equal(task_name(1), "a");
    assert_string_equal(task_name(2), "c");
}

/* Goal: of what several files have, the last one counts, the others are noted where they stand.
 * Method: a task and a key of global in three files and in two. */
static void test_merge_last_counts(void **state)
{
    static const char *const texts[] = {
        "{\"tasks\": {\"a\": {\"run\": 1},\n \"b\": {\"run\": 2}}}",
        "{\"global\": {\"duration\": 1}, \"tasks\": {\"a\": {\"run\": 3}}}",
        "{\"tasks\": {\n\"a\": {\"run\": 4}}, \"global\": {\"duration\": 2}}",
    };

    (void)state;
    read_texts(texts, 3);
    assert_int_equal(t.status, WORKLOAD_READ);
    assert_int_equal(t.image.header->task_count, 2);
    assert_string_equal(task_name(0), "b");
    assert_string_equal(task_name(1), "a");
    assert_int_equal(t.image.events[1].ns, 4 * NS_PER_US);
    assert_int_equal(t.image.header->duration_ns, 2 * NS_PER_S);
    assert_int_equal(t.d.count, 3);
    assert_message(0, WORKLOAD_NOTE, 1, (struct text_position){1, 39},
                   "\"a\" has no effect: a later file has it too, in line 2");
    assert_message(1, WORKLOAD_NOTE, 0, (struct text_position){1, 12}, "\"a\" has no effect");
    assert_message(2, WORKLOAD_NOTE, 1, (struct text_position){1, 13},
                   "\"duration\" has no effect");
}

/* Goal: in one file tasks of one name stay two, also beside other files.  Method: twice in the
 * last file, once before. */
static void test_merge_repeated_in_one_file(void **state)
{
    static const char *const texts[] = {
        "{\"tasks\": {\"a\": {\"run\": 1}}}",
        "{\"tasks\": {\"a\": {\"run\": 2}, \"a\": {\"run\": 3}}}",
    };

    (void)state;
    read_texts(texts, 2);
    assert_int_equal(t.status, WORKLOAD_READ);
    assert_int_equal(t.image.header->task_count, 2);
    assert_int_equal(t.d.count, 1);
}

/* Goal: a message says of which file it is.  Method: errors in the grammar of two of three files;
 * errors in the values of two. */
static void test_merge_places(void **state)
{
    static const char *const grammar[] = {"{\"tasks\" 1}", "{}", "\n{]"};
    static const char *const values[] = {
        "{\"tasks\": {\"a\": {\"run\": -1}}}",
        "{}",
        "{\"global\": {\"duration\": 1.5},\n\"frob\"}",
    };

    (void)state;
    read_texts(grammar, 3);
    assert_int_equal(t.status, WORKLOAD_REFUSED);
    assert_int_equal(t.d.count, 2);
    assert_message(0, WORKLOAD_ERROR, 0, (struct text_position){1, 10}, "expected ':'");
    assert_message(1, WORKLOAD_ERROR, 2, (struct text_position){2, 2}, "expected a key");
    read_texts(values, 3);
    assert_int_equal(t.status, WORKLOAD_REFUSED);
    assert_int_equal(t.d.count, 3);
    assert_message(0, WORKLOAD_ERROR, 2, (struct text_position){2, 1}, "unknown key \"frob\"");
    assert_message(1, WORKLOAD_ERROR, 2, (struct text_position){1, 25}, "\"duration\": expected");
    assert_message(2, WORKLOAD_ERROR, 0, (struct text_position){1, 25}, "\"run\": expected");
}

/* Goal: an event knows its file and line.  Method: the second line of the second file. */
static void test_merge_event_line(void **state)
{
    static const char *const texts[] = {
        "{\"tasks\": {\"a\": {\"run\": 1}}}",
        "{\"tasks\": {\"b\": {\n\"run\": 1}}}",
    };

    (void)state;
    read_texts(texts, 2);
    assert_int_equal(t.status, WORKLOAD_READ);
    assert_int_equal(workload_line_number(t.image.events[0].line), 1);
    assert_int_equal(workload_line_file(t.image.events[0].line), 0);
    assert_int_equal(workload_line_number(t.image.events[1].line), 2);
    assert_int_equal(workload_line_file(t.image.events[1].line), 1);
}

/* Goal: files without a task are refused as one.  Method: none has "tasks"; one has none in it. */
static void test_merge_without_tasks(void **state)
{
    static const char *const none[] = {"{}", "{\"global\": {}}"};
    static const char *const empty[] = {"{}", "{\"tasks\": {}}"};

    (void)state;
    read_texts(none, 2);
    assert_int_equal(t.status, WORKLOAD_REFUSED);
    assert_message(0, WORKLOAD_ERROR, 0, (struct text_position){1, 1}, "none of the files has");
    read_texts(empty, 2);
    assert_int_equal(t.status, WORKLOAD_REFUSED);
    assert_message(0, WORKLOAD_ERROR, 1, (struct text_position){1, 11}, "at least one task");
}

/* Goal: a section that is no object is refused where it stands, and merges nothing.  Method: an
 * array beside an object. */
static void test_merge_no_object(void **state)
{
    static const char *const texts[] = {"{\"tasks\": [1]}", "{\"tasks\": {\"a\": {\"run\": 1}}}"};

    (void)state;
    read_texts(texts, 2);
    assert_int_equal(t.status, WORKLOAD_REFUSED);
    assert_message(0, WORKLOAD_ERROR, 0, (struct text_position){1, 11}, "expected an object");
}

/* Goal: of several files each that cannot be read is named.  Method: two that are not there around
 * one that is. */
static void test_merge_unreadable(void **state)
{
    static const char *const paths[] = {"/nonexistent/a", "workloads/default.json",
                                        "/nonexistent/b"};

    (void)state;
    t = (struct test_reading){.status = WORKLOAD_READ};
    assert_int_equal(workload_read_files(paths, 3, NULL, &t.d, &t.blob), WORKLOAD_NO_FILE);
    assert_int_equal(t.d.count, 2);
    assert_message(0, WORKLOAD_ERROR, 0, (struct text_position){0, 0}, "cannot be read: ");
    assert_message(1, WORKLOAD_ERROR, 2, (struct text_position){0, 0}, "cannot be read: ");
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_merge_sections),   TEST(test_merge_last_counts),
        TEST(test_merge_repeated_in_one_file), TEST(test_merge_places),
        TEST(test_merge_event_line), TEST(test_merge_without_tasks),
        TEST(test_merge_no_object),  TEST(test_merge_unreadable),
    };

    return cmocka_run_group_tests_name("workload/merge", tests, NULL, NULL);
}
