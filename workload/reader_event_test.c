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

static const char *object_name(uint32_t object)
{
    return workload_image_name(&t.image, t.image.objects[object].name);
}

/* Goal: events come in file order, equal keys as often as they stand there, digits behind a key
 * mean nothing.  Method: ten events. */
static void test_event_order(void **state)
{
    static const struct {
        enum workload_event_kind kind;
        uint64_t us;
    } events[] = {{WORKLOAD_RUN, 1},     {WORKLOAD_SLEEP, 2}, {WORKLOAD_RUN, 3},
                  {WORKLOAD_RUN, 4},     {WORKLOAD_SLEEP, 5}, {WORKLOAD_RUNTIME, 6},
                  {WORKLOAD_RUNTIME, 7}, {WORKLOAD_RUN, 8},   {WORKLOAD_RUN, 9}};

    (void)state;
    test_read_body(&t, "\"run\":1,\"sleep\":2,\"run\":3,\"run\":4,\"sleep\":5,\"runtime\":6,"
                       "\"runtime12\":7,\"run0\":8,\"run999\":9");
    assert_int_equal(t.image.header->event_count, ARRAY_COUNT(events));
    for (size_t i = 0; i < ARRAY_COUNT(events); i++) {
        assert_int_equal(t.image.events[i].kind, events[i].kind);
        assert_int_equal(t.image.events[i].ns, events[i].us * NS_PER_US);
    }
}

/* Goal: every event knows its line.  Method: events on lines 2 and 4. */
static void test_event_line(void **state)
{
    (void)state;
    test_read_body(&t, "\n\"run\":1,\n\n\"run\":2");
    assert_int_equal(t.image.events[0].line, 2);
    assert_int_equal(t.image.events[1].line, 4);
}

/* Goal: mutexes and conditions.  Method: lock, wait, unlock, signal; names and kinds. */
static void test_event_lock_and_wait(void **state)
{
    const struct workload_event *e;

    (void)state;
    test_read_body(&t, "\"lock\":\"m\",\"wait\":{\"ref\":\"c\",\"mutex\":\"m\"},\"unlock\":\"m\","
                       "\"signal\":\"c\"");
    e = t.image.events;
    assert_int_equal(e[0].kind, WORKLOAD_LOCK);
    assert_string_equal(object_name(e[0].object), "m");
    assert_int_equal(e[1].kind, WORKLOAD_WAIT);
    assert_string_equal(object_name(e[1].object), "c");
    assert_int_equal(e[1].object2, e[0].object);
    assert_int_equal(e[2].kind, WORKLOAD_UNLOCK);
    assert_int_equal(e[2].object, e[0].object);
    assert_int_equal(e[3].kind, WORKLOAD_SIGNAL);
    assert_int_equal(e[3].object, e[1].object);
    assert_int_equal(t.image.header->object_count, 2);
}

/* Goal: a condition and a mutex may have one name.  Method: wait with both the same. */
static void test_event_same_name(void **state)
{
    (void)state;
    test_read_body(&t, "\"lock\":\"q\",\"wait\":{\"ref\":\"q\",\"mutex\":\"q\"}");
    assert_int_equal(t.image.header->object_count, 2);
}

/* Goal: "suspend" without value, with null or empty, is the task's own name.  Method: the three,
 * and one with a name. */
static void test_event_suspend_itself(void **state)
{
    (void)state;
    test_read_body(&t, "\"suspend\",\"suspend\":\"\",\"suspend1\":null,\"suspend\":\"other\","
                       "\"resume\":\"tt\"");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(t.image.events[i].kind, WORKLOAD_SUSPEND);
        assert_string_equal(object_name(t.image.events[i].object), "tt");
    }
    assert_string_equal(object_name(t.image.events[3].object), "other");
    assert_int_equal(t.image.events[4].kind, WORKLOAD_RESUME);
    assert_int_equal(t.image.events[4].object, t.image.events[0].object);
}

