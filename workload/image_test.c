/* SPDX-License-Identifier: MIT */
#include "workload/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "workload/test_reading.h"

static const char text[] =
    "{\"tasks\":{"
    "\"a\":{\"instance\":3,\"cpus\":[1],\"phases\":{\"p\":{\"run\":1,\"sleep\":2},"
    "\"q\":{\"cpus\":[0,70],\"timer\":{\"ref\":\"unique\",\"period\":5}}}},"
    "\"b\":{\"loop\":2,\"timer\":{\"ref\":\"t\",\"period\":9},\"lock\":\"m\","
    "\"wait\":{\"ref\":\"c\",\"mutex\":\"m\"},\"unlock\":\"m\",\"signal\":\"c\",\"suspend\","
    "\"resume\":\"b\",\"broad\":\"c\",\"sync\":{\"ref\":\"c\",\"mutex\":\"m\"},"
    "\"suspend\":\"c\",\"barrier\":\"b\",\"sem_wait\":\"s\",\"sem_post\":\"s\","
    "\"mem\":5,\"memrun\":6,\"yield\",\"fork\":\"z\"},"
    "\"z\":{\"instance\":0,\"run\":1},"
    "\"g\":{\"taskgroup\":\"/g\",\"run\":1,\"lock\":\"own\",\"unlock\":\"own\"},"
    "\"h\":{\"taskgroup\":\"/h\",\"run\":1},"
    "\"i\":{\"taskgroup\":\"/g\",\"run\":1,\"lock\":\"own\",\"unlock\":\"own\"}}}";

static struct test_reading reading;
static unsigned char *bytes; /* a copy that a test may change */
static uint64_t size;

static int setup(void **state)
{
    (void)state;
    test_read(&reading, text);
    size = reading.blob.size;
    bytes = malloc(size);
    assert_non_null(bytes);
    memcpy(bytes, reading.blob.bytes, size);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_fini(&reading);
    free(bytes);
    return 0;
}

static struct workload_header *header(void)
{
    return (struct workload_header *)(void *)bytes;
}

static struct workload_task *task(uint32_t i)
{
    return (struct workload_task *)(void *)(bytes + header()->tasks_offset) + i;
}

static struct workload_phase *phase(uint32_t i)
{
    return (struct workload_phase *)(void *)(bytes + header()->phases_offset) + i;
}

static struct workload_event *event(uint32_t i)
{
    return (struct workload_event *)(void *)(bytes + header()->events_offset) + i;
}

static struct workload_object *object(uint32_t i)
{
    return (struct workload_object *)(void *)(bytes + header()->objects_offset) + i;
}

/* Open the changed copy, with a checksum that fits it. */
static enum workload_refusal reopen(void)
{
    struct workload_image image;

    header()->checksum = hash_sealed(bytes, size, offsetof(struct workload_header, checksum));
    return workload_image_open(&image, bytes, size);
}

/* Change `*field` to `value`: refused for `reason`; and back: accepted. */
static void expect_refused(uint32_t *field, uint32_t value, enum workload_refusal reason)
{
    uint32_t before = *field;
    enum workload_refusal refusal;

    *field = value;
    refusal = reopen();
    if (refusal != reason)
        fail_msg("%u instead of %u: %s", value, before, workload_refusal_sentence(refusal));
    *field = before;
    assert_int_equal(reopen(), WORKLOAD_IMAGE_OK);
}

/* Goal: a sound image opens and its parts are found.  Method: names, masks, thread numbers. */
static void test_image_read(void **state)
{
    const struct workload_image *image = &reading.image;

    (void)state;
    assert_int_equal(workload_image_threads(image), 9);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(workload_image_task_of(image, i), i == 3);
        assert_int_equal(workload_image_instance_of(image, i), i % 3);
    }
    assert_string_equal(workload_image_name(image, image->tasks[1].name), "b");
    assert_int_equal(workload_image_mask(image, image->tasks[0].mask)[0], 2);
    assert_int_equal(workload_image_mask(image, image->phases[1].mask)[1], 64);
    assert_null(workload_image_mask(image, image->tasks[1].mask));
    assert_true(workload_image_starts(image, 3));
    assert_int_equal(workload_image_task_of(image, 4), 2); /* z, which b forks twice */
    assert_false(workload_image_starts(image, 5));
    expect_assert_failure(workload_image_task_of(image, 9));
}

