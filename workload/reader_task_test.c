/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <stdlib.h>

#include "abi/sched.h"
#include "workload/test_reading.h"

static struct test_reading t;

static int teardown(void **state)
{
    (void)state;
    test_fini(&t);
    return 0;
}

static const struct workload_task *read_one(const char *body)
{
    test_fini(&t);
    test_read_body(&t, body);
    return &t.image.tasks[0];
}

/* Goal: what is not said has rt-app's defaults.  Method: a task of one run. */
static void test_task_defaults(void **state)
{
    const struct workload_task *task = read_one("\"run\":1");

    (void)state;
    assert_string_equal(workload_image_name(&t.image, task->name), "tt");
    assert_int_equal(task->instance_count, 1);
    assert_int_equal(task->delay_ns, 0);
    assert_int_equal(task->nice, 0);
    assert_int_equal(task->weight, WEIGHT_UNIT);
    assert_int_equal(task->latency_class, LATENCY_NORMAL);
    assert_int_equal(task->mask, WORKLOAD_INDEX_NONE);
    assert_int_equal(task->loop, LOOP_FOREVER);
    assert_int_equal(t.image.phases[0].loop, 1);
}

/* Goal: attributes may stand anywhere between the events.  Method: all of them, mixed. */
static void test_task_attributes(void **state)
{
    const struct workload_task *task =
        read_one("\"run\":1,\"delay\":50,\"sleep\":2,\"instance\":3,\"cpus\":[1],\"priority\":5,"
                 "\"policy\":\"SCHED_OTHER\",\"capos-class\":\"interactive\",\"run\":3,\"loop\":7");

    (void)state;
    assert_int_equal(task->delay_ns, 50 * NS_PER_US);
    assert_int_equal(task->instance_count, 3);
    assert_int_equal(workload_image_threads(&t.image), 3);
    assert_int_equal(workload_image_mask(&t.image, task->mask)[0], 2);
    assert_int_equal(task->nice, 5);
    assert_int_equal(task->latency_class, LATENCY_INTERACTIVE);
    assert_int_equal(t.image.header->event_count, 3);
    assert_int_equal(t.image.phases[0].loop, 7);
    assert_int_equal(task->loop, 1);
}

/* Goal: nice is a factor of 1.25 for each step, 0 is 1024.  Method: every nice value against its
 * neighbour, a few against Linux's table. */
static void test_task_weights(void **state)
{
    static const struct {
        int nice;
        uint32_t linux_weight;
    } known[] = {{-20, 88761}, {-10, 9548}, {-1, 1277}, {0, 1024}, {5, 335}, {10, 110}, {19, 15}};
    uint32_t weights[40];

    (void)state;
    for (int nice = -20; nice <= 19; nice++) {
        char body[60];

        snprintf(body, sizeof body, "\"run\":1,\"priority\":%d", nice);
        weights[nice + 20] = read_one(body)->weight;
    }
    for (int i = 1; i < 40; i++) {
        double ratio = (double)weights[i - 1] / weights[i];

        assert_true(ratio > 1.25 * (1 - 1.0 / weights[i]));
        assert_true(ratio < 1.25 * (1 + 1.0 / weights[i]));
    }
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        double ratio = (double)weights[known[i].nice + 20] / known[i].linux_weight;

        assert_true(ratio > 0.99 && ratio < 1.01);
    }
    assert_int_equal(weights[20], WEIGHT_UNIT);
}

/* Goal: policies become classes and weights.  Method: the three, and an own class besides. */
static void test_task_policies(void **state)
{
    const struct workload_task *task;

    (void)state;
    task = read_one("\"run\":1,\"policy\":\"SCHED_BATCH\",\"priority\":5");
    assert_int_equal(task->latency_class, LATENCY_BATCH);
    assert_int_equal(task->weight, 336);
    task = read_one("\"run\":1,\"policy\":\"SCHED_IDLE\",\"priority\":5");
    assert_int_equal(task->latency_class, LATENCY_BATCH);
    assert_int_equal(task->weight, 3);
    task = read_one("\"run\":1,\"policy\":\"SCHED_IDLE\",\"capos-class\":\"normal\"");
    assert_int_equal(task->latency_class, LATENCY_NORMAL);
    task = read_one("\"run\":1,\"policy\":\"SCHED_OTHER\",\"capos-class\":\"batch\"");
    assert_int_equal(task->latency_class, LATENCY_BATCH);
}