/* Goal: a resume needs a name.  Method: without value, empty. */
static void test_event_resume_needs_name(void **state)
{
    (void)state;
    test_body_refused("\"resume\",\"run\":1", TEST_BODY_COLUMN, "a name in quotes");
    test_body_refused("\"resume\":\"\"", TEST_BODY_COLUMN + 9, "1 to 255 bytes");
}

/* Goal: a name that is suspended at and a mutex or condition too is one condition with one mutex.
 * Method: each of the two first, a name that is neither beside it. */
static void test_event_suspend_name_clash(void **state)
{
    static const char *const bodies[] = {
        "\"suspend\":\"x\",\"lock\":\"x\",\"suspend\":\"y\"",
        "\"resume\":\"x\",\"signal\":\"x\",\"suspend\":\"y\"",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        const struct workload_event *e;

        test_fini(&t);
        test_read_body(&t, bodies[i]);
        e = t.image.events;
        assert_int_equal(t.image.objects[e[0].object].kind, WORKLOAD_CONDITION);
        assert_int_equal(t.image.objects[e[0].object2].kind, WORKLOAD_MUTEX);
        assert_string_equal(object_name(e[0].object), "x");
        assert_string_equal(object_name(e[0].object2), "x");
        assert_true(e[1].object == e[0].object || e[1].object == e[0].object2);
        assert_int_equal(t.image.objects[e[2].object].kind, WORKLOAD_SUSPEND_POINT);
        assert_int_equal(e[2].object2, WORKLOAD_INDEX_NONE);
    }
}

/* Goal: sync has a condition and a mutex, and its own lock where its task locks none; what another
 * task locks does not matter.  Method: the three cases. */
static void test_event_sync(void **state)
{
    const struct workload_event *e;

    (void)state;
    test_read(&t, "{\"tasks\":{"
                  "\"a\":{\"sync\":{\"ref\":\"c\",\"mutex\":\"m\"},\"lock\":\"m\"},"
                  "\"b\":{\"sync\":{\"ref\":\"c\",\"mutex\":\"m\"}},"
                  "\"d\":{\"lock\":\"n\",\"sync\":{\"ref\":\"c\",\"mutex\":\"m\"}}}}");
    e = t.image.events;
    assert_int_equal(e[0].kind, WORKLOAD_SYNC);
    assert_string_equal(object_name(e[0].object), "c");
    assert_string_equal(object_name(e[0].object2), "m");
    assert_int_equal(e[2].kind, WORKLOAD_SYNC_ALONE);
    assert_int_equal(e[4].kind, WORKLOAD_SYNC_ALONE);
}

/* Goal: a barrier's users are the threads of all tasks that name it.  Method: instances, two names,
 * a task that does not name it. */
static void test_event_barrier_users(void **state)
{
    (void)state;
    test_read(&t, "{\"tasks\":{"
                  "\"a\":{\"instance\":3,\"barrier\":\"x\",\"barrier\":\"y\"},"
                  "\"b\":{\"barrier\":\"x\",\"instance\":2},\"c\":{\"run\":1}}}");
    assert_int_equal(t.image.objects[t.image.events[0].object].users, 5);
    assert_int_equal(t.image.objects[t.image.events[1].object].users, 3);
    assert_int_equal(t.image.events[2].object, t.image.events[0].object);
    assert_int_equal(t.image.events[2].kind, WORKLOAD_BARRIER);
}

/* Goal: a task that would meet twice at one barrier is refused there: its users would be more than
 * its threads.  Method: in one phase, in two. */
static void test_event_barrier_twice(void **state)
{
    (void)state;
    test_body_refused("\"barrier\":\"x\",\"barrier2\":\"x\"", TEST_BODY_COLUMN + 25,
                      "\"barrier2\": this task meets here twice");
    test_body_refused("\"phases\":{\"p\":{\"barrier\":\"x\"},\"q\":{\"barrier\":\"x\"}}",
                      TEST_BODY_COLUMN + 45, "meets here twice");
}

