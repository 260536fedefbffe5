/* SPDX-License-Identifier: MIT */
#include "workload/diagnostics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct workload_diagnostics d;

static int setup(void **state)
{
    (void)state;
    d = (struct workload_diagnostics){0};
    return 0;
}

/* Goal: the line people and editors know.  Method: an error with a position. */
static void test_diagnostics_format(void **state)
{
    char line[100];

    (void)state;
    workload_diagnose(&d, WORKLOAD_ERROR, (struct text_position){3, 14}, "no %s", "value");
    workload_diagnostic_format(&d.items[0], "a.json", line, sizeof line);
    assert_string_equal(line, "a.json:3:14: error: no value");
}

/* Goal: a message about the whole file has no numbers.  Method: line 0, a note. */
static void test_diagnostics_format_file(void **state)
{
    char line[100];

    (void)state;
    workload_diagnose(&d, WORKLOAD_NOTE, (struct text_position){0, 0}, "x");
    workload_diagnostic_format(&d.items[0], "a.json", line, sizeof line);
    assert_string_equal(line, "a.json: note: x");
}

/* Goal: notes are no errors.  Method: one of each, look at the count. */
static void test_diagnostics_count(void **state)
{
    (void)state;
    workload_diagnose(&d, WORKLOAD_NOTE, (struct text_position){1, 1}, "x");
    assert_int_equal(d.error_count, 0);
    workload_diagnose(&d, WORKLOAD_ERROR, (struct text_position){1, 1}, "x");
    assert_int_equal(d.error_count, 1);
    assert_int_equal(d.count, 2);
}

/* Goal: more messages than fit are counted, not written.  Method: ten more than the limit. */
static void test_diagnostics_overflow(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WORKLOAD_DIAGNOSTICS_MAX + 10; i++)
        workload_diagnose(&d, WORKLOAD_ERROR, (struct text_position){i, 1}, "x");
    assert_int_equal(d.count, WORKLOAD_DIAGNOSTICS_MAX);
    assert_int_equal(d.lost_count, 10);
    assert_int_equal(d.error_count, WORKLOAD_DIAGNOSTICS_MAX + 10);
}

/* Goal: a file cannot steer the terminal.  Method: an escape sequence and a line break. */
static void test_diagnostics_hides_controls(void **state)
{
    (void)state;
    workload_diagnose(&d, WORKLOAD_ERROR, (struct text_position){1, 1}, "%s", "a\033[2J\nb\177");
    assert_string_equal(d.items[0].text, "a?[2J?b?");
}

/* Goal: a long message is cut, with its NUL.  Method: a text of twice the room. */
static void test_diagnostics_cut(void **state)
{
    char text[2 * WORKLOAD_DIAGNOSTIC_BYTES_MAX];

    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    workload_diagnose(&d, WORKLOAD_ERROR, (struct text_position){1, 1}, "%s", text);
    assert_int_equal(strlen(d.items[0].text), WORKLOAD_DIAGNOSTIC_BYTES_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_diagnostics_format, setup),
        cmocka_unit_test_setup(test_diagnostics_format_file, setup),
        cmocka_unit_test_setup(test_diagnostics_count, setup),
        cmocka_unit_test_setup(test_diagnostics_overflow, setup),
        cmocka_unit_test_setup(test_diagnostics_hides_controls, setup),
        cmocka_unit_test_setup(test_diagnostics_cut, setup),
    };

    return cmocka_run_group_tests_name("workload/diagnostics", tests, NULL, NULL);
}