/* Goal: processes are numbered by their first tasks, and a thread's is found.  Method: two groups,
 * one of two tasks; names; an image without any. */
static void test_image_processes(void **state)
{
    static const uint32_t processes[] = {0, 0, 0, 0, 0, 0, 1, 2, 1};
    const struct workload_image *image = &reading.image;
    struct test_reading t;

    (void)state;
    assert_int_equal(image->header->process_count, 2);
    for (uint32_t i = 0; i < ARRAY_COUNT(processes); i++)
        assert_int_equal(workload_image_process_of(image, i), processes[i]);
    assert_string_equal(workload_image_process_name(image, 0), "");
    assert_string_equal(workload_image_process_name(image, 1), "/g");
    assert_string_equal(workload_image_process_name(image, 2), "/h");
    test_read_body(&t, "\"run\":1");
    assert_int_equal(workload_image_process_of(&t.image, 0), 0);
    test_fini(&t);
}

/* The last object or event that is so, of a table that has one. */
static uint32_t find_object(uint32_t process)
{
    for (uint32_t i = header()->object_count; i-- > 0;)
        if (object(i)->process == process)
            return i;
    fail_msg("no object of process %u", process);
    return 0;
}

static uint32_t find_event(uint32_t kind)
{
    for (uint32_t i = header()->event_count; i-- > 0;)
        if (event(i)->kind == kind)
            return i;
    fail_msg("no event of kind %u", kind);
    return 0;
}

/* Goal: a process whose number is not the next one, or that shares something, is refused.  Method:
 * tasks, objects and a fork moved to other processes. */
static void test_image_refuses_processes(void **state)
{
    struct workload_object *own = object(find_object(1));

    (void)state;
    expect_refused(&task(3)->process, 2, WORKLOAD_IMAGE_PROCESS);
    expect_refused(&task(4)->process, 3, WORKLOAD_IMAGE_PROCESS);
    expect_refused(&task(4)->process, 1, WORKLOAD_IMAGE_PROCESS); /* nobody is in 2 */
    expect_refused(&task(5)->process, 2, WORKLOAD_IMAGE_PROCESS);
    expect_refused(&task(5)->process_name, header()->strings_bytes, WORKLOAD_IMAGE_PROCESS);
    expect_refused(&task(0)->process_name, 0, WORKLOAD_IMAGE_PROCESS);
    expect_refused(&own->process, 0, WORKLOAD_IMAGE_PROCESS);
    expect_refused(&own->process, 3, WORKLOAD_IMAGE_PROCESS);
    expect_refused(&event(find_event(WORKLOAD_FORK))->object, 4, WORKLOAD_IMAGE_PROCESS);
    expect_refused(&header()->process_count, 1, WORKLOAD_IMAGE_PROCESS);
    expect_refused(&header()->process_count, 3, WORKLOAD_IMAGE_PROCESS);
    expect_refused(&header()->process_count, WORKLOAD_PROCESSES_MAX + 1, WORKLOAD_IMAGE_LIMIT);
}

/* Goal: calls and services name endpoints, and only an endpoint is passive.  Method: an image of
 * its own; events, the endpoint's flags and a mutex's changed. */
