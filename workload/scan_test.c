/* SPDX-License-Identifier: MIT */
#include "workload/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct scan s;
static char *copy;

/* Begin to scan a copy of `text` that ends where it ends. */
static void begin_bytes(const char *text, size_t bytes)
{
    free(copy);
    copy = malloc(bytes + 1);
    assert_non_null(copy);
    copy = realloc(copy, bytes + (bytes == 0));
    assert_non_null(copy);
    memcpy(copy, text, bytes);
    rows_fini(&s.out);
    s = (struct scan){.text = copy, .bytes = bytes, .out = rows_of(1)};
}

static void begin(const char *text)
{
    begin_bytes(text, strlen(text));
}

static int teardown(void **state)
{
    (void)state;
    rows_fini(&s.out);
    free(copy);
    copy = NULL;
    return 0;
}

static void expect_out(const char *text)
{
    assert_int_equal(s.out.count, strlen(text));
    assert_memory_equal(s.out.records, text, strlen(text));
}

static void expect_refused(size_t offset, const char *part)
{
    assert_int_equal(s.status, WORKLOAD_REFUSED);
    assert_int_equal(s.refused_at, offset);
    if (strstr(s.reason, part) == NULL)
        fail_msg("'%s' does not say '%s'", s.reason, part);
}

/* Goal: blanks and both kinds of comment are stepped over.  Method: all of them, then a letter. */
static void test_scan_blanks(void **state)
{
    (void)state;
    begin(" \t\r\n// a /* b\n/* c // d\n * / **/ /**/x");
    assert_true(scan_blanks(&s));
    assert_int_equal(scan_peek(&s), 'x');
    assert_int_equal(s.out.count, 0);
}

/* Goal: the end of the file ends a line comment, but not the other kind.  Method: both. */
static void test_scan_comment_end(void **state)
{
    (void)state;
    begin("// a");
    assert_true(scan_blanks(&s));
    assert_int_equal(scan_peek(&s), SCAN_END);
    begin("  /* a *");
    assert_false(scan_blanks(&s));
    expect_refused(2, "expected */");
    begin("/*/");
    assert_false(scan_blanks(&s));
    expect_refused(0, "expected */");
}

/* Goal: strings are copied as they are, without the closing quote.  Method: escapes and UTF-8. */
static void test_scan_string(void **state)
{
    (void)state;
    begin("\"a\\\"\\u00e9\\\\\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\",");
    assert_true(scan_string(&s));
    expect_out("\"a\\\"\\u00e9\\\\\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    assert_int_equal(scan_peek(&s), ',');
}

/* Goal: what is no string is refused where it goes wrong.  Method: a table of ways. */
static void test_scan_string_refused(void **state)
{
    static const struct {
        const char *text;
        size_t offset;
        const char *part;
    } cases[] = {
        {"\"abc", 0, "no end"},
        {"\"abc\n\"", 0, "no end"},
        {"\"a\\", 2, "unknown escape"},
        {"\"a\\x\"", 2, "unknown escape"},
        {"\"\\u12", 5, "four hexadecimal digits"},
        {"\"\\u12g4\"", 5, "found 'g'"},
        {"\"\\u0000\"", 1, "character 0"},
        {"\"\x80\"", 1, "expected UTF-8, found byte 0x80"},
        {"\"\xc0\xaf\"", 1, "UTF-8"},         /* overlong */
        {"\"\xe0\x9f\xbf\"", 1, "UTF-8"},     /* overlong */
        {"\"\xed\xa0\x80\"", 1, "UTF-8"},     /* a surrogate */
        {"\"\xf4\x90\x80\x80\"", 1, "UTF-8"}, /* beyond U+10FFFF */
        {"\"\xf5\x80\x80\x80\"", 1, "UTF-8"},
        {"\"\xe2\x82", 1, "UTF-8"},
        {"\"\xe2\x28\xa1\"", 1, "UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        begin(cases[i].text);
        assert_false(scan_string(&s));
        expect_refused(cases[i].offset, cases[i].part);
    }
}

/* Goal: a NUL byte does not end anything quietly.  Method: one inside a string. */
static void test_scan_string_nul_byte(void **state)
{
    (void)state;
    begin_bytes("\"a\0b\"", 5);
    assert_false(scan_string(&s));
    expect_refused(0, "no end");
}

/* Goal: numbers as RFC 8259 has them are copied.  Method: one of each form. */
static void test_scan_number(void **state)
{
    static const char *const numbers[] = {
        "0", "-0", "10", "-123456789012345678901234567890", "1.50", "1e10", "1.5E-3", "2e+7"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        begin(numbers[i]);
        assert_true(scan_number(&s));
        expect_out(numbers[i]);
        assert_int_equal(scan_peek(&s), SCAN_END);
    }
}

/* Goal: other forms are refused.  Method: a table of them. */
static void test_scan_number_refused(void **state)
{
    static const struct {
        const char *text;
        size_t offset;
        const char *part;
    } cases[] = {
        {"-", 1, "expected a digit, found the end"},
        {"-x", 1, "found 'x'"},
        {"007", 0, "start with 0"},
        {"-01", 0, "start with 0"},
        {"1.", 2, "a digit"},
        {"1.e3", 2, "a digit"},
        {"1e", 2, "a digit"},
        {"1e+", 3, "a digit"},
        {"11111111111111111111111111111111111111111111111111111111111111111", 0, "too many"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        begin(cases[i].text);
        assert_false(scan_number(&s));
        expect_refused(cases[i].offset, cases[i].part);
    }
}

/* Goal: three words are values, others are not.  Method: those, and near misses. */
static void test_scan_word(void **state)
{
    static const char *const words[] = {"true", "false", "null"};
    static const char *const others[] = {"", "tru", "True", "NaN", "/", "x"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        begin(words[i]);
        assert_true(scan_word(&s));
        expect_out(words[i]);
    }
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        begin(others[i]);
        assert_false(scan_word(&s));
        expect_refused(0, "expected a value");
    }
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_scan_blanks),
        TEST(test_scan_comment_end),
        TEST(test_scan_string),
        TEST(test_scan_string_refused),
        TEST(test_scan_string_nul_byte),
        TEST(test_scan_number),
        TEST(test_scan_number_refused),
        TEST(test_scan_word),
    };

    return cmocka_run_group_tests_name("workload/scan", tests, NULL, NULL);
}
