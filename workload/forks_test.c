/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "workload/test_reading.h"

static struct test_reading t;

static int teardown(void **state)
{
    (void)state;
    test_fini(&t);
    return 0;
}

/* Task number `i` has so many threads at the start and so many in all. */
static void expect_threads(uint32_t i, uint32_t at_start, uint32_t in_all)
{
    assert_int_equal(t.image.tasks[i].start_count, at_start);
    assert_int_equal(t.image.tasks[i].instance_count, in_all);
}

/* Goal: a fork names a task, before or after it in the file, and has its number.  Method: both. */
static void test_forks_name_tasks(void **state)
{
    (void)state;
    test_read(&t, "{\"tasks\":{\"a\":{\"loop\":1,\"fork\":\"c\",\"fork\":\"b\"},"
                  "\"b\":{\"loop\":1,\"run\":1},\"c\":{\"loop\":1,\"fork\":\"b\"}}}");
    assert_int_equal(t.image.events[0].kind, WORKLOAD_FORK);
    assert_int_equal(t.image.events[0].object, 2);
    assert_int_equal(t.image.events[1].object, 1);
    assert_int_equal(t.image.events[3].object, 1);
    expect_threads(0, 1, 1);
    expect_threads(1, 1, 4); /* of a, of c, and of the c that a forks */
    expect_threads(2, 1, 2);
    assert_int_equal(workload_image_threads(&t.image), 7);
    assert_int_equal(t.image.tasks[2].first_thread, 5);
}

/* Goal: room is made for turns of phase and task, times the forking threads.  Method: 3 threads, 2
 * turns of 4; two forks of the same task. */
static void test_forks_count_turns(void **state)
{
    (void)state;
    test_read(&t, "{\"tasks\":{\"a\":{\"instance\":3,\"loop\":2,\"phases\":{"
                  "\"p\":{\"loop\":4,\"fork\":\"b\"},\"q\":{\"fork\":\"b\"}}},"
                  "\"b\":{\"instance\":0,\"run\":1}}}");
    expect_threads(1, 0, 3 * 2 * 4 + 3 * 2);
    assert_false(workload_image_starts(&t.image, 3));
    assert_true(workload_image_starts(&t.image, 2));
}

/* Goal: what is endless, or more than the limit, is the limit.  Method: a loop for ever, many
 * turns, a task that forks itself, two that fork each other. */
static void test_forks_limit(void **state)
{
    static const char *const bodies[] = {
        "\"a\":{\"loop\":-1,\"fork\":\"b\"},\"b\":{\"instance\":0,\"run\":1}",
        "\"a\":{\"loop\":2147483647,\"fork\":\"b\"},\"b\":{\"instance\":0,\"run\":1}",
        "\"x\":{\"run\":1},\"b\":{\"loop\":1,\"fork\":\"b\"}",
        "\"a\":{\"loop\":1,\"fork\":\"b\"},\"b\":{\"instance\":0,\"loop\":1,\"fork\":\"a\"}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        char text[200];
        const struct workload_task *b;

        snprintf(text, sizeof text, "{\"tasks\":{%s}}", bodies[i]);
        test_fini(&t);
        test_read(&t, text);
        b = &t.image.tasks[1];
        assert_int_equal(b->instance_count - b->start_count, WORKLOAD_FORKS_MAX);
    }
}

/* Goal: a task without a thread must be forked by somebody.  Method: by nobody, by itself only. */
static void test_forks_empty_task(void **state)
{
    (void)state;
    test_refused("{\"tasks\":{\"a\":{\"run\":1},\n\"b\":{\"instance\":0,\"run\":1}}}", 2, 17,
                 "\"b\" has no thread, and none is ever forked");
    test_body_refused("\"instance\":0,\"loop\":1,\"fork\":\"tt\"", TEST_BODY_COLUMN + 11,
                      "none is ever forked");
}

/* Goal: what cannot be forked is refused at the name.  Method: no such task; one with a barrier; no
 * name. */
static void test_forks_refused(void **state)
{
    (void)state;
    test_body_refused("\"fork\":\"x\"", TEST_BODY_COLUMN + 7, "there is no task \"x\"");
    test_refused("{\"tasks\":{\"a\":{\"fork\":\"b\"},\"b\":{\"run\":1,\"barrier\":\"m\"}}}", 1, 23,
                 "\"b\" meets others at a barrier");
    test_body_refused("\"fork\":1", TEST_BODY_COLUMN + 7, "a name in quotes");
}

/* Goal: an error elsewhere leaves the forks alone.  Method: the forked task is the wrong one. */
static void test_forks_after_errors(void **state)
{
    static const char text[] = "{\"tasks\":{\"a\":{\"fork\":\"b\"},\n\"b\":{\"run\":-1}}}";

    (void)state;
    test_refused(text, 2, 12, "\"run\"");
    test_read_bytes(&t, text, strlen(text));
    assert_int_equal(t.d.error_count, 1);
}

/* Goal: more forks than their limit are refused.  Method: one more. */
static void test_forks_event_limit(void **state)
{
    static char body[WORKLOAD_FORK_EVENTS_MAX * 12 + 20];
    size_t used = 0;

    (void)state;
    for (unsigned i = 0; i <= WORKLOAD_FORK_EVENTS_MAX; i++)
        used += (size_t)sprintf(body + used, "\"fork\":\"tt\",");
    body[used - 1] = '\0';
    test_body_refused(body, TEST_BODY_COLUMN + 12 * WORKLOAD_FORK_EVENTS_MAX, "too many forks");
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_forks_name_tasks),   TEST(test_forks_count_turns), TEST(test_forks_limit),
        TEST(test_forks_empty_task),   TEST(test_forks_refused),     TEST(test_forks_after_errors),
        TEST(test_forks_event_limit),
    };

    return cmocka_run_group_tests_name("workload/forks", tests, NULL, NULL);
}
