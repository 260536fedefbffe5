/* SPDX-License-Identifier: MIT */
/* The "resources" section of files in rt-app's format before 1.0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workload/test_reading.h"

#define PREFIX "{\"tasks\":{\"t\":{\"exec\":9,\"lock_order\":[\"x\"]}},\"resources\":{"
#define COLUMN sizeof PREFIX /* of what follows it */

static void assert_refused(const char *resources, size_t column, const char *part)
{
    char *text;

    assert_true(asprintf(&text, PREFIX "%s}}", resources) > 0);
    test_refused(text, 1, (uint32_t)(COLUMN + column), part);
    free(text);
}

/* Goal: every type is taken, what has none is a mutex, and targets may come later.  Method: all of
 * them in one section, each named in an order. */
static void test_resources_types(void **state)
{
    struct test_reading t;

    (void)state;
    test_read(&t, "{\"resources\": {"
                  "\"s\": {\"type\": \"signal\", \"target\": \"w\"},"
                  "\"b\": {\"type\": \"broadcast\", \"target\": \"w\"},"
                  "\"y\": {\"type\": \"sync\", \"target\": \"w\"},"
                  "\"w\": {\"type\": \"wait\"}, \"m\": {}, \"n\": {\"type\": \"mutex\"},"
                  "\"l\": {\"type\": \"sleep\"}, \"r\": {\"type\": \"run\"}},"
                  "\"tasks\": {\"t\": {\"exec\": 9, \"lock_order\": [\"s\", \"b\", \"y\", \"w\", "
                  "\"m\", \"n\", \"l\", \"r\"], \"resources\": {\"y\": {\"access\": [\"m\"]}, "
                  "\"w\": {\"access\": [\"n\"]}}}}}");
    assert_int_equal(t.d.count, 0);
    assert_int_equal(t.image.header->object_count, 4); /* w, m, n and the timer */
    test_fini(&t);
}

/* Goal: what is wrong in a definition is refused where it stands.  Method: one of each. */
static void test_resources_refused(void **state)
{
    static const struct {
        const char *resources;
        size_t column;
        const char *part;
    } cases[] = {
        {"\"x\":1", 4, "\"x\": expected an object in { }, found 1"},
        {"\"\":{}", 0, "expected a name of 1 to 255 bytes"},
        {"\"x\":{\"type\":\"timer\"}", 12, "\"type\": expected \"mutex\", \"wait\""},
        {"\"x\":{\"frob\":1}", 5, "unknown key \"frob\"; expected type and target"},
        {"\"x\":{\"type\":\"run\",\"type\":\"run\"}", 18, "\"type\" is given twice"},
        {"\"x\":{\"type\":\"signal\"}", 4,
         "\"x\": expected a target of signal, broadcast and sync"},
        {"\"x\":{\"target\":\"y\"}", 4, "and of nothing else"},
        {"\"x\":{\"type\":\"sync\",\"target\":1}", 28, "\"target\": expected a name"},
        {"\"x\":{\"type\":\"sync\",\"target\":\"y\"}", 28, "there is no \"y\" in \"resources\""},
        {"\"x\":{\"type\":\"sync\",\"target\":\"m\"},\"m\":{}", 28,
         "expected a resource of type wait, and \"m\" is none"},
        {"\"x\":{},\"y\":{},\"x\":{}", 14, "\"x\" is given twice"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_refused(cases[i].resources, cases[i].column, cases[i].part);
    test_refused(PREFIX "}}", 1, 39,
                 "\"lock_order\": there is no \"x\" in the file's \"resources\"");
    test_refused("{\"resources\": 2, \"tasks\": {\"t\": {\"exec\": 1}}}", 1, 15,
                 "\"resources\": expected an object in { }, found 2");
}

/* Goal: what is wrong with the resources is said once, and not again for each task that names one.
 * Method: one of an unknown type, named. */
static void test_resources_errors_do_not_spread(void **state)
{
    static const char text[] = PREFIX "\"x\":{\"type\":\"frob\"}}}";
    struct test_reading t;

    (void)state;
    test_read_bytes(&t, text, sizeof text - 1);
    assert_int_equal(t.status, WORKLOAD_REFUSED);
    assert_int_equal(t.d.error_count, 1);
}

/* Goal: of many each is found.  Method: 1,000 in no order, all in one lock_order. */
static void test_resources_many(void **state)
{
    char *text = malloc(100000);
    size_t used = 0;
    struct test_reading t;

    (void)state;
    assert_non_null(text);
    used += (size_t)sprintf(text + used, "{\"resources\":{");
    for (unsigned i = 0; i < 1000; i++)
        used += (size_t)sprintf(text + used, "\"r%u\":{},", i * 617 % 1000);
    used += (size_t)sprintf(text + used, "},\"tasks\":{\"t\":{\"exec\":1,\"lock_order\":[");
    for (unsigned i = 0; i < 1000; i++)
        used += (size_t)sprintf(text + used, "\"r%u\",", i);
    sprintf(text + used, "]}}}");
    test_read(&t, text);
    assert_int_equal(t.image.header->object_count, 1001);
    assert_int_equal(t.image.header->event_count, 2002);
    test_fini(&t);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resources_types),
        cmocka_unit_test(test_resources_refused),
        cmocka_unit_test(test_resources_errors_do_not_spread),
        cmocka_unit_test(test_resources_many),
    };

    return cmocka_run_group_tests_name("workload/resources", tests, NULL, NULL);
}