static void test_image_refuses_endpoints(void **state)
{
    (void)teardown(state);
    test_read(&reading, "{\"tasks\":{\"a\":{\"lock\":\"m\",\"capos-call\":\"e\"},"
                        "\"b\":{\"capos-serve\":{\"endpoint\":\"e\",\"run\":5}}}}");
    size = reading.blob.size;
    bytes = malloc(size);
    assert_non_null(bytes);
    memcpy(bytes, reading.blob.bytes, size);
    assert_int_equal(event(2)->kind, WORKLOAD_SERVE);
    expect_refused(&event(0)->object, 1, WORKLOAD_IMAGE_EVENT);
    expect_refused(&event(1)->object, 0, WORKLOAD_IMAGE_EVENT);
    expect_refused(&event(1)->object2, 0, WORKLOAD_IMAGE_EVENT);
    expect_refused(&event(2)->object, 0, WORKLOAD_IMAGE_EVENT);
    expect_refused(&event(2)->kind, WORKLOAD_CALL, WORKLOAD_IMAGE_EVENT); /* it has a time */
    expect_refused(&object(0)->flags, WORKLOAD_OBJECT_PASSIVE, WORKLOAD_IMAGE_OBJECT);
    expect_refused(&object(1)->flags, 2, WORKLOAD_IMAGE_OBJECT);
    object(1)->flags = WORKLOAD_OBJECT_PASSIVE;
    assert_int_equal(reopen(), WORKLOAD_IMAGE_OK);
}

/* Goal: the task of a thread is found among many.  Method: 500 tasks of 1, 2, 3 instances. */
static void test_image_task_of_many(void **state)
{
    static char many[500 * 40];
    struct test_reading t;
    size_t used = (size_t)sprintf(many, "{\"tasks\":{");
    uint32_t thread = 0;

    (void)state;
    for (unsigned i = 0; i < 500; i++)
        used += (size_t)sprintf(many + used, "\"t%u\":{\"instance\":%u,\"run\":1},", i, i % 3 + 1);
    sprintf(many + used, "}}");
    test_read(&t, many);
    for (uint32_t i = 0; i < 500; i++) {
        for (uint32_t j = 0; j <= i % 3; j++, thread++) {
            assert_int_equal(workload_image_task_of(&t.image, thread), i);
            assert_int_equal(workload_image_instance_of(&t.image, thread), j);
        }
    }
    assert_int_equal(thread, workload_image_threads(&t.image));
    test_fini(&t);
}

