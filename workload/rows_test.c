/* SPDX-License-Identifier: MIT */
#include "workload/rows.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Goal: records keep their order and values while the rows grow.  Method: 1000 of them. */
static void test_rows_grow(void **state)
{
    struct rows rows = rows_of(sizeof(uint32_t));

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t *record = rows_push(&rows, 1);

        assert_non_null(record);
        *record = i * 3;
    }
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(*(uint32_t *)rows_at(&rows, i), i * 3);
    rows_fini(&rows);
    assert_int_equal(rows.count, 0);
}

/* Goal: new records are zero, also where others were before.  Method: fill, drop, push again. */
static void test_rows_new_are_zero(void **state)
{
    struct rows rows = rows_of(1);
    unsigned char *bytes = rows_push(&rows, 3);

    (void)state;
    assert_non_null(bytes);
    bytes[1] = 7;
    rows.count = 0;
    bytes = rows_push(&rows, 3);
    assert_non_null(bytes);
    assert_int_equal(bytes[1], 0);
    rows_fini(&rows);
}

/* Goal: what cannot fit in memory is refused, and the rows stay.  Method: absurd counts. */
static void test_rows_absurd_count(void **state)
{
    struct rows rows = rows_of(8);

    (void)state;
    assert_non_null(rows_push(&rows, 1));
    assert_null(rows_push(&rows, SIZE_MAX));
    assert_null(rows_push(&rows, SIZE_MAX / 2));
    assert_null(rows_push(&rows, SIZE_MAX / 8));
    assert_int_equal(rows.count, 1);
    rows_fini(&rows);
}

/* Goal: a record that is not there is a bug.  Method: index = count fails an assertion. */
static void test_rows_range(void **state)
{
    struct rows rows = rows_of(8);

    (void)state;
    expect_assert_failure(rows_at(&rows, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_grow),
        cmocka_unit_test(test_rows_new_are_zero),
        cmocka_unit_test(test_rows_absurd_count),
        cmocka_unit_test(test_rows_range),
    };

    return cmocka_run_group_tests_name("workload/rows", tests, NULL, NULL);
}
