/* SPDX-License-Identifier: MIT */
/* step_objects_test.c - step: the actions of threads that wait for one another. */
#include "workload/step.h"

#include "workload/test_reading.h"

static struct step_shared shared;
static struct step_thread thread;
static struct test_reading reading;

static int teardown(void **state)
{
    (void)state;
    test_fini(&reading);
    return 0;
}

/* Begin thread 0 of a file whose only task has this body. */
static void begin(const char *body)
{
    shared = (struct step_shared){0};
    test_read_body(&reading, body);
    step_init(&thread, &reading.image, 0, (struct mono){0}, MONO_NEVER);
}

/* The action that comes next is of this kind, on the object of this name. */
static void expect_on(enum step_kind kind, const char *name)
{
    const struct workload_image *image = &reading.image;
    struct step_action action = step_next(&thread, &shared, (struct mono){0});

    assert_int_equal(action.kind, kind);
    assert_string_equal(workload_image_name(image, image->objects[action.object].name), name);
}

/* Goal: broad wakes all who wait at a condition.  Method: the action and its object. */
static void test_step_broad(void **state)
{
    (void)state;
    begin("\"lock\":\"m\",\"broad\":\"c\",\"unlock\":\"m\"");
    expect_on(STEP_LOCK, "m");
    expect_on(STEP_BROADCAST, "c");
    expect_on(STEP_UNLOCK, "m");
    expect_on(STEP_LOCK, "m");
    assert_int_equal(thread.activations, 1);
}

/* Goal: barriers and semaphores are what they are named.  Method: one of each. */
static void test_step_barrier_and_semaphore(void **state)
{
    (void)state;
    begin("\"barrier\":\"b\",\"sem_post\":\"s\",\"sem_wait1\":\"s\"");
    expect_on(STEP_BARRIER, "b");
    expect_on(STEP_SEM_POST, "s");
    expect_on(STEP_SEM_WAIT, "s");
    expect_on(STEP_BARRIER, "b");
    assert_int_equal(thread.activations, 1);
}

/* Goal: a call is one action; a service is receive, run, answer, and no run where it takes no time;
 * together they are one event.  Method: a caller, a server with a run and without. */
static void test_step_call_and_serve(void **state)
{
    struct step_action action;

    (void)state;
    shared = (struct step_shared){0};
    test_read(&reading, "{\"tasks\":{\"tt\":{\"capos-call\":\"e\"},\"s\":{\"capos-serve\":"
                        "{\"endpoint\":\"e\",\"run\":7},\"capos-serve2\":\"e\"}}}");
    step_init(&thread, &reading.image, 0, (struct mono){0}, MONO_NEVER);
    expect_on(STEP_CALL, "e");
    expect_on(STEP_CALL, "e");
    assert_int_equal(thread.activations, 1);
    step_init(&thread, &reading.image, 1, (struct mono){0}, MONO_NEVER);
    thread.start = (struct mono){0};
    expect_on(STEP_RECEIVE, "e");
    action = step_next(&thread, &shared, (struct mono){0});
    assert_int_equal(action.kind, STEP_RUN);
    assert_int_equal(action.ns, 7 * NS_PER_US);
    expect_on(STEP_ANSWER, "e");
    expect_on(STEP_RECEIVE, "e");
    expect_on(STEP_ANSWER, "e");
    assert_int_equal(thread.activations, 0);
    expect_on(STEP_RECEIVE, "e");
    assert_int_equal(thread.activations, 1);
}

/* Goal: mem and memrun are runs that write, 1 ns a byte; yield is itself.  Method: one of each. */
static void test_step_mem_and_yield(void **state)
{
    struct step_action action;

    (void)state;
    begin("\"mem\":700,\"memrun\":3,\"yield\"");
    action = step_next(&thread, &shared, (struct mono){0});
    assert_int_equal(action.kind, STEP_TOUCH);
    assert_int_equal(action.ns, 700);
    action = step_next(&thread, &shared, (struct mono){0});
    assert_int_equal(action.kind, STEP_TOUCH);
    assert_int_equal(action.ns, 3000);
    assert_int_equal(step_next(&thread, &shared, (struct mono){0}).kind, STEP_YIELD);
    assert_int_equal(thread.activations, 0);
    assert_int_equal(step_next(&thread, &shared, (struct mono){0}).kind, STEP_TOUCH);
    assert_int_equal(thread.activations, 1);
}

