/* SPDX-License-Identifier: MIT */
#include "base/fmt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"

static char buffer[64];

static struct fmt fresh(void)
{
    memset(buffer, 'x', sizeof buffer);
    return fmt_start(buffer, sizeof buffer);
}

/* Goal: an empty text is an empty string.  Method: start, read the buffer. */
static void test_fmt_starts_empty(void **state)
{
    (void)state;
    struct fmt f = fresh();

    assert_string_equal(buffer, "");
    assert_int_equal(fmt_length(&f), 0);
    assert_true(fmt_is_whole(&f));
}

/* Goal: calls append in order.  Method: three kinds of piece, one string. */
static void test_fmt_appends(void **state)
{
    (void)state;
    struct fmt f = fresh();

    fmt_text(&f, "ab");
    fmt_char(&f, '-');
    fmt_bytes(&f, "cdefg", 2);
    fmt_bytes(&f, "h\0i", 3);
    fmt_text(&f, NULL);
    assert_string_equal(buffer, "ab-cdh(null)");
    assert_int_equal(fmt_length(&f), strlen(buffer));
}

/* Goal: at every size the text is NUL-terminated inside the buffer, and a cut one shows it.
 * Method: 10 characters into buffers of 1..16 bytes; the byte behind stays untouched. */
static void test_fmt_cut_is_visible_at_every_size(void **state)
{
    (void)state;
    static const char whole[] = "0123456789";

    for (size_t size = 1; size <= 16; size++) {
        memset(buffer, 'x', sizeof buffer);
        struct fmt f = fmt_start(buffer, size);

        fmt_text(&f, whole);
        assert_int_equal(f.needed, 10);
        assert_int_equal(fmt_length(&f), strlen(buffer));
        assert_int_equal(buffer[size], 'x');
        assert_int_equal(fmt_is_whole(&f), size > 10);
        if (size > 10)
            assert_string_equal(buffer, whole);
        else if (size > 1)
            assert_int_equal(buffer[size - 2], FMT_CUT);
        if (size > 2)
            assert_memory_equal(buffer, whole, size > 10 ? 10 : size - 2);
    }
}

/* Goal: unsigned decimals agree with the C library at the edges and in width and fill.
 * Method: a table of values and forms. */
static void test_fmt_u64_forms(void **state)
{
    (void)state;
    struct fmt f = fresh();

    fmt_u64(&f, 0, 0, ' ');
    fmt_char(&f, '|');
    fmt_u64(&f, 7, 3, '0');
    fmt_char(&f, '|');
    fmt_u64(&f, 42, 5, ' ');
    fmt_char(&f, '|');
    fmt_u64(&f, 12345, 2, ' ');
    fmt_char(&f, '|');
    fmt_u64(&f, UINT64_MAX, 0, ' ');
    assert_string_equal(buffer, "0|007|   42|12345|18446744073709551615");
}

/* Goal: signed decimals keep the sign beside the digits, also for INT64_MIN.  Method: a table. */
static void test_fmt_i64_forms(void **state)
{
    (void)state;
    struct fmt f = fresh();

    fmt_i64(&f, -1, 4);
    fmt_char(&f, '|');
    fmt_i64(&f, 12, 4);
    fmt_char(&f, '|');
    fmt_i64(&f, INT64_MIN, 0);
    fmt_char(&f, '|');
    fmt_i64(&f, INT64_MAX, 0);
    assert_string_equal(buffer, "  -1|  12|-9223372036854775808|9223372036854775807");
}

/* Goal: hexadecimal has at least the digits asked for and never loses one.  Method: a table. */
static void test_fmt_hex_forms(void **state)
{
    (void)state;
    struct fmt f = fresh();

    fmt_hex(&f, 0, 0);
    fmt_char(&f, '|');
    fmt_hex(&f, 0xab, 4);
    fmt_char(&f, '|');
    fmt_hex(&f, 0x10, 1);
    fmt_char(&f, '|');
    fmt_hex(&f, UINT64_MAX, 16);
    assert_string_equal(buffer, "0|00ab|10|ffffffffffffffff");
}

/* Goal: numbers agree with the C library.  Method: 100,000 random words of all lengths. */
static void test_fmt_numbers_agree_with_libc(void **state)
{
    (void)state;
    struct prng p = prng_seed(1);

    for (int turn = 0; turn < 100000; turn++) {
        uint64_t value = prng_next(&p) >> prng_below(&p, 64);
        size_t width = (size_t)prng_below(&p, 25);
        char expected[80];
        struct fmt f = fresh();

        snprintf(expected, sizeof expected, "%*llu,%*lld,%llx", (int)width,
                 (unsigned long long)value, (int)width, (long long)value,
                 (unsigned long long)value);
        fmt_u64(&f, value, width, ' ');
        fmt_char(&f, ',');
        fmt_i64(&f, (int64_t)value, width);
        fmt_char(&f, ',');
        fmt_hex(&f, value, 1);
        expected[sizeof buffer - 1] = '\0';
        if (fmt_is_whole(&f))
            assert_string_equal(buffer, expected);
        else
            assert_memory_equal(buffer, expected, sizeof buffer - 2);
    }
}

/* Goal: a duration is shown in the largest unit it fills, rounded down to a thousandth of it.
 * Method: both sides of every change of unit. */
static void test_fmt_ns_units(void **state)
{
    (void)state;
    static const struct {
        uint64_t ns;
        const char *text;
    } rows[] = {
        {0, "0 ns"},
        {999, "999 ns"},
        {1000, "1.000 us"},
        {999999, "999.999 us"},
        {1000000, "1.000 ms"},
        {12345678, "12.345 ms"},
        {999999999, "999.999 ms"},
        {NS_PER_S, "1.000 s"},
        {UINT64_C(61002999999), "61.002 s"},
        {UINT64_MAX, "18446744073.709 s"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct fmt f = fresh();

        fmt_ns(&f, rows[i].ns);
        assert_string_equal(buffer, rows[i].text);
    }
}

/* Goal: columns line up, and a text that is too long for its column is not cut by padding.
 * Method: pad from below, at and above the column. */
static void test_fmt_pad_to_column(void **state)
{
    (void)state;
    struct fmt f = fresh();

    fmt_text(&f, "ab");
    fmt_pad_to(&f, 4);
    fmt_char(&f, '|');
    fmt_pad_to(&f, 5);
    fmt_pad_to(&f, 2);
    fmt_char(&f, '|');
    assert_string_equal(buffer, "ab  ||");
}

/* Goal: a buffer of no bytes is a bug, not a write.  Method: the assertion must fire. */
static void test_fmt_refuses_no_buffer(void **state)
{
    (void)state;
    struct fmt f = fresh();

    expect_assert_failure(f = fmt_start(buffer, 0));
    expect_assert_failure(f = fmt_start(NULL, 4));
    expect_assert_failure(fmt_hex(&f, 0, FMT_HEX_DIGITS_MAX + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fmt_starts_empty),
        cmocka_unit_test(test_fmt_appends),
        cmocka_unit_test(test_fmt_cut_is_visible_at_every_size),
        cmocka_unit_test(test_fmt_u64_forms),
        cmocka_unit_test(test_fmt_i64_forms),
        cmocka_unit_test(test_fmt_hex_forms),
        cmocka_unit_test(test_fmt_numbers_agree_with_libc),
        cmocka_unit_test(test_fmt_ns_units),
        cmocka_unit_test(test_fmt_pad_to_column),
        cmocka_unit_test(test_fmt_refuses_no_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
