/* SPDX-License-Identifier: MIT */
#include "kernel/vspace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/fixture/fixture.h"
#include "kernel/frame.h"

#define PAGE ((uint64_t)ARCH_PAGE_BYTES)
#define AT UINT64_C(0x400000)

static struct vspace space;

static void start(void)
{
    const struct arch_range range = {FIXTURE_PHYS_BASE, 20 * PAGE};

    fixture_init();
    frame_init(&range, 1);
    assert_int_equal(vspace_init(&space), STATUS_OK);
}

/* Goal: a filled range holds the bytes, then zeros.  Method: begin and end inside pages. */
static void test_vspace_fill_copies_then_zeros(void **state)
{
    (void)state;
    unsigned char from[6000], back[9000];

    start();
    memset(from, 0x5a, sizeof(from));
    assert_int_equal(vspace_fill(&space, AT + 100, sizeof(back), from, sizeof(from), ARCH_READ),
                     STATUS_OK);
    assert_int_equal(vspace_copy_in(&space, back, AT + 100, sizeof(back)), STATUS_OK);
    assert_memory_equal(back, from, sizeof(from));
    for (size_t i = sizeof(from); i < sizeof(back); i++)
        assert_int_equal(back[i], 0);
}

/* Goal: copies cross pages that are not neighbours in memory.  Method: map in reverse. */
static void test_vspace_copies_cross_pages(void **state)
{
    (void)state;
    unsigned char out[3 * ARCH_PAGE_BYTES], back[sizeof(out)];

    start();
    for (uint64_t i = 3; i-- > 0;)
        assert_int_equal(vspace_map(&space, AT + i * PAGE, frame_take(), ARCH_READ | ARCH_WRITE),
                         STATUS_OK);
    for (size_t i = 0; i < sizeof(out); i++)
        out[i] = (unsigned char)(i * 7);
    assert_int_equal(vspace_copy_out(&space, AT + 5, out, sizeof(out) - 5), STATUS_OK);
    assert_int_equal(vspace_copy_in(&space, back, AT + 5, sizeof(out) - 5), STATUS_OK);
    assert_memory_equal(back, out, sizeof(out) - 5);
}

/* Goal: no access, no copy.  Method: read-only, unmapped, half mapped. */
static void test_vspace_missing_access_is_refused(void **state)
{
    (void)state;
    unsigned char bytes[64] = {0};

    start();
    assert_int_equal(vspace_map(&space, AT, frame_take(), ARCH_READ), STATUS_OK);
    assert_int_equal(vspace_copy_out(&space, AT, bytes, 1), STATUS_BAD_ADDRESS);
    assert_int_equal(vspace_copy_in(&space, bytes, AT + PAGE, 1), STATUS_BAD_ADDRESS);
    assert_int_equal(vspace_copy_in(&space, bytes, AT + PAGE - 32, 64), STATUS_BAD_ADDRESS);
    assert_int_equal(vspace_copy_in(&space, bytes, AT + PAGE - 64, 64), STATUS_OK);
}

/* Goal: sums that overflow are refused.  Method: addresses and lengths at the ends. */
static void test_vspace_wrapping_range_is_refused(void **state)
{
    (void)state;
    unsigned char byte = 0;

    start();
    assert_int_equal(vspace_copy_in(&space, &byte, UINT64_MAX, 1), STATUS_BAD_ADDRESS);
    assert_int_equal(vspace_copy_in(&space, &byte, UINT64_MAX - 7, 16), STATUS_BAD_ADDRESS);
    assert_int_equal(vspace_copy_out(&space, ARCH_USER_END, &byte, 1), STATUS_BAD_ADDRESS);
    assert_int_equal(vspace_copy_in(&space, &byte, 0, UINT64_MAX), STATUS_BAD_ADDRESS);
    assert_int_equal(vspace_copy_in(&space, &byte, UINT64_MAX, 0), STATUS_BAD_ADDRESS);
}

/* Goal: running out of frames is a refusal.  Method: fill more than there is. */
static void test_vspace_fill_without_memory_is_refused(void **state)
{
    (void)state;
    start();
    assert_int_equal(vspace_fill(&space, AT, 30 * PAGE, NULL, 0, ARCH_READ), STATUS_NO_MEMORY);
    assert_int_equal(frame_free_count(), 0);
}

/* Goal: a page that is writable and executable is a bug here.  Method: map one. */
static void test_vspace_writable_code_panics(void **state)
{
    (void)state;
    start();
    expect_assert_failure(
        (void)(vspace_map(&space, AT, frame_take(), ARCH_WRITE | ARCH_EXECUTE) == STATUS_OK));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vspace_fill_copies_then_zeros),
        cmocka_unit_test(test_vspace_copies_cross_pages),
        cmocka_unit_test(test_vspace_missing_access_is_refused),
        cmocka_unit_test(test_vspace_wrapping_range_is_refused),
        cmocka_unit_test(test_vspace_fill_without_memory_is_refused),
        cmocka_unit_test(test_vspace_writable_code_panics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