/* Goal: a semaphore is a name of its own.  Method: beside a mutex and a barrier of that name. */
static void test_event_semaphore(void **state)
{
    const struct workload_event *e;

    (void)state;
    test_read_body(&t, "\"lock\":\"x\",\"barrier\":\"x\",\"sem_wait\":\"x\",\"sem_post7\":\"x\"");
    e = t.image.events;
    assert_int_equal(t.image.header->object_count, 3);
    assert_int_equal(e[2].kind, WORKLOAD_SEM_WAIT);
    assert_int_equal(e[3].kind, WORKLOAD_SEM_POST);
    assert_int_equal(e[2].object, e[3].object);
    assert_int_equal(t.image.objects[e[2].object].kind, WORKLOAD_SEMAPHORE);
}

/* Goal: mem is bytes, memrun microseconds; only they ask for a buffer.  Method: both, neither. */
static void test_event_mem(void **state)
{
    (void)state;
    test_read_body(&t, "\"mem\":5,\"memrun\":6");
    assert_int_equal(t.image.events[0].kind, WORKLOAD_MEM);
    assert_int_equal(t.image.events[0].ns, 5);
    assert_int_equal(t.image.events[1].kind, WORKLOAD_MEMRUN);
    assert_int_equal(t.image.events[1].ns, 6 * NS_PER_US);
    assert_int_equal(t.image.header->buffer_bytes, WORKLOAD_BUFFER_BYTES_MAX);
    test_fini(&t);
    test_read_body(&t, "\"run\":5");
    assert_int_equal(t.image.header->buffer_bytes, 0);
    test_body_refused("\"mem\":1073741825", TEST_BODY_COLUMN + 6, "from 0 to 1073741824");
    test_body_refused("\"memrun\":\"x\"", TEST_BODY_COLUMN + 9, "expected a whole number");
}

