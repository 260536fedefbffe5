/* SPDX-License-Identifier: MIT */
#include "workload/builder.h"

#include <stdio.h>
#include <stdlib.h>

#include "abi/sched.h"
#include "workload/test_reading.h"

static struct builder b;
static void *bytes;
static uint64_t size;
static struct workload_image image;

static int setup(void **state)
{
    (void)state;
    builder_init(&b, WORKLOAD_OBJECTS_MAX);
    bytes = NULL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    builder_fini(&b);
    free(bytes);
    return 0;
}

static void add_event(enum workload_event_kind kind, uint32_t object)
{
    struct workload_event event = {
        .kind = kind, .object = object, .object2 = WORKLOAD_INDEX_NONE, .line = 1};

    builder_event(&b, &event);
}

static void add_task(const char *name, uint32_t instances)
{
    struct workload_task task = {.instance_count = instances,
                                 .loop = 1,
                                 .weight = WEIGHT_UNIT,
                                 .mask = WORKLOAD_INDEX_NONE};

    builder_task(&b, name, task);
}

/* A task of one phase with one run. */
static void add_runner(const char *name, uint32_t instances)
{
    add_event(WORKLOAD_RUN, WORKLOAD_INDEX_NONE);
    builder_phase(&b, "p", 1, WORKLOAD_INDEX_NONE);
    add_task(name, instances);
}

static void finish(void)
{
    const struct builder_global global = {.duration_ns = 5};

    assert_true(builder_finish(&b, &global, &bytes, &size));
    assert_int_equal(workload_image_open(&image, bytes, size), WORKLOAD_IMAGE_OK);
}

/* Goal: what is built is what the image says.  Method: two tasks, three phases, one mask. */
static void test_builder_layout(void **state)
{
    const struct workload_mask mask = {.words = {[1] = 6}};

    (void)state;
    add_runner("one", 3);
    add_event(WORKLOAD_RUN, WORKLOAD_INDEX_NONE);
    add_event(WORKLOAD_SLEEP, WORKLOAD_INDEX_NONE);
    builder_phase(&b, "q", 7, builder_mask(&b, &mask));
    add_event(WORKLOAD_LOCK, builder_object(&b, WORKLOAD_MUTEX, "m", 0));
    builder_phase(&b, "r", 8, WORKLOAD_INDEX_NONE);
    add_task("two", 2);
    finish();
    assert_int_equal(image.header->duration_ns, 5);
    assert_int_equal(image.header->thread_count, 5);
    assert_int_equal(image.tasks[1].first_thread, 3);
    assert_int_equal(image.tasks[1].first_phase, 1);
    assert_int_equal(image.tasks[1].phase_count, 2);
    assert_string_equal(workload_image_name(&image, image.tasks[1].name), "two");
    assert_string_equal(workload_image_name(&image, image.phases[2].name), "r");
    assert_int_equal(image.phases[1].first_event, 1);
    assert_int_equal(image.phases[1].event_count, 2);
    assert_int_equal(workload_image_mask(&image, image.phases[1].mask)[1], 6);
    assert_string_equal(workload_image_name(&image, image.objects[0].name), "m");
}

/* Goal: equal sets of CPUs are stored once.  Method: the same twice, another one. */
static void test_builder_masks_once(void **state)
{
    const struct workload_mask one = {.words = {1}};
    const struct workload_mask two = {.words = {2}};

    (void)state;
    assert_int_equal(builder_mask(&b, &one), 0);
    assert_int_equal(builder_mask(&b, &two), 1);
    assert_int_equal(builder_mask(&b, &one), 0);
}

/* Goal: name and kind make an object.  Method: the same name for a mutex and a condition. */
static void test_builder_object_identity(void **state)
{
    (void)state;
    assert_int_equal(builder_object(&b, WORKLOAD_MUTEX, "x", 1), 0);
    assert_int_equal(builder_object(&b, WORKLOAD_CONDITION, "x", 2), 1);
    assert_int_equal(builder_object(&b, WORKLOAD_MUTEX, "y", 3), 2);
    assert_int_equal(builder_object(&b, WORKLOAD_MUTEX, "x", 4), 0);
    assert_int_equal(builder_find(&b, WORKLOAD_MUTEX, "x")->first_offset, 1);
    assert_null(builder_find(&b, WORKLOAD_SUSPEND_POINT, "x"));
}

/* Goal: a thousand objects are found again.  Method: by their names, in another order. */
static void test_builder_many_objects(void **state)
{
    char name[20];

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "object%u", i);
        assert_int_equal(builder_object(&b, WORKLOAD_MUTEX, name, i), i);
    }
    for (uint32_t i = 1000; i-- > 0;) {
        snprintf(name, sizeof name, "object%u", i);
        assert_int_equal(builder_object(&b, WORKLOAD_MUTEX, name, 0), i);
    }
}

/* Goal: a unique timer belongs to its task, a shared one to all; flags say which a task uses.
 * Method: the same names in two tasks. */
