/* SPDX-License-Identifier: MIT */
#include "kernel/timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "kernel/fixture/fixture.h"
#include "kernel/limits.h"

#define COUNT 500u

static struct timer timers[COUNT];

/* Whom fire() saw, in order. */
static const struct timer *fired[COUNT];
static uint32_t fired_count;

static void fire(struct timer *timer, void *context)
{
    (void)context;
    assert_true(timer_is_linked(timer)); /* until it has returned */
    assert_true(fired_count < COUNT);
    fired[fired_count++] = timer;
}

static void start(void)
{
    fixture_init();
    timer_init();
    for (uint32_t i = 0; i < COUNT; i++)
        timers[i] = (struct timer){.node = {.rank = 0}};
    fired_count = 0;
}

static struct mono at(uint64_t ns)
{
    return (struct mono){ns};
}

/* Goal: timers fire in order of instants, equal ones as inserted.  Method: 500 random ones. */
static void test_timer_fires_in_order(void **state)
{
    (void)state;
    struct prng p = prng_seed(1);

    start();
    for (uint32_t i = 0; i < COUNT; i++) {
        timer_insert(&timers[i], at(1000 + prng_next(&p) % 100));
        timer_check(0);
    }
    while (fired_count < COUNT)
        timer_expire(at(2000), fire, NULL);
    timer_check(0);
    for (uint32_t i = 1; i < COUNT; i++) {
        int64_t step_ns = mono_diff_ns(fired[i]->node.at, fired[i - 1]->node.at);

        assert_true(step_ns > 0 || (step_ns == 0 && fired[i] > fired[i - 1]));
    }
}

/* Goal: nothing fires early.  Method: expire one nanosecond before, then at the instant. */
static void test_timer_not_before_its_instant(void **state)
{
    (void)state;
    start();
    timer_insert(&timers[0], at(100));
    timer_expire(at(99), fire, NULL);
    assert_int_equal(fired_count, 0);
    timer_expire(at(100), fire, NULL);
    assert_int_equal(fired_count, 1);
    assert_false(timer_is_linked(&timers[0]));
}

/* Goal: one call fires a bounded number.  Method: more than a batch are due. */
static void test_timer_batch_is_bounded(void **state)
{
    (void)state;
    start();
    for (uint32_t i = 0; i < TIMER_BATCH_MAX + 3; i++)
        timer_insert(&timers[i], at(i));
    timer_expire(at(1000), fire, NULL);
    assert_int_equal(fired_count, TIMER_BATCH_MAX);
    assert_int_equal(timer_next().ns, TIMER_BATCH_MAX); /* due: the hardware fires at once */
    timer_expire(at(1000), fire, NULL);
    assert_int_equal(fired_count, TIMER_BATCH_MAX + 3);
    assert_true(mono_is_never(timer_next()));
}

/* Goal: a cancelled timer does not fire; cancelling twice is harmless.  Method: every third. */
static void test_timer_cancelled_does_not_fire(void **state)
{
    (void)state;
    start();
    for (uint32_t i = 0; i < 90; i++)
        timer_insert(&timers[i], at(1000 - i));
    for (uint32_t i = 0; i < 90; i += 3) {
        timer_cancel(&timers[i]);
        timer_cancel(&timers[i]);
        timer_check(0);
    }
    for (uint32_t i = 0; i < 90; i++)
        timer_expire(at(1000), fire, NULL);
    assert_int_equal(fired_count, 60);
    for (uint32_t i = 0; i < fired_count; i++)
        assert_true((fired[i] - timers) % 3 != 0);
}

/* Goal: each CPU has its own timers, and any CPU may cancel.  Method: two CPUs. */
static void test_timer_belongs_to_the_inserting_cpu(void **state)
{
    (void)state;
    start();
    timer_insert(&timers[0], at(10));
    timer_insert(&timers[1], at(20));
    fixture_set_cpu(1);
    timer_insert(&timers[2], at(5));
    timer_expire(at(100), fire, NULL);
    assert_int_equal(fired_count, 1);
    assert_ptr_equal(fired[0], &timers[2]);
    timer_cancel(&timers[0]);
    timer_check(0);
    fixture_set_cpu(0);
    assert_int_equal(timer_next().ns, 20);
}

/* Goal: the tree is right after any history.  Method: 200,000 random operations on 2 CPUs against a
 * plain array: the next instant, who fires, and TM1..TM3. */
static void test_timer_agrees_with_an_array(void **state)
{
    (void)state;
    struct prng p = prng_seed(5);
    uint64_t now_ns = 1000;

    start();
    for (uint32_t turn = 0; turn < 200000; turn++) {
        struct timer *t = &timers[prng_next(&p) % 200];
        uint32_t cpu = (uint32_t)(prng_next(&p) % 2);

        fixture_set_cpu(cpu);
        if (!timer_is_linked(t))
            timer_insert(t, at(now_ns + prng_next(&p) % 500));
        else if (prng_next(&p) % 4 == 0)
            timer_cancel(t);
        now_ns += prng_next(&p) % 3;

        uint64_t next_ns = MONO_NEVER.ns;
        uint32_t due = 0;

        for (uint32_t i = 0; i < 200; i++) {
            if (port_load32(&timers[i].node.owner) != cpu + 1)
                continue;
            next_ns = timers[i].node.at.ns < next_ns ? timers[i].node.at.ns : next_ns;
            due += timers[i].node.at.ns <= now_ns;
        }
        assert_int_equal(timer_next().ns, next_ns);
        fired_count = 0;
        timer_expire(at(now_ns), fire, NULL);
        assert_int_equal(fired_count, due < TIMER_BATCH_MAX ? due : TIMER_BATCH_MAX);
        if (turn % 64 == 0) {
            timer_check(0);
            timer_check(1);
        }
    }
}

/* Goal: inserting a linked timer is a bug that panics.  Method: do it. */
static void test_timer_double_insert_panics(void **state)
{
    (void)state;
    start();
    timer_insert(&timers[0], at(10));
    expect_assert_failure(timer_insert(&timers[0], at(11)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timer_fires_in_order),
        cmocka_unit_test(test_timer_not_before_its_instant),
        cmocka_unit_test(test_timer_batch_is_bounded),
        cmocka_unit_test(test_timer_cancelled_does_not_fire),
        cmocka_unit_test(test_timer_belongs_to_the_inserting_cpu),
        cmocka_unit_test(test_timer_agrees_with_an_array),
        cmocka_unit_test(test_timer_double_insert_panics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
