/* SPDX-License-Identifier: MIT */
/* The values of keys, seen through the reader. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workload/test_reading.h"

/* "run":X as the only event: X stands behind 6 more characters. */
#define RUN_COLUMN (TEST_BODY_COLUMN + 6)

static void expect_run_refused(const char *value, const char *part)
{
    char *body;

    assert_true(asprintf(&body, "\"run\":%s", value) > 0);
    test_body_refused(body, RUN_COLUMN, part);
    free(body);
}

/* Goal: durations from 0 to an hour are taken, in microseconds.  Method: both ends. */
static void test_member_duration(void **state)
{
    struct test_reading t;

    (void)state;
    test_read_body(&t, "\"run0\":0,\"run1\":3600000000");
    assert_int_equal(t.image.events[0].ns, 0);
    assert_int_equal(t.image.events[1].ns, WORKLOAD_EVENT_NS_MAX);
    test_fini(&t);
}

/* Goal: numbers that make no sense are refused at the number, with range and finding.
 * Method: negative, too large, beyond 64 bits, fractions, other types. */
static void test_member_absurd_numbers(void **state)
{
    (void)state;
    expect_run_refused("-1", "\"run\": expected a whole number from 0 to 3600000000, found -1");
    expect_run_refused("3600000001", "found 3600000001");
    expect_run_refused("9223372036854775808", "found 9223372036854775808");
    expect_run_refused("18446744073709551617", "expected a whole number");
    expect_run_refused("-99999999999999999999999", "expected a whole number");
    expect_run_refused("1.5", "found 1.5");
    expect_run_refused("1e3", "expected a whole number");
    expect_run_refused("1e999", "expected a whole number");
    expect_run_refused("true", "found true");
    expect_run_refused("null", "found no value");
    expect_run_refused("\"10\"", "found \"10\"");
    expect_run_refused("[10]", "found an array");
    expect_run_refused("{}", "found an object");
}

/* Goal: a key that needs a value and has none is refused at the key.  Method: "run", */
static void test_member_missing_value(void **state)
{
    (void)state;
    test_body_refused("\"run\",\"sleep\":1", TEST_BODY_COLUMN, "\"run\": expected a whole number");
}

/* Goal: loops are -1 or at least 1.  Method: the ends, and what lies beside them. */
static void test_member_loop(void **state)
{
    struct test_reading t;

    (void)state;
    test_read_body(&t, "\"loop\":2147483647,\"phases\":{\"p\":{\"loop\":-1,\"run\":1}}");
    assert_int_equal(t.image.tasks[0].loop, 2147483647);
    assert_int_equal(t.image.phases[0].loop, LOOP_FOREVER);
    test_fini(&t);
    test_body_refused("\"run\":1,\"loop\":0", TEST_BODY_COLUMN + 15, "-1 (for ever)");
    test_body_refused("\"run\":1,\"loop\":-2", TEST_BODY_COLUMN + 15, "found -2");
    test_body_refused("\"run\":1,\"loop\":2147483648", TEST_BODY_COLUMN + 15, "2147483647");
}

/* Goal: a set of CPUs is a set.  Method: out of order, twice the same, both ends. */
static void test_member_cpus(void **state)
{
    struct test_reading t;
    const uint64_t *row;

    (void)state;
    test_read_body(&t, "\"run\":1,\"cpus\":[1023, 0, 3, 3,]");
    row = workload_image_mask(&t.image, t.image.tasks[0].mask);
    assert_int_equal(row[0], 9);
    assert_true(row[15] == UINT64_C(1) << 63);
    test_fini(&t);
}

/* Goal: no CPU, CPUs that cannot be, and other things are refused.  Method: a table. */
static void test_member_cpus_refused(void **state)
{
    static const struct {
        const char *body;
        const char *part;
    } cases[] = {
        {"\"cpus\":[]", "one or more CPU numbers from 0 to 1023"},
        {"\"cpus\":[0,1024]", "found 1024 in it"},
        {"\"cpus\":[-1]", "found -1 in it"},
        {"\"cpus\":[\"0\"]", "found \"0\" in it"},
        {"\"cpus\":[0.5]", "found 0.5 in it"},
        {"\"cpus\":[[0]]", "found an array in it"},
        {"\"cpus\":3", "found 3"},
        {"\"cpus\":\"0-3\"", "found \"0-3\""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        test_body_refused(cases[i].body, TEST_BODY_COLUMN + 7, cases[i].part);
}

/* Goal: names are 1 to 255 bytes without control characters.  Method: the ends and beyond. */
static void test_member_names(void **state)
{
    char body[400];
    struct test_reading t;

    (void)state;
    for (int bytes = 255; bytes <= 256; bytes++) {
        snprintf(body, sizeof body, "\"lock\":\"%0*d\"", bytes, 0);
        if (bytes == 255)
            test_read_body(&t, body);
        else
            test_body_refused(body, TEST_BODY_COLUMN + 7, "1 to 255 bytes");
    }
    assert_int_equal(strlen(workload_image_name(&t.image, t.image.objects[0].name)), 255);
    test_fini(&t);
    test_body_refused("\"lock\":\"\"", TEST_BODY_COLUMN + 7, "1 to 255 bytes");
    test_body_refused("\"lock\":\"a\\nb\"", TEST_BODY_COLUMN + 7, "control characters");
    test_body_refused("\"lock\":7", TEST_BODY_COLUMN + 7, "a name in quotes");
}

/* Goal: escapes and other letters in names survive.  Method: one of each. */
static void test_member_name_letters(void **state)
{
    struct test_reading t;

    (void)state;
    test_read_body(&t, "\"lock\":\"a\\u00e9\\\"@1:2\xe2\x82\xac\"");
    assert_string_equal(workload_image_name(&t.image, t.image.objects[0].name),
                        "a\xc3\xa9\"@1:2\xe2\x82\xac");
    test_fini(&t);
}

/* Goal: a long value is shown cut.  Method: a string of 300 letters. */
static void test_member_long_value(void **state)
{
    char body[400];

    (void)state;
    snprintf(body, sizeof body, "\"run\":\"%0300d\"", 0);
    test_body_refused(body, RUN_COLUMN, "found \"000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_member_duration),
        cmocka_unit_test(test_member_absurd_numbers),
        cmocka_unit_test(test_member_missing_value),
        cmocka_unit_test(test_member_loop),
        cmocka_unit_test(test_member_cpus),
        cmocka_unit_test(test_member_cpus_refused),
        cmocka_unit_test(test_member_names),
        cmocka_unit_test(test_member_name_letters),
        cmocka_unit_test(test_member_long_value),
    };

    return cmocka_run_group_tests_name("workload/member", tests, NULL, NULL);
}
