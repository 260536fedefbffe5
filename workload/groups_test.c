/* SPDX-License-Identifier: MIT */
/* Task groups: which tasks are one process, and when none is. */
#include <stdio.h>
#include <string.h>

#include "workload/test_reading.h"

static struct test_reading t;

static int forget(void **state)
{
    (void)state;
    test_fini(&t);
    return 0;
}

/* The tasks' processes must be these, their number `count`. */
static void expect_processes(const uint32_t *processes, uint32_t tasks, uint32_t count)
{
    assert_int_equal(t.image.header->task_count, tasks);
    assert_int_equal(t.image.header->process_count, count);
    for (uint32_t i = 0; i < tasks; i++)
        assert_int_equal(t.image.tasks[i].process, processes[i]);
}

/* Goal: tasks of one path are one process, numbered in the file's order; the root, the empty path
 * and no path are process 0.  Method: all of them, paths that begin alike, no note. */
static void test_groups_are_processes(void **state)
{
    static const uint32_t processes[] = {0, 1, 2, 1, 0, 0, 3};

    (void)state;
    test_read(&t, "{\"tasks\":{\"a\":{\"run\":1},\"b\":{\"taskgroup\":\"/x\",\"run\":1},"
                  "\"c\":{\"taskgroup\":\"/x/y\",\"run\":1},\"d\":{\"run\":1,\"taskgroup\":\"/x\"},"
                  "\"e\":{\"taskgroup\":\"/\",\"run\":1},\"f\":{\"taskgroup\":\"\",\"run\":1},"
                  "\"g\":{\"taskgroup\":\"z\",\"run\":1}}}");
    expect_processes(processes, ARRAY_COUNT(processes), 3);
    assert_string_equal(workload_image_process_name(&t.image, 2), "/x/y");
    assert_int_equal(t.d.count, 0);
}

/* Goal: objects and forks inside a group, and timers that are a thread's own, are no hindrance.
 * Method: each kind of object within a group; a unique timer of one name in two groups. */
static void test_groups_share_within(void **state)
{
    static const uint32_t processes[] = {1, 1, 2, 1};

    (void)state;
    test_read(&t, "{\"tasks\":{\"a\":{\"taskgroup\":\"/x\",\"lock\":\"m\","
                  "\"wait\":{\"ref\":\"c\",\"mutex\":\"m\"},\"unlock\":\"m\",\"barrier\":\"b\","
                  "\"sem_post\":\"s\",\"suspend\",\"timer\":{\"ref\":\"unique\",\"period\":9},"
                  "\"timer1\":{\"ref\":\"t\",\"period\":9},\"fork\":\"d\"},"
                  "\"b\":{\"taskgroup\":\"/x\",\"lock\":\"m\",\"signal\":\"c\",\"unlock\":\"m\","
                  "\"barrier\":\"b\",\"sem_wait\":\"s\",\"resume\":\"a\","
                  "\"timer\":{\"ref\":\"t\",\"period\":9}},"
                  "\"c\":{\"taskgroup\":\"/y\",\"timer\":{\"ref\":\"unique\",\"period\":9}},"
                  "\"d\":{\"instance\":0,\"taskgroup\":\"/x\",\"run\":1}}}");
    expect_processes(processes, ARRAY_COUNT(processes), 2);
    assert_int_equal(t.d.count, 0);
    for (uint32_t i = 0; i < t.image.header->object_count; i++) {
        bool is_own = t.image.objects[i].kind == WORKLOAD_TIMER_UNIQUE &&
                      t.image.objects[i].process == 2;

        assert_true(is_own || t.image.objects[i].process == 1);
    }
}

/* Goal: where groups share something nobody has a process of its own, and a note says at which
 * task's key, and what.  Method: each kind of object between two groups, between one and none. */