/* Goal: whether a workload ends by itself.  Method: finite and endless loops, a duration. */
static void test_image_ends(void **state)
{
    static const struct {
        const char *text;
        bool ends;
    } cases[] = {
        {"{\"tasks\":{\"t\":{\"loop\":3,\"run\":1}}}", true},
        {"{\"tasks\":{\"t\":{\"run\":1}}}", false},
        {"{\"tasks\":{\"t\":{\"loop\":-1,\"run\":1}}}", false},
        {"{\"tasks\":{\"t\":{\"loop\":1,\"phases\":{\"p\":{\"loop\":-1,\"run\":1}}}}}", false},
        {"{\"tasks\":{\"t\":{\"run\":1}},\"global\":{\"duration\":1}}", true},
        {"{\"tasks\":{\"t\":{\"run\":1}},\"global\":{\"duration\":-1}}", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct test_reading t;

        test_read(&t, cases[i].text);
        assert_int_equal(workload_image_ends(&t.image), cases[i].ends);
        test_fini(&t);
    }
}

/* Goal: bytes that are no image are refused for the right reason, and `image` stays.
 * Method: wrong alignment, sizes, magic, checksum. */
static void test_image_refuses_wrong_bytes(void **state)
{
    struct workload_image image = {0};

    (void)state;
    assert_int_equal(workload_image_open(&image, bytes + 1, size - 1), WORKLOAD_IMAGE_ALIGNMENT);
    assert_int_equal(workload_image_open(&image, bytes, 0), WORKLOAD_IMAGE_SIZE);
    assert_int_equal(workload_image_open(&image, bytes, size - 8), WORKLOAD_IMAGE_SIZE);
    assert_int_equal(workload_image_open(&image, bytes, WORKLOAD_BYTES_MAX + 8),
                     WORKLOAD_IMAGE_SIZE);
    bytes[size - 1] ^= 1;
    assert_int_equal(workload_image_open(&image, bytes, size), WORKLOAD_IMAGE_CHECKSUM);
    bytes[0] ^= 1;
    assert_int_equal(workload_image_open(&image, bytes, size), WORKLOAD_IMAGE_MAGIC);
    assert_null(image.header);
}

/* Goal: every count and offset of the header is checked.  Method: each one off by one or absurd. */
static void test_image_refuses_header(void **state)
{
    struct workload_header *h = header();
    uint32_t *const counts[] = {&h->task_count,   &h->phase_count,  &h->event_count,
                                &h->mask_count,   &h->object_count, &h->strings_bytes};
    uint32_t *const offsets[] = {&h->tasks_offset, &h->phases_offset,  &h->events_offset,
                                 &h->masks_offset, &h->objects_offset, &h->strings_offset};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        expect_refused(counts[i], *counts[i] + 1, WORKLOAD_IMAGE_BOUNDS);
        expect_refused(offsets[i], *offsets[i] + 8, WORKLOAD_IMAGE_BOUNDS);
        expect_refused(offsets[i], UINT32_MAX, WORKLOAD_IMAGE_BOUNDS);
        if (counts[i] != &h->strings_bytes)
            expect_refused(counts[i], UINT32_MAX, WORKLOAD_IMAGE_LIMIT);
    }
    expect_refused(&h->task_count, 0, WORKLOAD_IMAGE_LIMIT);
    expect_refused(&h->flags, 2, WORKLOAD_IMAGE_LIMIT);
    expect_refused(&h->thread_count, 5, WORKLOAD_IMAGE_THREADS);
    expect_refused(&h->thread_count, 3, WORKLOAD_IMAGE_THREADS);
    expect_refused(&h->thread_count, 0, WORKLOAD_IMAGE_LIMIT);
}

/* Goal: a task's fields are checked.  Method: each one out of its range. */
static void test_image_refuses_task(void **state)
{
    struct workload_task *t = task(0);
    uint32_t *nice = (uint32_t *)(void *)&t->nice;

    (void)state;
    expect_refused(&t->name, header()->strings_bytes, WORKLOAD_IMAGE_STRINGS);
    expect_refused(&t->instance_count, 0, WORKLOAD_IMAGE_TASK);
    expect_refused(&t->instance_count, 4, WORKLOAD_IMAGE_THREADS);
    expect_refused(&t->instance_count, UINT32_MAX, WORKLOAD_IMAGE_TASK);
    expect_refused(&t->start_count, 4, WORKLOAD_IMAGE_TASK);
    expect_refused(&t->first_phase, 1, WORKLOAD_IMAGE_TASK);
    expect_refused(&t->phase_count, 0, WORKLOAD_IMAGE_TASK);
    expect_refused(&t->phase_count, 4, WORKLOAD_IMAGE_TASK);
    expect_refused(&t->phase_count, UINT32_MAX, WORKLOAD_IMAGE_TASK);
    expect_refused(&t->loop, 0, WORKLOAD_IMAGE_TASK);
    expect_refused(&t->weight, 0, WORKLOAD_IMAGE_TASK);
    expect_refused(&t->weight, UINT32_MAX, WORKLOAD_IMAGE_TASK);
    expect_refused(&t->latency_class, 3, WORKLOAD_IMAGE_TASK);
    expect_refused(&t->mask, 2, WORKLOAD_IMAGE_TASK);
    expect_refused(&t->flags, 0, WORKLOAD_IMAGE_TASK);
    expect_refused(&t->flags, 3, WORKLOAD_IMAGE_TASK);
    expect_refused(&t->first_thread, 1, WORKLOAD_IMAGE_THREADS);
    expect_refused(nice, 20, WORKLOAD_IMAGE_TASK);
    expect_refused(nice, (uint32_t)-21, WORKLOAD_IMAGE_TASK);
    t->delay_ns = WORKLOAD_EVENT_NS_MAX + 1;
    assert_int_equal(reopen(), WORKLOAD_IMAGE_TASK);
}

