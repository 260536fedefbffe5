/* SPDX-License-Identifier: MIT */
#include "user/loadgen/arguments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct arguments untouched = {.has_duration = true, .duration_ns = 12345};

static void assert_refused(const char *text, uint64_t bytes)
{
    struct arguments a = untouched;

    assert_false(arguments_parse(&a, text, bytes));
    assert_true(a.has_duration == untouched.has_duration);
    assert_true(a.duration_ns == untouched.duration_ns);
}

static void assert_text_refused(const char *text)
{
    assert_refused(text, strlen(text));
}

static void assert_duration(const char *text, uint64_t duration_ns)
{
    struct arguments a = {.has_duration = false};

    assert_true(arguments_parse(&a, text, strlen(text)));
    assert_true(a.has_duration);
    assert_true(a.duration_ns == duration_ns);
}

/* Goal: no arguments are fine.  Method: zero bytes, even at NULL. */
static void test_arguments_may_be_empty(void **state)
{
    struct arguments a = untouched;

    (void)state;
    assert_true(arguments_parse(&a, NULL, 0));
    assert_false(a.has_duration);
}

/* Goal: the whole range of durations is read.  Method: both ends and values between. */
static void test_arguments_duration_in_range(void **state)
{
    (void)state;
    assert_duration("duration_ns=0", 0);
    assert_duration("duration_ns=1", 1);
    assert_duration("duration_ns=3000000000", UINT64_C(3000000000));
    assert_duration("duration_ns=0000000000000000000000000000005", 5);
    assert_duration("duration_ns=86400000000000", UINT64_C(86400000000000));
}

/* Goal: a number beyond the limit is refused, not wrapped.  Method: limit + 1, 2^64, longer. */
static void test_arguments_duration_too_long(void **state)
{
    (void)state;
    assert_text_refused("duration_ns=86400000000001");
    assert_text_refused("duration_ns=18446744073709551615");
    assert_text_refused("duration_ns=18446744073709551616");
    assert_text_refused("duration_ns=184467440737095516160000000001");
}

/* Goal: only digits are a number.  Method: signs, other bases, spaces, nothing, a NUL. */
static void test_arguments_number_is_digits(void **state)
{
    (void)state;
    assert_text_refused("duration_ns=");
    assert_text_refused("duration_ns=-1");
    assert_text_refused("duration_ns=+1");
    assert_text_refused("duration_ns=0x10");
    assert_text_refused("duration_ns=1e9");
    assert_text_refused("duration_ns=1 ");
    assert_text_refused("duration_ns= 1");
    assert_text_refused("duration_ns=1\n");
    assert_refused("duration_ns=1", sizeof "duration_ns=1");
}

/* Goal: only known names, each once, each whole.  Method: the neighbours of the right form. */
static void test_arguments_names_are_strict(void **state)
{
    (void)state;
    assert_text_refused("duration=1");
    assert_text_refused("duration_nsx=1");
    assert_text_refused("Duration_ns=1");
    assert_text_refused("duration_ns");
    assert_text_refused("=1");
    assert_text_refused("duration_ns==1");
    assert_text_refused("seed=1");
    assert_text_refused(" duration_ns=1");
    assert_text_refused("duration_ns=1 duration_ns=1");
    assert_text_refused("duration_ns=1  ");
}

/* Goal: a text beyond the limit is refused unread.  Method: one byte more than the limit. */
static void test_arguments_length_is_limited(void **state)
{
    static char text[ARGUMENTS_BYTES_MAX + 1];

    (void)state;
    memset(text, '0', sizeof text);
    memcpy(text, "duration_ns=", strlen("duration_ns="));
    assert_refused(text, sizeof text);
}

/* Goal: every truncation of a right text is read or refused, and nothing behind it is looked at.
 * Method: each length, in a buffer of exactly that size (the sanitizer watches its end). */
static void test_arguments_truncated(void **state)
{
    const char text[] = "duration_ns=1500";

    (void)state;
    for (size_t bytes = 1; bytes < sizeof text; bytes++) {
        char *copy = test_malloc(bytes);
        struct arguments a;

        memcpy(copy, text, bytes);
        assert_int_equal(arguments_parse(&a, copy, bytes), bytes > strlen("duration_ns="));
        test_free(copy);
    }
}

/* Goal: histograms and snapshots are read, once each, from 1 to their limits.  Method: both ends
 * and what is beyond them; all together, in two orders; twice. */
static void test_arguments_histogram_and_watch(void **state)
{
    static const char *const texts[] = {"duration_ns=5 histogram_us=10000 watch_ms=3600000",
                                        "watch_ms=3600000 histogram_us=10000 duration_ns=5"};
    static const char *const refused[] = {
        "histogram_us=0", "histogram_us=10001",  "histogram_us=", "histogram_us=1 histogram_us=1",
        "watch_ms=0",     "watch_ms=3600001",    "watch_ms=",     "watch_ms=1 watch_ms=2",
    };
    struct arguments a = {.has_duration = false};

    (void)state;
    assert_true(arguments_parse(&a, "histogram_us=1 watch_ms=1", 25));
    assert_true(a.histogram_us == 1);
    assert_true(a.watch_ms == 1);
    assert_false(a.has_duration);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        assert_true(arguments_parse(&a, texts[i], strlen(texts[i])));
        assert_true(a.histogram_us == 10000);
        assert_true(a.watch_ms == 3600000);
        assert_true(a.duration_ns == 5);
    }
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++)
        assert_text_refused(refused[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments_may_be_empty),
        cmocka_unit_test(test_arguments_duration_in_range),
        cmocka_unit_test(test_arguments_duration_too_long),
        cmocka_unit_test(test_arguments_histogram_and_watch),
        cmocka_unit_test(test_arguments_number_is_digits),
        cmocka_unit_test(test_arguments_names_are_strict),
        cmocka_unit_test(test_arguments_length_is_limited),
        cmocka_unit_test(test_arguments_truncated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
