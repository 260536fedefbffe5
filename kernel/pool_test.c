/* SPDX-License-Identifier: MIT */
#include "kernel/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "kernel/fixture/fixture.h"
#include "kernel/frame.h"

#define COUNT 40u

struct record {
    struct pool_node node;
    uint64_t note;
};

static struct pool pool;

static void start(void)
{
    const struct arch_range range = {FIXTURE_PHYS_BASE, UINT64_C(8) * ARCH_PAGE_BYTES};

    fixture_init();
    frame_init(&range, 1);
    assert_true(pool_init(&pool, sizeof(struct record), COUNT));
}

static struct record *at(uint32_t index)
{
    return pool_at(&pool, index);
}

/* Goal: each record is handed out once, then none.  Method: take all and one more. */
static void test_pool_hands_out_each_record_once(void **state)
{
    (void)state;
    bool seen[COUNT] = {false};

    start();
    assert_int_equal(pool_free_count(&pool), COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t index = pool_take(&pool);

        assert_true(index < COUNT);
        assert_false(seen[index]);
        seen[index] = true;
        assert_int_equal(pool_index(&pool, at(index)), index);
    }
    assert_int_equal(pool_take(&pool), POOL_NONE);
    assert_int_equal(pool_free_count(&pool), 0);
}

/* Goal: a reference dies at pool_stale, before the record is free, and stays dead.  Method: stale,
 * give, take again: the fields are as they were left, the generation is another. */
static void test_pool_reference_dies_once(void **state)
{
    (void)state;
    start();
    uint32_t index = pool_take(&pool);
    struct pool_ref ref = pool_ref_of(&pool, index);

    at(index)->note = 77;
    assert_true(pool_is_live(&pool, ref));
    assert_true(pool_stale(&pool, index));
    assert_false(pool_is_live(&pool, ref));
    assert_false(pool_stale(&pool, index));
    assert_int_equal(pool_free_count(&pool), COUNT - 1);
    pool_give(&pool, index);
    assert_false(pool_stale(&pool, index));
    assert_int_equal(pool_free_count(&pool), COUNT);
    assert_int_equal(pool_take(&pool), index);
    assert_int_equal(at(index)->note, 77);
    assert_false(pool_is_live(&pool, ref));
    assert_true(pool_is_live(&pool, pool_ref_of(&pool, index)));
}

/* Goal: giving a live record is a bug that panics.  Method: do it. */
static void test_pool_giving_a_live_record_panics(void **state)
{
    (void)state;
    start();
    uint32_t index = pool_take(&pool);

    expect_assert_failure(pool_give(&pool, index));
}

/* Goal: a record whose generation would repeat is retired.  Method: near the last generation. */
static void test_pool_last_generation_is_retired(void **state)
{
    (void)state;
    start();
    uint32_t index = pool_take(&pool);

    port_store32(&at(index)->node.gen, UINT32_MAX - 4); /* odd: live, two uses before the last */
    assert_true(pool_stale(&pool, index));
    pool_give(&pool, index);
    assert_int_equal(pool_take(&pool), index);
    assert_int_equal(pool_gen(&pool, index), UINT32_MAX - 2);
    assert_true(pool_stale(&pool, index));
    pool_give(&pool, index);
    assert_int_equal(pool_free_count(&pool), COUNT - 1);
    for (uint32_t i = 1; i < COUNT; i++)
        assert_int_not_equal(pool_take(&pool), index);
    assert_int_equal(pool_take(&pool), POOL_NONE);
}

/* Goal: a machine without memory has no pool, and loses none over it.  Method: one too large. */
static void test_pool_without_memory_is_refused(void **state)
{
    (void)state;
    struct pool large;
    uint64_t before;

    start();
    before = frame_free_count();
    assert_false(pool_init(&large, ARCH_PAGE_BYTES, (uint32_t)before + 1));
    assert_int_equal(frame_free_count(), before);
}

/* Goal: PL1 and PL2 over a long history.  Method: 100,000 takes, stales, gives against a list. */
static void test_pool_agrees_with_a_model(void **state)
{
    (void)state;
    struct prng p = prng_seed(7);
    uint32_t gens[COUNT] = {0};
    enum { FREE, LIVE, STALE } states[COUNT] = {FREE};
    uint32_t free_count = COUNT;

    start();
    for (uint32_t turn = 0; turn < 100000; turn++) {
        uint32_t i = (uint32_t)(prng_next(&p) % COUNT);

        if (prng_next(&p) % 2 == 0) {
            i = pool_take(&pool);
            assert_int_equal(i == POOL_NONE, free_count == 0);
            if (i == POOL_NONE)
                continue;
            assert_int_equal(states[i], FREE);
            states[i] = LIVE;
            free_count--;
            gens[i]++;
        } else if (states[i] == STALE) {
            pool_give(&pool, i);
            states[i] = FREE;
            free_count++;
        } else {
            assert_int_equal(pool_stale(&pool, i), states[i] == LIVE);
            gens[i] += states[i] == LIVE;
            states[i] = states[i] == LIVE ? STALE : FREE;
        }
        assert_int_equal(pool_gen(&pool, i), gens[i]);
        assert_int_equal(gens[i] % 2 == 1, states[i] == LIVE);
        assert_int_equal(pool_free_count(&pool), free_count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pool_hands_out_each_record_once),
        cmocka_unit_test(test_pool_reference_dies_once),
        cmocka_unit_test(test_pool_giving_a_live_record_panics),
        cmocka_unit_test(test_pool_last_generation_is_retired),
        cmocka_unit_test(test_pool_without_memory_is_refused),
        cmocka_unit_test(test_pool_agrees_with_a_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