/* Goal: other policies are refused by name.  Method: rt-app's, and one that is none. */
static void test_task_policies_refused(void **state)
{
    static const struct {
        const char *name;
        const char *part;
    } cases[] = {
        {"SCHED_FIFO", "\"SCHED_FIFO\" has no counterpart here; expected another policy, or "
                       "--fifo-as weight"},
        {"SCHED_RR", "\"SCHED_RR\" has no counterpart here"},
        {"SCHED_DEADLINE", "\"SCHED_DEADLINE\" needs a context, and there are none yet"},
        {"FIFO", "expected \"SCHED_OTHER\", \"SCHED_BATCH\" or \"SCHED_IDLE\", found \""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char body[60];

        snprintf(body, sizeof body, "\"policy\":\"%s\",\"run\":1", cases[i].name);
        test_body_refused(body, TEST_BODY_COLUMN + 9, cases[i].part);
    }
    test_body_refused("\"run\":1,\"capos-class\":\"fast\"", TEST_BODY_COLUMN + 22,
                      "\"batch\", \"normal\" or \"interactive\"");
}

/* Goal: asked to, real-time policies become interactive threads with a weight by priority, ten
 * priorities a step; their range is 1 to 99.  Method: both policies, the steps' ends, no priority,
 * what is outside. */
static void test_task_fifo_as_weight(void **state)
{
    static const struct workload_options options = {.fifo_as = WORKLOAD_FIFO_WEIGHT};
    static const struct {
        const char *body;
        int32_t nice; /* 0: refused */
    } cases[] = {
        {"\"policy\":\"SCHED_FIFO\",\"run\":1", -11},
        {"\"policy\":\"SCHED_RR\",\"priority\":1,\"run\":1", -11},
        {"\"priority\":10,\"policy\":\"SCHED_FIFO\",\"run\":1", -11},
        {"\"policy\":\"SCHED_FIFO\",\"priority\":11,\"run\":1", -12},
        {"\"policy\":\"SCHED_FIFO\",\"priority\":90,\"run\":1", -19},
        {"\"policy\":\"SCHED_FIFO\",\"priority\":99,\"run\":1", -20},
        {"\"policy\":\"SCHED_FIFO\",\"priority\":0,\"run\":1", 0},
        {"\"policy\":\"SCHED_FIFO\",\"priority\":100,\"run\":1", 0},
        {"\"policy\":\"SCHED_OTHER\",\"priority\":20,\"run\":1", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[120];

        snprintf(text, sizeof text, "{\"tasks\":{\"t\":{%s}}}", cases[i].body);
        test_fini(&t);
        test_read_options(&t, text, strlen(text), &options);
        assert_int_equal(t.status, cases[i].nice != 0 ? WORKLOAD_READ : WORKLOAD_REFUSED);
        if (cases[i].nice == 0)
            continue;
        assert_int_equal(t.image.tasks[0].nice, cases[i].nice);
        assert_int_equal(t.image.tasks[0].latency_class, LATENCY_INTERACTIVE);
    }
}

/* Goal: keys that change nothing here are accepted with a note that says why.  Method: in a task
 * and in a phase. */
static void test_task_notes(void **state)
{
    (void)state;
    test_read_body(&t, "\"util_min\":5,\"util_max\":9,"
                       "\"phases\":{\"p\":{\"taskgroup\":\"\",\"run\":1}}");
    assert_int_equal(t.d.count, 3);
    for (uint32_t i = 0; i < t.d.count; i++)
        assert_non_null(strstr(t.d.items[i].text, "has no effect: "));
}

/* Goal: what needs something that does not exist yet says what.  Method: the keys. */
static void test_task_not_yet(void **state)
{
    static const struct {
        const char *key;
        const char *part;
    } cases[] = {
        {"capos-context", "no contexts yet"}, {"capos-lease", "no leases yet"},
        {"capos-island", "no islands yet"},   {"dl-runtime", "no contexts yet"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char body[60];

        snprintf(body, sizeof body, "\"run\":1,\"%s\":1", cases[i].key);
        test_body_refused(body, TEST_BODY_COLUMN + 8, cases[i].part);
    }
}

/* Goal: numbers of a task are refused outside their ranges.  Method: a table. */
static void test_task_numbers_refused(void **state)
{
    static const struct {
        const char *body;
        uint32_t column;
        const char *part;
    } cases[] = {
        {"\"instance\":0,\"run\":1", 11, "has no thread, and none is ever forked"},
        {"\"instance\":-3", 11, "found -3"},
        {"\"instance\":1048577", 11, "found 1048577"},
        {"\"priority\":20", 11, "from -20 to 19, found 20"},
        {"\"priority\":-21", 11, "found -21"},
        {"\"delay\":-1", 8, "from 0 to 3600000000"},
        {"\"delay\":3600000001", 8, "found 3600000001"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        test_body_refused(cases[i].body, TEST_BODY_COLUMN + cases[i].column, cases[i].part);
}

/* Goal: 2^20 threads and no more, over all tasks.  Method: the limit, and one more both ways. */
static void test_task_thread_limit(void **state)
{
    (void)state;
    test_read(&t, "{\"tasks\":{\"a\":{\"instance\":1048575,\"run\":1},\"b\":{\"run\":1}}}");
    assert_int_equal(workload_image_threads(&t.image), WORKLOAD_THREADS_MAX);
    test_refused("{\"tasks\":{\"a\":{\"instance\":1048575,\"run\":1},\n"
                 "\"b\":{\"instance\":2,\"run\":1}}}",
                 2, 17, "at most 1048576 threads");
    test_refused("{\"tasks\":{\"a\":{\"instance\":1048576,\"run\":1},\n\"b\":{\"run\":1}}}", 2, 1,
                 "at most 1048576 threads");
}

/* Goal: phases keep their order, also two of one name.  Method: three, the middle name twice. */
static void test_task_phases(void **state)
{
    const struct workload_task *task =
        read_one("\"phases\":{\"a\":{\"run\":1},\"b\":{\"loop\":2,\"run\":2,\"run\":3},"
                 "\"b\":{\"cpus\":[3],\"run\":4}}");

    (void)state;
    assert_int_equal(task->phase_count, 3);
    assert_int_equal(task->loop, LOOP_FOREVER);
    assert_int_equal(t.image.phases[0].loop, 1);
    assert_int_equal(t.image.phases[1].loop, 2);
    assert_int_equal(t.image.phases[1].event_count, 2);
    assert_int_equal(t.image.phases[1].mask, WORKLOAD_INDEX_NONE);
    assert_int_equal(workload_image_mask(&t.image, t.image.phases[2].mask)[0], 8);
    assert_string_equal(workload_image_name(&t.image, t.image.phases[2].name), "b");
}

/* Goal: phases that make no sense are refused where they stand.  Method: a table. */
static void test_task_phases_refused(void **state)
{
    static const struct {
        const char *body;
        uint32_t column;
        const char *part;
    } cases[] = {
        {"\"phases\":{}", 9, "at least one phase"},
        {"\"phases\":[]", 9, "an object in { }, found an array"},
        {"\"phases\":{\"p\":{}}", 14, "\"p\" has no events"},
        {"\"phases\":{\"p\":{\"loop\":2}}", 14, "\"p\" has no events"},
        {"\"phases\":{\"p\":7}", 14, "an object in { }, found 7"},
        {"\"phases\":{\"\":{\"run\":1}}", 10, "a name of 1 to 255"},
        {"\"phases\":{\"p\":{\"run\":1,\"priority\":1}}", 23, "unknown key \"priority\""},
        {"\"phases\":{\"p\":{\"run\":1,\"policy\":\"x\"}}", 23, "loop, cpus or an event"},
        {"\"phases\":{\"p\":{\"loop\":1,\"run\":1,\"loop\":1}}", 32, "\"loop\" is given twice"},
        {"\"phases\":{\"p\":{\"run\":1}},\"run\":1", 25, "stands beside \"phases\""},
        {"\"run7\":1,\"phases\":{\"p\":{\"run\":1}}", 0, "\"run7\" stands beside"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        test_body_refused(cases[i].body, TEST_BODY_COLUMN + cases[i].column, cases[i].part);
}

/* Goal: keys that a task does not have are refused at the key.  Method: rt-app's and unknown. */
static void test_task_keys_refused(void **state)
{
    static const struct {
        const char *body;
        const char *part;
    } cases[] = {
        {"\"run\":1,\"dl-runtime\":1", "\"dl-runtime\" is not supported: "},
        {"\"run\":1,\"capos-context\":{}", "\"capos-context\" is not supported: "},
        {"\"run\":1,\"lopp\":1", "unknown key \"lopp\""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        test_body_refused(cases[i].body, TEST_BODY_COLUMN + 8, cases[i].part);
}

/* Goal: an attribute twice is refused at the second.  Method: instance. */
static void test_task_attribute_twice(void **state)
{
    (void)state;
    test_body_refused("\"instance\":1,\"run\":1,\"instance\":1", TEST_BODY_COLUMN + 21,
                      "\"instance\" is given twice; expected it once");
}

/* Goal: a task without events is refused at its value.  Method: none, and only attributes. */
static void test_task_without_events(void **state)
{
    (void)state;
    test_body_refused("", TEST_BODY_COLUMN - 1, "\"tt\" has no events; expected at least one of");
    test_body_refused("\"loop\":1", TEST_BODY_COLUMN - 1, "\"tt\" has no events");
}

/* Goal: one reading shows all errors, and an error in one task is none in the next.
 * Method: three errors in two tasks, a good task between. */
static void test_task_all_errors(void **state)
{
    static const char text[] = "{\"tasks\":{\n\"a\":{\"run\":-1,\"x\":1},\n\"b\":{\"run\":1},\n"
                               "\"c\":{\"priority\":99,\"run\":1}}}";
    static const uint32_t lines[] = {2, 2, 4};

    (void)state;
    test_read_bytes(&t, text, sizeof text - 1);
    assert_int_equal(t.status, WORKLOAD_REFUSED);
    assert_int_equal(t.d.error_count, ARRAY_COUNT(lines));
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++)
        assert_int_equal(t.d.items[i].position.line, lines[i]);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_task_defaults),
        TEST(test_task_attributes),
        TEST(test_task_weights),
        TEST(test_task_policies),
        TEST(test_task_policies_refused),
        TEST(test_task_fifo_as_weight),
        TEST(test_task_notes),
        TEST(test_task_not_yet),
        TEST(test_task_numbers_refused),
        TEST(test_task_thread_limit),
        TEST(test_task_phases),
        TEST(test_task_phases_refused),
        TEST(test_task_keys_refused),
        TEST(test_task_attribute_twice),
        TEST(test_task_without_events),
        TEST(test_task_all_errors),
    };

    return cmocka_run_group_tests_name("workload/reader_task", tests, NULL, NULL);
}