/* Goal: phases partition the events.  Method: gaps, overlaps, nothing, too many. */
static void test_image_refuses_phase(void **state)
{
    struct workload_phase *p = phase(1);

    (void)state;
    expect_refused(&p->name, UINT32_MAX, WORKLOAD_IMAGE_STRINGS);
    expect_refused(&p->loop, 0, WORKLOAD_IMAGE_PHASE);
    expect_refused(&p->first_event, 1, WORKLOAD_IMAGE_PHASE);
    expect_refused(&p->first_event, 3, WORKLOAD_IMAGE_PHASE);
    expect_refused(&p->event_count, 0, WORKLOAD_IMAGE_PHASE);
    expect_refused(&p->event_count, UINT32_MAX, WORKLOAD_IMAGE_PHASE);
    expect_refused(&p->mask, 2, WORKLOAD_IMAGE_PHASE);
    expect_refused(&phase(2)->event_count, 6, WORKLOAD_IMAGE_PHASE);
}

static bool is_timer(uint32_t i)
{
    return i < header()->object_count && (object(i)->kind == WORKLOAD_TIMER_SHARED ||
                                          object(i)->kind == WORKLOAD_TIMER_UNIQUE);
}

/* Goal: events name objects of the right kind.  Method: every event with every object number.
 * (Another timer fits the event, but not what the task says it uses.) */
static void test_image_refuses_event_objects(void **state)
{
    uint32_t events = header()->event_count;
    uint32_t objects = header()->object_count;

    (void)state;
    for (uint32_t i = 0; i < events; i++) {
        uint32_t sound = event(i)->object;

        if (event(i)->kind == WORKLOAD_FORK) { /* a task, not an object */
            expect_refused(&event(i)->object, header()->task_count, WORKLOAD_IMAGE_EVENT);
            expect_refused(&event(i)->object2, 0, WORKLOAD_IMAGE_EVENT);
            continue;
        }
        for (uint32_t j = 0; j <= objects; j++) {
            bool is_same = sound < objects && j < objects && object(j)->kind == object(sound)->kind;

            if (!is_same)
                expect_refused(&event(i)->object, j,
                               is_timer(sound) && is_timer(j) ? WORKLOAD_IMAGE_TASK
                                                              : WORKLOAD_IMAGE_EVENT);
        }
        if (event(i)->object2 != WORKLOAD_INDEX_NONE)
            expect_refused(&event(i)->object2, sound, WORKLOAD_IMAGE_EVENT);
        else
            expect_refused(&event(i)->object2, 0, WORKLOAD_IMAGE_EVENT);
        expect_refused(&event(i)->kind, WORKLOAD_EVENT_KIND_COUNT, WORKLOAD_IMAGE_EVENT);
    }
}

/* Goal: durations are inside their limits, and only where there is one.  Method: both. */
static void test_image_refuses_event_ns(void **state)
{
    (void)state;
    event(0)->ns = WORKLOAD_EVENT_NS_MAX + 1;
    assert_int_equal(reopen(), WORKLOAD_IMAGE_EVENT);
    event(0)->ns = 1;
    assert_int_equal(event(4)->kind, WORKLOAD_LOCK);
    event(4)->ns = 1;
    assert_int_equal(reopen(), WORKLOAD_IMAGE_EVENT);
}

