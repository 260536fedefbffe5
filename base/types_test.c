/* SPDX-License-Identifier: MIT */
#include "base/types.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Goal: monotonic times compare by signed difference.  Method: both sides of the wrap. */
static void test_mono_order_survives_wrap(void **state)
{
    (void)state;
    struct mono before = {UINT64_MAX - 4};
    struct mono after = mono_add(before, 10);

    assert_int_equal(after.ns, 5);
    assert_int_equal(mono_diff_ns(after, before), 10);
    assert_int_equal(mono_diff_ns(before, after), -10);
    assert_true(mono_before(before, after));
    assert_false(mono_before(after, before));
    assert_false(mono_before(after, after));
    assert_int_equal(mono_earlier(after, before).ns, before.ns);
}

/* Goal: "never" is later than every instant that occurs.  Method: 0 and 200 years. */
static void test_mono_never_is_last(void **state)
{
    (void)state;
    struct mono late = {UINT64_C(200) * 366 * 86400 * NS_PER_S};

    assert_true(mono_before((struct mono){0}, MONO_NEVER));
    assert_true(mono_before(late, MONO_NEVER));
    assert_true(mono_is_never(mono_earlier(MONO_NEVER, MONO_NEVER)));
    assert_false(mono_is_never(late));
}

/* Goal: virtual times wrap without undefined behaviour.  Method: across INT64_MAX, sanitized. */
static void test_vtime_order_survives_wrap(void **state)
{
    (void)state;
    struct vtime before = {INT64_MAX - 2};
    struct vtime after = vtime_add(before, 5);

    assert_true(after.vns < 0);
    assert_int_equal(vtime_diff_vns(after, before), 5);
    assert_int_equal(vtime_diff_vns(before, after), -5);
    assert_int_equal(vtime_add(after, -5).vns, before.vns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mono_order_survives_wrap),
        cmocka_unit_test(test_mono_never_is_last),
        cmocka_unit_test(test_vtime_order_survives_wrap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