static void test_builder_timers(void **state)
{
    (void)state;
    add_event(WORKLOAD_TIMER, builder_object(&b, WORKLOAD_TIMER_UNIQUE, "unique", 0));
    builder_phase(&b, "p", 1, WORKLOAD_INDEX_NONE);
    add_task("one", 1);
    add_event(WORKLOAD_TIMER, builder_object(&b, WORKLOAD_TIMER_UNIQUE, "unique2", 0));
    add_event(WORKLOAD_TIMER, builder_object(&b, WORKLOAD_TIMER_UNIQUE, "unique", 0));
    add_event(WORKLOAD_TIMER, builder_object(&b, WORKLOAD_TIMER_SHARED, "tick", 0));
    builder_phase(&b, "p", 1, WORKLOAD_INDEX_NONE);
    add_task("two", 1);
    finish();
    assert_int_equal(image.header->object_count, 4);
    assert_int_not_equal(image.events[0].object, image.events[2].object);
    assert_int_equal(image.objects[image.events[0].object].timer_index, 0);
    assert_int_equal(image.objects[image.events[2].object].timer_index, 1);
    assert_int_equal(image.tasks[0].flags, WORKLOAD_TASK_USES_TIMER);
    assert_int_equal(image.tasks[1].flags,
                     WORKLOAD_TASK_USES_TIMER | WORKLOAD_TASK_USES_SHARED_TIMER);
}

/* Goal: one absolute use makes all uses absolute, those before too.  Method: use, mark, use. */
static void test_builder_absolute_timer(void **state)
{
    (void)state;
    add_event(WORKLOAD_TIMER, builder_object(&b, WORKLOAD_TIMER_SHARED, "tick", 0));
    builder_timer_absolute(&b, 0);
    add_event(WORKLOAD_TIMER, builder_object(&b, WORKLOAD_TIMER_SHARED, "tick", 0));
    add_event(WORKLOAD_TIMER, builder_object(&b, WORKLOAD_TIMER_SHARED, "tock", 0));
    builder_phase(&b, "p", 1, WORKLOAD_INDEX_NONE);
    add_task("t", 1);
    finish();
    assert_int_equal(image.events[0].kind, WORKLOAD_TIMER_ABSOLUTE);
    assert_int_equal(image.events[1].kind, WORKLOAD_TIMER_ABSOLUTE);
    assert_int_equal(image.events[2].kind, WORKLOAD_TIMER);
}

/* Goal: a dropped task leaves nothing behind.  Method: one between two good ones. */
static void test_builder_drop_task(void **state)
{
    (void)state;
    add_runner("one", 1);
    add_event(WORKLOAD_SLEEP, WORKLOAD_INDEX_NONE);
    builder_phase(&b, "p", 1, WORKLOAD_INDEX_NONE);
    add_event(WORKLOAD_SLEEP, WORKLOAD_INDEX_NONE);
    builder_drop_task(&b);
    add_runner("two", 1);
    finish();
    assert_int_equal(image.header->task_count, 2);
    assert_int_equal(image.header->phase_count, 2);
    assert_int_equal(image.header->event_count, 2);
    assert_int_equal(image.events[1].kind, WORKLOAD_RUN);
}

/* Goal: limits are refused by name, and finish says so.  Method: one mask too many. */
static void test_builder_mask_limit(void **state)
{
    const struct builder_global global = {0};

    (void)state;
    add_runner("one", 1);
    for (uint64_t i = 1; i <= WORKLOAD_MASKS_MAX + 1; i++) {
        const struct workload_mask mask = {.words = {i}};

        (void)builder_mask(&b, &mask);
    }
    assert_true(builder_has_failed(&b));
    assert_string_equal(b.full, "different sets of CPUs");
    assert_false(builder_finish(&b, &global, &bytes, &size));
    assert_null(bytes);
}

/* Goal: a ninth unique timer in a task is refused.  Method: nine names. */
static void test_builder_unique_timer_limit(void **state)
{
    char name[20];

    (void)state;
    for (uint32_t i = 0; i < WORKLOAD_UNIQUE_TIMERS_MAX; i++) {
        snprintf(name, sizeof name, "unique%u", i);
        (void)builder_object(&b, WORKLOAD_TIMER_UNIQUE, name, 0);
    }
    assert_false(builder_has_failed(&b));
    (void)builder_object(&b, WORKLOAD_TIMER_UNIQUE, "unique_more", 0);
    assert_string_equal(b.full, "unique timers in one task");
}

/* Goal: the number of objects is bounded by what was asked for.  Method: room for two. */
static void test_builder_object_limit(void **state)
{
    (void)state;
    builder_fini(&b);
    builder_init(&b, 2);
    (void)builder_object(&b, WORKLOAD_MUTEX, "a", 0);
    (void)builder_object(&b, WORKLOAD_MUTEX, "b", 0);
    assert_false(builder_has_failed(&b));
    (void)builder_object(&b, WORKLOAD_MUTEX, "c", 0);
    assert_non_null(b.full);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_builder_layout),
        TEST(test_builder_masks_once),
        TEST(test_builder_object_identity),
        TEST(test_builder_many_objects),
        TEST(test_builder_timers),
        TEST(test_builder_absolute_timer),
        TEST(test_builder_drop_task),
        TEST(test_builder_mask_limit),
        TEST(test_builder_unique_timer_limit),
        TEST(test_builder_object_limit),
    };

    return cmocka_run_group_tests_name("workload/builder", tests, NULL, NULL);
}
