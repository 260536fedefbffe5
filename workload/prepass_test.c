/* SPDX-License-Identifier: MIT */
#include "workload/prepass.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct prepass p;
static struct workload_diagnostics d;

static enum workload_status run_bytes(const char *text, size_t bytes, enum prepass_keys keys)
{
    char *copy = malloc(bytes + (bytes == 0));

    assert_non_null(copy);
    memcpy(copy, text, bytes);
    prepass_fini(&p);
    d = (struct workload_diagnostics){0};

    enum workload_status status = prepass_run(&p, copy, bytes, keys, &d);

    free(copy);
    return status;
}

static void expect_json(const char *text, const char *json)
{
    assert_int_equal(run_bytes(text, strlen(text), PREPASS_KEYS_REPEAT), WORKLOAD_READ);
    assert_string_equal(p.json, json);
    assert_int_equal(p.json_bytes, strlen(json));
}

static void expect_refused(const char *text, enum prepass_keys keys, uint32_t line, uint32_t column,
                           const char *part)
{
    assert_int_equal(run_bytes(text, strlen(text), keys), WORKLOAD_REFUSED);
    assert_null(p.json);
    assert_int_equal(d.error_count, 1);
    if (strstr(d.items[0].text, part) == NULL)
        fail_msg("'%s' does not say '%s'", d.items[0].text, part);
    assert_int_equal(d.items[0].position.line, line);
    assert_int_equal(d.items[0].position.column, column);
}

static int teardown(void **state)
{
    (void)state;
    prepass_fini(&p);
    return 0;
}

/* Goal: elements of arrays have their places.  Method: two arrays, one in the other, over lines and
 * comments; one element too many; no array. */
static void test_prepass_elements(void **state)
{
    static const char text[] = "{\"a\":[1,\n[ \"x,]\", 3], /* , */ 4,\n]}";

    (void)state;
    assert_int_equal(run_bytes(text, strlen(text), PREPASS_KEYS_UNIQUE), WORKLOAD_READ);
    assert_int_equal(prepass_element_offset(&p, 5, 0), 6);
    assert_int_equal(prepass_element_offset(&p, 5, 1), 9);
    assert_int_equal(prepass_element_offset(&p, 5, 2), strchr(text, '4') - text);
    assert_int_equal(prepass_element_offset(&p, 5, 3), 5);
    assert_int_equal(prepass_element_offset(&p, 9, 0), 11);
    assert_int_equal(prepass_element_offset(&p, 9, 1), strchr(text, '3') - text);
    assert_int_equal(prepass_element_offset(&p, 1, 0), 1);
}

/* Goal: keys carry their place and their value's.  Method: three keys, offsets counted by hand. */
static void test_prepass_offsets(void **state)
{
    (void)state;
    expect_json("{\"a\": 1, \"b\" :[ {} ],\n\"c\":\"x\"}",
                "{\"a@1:6\":1,\"b@9:14\":[{}],\"c@22:26\":\"x\"}");
}

/* Goal: equal keys become different ones, in order.  Method: three of a name. */
static void test_prepass_repeated_keys(void **state)
{
    (void)state;
    expect_json("{\"run\":1,\"run\":2,\"run\":3}",
                "{\"run@1:7\":1,\"run@9:15\":2,\"run@17:23\":3}");
}

/* Goal: a key without value becomes null.  Method: before a comma, a brace, and comments. */
static void test_prepass_bare_keys(void **state)
{
    (void)state;
    expect_json("{\"s\",\"t\" /**/ , \"u\"}", "{\"s@1:1\":null,\"t@5:5\":null,\"u@16:16\":null}");
}

/* Goal: commas too many at the end disappear.  Method: in an object and in an array. */
static void test_prepass_trailing_commas(void **state)
{
    (void)state;
    expect_json("{\"a\":[1,2,],}", "{\"a@1:5\":[1,2]}");
    expect_json("{\"a\",}", "{\"a@1:1\":null}");
}

/* Goal: comments are gone, but not what looks like one in a string.  Method: both. */
static void test_prepass_comments(void **state)
{
    (void)state;
    expect_json("/* x */ {// y\n\"a\":\"/* z */ // w\"} // end", "{\"a@14:18\":\"/* z */ // w\"}");
}

