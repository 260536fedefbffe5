/* SPDX-License-Identifier: MIT */
#include "tools/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/result.h"

/* Print and drop the table; the caller frees the text. */
static char *print(struct table *t)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    assert_non_null(stream);
    table_print(t, stream);
    assert_int_equal(fclose(stream), 0);
    table_fini(t);
    return text;
}

static const struct table_column two_columns[] = {{"name", TABLE_LEFT}, {"n", TABLE_RIGHT}};

/* Goal: columns are as wide as their widest cell, each on its side, no space ends a line.
 * Method: two rows, the whole text. */
static void test_table_aligns(void **state)
{
    (void)state;
    struct table t;
    char *text;

    table_init(&t, two_columns, 2);
    table_cell(&t, "a");
    table_cell(&t, "%d", 1000);
    table_cell(&t, "long-name");
    table_cell(&t, "%d", 7);
    text = print(&t);
    assert_string_equal(text, "name          n\n"
                              "a          1000\n"
                              "long-name     7\n");
    free(text);
}

/* Goal: headings of several lines stand on the rows.  Method: one line beside two. */
static void test_table_sets_headings_against_rows(void **state)
{
    (void)state;
    static const struct table_column columns[] = {
        {"who", TABLE_LEFT}, {"time\nms", TABLE_RIGHT}, {"\nx", TABLE_RIGHT}};
    struct table t;
    char *text;

    table_init(&t, columns, 3);
    table_cell(&t, "a");
    table_cell(&t, "1");
    table_cell(&t, "2");
    text = print(&t);
    assert_string_equal(text, "     time\n"
                              "who    ms  x\n"
                              "a       1  2\n");
    free(text);
}

/* Goal: a table without rows has its headings.  Method: print at once. */
static void test_table_without_rows(void **state)
{
    (void)state;
    struct table t;
    char *text;

    table_init(&t, two_columns, 2);
    text = print(&t);
    assert_string_equal(text, "name  n\n");
    free(text);
}

/* Goal: control characters of a name do not reach the terminal.  Method: an escape sequence. */
static void test_table_shows_no_control_characters(void **state)
{
    (void)state;
    struct table t;
    char *text;

    table_init(&t, two_columns, 2);
    table_cell(&t, "%s", "a\033[2Jb\n\177");
    table_cell(&t, "1");
    text = print(&t);
    assert_non_null(strstr(text, "a?[2Jb??  1\n"));
    free(text);
}

/* Goal: width is counted in characters.  Method: a name of two-byte characters beside a plain one
 * of the same length; their numbers are below each other. */
static void test_table_counts_characters(void **state)
{
    (void)state;
    struct table t;
    char *text;

    table_init(&t, two_columns, 2);
    table_cell(&t, "%s", "\303\244\303\266\303\274xy");
    table_cell(&t, "1");
    table_cell(&t, "abcde");
    table_cell(&t, "2");
    text = print(&t);
    assert_string_equal(text, "name   n\n\303\244\303\266\303\274xy  1\nabcde  2\n");
    free(text);
}

/* Goal: a cell that is too long is cut between characters and shows it.  Method: a run of two-byte
 * characters beyond the limit. */
static void test_table_cuts_long_cells(void **state)
{
    (void)state;
    char name[2 * TABLE_CELL_BYTES + 1];
    struct table t;
    char *text, *end;

    for (size_t i = 0; i < sizeof name - 1; i += 2)
        memcpy(name + i, "\303\244", 2);
    name[sizeof name - 1] = '\0';
    table_init(&t, two_columns, 2);
    table_cell(&t, "%s", name);
    table_cell(&t, "1");
    text = print(&t);
    end = strchr(text, '~');
    assert_non_null(end);
    assert_memory_equal(end - 2, "\303\244", 2);
    assert_string_equal(end, "~  1\n");
    free(text);
}

/* Goal: numbers and percentages show "-" where a figure is unknown.  Method: both kinds of cell. */
static void test_table_shows_unknown_as_a_dash(void **state)
{
    (void)state;
    struct table t;
    char *text;

    table_init(&t, two_columns, 2);
    table_cell_scaled(&t, RESULT_UNKNOWN, 6, 3);
    table_cell_percent(&t, RESULT_UNKNOWN, 100);
    table_cell_scaled(&t, 1234567, 6, 3);
    table_cell_percent(&t, 1, 3);
    table_cell_scaled(&t, 0, 6, 3);
    table_cell_percent(&t, 1, 0);
    text = print(&t);
    assert_string_equal(text, "name       n\n"
                              "-          -\n"
                              "1.235  33.33\n"
                              "0.000      -\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_aligns),
        cmocka_unit_test(test_table_sets_headings_against_rows),
        cmocka_unit_test(test_table_without_rows),
        cmocka_unit_test(test_table_shows_no_control_characters),
        cmocka_unit_test(test_table_counts_characters),
        cmocka_unit_test(test_table_cuts_long_cells),
        cmocka_unit_test(test_table_shows_unknown_as_a_dash),
    };

    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
