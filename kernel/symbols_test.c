/* SPDX-License-Identifier: MIT */
/* symbols_test.c - addresses to functions, on a table of three. */
#include "kernel/symbols.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BASE UINT64_C(0xffffffff80201000)

const struct symbol symbols_table[] = {{0x10, 0}, {0x40, 6}, {0x48, 10}};
const uint32_t symbols_count = 3;
const uint32_t symbols_bytes = 0x100;
const uint64_t symbols_base = BASE;
const char symbols_names[] = "first\0two\0third";

static void expect(uint64_t offset, const char *name, uint64_t start)
{
    uint64_t found_start = 0;
    const char *found = symbols_find(BASE + offset, &found_start);

    assert_non_null(found);
    assert_string_equal(found, name);
    assert_int_equal(found_start, BASE + start);
}

static void expect_none(uint64_t address)
{
    uint64_t start;

    assert_null(symbols_find(address, &start));
}

/* Goal: a function's first and last byte are its own. */
static void test_symbols_find(void **state)
{
    (void)state;
    expect(0x10, "first", 0x10);
    expect(0x3f, "first", 0x10);
    expect(0x40, "two", 0x40);
    expect(0x47, "two", 0x40);
    expect(0x48, "third", 0x48);
    expect(0xff, "third", 0x48);
}

/* Goal: what is no text has no name.  Method: below the first, behind the text, far away. */
static void test_symbols_none(void **state)
{
    (void)state;
    expect_none(BASE);
    expect_none(BASE + 0xf);
    expect_none(BASE - 1);
    expect_none(BASE + 0x100);
    expect_none(0);
    expect_none(UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_symbols_find),
        cmocka_unit_test(test_symbols_none),
    };

    return cmocka_run_group_tests_name("symbols", tests, NULL, NULL);
}