/* Goal: objects and masks are checked.  Method: kinds, timer numbers, names, an empty set. */
static void test_image_refuses_objects_and_masks(void **state)
{
    uint32_t count = header()->object_count;

    (void)state;
    for (uint32_t i = 0; i < count; i++) {
        expect_refused(&object(i)->kind, WORKLOAD_OBJECT_KIND_COUNT, WORKLOAD_IMAGE_OBJECT);
        expect_refused(&object(i)->timer_index, WORKLOAD_SHARED_TIMERS_MAX, WORKLOAD_IMAGE_OBJECT);
        expect_refused(&object(i)->name, UINT32_MAX, WORKLOAD_IMAGE_STRINGS);
        if (object(i)->kind == WORKLOAD_BARRIER_POINT) {
            expect_refused(&object(i)->users, 0, WORKLOAD_IMAGE_OBJECT);
            expect_refused(&object(i)->users, UINT32_MAX, WORKLOAD_IMAGE_OBJECT);
        } else {
            expect_refused(&object(i)->users, 1, WORKLOAD_IMAGE_OBJECT);
        }
    }
    memset(bytes + header()->masks_offset, 0, sizeof(struct workload_mask));
    assert_int_equal(reopen(), WORKLOAD_IMAGE_MASK);
}

/* Goal: a name must end inside the strings.  Method: the strings' last bytes become letters. */
static void test_image_refuses_endless_name(void **state)
{
    (void)state;
    memset(bytes + header()->strings_offset, 'x', header()->strings_bytes);
    assert_int_equal(reopen(), WORKLOAD_IMAGE_STRINGS);
}

/* Goal: no image cut short is accepted or read beyond its end.  Method: every length. */
static void test_image_truncated(void **state)
{
    (void)state;
    for (uint64_t cut = 0; cut < size; cut++) {
        struct workload_image image;
        unsigned char *copy = malloc(cut + 1);

        assert_non_null(copy);
        copy = realloc(copy, cut + (cut == 0));
        assert_non_null(copy);
        memcpy(copy, bytes, cut);
        assert_int_not_equal(workload_image_open(&image, copy, cut), WORKLOAD_IMAGE_OK);
        free(copy);
    }
}

/* Goal: no damaged bit is accepted.  Method: every bit, which behind the header only the checksum
 * can tell; with a fitting one it must be refused or still be sound (the sanitizers watch). */
static void test_image_bit_flips(void **state)
{
    (void)state;
    for (uint64_t bit = 0; bit < 8 * size; bit++) {
        struct workload_image image;

        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        enum workload_refusal refusal = workload_image_open(&image, bytes, size);

        assert_int_not_equal(refusal, WORKLOAD_IMAGE_OK);
        if (bit / 8 >= sizeof(struct workload_header))
            assert_int_equal(refusal, WORKLOAD_IMAGE_CHECKSUM);
        (void)reopen();
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    assert_int_equal(reopen(), WORKLOAD_IMAGE_OK);
}

/* Goal: every refusal has a sentence.  Method: all of them, and one too many. */
static void test_image_sentences(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WORKLOAD_REFUSAL_COUNT; i++)
        assert_true(strlen(workload_refusal_sentence((enum workload_refusal)i)) > 10);
    assert_string_equal(workload_refusal_sentence(WORKLOAD_REFUSAL_COUNT), "unknown");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_image_read),
        TEST(test_image_processes),
        TEST(test_image_refuses_processes),
        TEST(test_image_refuses_endpoints),
        TEST(test_image_task_of_many),
        TEST(test_image_ends),
        TEST(test_image_refuses_wrong_bytes),
        TEST(test_image_refuses_header),
        TEST(test_image_refuses_task),
        TEST(test_image_refuses_phase),
        TEST(test_image_refuses_event_objects),
        TEST(test_image_refuses_event_ns),
        TEST(test_image_refuses_objects_and_masks),
        TEST(test_image_refuses_endless_name),
        TEST(test_image_truncated),
        TEST(test_image_bit_flips),
        TEST(test_image_sentences),
    };

    return cmocka_run_group_tests_name("workload/image", tests, NULL, NULL);
}
