/* SPDX-License-Identifier: MIT */
/* ranges_test.c - memory ranges with holes, on the host. */
#include "kernel/arch/x86_64/ranges.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/prng.h"

#define PAGE ARCH_PAGE_BYTES
#define MODEL_PAGES 64u

static void expect(const struct ranges *r, uint32_t i, uint64_t base, uint64_t bytes)
{
    assert_true(i < r->count);
    assert_int_equal(r->items[i].base, base);
    assert_int_equal(r->items[i].bytes, bytes);
}

/* Goal: only whole pages are memory.  Method: a range that begins and ends inside pages. */
static void test_ranges_add_shrinks(void **state)
{
    struct ranges r = {.count = 0};

    (void)state;
    ranges_add(&r, 1, 3 * PAGE);
    assert_int_equal(r.count, 1);
    expect(&r, 0, PAGE, 2 * PAGE);
    ranges_add(&r, 10 * PAGE + 1, PAGE);
    assert_int_equal(r.count, 1);
}

/* Goal: a hole takes every page it touches.  Method: one byte in the middle of five pages. */
static void test_ranges_remove_grows(void **state)
{
    struct ranges r = {.count = 0};

    (void)state;
    ranges_add(&r, 0, 5 * PAGE);
    ranges_remove(&r, 2 * PAGE + 7, 1);
    assert_int_equal(r.count, 2);
    expect(&r, 0, 0, 2 * PAGE);
    expect(&r, 1, 3 * PAGE, 2 * PAGE);
}

/* Goal: an empty hole takes nothing. */
static void test_ranges_remove_nothing(void **state)
{
    struct ranges r = {.count = 0};

    (void)state;
    ranges_add(&r, 0, 5 * PAGE);
    ranges_remove(&r, 2 * PAGE, 0);
    assert_int_equal(r.count, 1);
    expect(&r, 0, 0, 5 * PAGE);
}

/* Goal: numbers that overflow invent no memory.  Method: ranges at the end of 64 bits. */
static void test_ranges_overflow(void **state)
{
    struct ranges r = {.count = 0};

    (void)state;
    ranges_add(&r, UINT64_MAX - 10, 100);
    assert_int_equal(r.count, 0);
    ranges_add(&r, PAGE, UINT64_MAX);
    assert_int_equal(r.count, 1);
    ranges_remove(&r, 2 * PAGE, UINT64_MAX);
    assert_int_equal(r.count, 1);
    expect(&r, 0, PAGE, PAGE);
}

/* Goal: a full list loses the smallest memory, never invents any.  Method: more ranges than there
 * is room; a hole that makes two of one. */
static void test_ranges_full(void **state)
{
    struct ranges r = {.count = 0};

    (void)state;
    for (uint64_t i = 0; i < ARCH_RANGES_MAX + 4; i++)
        ranges_add(&r, i * 4 * PAGE, 3 * PAGE);
    assert_int_equal(r.count, ARCH_RANGES_MAX);
    ranges_remove(&r, PAGE, PAGE);
    assert_int_equal(r.count, ARCH_RANGES_MAX);
    expect(&r, 0, (ARCH_RANGES_MAX - 1) * 4 * PAGE, 3 * PAGE);
    expect(&r, 1, 2 * PAGE, PAGE);
    ranges_add(&r, 1000 * PAGE, 2 * PAGE);
    expect(&r, 1, 1000 * PAGE, 2 * PAGE);
}

static bool contains(const struct ranges *r, uint64_t page)
{
    for (uint32_t i = 0; i < r->count; i++)
        if (page * PAGE >= r->items[i].base &&
            (page + 1) * PAGE <= r->items[i].base + r->items[i].bytes)
            return true;
    return false;
}

/* Goal: remove is set difference.  Method: random holes of bytes against a bit per page. */
static void test_ranges_model(void **state)
{
    struct prng p = prng_seed(1);

    (void)state;
    for (uint32_t round = 0; round < 2000; round++) {
        struct ranges r = {.count = 0};
        uint64_t model = UINT64_MAX;

        ranges_add(&r, 0, MODEL_PAGES * PAGE);
        for (uint32_t hole = 0; hole < 6; hole++) {
            uint64_t base = prng_below(&p, MODEL_PAGES * PAGE);
            uint64_t bytes = prng_below(&p, 9 * PAGE);

            ranges_remove(&r, base, bytes);
            for (uint64_t page = 0; page < MODEL_PAGES; page++)
                if (bytes != 0 && page * PAGE < base + bytes && base < (page + 1) * PAGE)
                    model &= ~(UINT64_C(1) << page);
        }
        for (uint64_t page = 0; page < MODEL_PAGES; page++)
            assert_int_equal(contains(&r, page), model >> page & 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges_add_shrinks),    cmocka_unit_test(test_ranges_remove_grows),
        cmocka_unit_test(test_ranges_remove_nothing), cmocka_unit_test(test_ranges_overflow),
        cmocka_unit_test(test_ranges_full),           cmocka_unit_test(test_ranges_model),
    };

    return cmocka_run_group_tests_name("ranges", tests, NULL, NULL);
}