/* Goal: yield takes a string, an empty one, or no value.  Method: these, and a number. */
static void test_event_yield(void **state)
{
    (void)state;
    test_read_body(&t, "\"yield\",\"yield1\":\"\",\"yield2\":\"x\",\"yield\":null");
    assert_int_equal(t.image.header->event_count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(t.image.events[i].kind, WORKLOAD_YIELD);
    test_body_refused("\"yield\":1", TEST_BODY_COLUMN + 8, "expected a string");
}

/* Goal: a timer is unique or shared by its name; it is relative unless one use says absolute.
 * Method: three timers. */
static void test_event_timers(void **state)
{
    const struct workload_event *e;

    (void)state;
    test_read_body(&t, "\"timer0\":{\"ref\":\"unique_a\",\"period\":5,\"mode\":\"relative\"},"
                       "\"timer1\":{\"ref\":\"tick\",\"period\":6},"
                       "\"timer2\":{\"mode\":\"absolute\",\"period\":7,\"ref\":\"tick\"}");
    e = t.image.events;
    assert_int_equal(t.image.objects[e[0].object].kind, WORKLOAD_TIMER_UNIQUE);
    assert_int_equal(e[0].kind, WORKLOAD_TIMER);
    assert_int_equal(e[0].ns, 5 * NS_PER_US);
    assert_int_equal(t.image.objects[e[1].object].kind, WORKLOAD_TIMER_SHARED);
    assert_int_equal(e[1].kind, WORKLOAD_TIMER_ABSOLUTE);
    assert_int_equal(e[2].kind, WORKLOAD_TIMER_ABSOLUTE);
    assert_int_equal(e[2].object, e[1].object);
}

/* Goal: what is wrong inside a timer is refused there.  Method: a table of columns. */
static void test_event_timer_refused(void **state)
{
    static const struct {
        const char *body;
        uint32_t column; /* behind the body's first */
        const char *part;
    } cases[] = {
        {"\"timer\":5", 8, "expected an object in { }, found 5"},
        {"\"timer\":{\"period\":5}", 8, "both ref and period"},
        {"\"timer\":{\"ref\":\"a\"}", 8, "both ref and period"},
        {"\"timer\":{\"ref\":\"a\",\"period\":-5}", 28, "from 0 to 3600000000"},
        {"\"timer\":{\"ref\":1,\"period\":5}", 15, "a name in quotes"},
        {"\"timer\":{\"ref\":\"a\",\"period\":5,\"mode\":\"x\"}", 37,
         "\"mode\": expected \"relative\" or \"absolute\", found \"x\""},
        {"\"timer\":{\"ref\":\"a\",\"perod\":5}", 19, "unknown key \"perod\"; expected ref"},
        {"\"timer\":{\"ref\":\"a\",\"ref\":\"b\"}", 19, "\"ref\" is given twice"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        test_body_refused(cases[i].body, TEST_BODY_COLUMN + cases[i].column, cases[i].part);
}

/* Goal: what is wrong inside a wait is refused there.  Method: a table of columns. */
static void test_event_wait_refused(void **state)
{
    static const struct {
        const char *body;
        uint32_t column;
        const char *part;
    } cases[] = {
        {"\"wait\":\"q\"", 7, "expected an object in { }"},
        {"\"wait\":{\"ref\":\"a\"}", 7, "both ref and mutex"},
        {"\"wait\":{\"mutex\":\"a\"}", 7, "both ref and mutex"},
        {"\"wait\":{\"ref\":\"a\",\"lock\":\"m\"}", 18, "unknown key \"lock\"; expected ref"},
        {"\"wait\":{\"mutex\":\"a\",\"mutex\":\"m\"}", 20, "\"mutex\" is given twice"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        test_body_refused(cases[i].body, TEST_BODY_COLUMN + cases[i].column, cases[i].part);
}

/* Goal: nine unique timers in a task are one too many.  Method: refused at the ninth. */
static void test_event_unique_timer_limit(void **state)
{
    char body[9 * 40] = "";

    (void)state;
    for (char name = '1'; name <= '9'; name++) {
        char event[] = "\"timer\":{\"ref\":\"unique?\",\"period\":5},";

        event[22] = name;
        strcat(body, event);
    }
    body[strlen(body) - 1] = '\0';
    test_body_refused(body, TEST_BODY_COLUMN + 8 * 37, "too many unique timers in one task");
}

/* Goal: the other events of rt-app are refused by name, digits or not.  Method: all of them. */
static void test_event_unsupported(void **state)
{
    static const char *const keys[] = {
        "iorun", "iorun3",
    };
    char body[60];

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        char part[60];

        snprintf(body, sizeof body, "\"run\":1,\"%s\":\"x\"", keys[i]);
        snprintf(part, sizeof part, "\"%s\" is not supported: ", keys[i]);
        test_body_refused(body, TEST_BODY_COLUMN + 8, part);
    }
}

/* Goal: what only looks like an event is unknown.  Method: letters behind, digits between. */
static void test_event_unknown(void **state)
{
    static const char *const keys[] = {"runx", "ru1n", "run1x", "1", "", "Run", "run ", "timers"};
    char body[60];

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        char part[60];

        snprintf(body, sizeof body, "\"run\":1,\"%s\":1", keys[i]);
        snprintf(part, sizeof part, "unknown key \"%s\"; expected", keys[i]);
        test_body_refused(body, TEST_BODY_COLUMN + 8, part);
    }
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_event_order),
        TEST(test_event_line),
        TEST(test_event_lock_and_wait),
        TEST(test_event_same_name),
        TEST(test_event_suspend_itself),
        TEST(test_event_resume_needs_name),
        TEST(test_event_suspend_name_clash),
        TEST(test_event_sync),
        TEST(test_event_mem),
        TEST(test_event_yield),
        TEST(test_event_barrier_users),
        TEST(test_event_barrier_twice),
        TEST(test_event_semaphore),
        TEST(test_event_timers),
        TEST(test_event_timer_refused),
        TEST(test_event_wait_refused),
        TEST(test_event_unique_timer_limit),
        TEST(test_event_unsupported),
        TEST(test_event_unknown),
    };

    return cmocka_run_group_tests_name("workload/reader_event", tests, NULL, NULL);
}