static void test_groups_that_share_are_noted(void **state)
{
    static const struct {
        const char *first;
        const char *second;
        const char *part;
    } cases[] = {
        {"\"lock\":\"m\",\"unlock\":\"m\"", "\"lock\":\"m\",\"unlock\":\"m\"", "the mutex \"m\""},
        {"\"signal\":\"c\"", "\"broad\":\"c\"", "the condition \"c\""},
        {"\"suspend\":\"p\"", "\"resume\":\"p\"", "the suspend point \"p\""},
        {"\"suspend\":\"p\"", "\"lock\":\"p\",\"unlock\":\"p\"", "the mutex \"p\""},
        {"\"barrier\":\"b\"", "\"barrier\":\"b\"", "the barrier \"b\""},
        {"\"sem_post\":\"s\"", "\"sem_wait\":\"s\"", "the semaphore \"s\""},
        {"\"capos-call\":\"e\"", "\"capos-serve\":\"e\"", "the endpoint \"e\""},
        {"\"timer\":{\"ref\":\"t\",\"period\":1}", "\"timer\":{\"ref\":\"t\",\"period\":1}",
         "the timer \"t\""},
        {"\"run\":1", "\"loop\":1,\"fork\":\"a\"", "forks \"a\", which is outside its group"},
    };
    static const char *const groups[] = {"\"taskgroup\":\"/y\",", ""};
    static const uint32_t processes[] = {0, 0};

    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_COUNT(cases); i++) {
        char text[300];

        snprintf(text, sizeof text,
                 "{\"tasks\":{\"a\":{\n\"taskgroup\":\"/x\",%s},\"b\":{\n\n%s%s}}}",
                 cases[i / 2].first, groups[i % 2], cases[i / 2].second);
        test_fini(&t);
        test_read(&t, text);
        expect_processes(processes, 2, 0);
        assert_int_equal(t.d.count, 1);
        assert_int_equal(t.d.items[0].severity, WORKLOAD_NOTE);
        assert_int_equal(t.d.items[0].position.line, i % 2 == 0 ? 4 : 2);
        assert_int_equal(t.d.items[0].position.column, 1);
        assert_non_null(strstr(t.d.items[0].text, "\"taskgroup\" has no effect: "));
        if (strstr(t.d.items[0].text, cases[i / 2].part) == NULL)
            fail_msg("%s", t.d.items[0].text);
    }
}

/* Goal: what is no path is refused, and one process too many.  Method: other types; the limit and
 * one more. */
static void test_groups_refused(void **state)
{
    static char text[60 * (WORKLOAD_PROCESSES_MAX + 2)];
    char *end;

    (void)state;
    test_body_refused("\"taskgroup\":7,\"run\":1", TEST_BODY_COLUMN + 12, "a name in quotes");
    test_body_refused("\"taskgroup\":\"\\n\",\"run\":1", TEST_BODY_COLUMN + 12,
                      "a name of 1 to 255");
    test_body_refused("\"taskgroup\":\"a\",\"run\":1,\"taskgroup\":\"b\"", TEST_BODY_COLUMN + 24,
                      "given twice");
    for (uint32_t groups = WORKLOAD_PROCESSES_MAX; groups <= WORKLOAD_PROCESSES_MAX + 1; groups++) {
        end = text + sprintf(text, "{\"tasks\":{");
        for (uint32_t i = 0; i < groups; i++)
            end += sprintf(end, "\"t%u\":{\"taskgroup\":\"/%u\",\"run\":1},", i, i);
        sprintf(end, "}}");
        test_fini(&t);
        test_read_bytes(&t, text, strlen(text));
        assert_int_equal(t.status, groups <= WORKLOAD_PROCESSES_MAX ? WORKLOAD_READ
                                                                    : WORKLOAD_REFUSED);
    }
    assert_non_null(strstr(test_first_error(&t.d)->text, "task groups"));
}

/* Goal: a group in a phase changes nothing, as a thread stays in its process.  Method: a note. */
static void test_groups_in_phases_are_noted(void **state)
{
    static const uint32_t processes[] = {1};

    (void)state;
    test_read_body(&t, "\"taskgroup\":\"/x\",\"phases\":{\"p\":{\"taskgroup\":\"/y\",\"run\":1}}");
    expect_processes(processes, 1, 1);
    assert_int_equal(t.d.count, 1);
    assert_non_null(strstr(t.d.items[0].text, "stays in the process"));
}

#define TEST(name) cmocka_unit_test_teardown(name, forget)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_groups_are_processes),       TEST(test_groups_share_within),
        TEST(test_groups_that_share_are_noted), TEST(test_groups_refused),
        TEST(test_groups_in_phases_are_noted),
    };

    return cmocka_run_group_tests_name("workload/groups", tests, NULL, NULL);
}
