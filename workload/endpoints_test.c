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

/* Read two tasks with these bodies, the caller first. */
static void read_two(const char *caller, const char *server)
{
    char text[300];

    snprintf(text, sizeof text, "{\"tasks\":{\"c\":{%s},\"s\":{%s}}}", caller, server);
    test_fini(&t);
    test_read(&t, text);
}

/* Goal: a call and a service name one endpoint; a service has CPU time, or none.  Method: both ways
 * to write it, digits behind the keys. */
static void test_endpoints_of_events(void **state)
{
    const struct workload_event *e;

    (void)state;
    read_two("\"capos-call\":\"e\",\"capos-call7\":\"e\"",
             "\"capos-serve\":{\"run\":200,\"endpoint\":\"e\"},\"capos-serve2\":\"e\"");
    e = t.image.events;
    assert_int_equal(t.image.header->object_count, 1);
    assert_int_equal(t.image.objects[0].kind, WORKLOAD_ENDPOINT);
    assert_int_equal(t.image.objects[0].flags, 0);
    assert_string_equal(workload_image_name(&t.image, t.image.objects[0].name), "e");
    assert_int_equal(e[0].kind, WORKLOAD_CALL);
    assert_int_equal(e[1].kind, WORKLOAD_CALL);
    assert_int_equal(e[2].kind, WORKLOAD_SERVE);
    assert_int_equal(e[2].ns, 200 * NS_PER_US);
    assert_int_equal(e[3].kind, WORKLOAD_SERVE);
    assert_int_equal(e[3].ns, 0);
    assert_int_equal(t.d.count, 0);
}

/* Goal: one server's word makes an endpoint passive, whoever is silent before or after; `false` and
 * silence are none.  Method: the four cases. */
static void test_endpoints_passive(void **state)
{
    static const struct {
        const char *server;
        uint32_t flags;
    } cases[] = {
        {"\"capos-serve\":{\"endpoint\":\"e\",\"passive\":true},\"capos-serve\":\"e\"",
         WORKLOAD_OBJECT_PASSIVE},
        {"\"capos-serve\":\"e\",\"capos-serve\":{\"endpoint\":\"e\",\"passive\":true}",
         WORKLOAD_OBJECT_PASSIVE},
        {"\"capos-serve\":{\"endpoint\":\"e\",\"passive\":true},"
         "\"capos-serve\":{\"endpoint\":\"e\",\"passive\":true}",
         WORKLOAD_OBJECT_PASSIVE},
        {"\"capos-serve\":{\"endpoint\":\"e\",\"passive\":false},\"capos-serve\":\"e\"", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        read_two("\"capos-call\":\"e\"", cases[i].server);
        assert_int_equal(t.image.objects[0].flags, cases[i].flags);
    }
}

/* Goal: what is no endpoint, or unclear, is refused where it stands.  Method: a table. */
static void test_endpoints_refused(void **state)
{
    static const struct {
        const char *body;
        uint32_t column; /* from the body's start */
        const char *part;
    } cases[] = {
        {"\"capos-call\":7", 13, "a name in quotes"},
        {"\"capos-call\"", 0, "a name in quotes"},
        {"\"capos-call\":\"\"", 13, "1 to 255 bytes"},
        {"\"capos-call\":{\"endpoint\":\"e\"}", 13, "a name in quotes"},
        {"\"capos-serve\":7", 14, "the name of an endpoint, or an object"},
        {"\"capos-serve\":\"\"", 14, "1 to 255 bytes"},
        {"\"capos-serve\":{\"run\":7}", 14, "expected an endpoint"},
        {"\"capos-serve\":{\"endpoint\":\"e\",\"ref\":1}", 30, "unknown key \"ref\""},
        {"\"capos-serve\":{\"endpoint\":\"e\",\"endpoint\":\"f\"}", 30, "given twice"},
        {"\"capos-serve\":{\"endpoint\":\"e\",\"run\":-1}", 36, "found -1"},
        {"\"capos-serve\":{\"endpoint\":\"e\",\"passive\":1}", 40, "true"},
        {"\"capos-serve\":{\"endpoint\":\"e\",\"passive\":true},"
         "\"capos-serve\":{\"endpoint\":\"e\",\"passive\":false}", 86, "says the opposite"},
        {"\"capos-serve\":{\"endpoint\":\"e\",\"passive\":false},"
         "\"capos-serve\":{\"endpoint\":\"e\",\"passive\":true}", 87, "says the opposite"},
        {"\"capos-call\":\"e\",\"capos-serve\":\"e\"", 31, "this task calls \"e\" itself"},
        {"\"capos-serve\":\"e\",\"capos-call\":\"e\"", 31, "this task serves \"e\" itself"},
        {"\"run\":1,\"capos-call\":\"e\"", 21, "nobody serves \"e\""},
        {"\"run\":1,\"capos-serve\":\"e\"", 22, "nobody calls \"e\""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        test_body_refused(cases[i].body, TEST_BODY_COLUMN + cases[i].column, cases[i].part);
}

/* Goal: in different tasks all of that is fine.  Method: two endpoints, each task calls at one and
 * serves at the other, a third calls at both. */
static void test_endpoints_of_several_tasks(void **state)
{
    (void)state;
    test_fini(&t);
    test_read(&t, "{\"tasks\":{\"a\":{\"capos-call\":\"x\",\"capos-serve\":\"y\"},"
                  "\"b\":{\"capos-serve\":\"x\",\"capos-call\":\"y\"},"
                  "\"c\":{\"capos-call\":\"y\",\"capos-call\":\"x\"}}}");
    assert_int_equal(t.image.header->object_count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endpoints_of_events),
        cmocka_unit_test(test_endpoints_passive),
        cmocka_unit_test(test_endpoints_refused),
        cmocka_unit_test(test_endpoints_of_several_tasks),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}
