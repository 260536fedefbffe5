/* SPDX-License-Identifier: MIT */
#include "kernel/quiesce.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "kernel/fixture/outside.h"

#define CPUS 6u
#define REQUESTS 20u /* more than one batch of wakes */

static struct quiesce requests[REQUESTS];

static void start(void)
{
    outside_init();
}

static struct thread_ref waiter(uint32_t i)
{
    return (struct thread_ref){100 + i, 1};
}

static bool begin(uint32_t i, uint64_t mask)
{
    return quiesce_begin(&requests[i], mask, waiter(i));
}

static void pass(uint32_t cpu)
{
    fixture_set_cpu(cpu);
    quiesce_pass();
    assert_int_equal(cpu_this()->held_ranks, 0);
    fixture_set_cpu(0);
}

/* Goal: who asks only itself waits for nobody.  Method: an empty mask; its own bit. */
static void test_quiesce_of_nobody_is_over(void **state)
{
    (void)state;
    start();
    assert_true(begin(0, 0));
    assert_true(begin(1, 1));
    assert_true(quiesce_is_over(&requests[0]));
    assert_true(quiesce_is_over(&requests[1]));
    assert_int_equal(fixture_kick_count(0), 0);
    pass(1);
    assert_int_equal(outside.wake_count, 0);
    assert_int_equal(fixture_flush_count(1), 0); /* nothing was asked */
}

/* Goal: each CPU asked is kicked once, flushes, and passes; the last one wakes the waiter, once.
 * Method: three CPUs, one of them twice, and one that was not asked. */
static void test_quiesce_is_over_with_the_last(void **state)
{
    (void)state;
    start();
    assert_false(begin(0, 0x0f));
    for (uint32_t cpu = 0; cpu < CPUS; cpu++)
        assert_int_equal(fixture_kick_count(cpu), cpu >= 1 && cpu <= 3);
    pass(4);
    pass(1);
    pass(1);
    pass(3);
    assert_false(quiesce_is_over(&requests[0]));
    assert_int_equal(outside.wake_count, 0);
    pass(2);
    assert_true(quiesce_is_over(&requests[0]));
    assert_int_equal(outside.wake_count, 1);
    assert_int_equal(outside.woken[0].slot, waiter(0).slot);
    assert_true(fixture_flush_count(2) > 0 && fixture_flush_count(3) > 0);
    pass(2);
    assert_int_equal(outside.wake_count, 1);
}

/* Goal: whoever goes on with it is woken, not who asked.  Method: redirect half-way, and after the
 * end. */
static void test_quiesce_redirect_wakes_another(void **state)
{
    (void)state;
    start();
    assert_false(begin(0, 6));
    pass(1);
    quiesce_redirect(&requests[0], waiter(9));
    pass(2);
    assert_int_equal(outside.wake_count, 1);
    assert_int_equal(outside.woken[0].slot, waiter(9).slot);
    quiesce_redirect(&requests[0], waiter(0));
    assert_true(quiesce_is_over(&requests[0]));
    assert_int_equal(outside.wake_count, 1);
}

/* Goal: one interrupt passes for every request, however many become complete by it.  Method: 20
 * that wait for CPU 2 only, oldest first, and one that waits for CPU 3, too. */
static void test_quiesce_passes_for_all_requests(void **state)
{
    (void)state;
    start();
    for (uint32_t i = 0; i < REQUESTS; i++)
        assert_false(begin(i, i == 7 ? 12 : 4));
    assert_int_equal(fixture_kick_count(2), REQUESTS);
    pass(2);
    assert_int_equal(outside.wake_count, REQUESTS - 1);
    for (uint32_t i = 0; i < REQUESTS - 1; i++)
        assert_int_equal(outside.woken[i].slot, waiter(i < 7 ? i : i + 1).slot);
    pass(3);
    assert_int_equal(outside.woken[REQUESTS - 1].slot, waiter(7).slot);
}

/* Goal: a CPU that passes lets go of an address space its current thread does not need (VS1).
 * Method: an idle CPU that has one loaded. */
static void test_quiesce_pass_lets_go_of_a_space(void **state)
{
    (void)state;
    struct vspace space = {.root = FIXTURE_PHYS_BASE};

    start();
    fixture_set_cpu(1);
    cpu_this()->current = NULL;
    vspace_activate(&space);
    assert_int_equal(port_load64(&space.cpus), 2);
    assert_int_equal(fixture_root(1), space.root);
    fixture_set_cpu(0);
    assert_false(begin(0, port_load64(&space.cpus)));
    pass(1);
    assert_int_equal(port_load64(&space.cpus), 0);
    assert_int_equal(fixture_root(1), 0);
    assert_true(quiesce_is_over(&requests[0]));
}

/* Goal: each waiter is woken once, when the last CPU of its request has passed, after any history.
 * Method: 50,000 random requests and passes of 6 CPUs against plain masks. */
static void test_quiesce_agrees_with_a_model(void **state)
{
    (void)state;
    struct prng p = prng_seed(41);
    uint64_t masks[REQUESTS] = {0};

    start();
    for (uint32_t turn = 0; turn < 50000; turn++) {
        uint32_t i = (uint32_t)(prng_next(&p) % REQUESTS);
        uint32_t cpu = (uint32_t)(prng_next(&p) % CPUS);
        uint32_t expected = 0;

        outside.wake_count = 0;
        if (masks[i] == 0) {
            fixture_set_cpu(cpu);
            masks[i] = prng_next(&p) % (1u << CPUS) & ~(UINT64_C(1) << cpu);
            assert_int_equal(begin(i, masks[i] | (prng_next(&p) & UINT64_C(1) << cpu)),
                             masks[i] == 0);
            assert_int_equal(outside.wake_count, 0);
            continue;
        }
        pass(cpu);
        for (i = 0; i < REQUESTS; i++) {
            if ((masks[i] & UINT64_C(1) << cpu) == 0)
                continue;
            masks[i] &= ~(UINT64_C(1) << cpu);
            expected += masks[i] == 0;
            assert_int_equal(quiesce_is_over(&requests[i]), masks[i] == 0);
        }
        assert_int_equal(outside.wake_count, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quiesce_of_nobody_is_over),
        cmocka_unit_test(test_quiesce_is_over_with_the_last),
        cmocka_unit_test(test_quiesce_redirect_wakes_another),
        cmocka_unit_test(test_quiesce_passes_for_all_requests),
        cmocka_unit_test(test_quiesce_pass_lets_go_of_a_space),
        cmocka_unit_test(test_quiesce_agrees_with_a_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