/* Goal: a fork names its task; a forked thread starts then and its timer's first period with it.
 * Method: forked at 7 ms with a delay of 1 ms, asked at once. */
static void test_step_fork(void **state)
{
    const struct mono then = {7 * NS_PER_MS};
    struct step_action action;

    (void)state;
    begin("\"instance\":1,\"loop\":1,\"delay\":1000,\"fork\":\"tt\","
          "\"timer\":{\"ref\":\"unique\",\"period\":5000}");
    action = step_next(&thread, &shared, (struct mono){NS_PER_MS});
    assert_int_equal(action.kind, STEP_FORK);
    assert_int_equal(action.object, 0);
    step_init_forked(&thread, &reading.image, 1, then, MONO_NEVER);
    action = step_next(&thread, &shared, then);
    assert_int_equal(action.kind, STEP_SLEEP_UNTIL);
    assert_int_equal(action.at.ns, 8 * NS_PER_MS);
    assert_int_equal(step_next(&thread, &shared, (struct mono){8 * NS_PER_MS}).kind, STEP_FORK);
    action = step_next(&thread, &shared, (struct mono){8 * NS_PER_MS});
    assert_int_equal(action.at.ns, 13 * NS_PER_MS);
}

/* Goal: where the task locks the mutex, sync is signal and wait, one event.  Method: as rt-app's
 * example files use it. */
static void test_step_sync_held(void **state)
{
    (void)state;
    begin("\"lock\":\"m\",\"sync\":{\"ref\":\"c\",\"mutex\":\"m\"},\"unlock\":\"m\"");
    for (unsigned turn = 0; turn < 3; turn++) {
        expect_on(STEP_LOCK, "m");
        assert_int_equal(thread.activations, turn);
        expect_on(STEP_SIGNAL, "c");
        expect_on(STEP_WAIT, "c");
        expect_on(STEP_UNLOCK, "m");
    }
}

/* Goal: where it does not, sync brings lock and unlock, as rt-app's tutorial says.  Method: a task
 * with nothing but a sync. */
static void test_step_sync_alone(void **state)
{
    (void)state;
    begin("\"sync\":{\"ref\":\"c\",\"mutex\":\"m\"}");
    for (unsigned turn = 0; turn < 2; turn++) {
        expect_on(STEP_LOCK, "m");
        assert_int_equal(thread.activations, turn);
        expect_on(STEP_SIGNAL, "c");
        expect_on(STEP_WAIT, "c");
        expect_on(STEP_UNLOCK, "m");
    }
}

/* Goal: suspend and resume of a name that is a condition too are connected with it, as in rt-app.
 * Method: a file that waits at the same name both ways; parts of one event are one event. */
static void test_step_suspend_at_condition(void **state)
{
    (void)state;
    begin("\"suspend\":\"x\",\"resume\":\"x\",\"suspend\":\"y\",\"signal\":\"x\"");
    expect_on(STEP_LOCK, "x");
    expect_on(STEP_WAIT, "x");
    expect_on(STEP_UNLOCK, "x");
    expect_on(STEP_LOCK, "x");
    expect_on(STEP_BROADCAST, "x");
    expect_on(STEP_UNLOCK, "x");
    expect_on(STEP_SUSPEND, "y");
    expect_on(STEP_SIGNAL, "x");
    assert_int_equal(thread.activations, 0);
    expect_on(STEP_LOCK, "x");
    assert_int_equal(thread.activations, 1);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_step_broad),
        TEST(test_step_barrier_and_semaphore),
        TEST(test_step_call_and_serve),
        TEST(test_step_mem_and_yield),
        TEST(test_step_fork),
        TEST(test_step_sync_held),
        TEST(test_step_sync_alone),
        TEST(test_step_suspend_at_condition),
    };

    return cmocka_run_group_tests_name("workload/step objects", tests, NULL, NULL);
}