/* Goal: grammar errors stand where they are.  Method: a table, two lines each. */
static void test_prepass_refused(void **state)
{
    static const struct {
        const char *text;
        uint32_t line;
        uint32_t column;
        const char *part;
    } cases[] = {
        {"", 1, 1, "expected '{', found the end of the file"},
        {"\n[1]", 2, 1, "expected '{', found '['"},
        {"{\n  a:1}", 2, 3, "expected a key in quotes or '}', found 'a'"},
        {"{\n\"a\" 1}", 2, 5, "expected ':' after the key, found '1'"},
        {"{\n\"a\":}", 2, 5, "expected a value, found '}'"},
        {"{\n\"a\":1 \"b\":2}", 2, 7, "expected ',' or '}', found '\"'"},
        {"{\n\"a\":[1 2]}", 2, 8, "expected ',' or ']', found '2'"},
        {"{\n\"a\":[1,,2]}", 2, 8, "expected a value, found ','"},
        {"{\n,}", 2, 1, "expected a key in quotes or '}', found ','"},
        {"{\n\"a\":1", 2, 6, "expected ',' or '}', found the end of the file"},
        {"{}\n}", 2, 1, "expected the end of the file, found '}'"},
        {"{\n\"a\":1}}", 2, 7, "expected the end of the file"},
        {"{\n\"a\":tru}", 2, 5, "expected a value, found 't'"},
        {"{\n\"a\":01}", 2, 5, "start with 0"},
        {"{\n\"a\":'x'}", 2, 5, "expected a value, found '''"},
        {"{\n/* ", 2, 1, "no end"},
        {"{\n\"\\q\":1}", 2, 2, "unknown escape"},
        {"{\r\n\t\"a\";1}", 2, 5, "found ';'"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        expect_refused(cases[i].text, PREPASS_KEYS_REPEAT, cases[i].line, cases[i].column,
                       cases[i].part);
}

/* Goal: a NUL byte is refused by name, wherever.  Method: behind the value. */
static void test_prepass_nul_byte(void **state)
{
    (void)state;
    assert_int_equal(run_bytes("{\"a\":1\0}", 8, PREPASS_KEYS_REPEAT), WORKLOAD_REFUSED);
    assert_int_equal(d.items[0].position.column, 7);
    assert_non_null(strstr(d.items[0].text, "byte 0x00"));
}

static char *nested(unsigned depth)
{
    char *text = calloc(1, 6 * depth + 1);

    assert_non_null(text);
    for (unsigned i = 0; i < depth; i++)
        memcpy(text + 5 * (size_t)i, i + 1 == depth ? "{\"a\" " : "{\"a\":", 5);
    memset(text + 5 * (size_t)depth, '}', depth);
    return text;
}

/* Goal: nesting ends at its limit, without recursion running away.  Method: limit, limit + 1 and a
 * hundred thousand. */
static void test_prepass_depth(void **state)
{
    static const unsigned depths[] = {PREPASS_DEPTH_MAX, PREPASS_DEPTH_MAX + 1, 100000};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(depths); i++) {
        char *text = nested(depths[i]);
        enum workload_status status = run_bytes(text, strlen(text), PREPASS_KEYS_REPEAT);

        assert_int_equal(status, i == 0 ? WORKLOAD_READ : WORKLOAD_REFUSED);
        if (i != 0)
            assert_int_equal(d.items[0].position.column, 5 * PREPASS_DEPTH_MAX + 1);
        free(text);
    }
}

/* Goal: a huge file is refused before it is scanned.  Method: one byte more than the limit. */
static void test_prepass_size(void **state)
{
    char *text = malloc(PREPASS_BYTES_MAX + 1);

    (void)state;
    assert_non_null(text);
    memset(text, ' ', PREPASS_BYTES_MAX + 1);
    memcpy(text, "{}", 2);
    assert_int_equal(run_bytes(text, PREPASS_BYTES_MAX, PREPASS_KEYS_REPEAT), WORKLOAD_READ);
    assert_int_equal(run_bytes(text, PREPASS_BYTES_MAX + 1, PREPASS_KEYS_REPEAT), WORKLOAD_REFUSED);
    assert_non_null(strstr(d.items[0].text, "too large"));
    free(text);
}

/* Goal: for manifests a key comes once in an object, but may come again in another.
 * Method: the same key inside, beside and twice. */
static void test_prepass_unique_keys(void **state)
{
    static const char *const accepted = "{\"a\":{\"a\":1,\"b\":2},\"b\":{\"a\":3}}";

    (void)state;
    assert_int_equal(run_bytes(accepted, strlen(accepted), PREPASS_KEYS_UNIQUE), WORKLOAD_READ);
    expect_refused("{\"a\":{\"x\":1},\n\"b\":2,\"a\":3}", PREPASS_KEYS_UNIQUE, 2, 7, "twice");
}

/* Goal: offsets become lines and columns.  Method: each byte of three lines. */
static void test_prepass_position(void **state)
{
    static const char text[] = "{\n\n\"a\"}";
    static const struct text_position positions[] = {{1, 1}, {1, 2}, {2, 1}, {3, 1},
                                                     {3, 2}, {3, 3}, {3, 4}, {3, 5}};

    (void)state;
    assert_int_equal(run_bytes(text, strlen(text), PREPASS_KEYS_REPEAT), WORKLOAD_READ);
    for (size_t i = 0; i < ARRAY_COUNT(positions); i++) {
        assert_int_equal(prepass_position(&p, i).line, positions[i].line);
        assert_int_equal(prepass_position(&p, i).column, positions[i].column);
    }
}

/* Goal: keys are taken apart again, also those with '@' in them; others are not ours.
 * Method: both kinds. */
static void test_prepass_split(void **state)
{
    struct prepass_key key;

    (void)state;
    assert_true(prepass_split("a@b@12:345", &key));
    assert_int_equal(key.name_bytes, 3);
    assert_int_equal(key.key_offset, 12);
    assert_int_equal(key.value_offset, 345);
    assert_false(prepass_split("run", &key));
    assert_false(prepass_split("run@", &key));
    assert_false(prepass_split("run@12", &key));
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_prepass_elements),
        TEST(test_prepass_offsets),
        TEST(test_prepass_repeated_keys),
        TEST(test_prepass_bare_keys),
        TEST(test_prepass_trailing_commas),
        TEST(test_prepass_comments),
        TEST(test_prepass_refused),
        TEST(test_prepass_nul_byte),
        TEST(test_prepass_depth),
        TEST(test_prepass_size),
        TEST(test_prepass_unique_keys),
        TEST(test_prepass_position),
        TEST(test_prepass_split),
    };

    return cmocka_run_group_tests_name("workload/prepass", tests, NULL, NULL);
}
