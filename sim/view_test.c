/* SPDX-License-Identifier: MIT */
#include "sim/view.h"

#include "abi/why.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void letter(const void *context, uint32_t thread, char text[VIEW_NAME_BYTES])
{
    (void)context;
    text[0] = (char)('a' + thread);
    text[1] = '\0';
}

/* The line of `record`, without its end; the caller frees it. */
static char *line_of(struct trace_record record)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    struct view v = {out, {1000}, letter, NULL};

    assert_non_null(out);
    view_print(&v, &record);
    fclose(out);
    assert_true(bytes > 0);
    assert_int_equal(text[bytes - 1], '\n');
    text[bytes - 1] = '\0';
    return text;
}

/* Words of the line with single spaces, so that tests do not count columns. */
static void expect(struct trace_record record, const char *words)
{
    char *line = line_of(record);
    char squeezed[256] = "";
    char *rest = NULL;

    for (char *word = strtok_r(line, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        if (squeezed[0] != '\0')
            strcat(squeezed, " ");
        strcat(squeezed, word);
    }
    assert_string_equal(squeezed, words);
    free(line);
}

static struct trace_record record_of(uint32_t event, uint32_t thread, int64_t a, int64_t b)
{
    return (struct trace_record){
        .now = {1250}, .cpu = 3, .event = event, .thread = thread, .a = a, .b = b};
}

/* Goal: each kind of event says what its two numbers are, and time counts from the start. */
static void test_view_lines(void **state)
{
    (void)state;
    expect(record_of(EV_SWITCH, 1, 0, WHY_PICKED_ONLY), "250 3 switch b a->b PICKED_ONLY");
    expect(record_of(EV_SWITCH, 1, -1, WHY_PICKED_ONLY), "250 3 switch b -->b PICKED_ONLY");
    expect(record_of(EV_IDLE, UINT32_MAX, 0, WHY_IDLE), "250 3 idle - a->- IDLE");
    expect(record_of(EV_WAKE, 1, 7, WHY_PLACED_IDLE), "250 3 wake b cpu3->cpu7 PLACED_IDLE");
    expect(record_of(EV_DETACH, 1, 7, -5), "250 3 detach b cpu3->cpu7 - lag=-5");
    expect(record_of(EV_BLOCK, 1, 1, 42), "250 3 block b - - source=park lag=42");
    expect(record_of(EV_CHARGE, 1, 99, 2), "250 3 charge b - - ns=99 at=block");
    expect(record_of(EV_WEIGHT, 1, 512, 1024), "250 3 weight b 1024->512 -");
    expect(record_of(EV_EXIT, 1, 77, 0), "250 3 exit b - - runtime=77");
    struct trace_record why = record_of(EV_WHY, 1, 300000, 3000000);

    why.rule = WHY_PREEMPTED_SHORTER;
    expect(why, "250 3 why b - PREEMPTED_SHORTER a=300000 b=3000000");
}

/* Goal: an event that the table does not have is printed, not lost. */
static void test_view_unknown_event(void **state)
{
    (void)state;
    expect(record_of(999, 1, 5, 6), "250 3 unknown b - - a=5 b=6");
}

/* Goal: columns are fixed.  Method: the why column of two different lines starts at one place. */
static void test_view_columns(void **state)
{
    (void)state;
    char *first = line_of(record_of(EV_SWITCH, 1, 0, WHY_PICKED_ONLY));
    char *second = line_of(record_of(EV_WAKE, 1, 1000, WHY_PLACED_IDLE));

    assert_true(strstr(first, "PICKED_ONLY") - first == strstr(second, "PLACED_IDLE") - second);
    free(first);
    free(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_view_lines),
        cmocka_unit_test(test_view_unknown_event),
        cmocka_unit_test(test_view_columns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
