/* SPDX-License-Identifier: MIT */
#include "tools/number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "abi/result.h"

/* Goal: decimal and hexadecimal numbers up to the limit are read.  Method: a table. */
static void test_number_parse_reads_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t value;
    } rows[] = {{"0", 0}, {"007", 7}, {"18446744073709551615", UINT64_MAX}, {"0x10", 16},
                {"0XfF", 255}};
    uint64_t value;

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        assert_true(number_parse(rows[i].text, UINT64_MAX, &value));
        assert_int_equal(value, rows[i].value);
    }
}

/* Goal: what is no number, or beyond the limit, is refused.  Method: a table of such texts. */
static void test_number_parse_refuses_the_rest(void **state)
{
    (void)state;
    static const char *const texts[] = {"",   " 1", "1 ",  "-1", "+1", "1.5", "0x", "1e3", "abc",
                                        "101", "18446744073709551616", "0x10000000000000000"};
    uint64_t value;

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        assert_false(number_parse(texts[i], 100, &value));
}

/* Goal: seconds become nanoseconds exactly.  Method: a table with up to nine decimals. */
static void test_number_parse_seconds_is_exact(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ns;
    } rows[] = {{"3", 3000000000}, {"0.25", 250000000}, {"0.000000001", 1}, {"10.", 0},
                {"0", 0}, {"0.0", 0}, {".5", 0}, {"1.0000000001", 0}, {"-1", 0}, {"1s", 0},
                {"1e1", 0}, {"100.000000001", 0}, {"100", 100000000000}, {"nan", 0}};
    uint64_t ns;

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        assert_int_equal(number_parse_seconds(rows[i].text, 100 * NS_PER_S, &ns),
                         rows[i].ns != 0);
        if (rows[i].ns != 0)
            assert_int_equal(ns, rows[i].ns);
    }
}

/* Goal: scaled numbers are rounded half away from zero and keep their sign.  Method: a table. */
static void test_number_scaled_rounds(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        unsigned shift, decimals;
        const char *text;
    } rows[] = {{0, 6, 3, "0.000"},       {1499, 6, 3, "0.001"},    {1500, 6, 3, "0.002"},
                {499, 6, 3, "0.000"},     {-1500, 6, 3, "-0.002"},  {-499, 6, 3, "0.000"},
                {42, 0, 0, "42"},         {-42, 0, 0, "-42"},       {999950, 3, 1, "1000.0"},
                {12345678, 3, 1, "12345.7"}, {INT64_MAX, 9, 0, "9223372037"},
                {RESULT_UNKNOWN, 6, 3, "-"}, {INT64_MIN + 1, 0, 0, "-9223372036854775807"}};
    char text[NUMBER_TEXT_BYTES];

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_string_equal(number_scaled(text, rows[i].value, rows[i].shift, rows[i].decimals),
                            rows[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number_parse_reads_numbers),
        cmocka_unit_test(test_number_parse_refuses_the_rest),
        cmocka_unit_test(test_number_parse_seconds_is_exact),
        cmocka_unit_test(test_number_scaled_rounds),
    };

    return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
