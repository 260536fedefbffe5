/* SPDX-License-Identifier: MIT */
#include "kernel/cpuset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel/fixture/outside.h"

static const struct cpumask mask = {{5, 0, 9}};
static struct process process, other;

static void start(void)
{
    outside_init();
    outside_process(&process, 2 * CPUSETS_MAX);
    outside_process(&other, 2 * CPUSETS_MAX);
}

static bool is_live(uint32_t index)
{
    return pool_gen(&cpuset_pool, index) % 2 == 1;
}

/* Goal: a set holds the CPUs it was made with, charged to its maker.  Method: one; the ledger. */
static void test_cpuset_holds_its_mask(void **state)
{
    (void)state;
    uint32_t index;

    start();
    assert_int_equal(cpuset_create(&process, &mask, 20, &index), STATUS_OK);
    assert_memory_equal(cpuset_mask(index), &mask, sizeof(mask));
    assert_true(is_live(index));
    assert_int_equal(outside_used(&process, LEDGER_OBJECTS), 1);
    assert_int_equal(outside_used(&other, LEDGER_OBJECTS), 0);
}

/* Goal: the machine's set has its CPUs, and nobody's release ends it.  Method: 70 CPUs. */
static void test_cpuset_of_the_machine_stays(void **state)
{
    (void)state;
    uint32_t index;

    start();
    index = cpuset_of_machine(70);
    assert_int_equal(cpuset_mask(index)->words[0], UINT64_MAX);
    assert_int_equal(cpuset_mask(index)->words[1], 63);
    assert_int_equal(cpuset_mask(index)->words[2], 0);
    cpuset_release(&process, pool_ref_of(&cpuset_pool, index), 0);
    assert_true(is_live(index));
}

/* Goal: a refusal changes nothing.  Method: a full ledger; a full pool, filled by another. */
static void test_cpuset_refusal_changes_nothing(void **state)
{
    (void)state;
    uint32_t index;

    start();
    port_store32(&process.ledger.fail_after, 1);
    assert_int_equal(cpuset_create(&process, &mask, 20, &index), STATUS_LEDGER_FULL);
    assert_int_equal(pool_free_count(&cpuset_pool), CPUSETS_MAX);
    for (uint32_t i = 0; i < CPUSETS_MAX; i++)
        assert_int_equal(cpuset_create(&other, &mask, i, &index), STATUS_OK);
    assert_int_equal(cpuset_create(&process, &mask, 20, &index), STATUS_NO_SLOT);
    assert_int_equal(cpuset_of_machine(4), POOL_NONE);
    assert_true(ledger_is_clear(&process.ledger));
    assert_true(list_is_empty(&process.cpusets));
}

/* Goal: a set ends when its maker releases the handle it was made with, and no other.  Method:
 * another's handle of the same number, another slot, then the one. */
static void test_cpuset_ends_with_its_makers_handle(void **state)
{
    (void)state;
    uint32_t index;

    start();
    assert_int_equal(cpuset_create(&process, &mask, 20, &index), STATUS_OK);
    cpuset_release(&other, pool_ref_of(&cpuset_pool, index), 20);
    cpuset_release(&process, pool_ref_of(&cpuset_pool, index), 21);
    assert_true(is_live(index));
    cpuset_release(&process, pool_ref_of(&cpuset_pool, index), 20);
    assert_false(is_live(index));
    assert_true(ledger_is_clear(&process.ledger));
    cpuset_release(&process, pool_ref_of(&cpuset_pool, index), 20);
    assert_true(ledger_is_clear(&process.ledger));
    assert_int_equal(pool_free_count(&cpuset_pool), CPUSETS_MAX);
}

/* Goal: a process's end takes all its sets in bounded steps, and no other's.  Method: 40 and 1. */
static void test_cpuset_end_takes_all_of_a_process(void **state)
{
    (void)state;
    uint32_t index, steps = 1;

    start();
    for (uint32_t i = 0; i < 40; i++)
        assert_int_equal(cpuset_create(&process, &mask, i, &index), STATUS_OK);
    assert_int_equal(cpuset_create(&other, &mask, 20, &index), STATUS_OK);
    while (!cpuset_end_some(&process)) /* bound: some go each time */
        steps++;
    assert_int_equal(steps, 40 / WAITERS_PER_STEP + 1);
    assert_true(ledger_is_clear(&process.ledger));
    assert_true(is_live(index));
    assert_int_equal(pool_free_count(&cpuset_pool), CPUSETS_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cpuset_holds_its_mask),
        cmocka_unit_test(test_cpuset_of_the_machine_stays),
        cmocka_unit_test(test_cpuset_refusal_changes_nothing),
        cmocka_unit_test(test_cpuset_ends_with_its_makers_handle),
        cmocka_unit_test(test_cpuset_end_takes_all_of_a_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
