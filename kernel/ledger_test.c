/* SPDX-License-Identifier: MIT */
#include "kernel/ledger.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "kernel/fixture/fixture.h"

#define LIMIT 100u

static struct resource_ledger ledger;

static void start(void)
{
    uint64_t limits[LEDGER_RESOURCE_COUNT];

    fixture_init();
    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
        limits[i] = LIMIT;
    ledger_init(&ledger, limits);
}

static struct ledger_row row(enum ledger_resource resource)
{
    struct ledger_account account;

    ledger_read(&ledger, &account);
    assert_true(account.rows[resource].reserved + account.rows[resource].used <=
                account.rows[resource].limit); /* LD1 */
    return account.rows[resource];
}

static void expect_row(enum ledger_resource resource, uint64_t reserved, uint64_t used)
{
    assert_int_equal(row(resource).reserved, reserved);
    assert_int_equal(row(resource).used, used);
}

/* Goal: what is reserved becomes used, or free again; what is used is released.  Method: each step,
 * and the other rows, which stay as they are. */
static void test_ledger_steps_move_what_they_say(void **state)
{
    (void)state;
    start();
    assert_int_equal(ledger_reserve(&ledger, LEDGER_SLOTS, 10), STATUS_OK);
    expect_row(LEDGER_SLOTS, 10, 0);
    ledger_commit(&ledger, LEDGER_SLOTS, 4);
    expect_row(LEDGER_SLOTS, 6, 4);
    ledger_cancel(&ledger, LEDGER_SLOTS, 5);
    expect_row(LEDGER_SLOTS, 1, 4);
    ledger_release(&ledger, LEDGER_SLOTS, 3);
    expect_row(LEDGER_SLOTS, 1, 1);
    assert_int_equal(ledger_take(&ledger, LEDGER_SLOTS, 7), STATUS_OK);
    expect_row(LEDGER_SLOTS, 1, 8);
    assert_int_equal(row(LEDGER_SLOTS).limit, LIMIT);
    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
        if (i != LEDGER_SLOTS)
            expect_row((enum ledger_resource)i, 0, 0);
    assert_false(ledger_is_clear(&ledger));
    ledger_cancel(&ledger, LEDGER_SLOTS, 1);
    ledger_release(&ledger, LEDGER_SLOTS, 8);
    assert_true(ledger_is_clear(&ledger));
}

/* Goal: LD1: one too many is refused, of whatever size, and nothing changes but the note of what
 * was refused.  Method: at the limit; sizes to 2^64 - 1; every resource. */
static void test_ledger_refusal_changes_nothing(void **state)
{
    (void)state;
    static const uint64_t counts[] = {1, 2, LIMIT, LIMIT + 1, UINT32_MAX, UINT64_C(1) << 32,
                                      UINT64_MAX - 1, UINT64_MAX};

    start();
    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++) {
        enum ledger_resource resource = (enum ledger_resource)i;

        assert_int_equal(ledger_reserve(&ledger, resource, 60), STATUS_OK);
        assert_int_equal(ledger_take(&ledger, resource, 40), STATUS_OK);
        for (size_t j = 0; j < ARRAY_COUNT(counts); j++) {
            cpu_this()->refused = UINT32_MAX;
            assert_int_equal(ledger_reserve(&ledger, resource, counts[j]), STATUS_LEDGER_FULL);
            assert_int_equal(cpu_this()->refused, resource);
            assert_int_equal(ledger_take(&ledger, resource, counts[j]), STATUS_LEDGER_FULL);
            expect_row(resource, 60, 40);
        }
        assert_int_equal(ledger_reserve(&ledger, resource, 0), STATUS_OK);
    }
}

/* Goal: the largest limit is no overflow.  Method: 2^32 - 1, all of it used, all of it reserved. */
static void test_ledger_largest_limit(void **state)
{
    (void)state;
    uint64_t limits[LEDGER_RESOURCE_COUNT] = {[LEDGER_FRAMES] = UINT32_MAX};

    start();
    ledger_init(&ledger, limits);
    assert_int_equal(ledger_take(&ledger, LEDGER_FRAMES, UINT32_MAX), STATUS_OK);
    assert_int_equal(ledger_reserve(&ledger, LEDGER_FRAMES, 1), STATUS_LEDGER_FULL);
    expect_row(LEDGER_FRAMES, 0, UINT32_MAX);
    ledger_release(&ledger, LEDGER_FRAMES, UINT32_MAX);
    assert_int_equal(ledger_reserve(&ledger, LEDGER_FRAMES, UINT32_MAX), STATUS_OK);
    expect_row(LEDGER_FRAMES, UINT32_MAX, 0);
    assert_int_equal(ledger_reserve(&ledger, LEDGER_SLOTS, 1), STATUS_LEDGER_FULL); /* limit 0 */
    limits[0] = UINT64_C(1) << 32;
    expect_assert_failure(ledger_init(&ledger, limits));
}

/* Goal: giving back what is not there is a bug that panics.  Method: each way. */
static void test_ledger_giving_back_too_much_panics(void **state)
{
    (void)state;
    start();
    assert_int_equal(ledger_reserve(&ledger, LEDGER_SLOTS, 2), STATUS_OK);
    assert_int_equal(ledger_take(&ledger, LEDGER_SLOTS, 2), STATUS_OK);
    expect_assert_failure(ledger_commit(&ledger, LEDGER_SLOTS, 3));
    expect_assert_failure(ledger_cancel(&ledger, LEDGER_SLOTS, 3));
    expect_assert_failure(ledger_release(&ledger, LEDGER_SLOTS, 3));
    expect_row(LEDGER_SLOTS, 2, 2);
}

/* Goal: FAIL_AFTER n refuses the n-th reservation and no other.  Method: every n to 5, of ten. */
static void test_ledger_fail_after_refuses_one(void **state)
{
    (void)state;
    for (uint32_t n = 0; n <= 5; n++) {
        start();
        port_store32(&ledger.fail_after, n);
        for (uint32_t i = 1; i <= 10; i++)
            assert_int_equal(ledger_take(&ledger, (enum ledger_resource)(i % 3), 1),
                             i == n ? STATUS_LEDGER_FULL : STATUS_OK);
        assert_int_equal(row(0).used + row(1).used + row(2).used, n == 0 ? 10 : 9);
        assert_int_equal(port_load32(&ledger.fail_after), 0);
    }
}

/* Goal: delegating is all or none, and undelegating its reverse.  Method: a child with one row too
 * many, for every row; then one that fits, with every reservation refused in turn. */
static void test_ledger_delegate_is_all_or_none(void **state)
{
    (void)state;
    uint64_t limits[LEDGER_RESOURCE_COUNT];
    struct resource_ledger child, before;

    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++) {
        start();
        for (uint32_t j = 0; j < LEDGER_RESOURCE_COUNT; j++)
            limits[j] = j == i ? LIMIT - 4 : j + 1;
        ledger_init(&child, limits);
        assert_int_equal(ledger_take(&ledger, (enum ledger_resource)i, 5), STATUS_OK);
        before = ledger;
        assert_int_equal(ledger_delegate(&ledger, &child), STATUS_LEDGER_FULL);
        assert_int_equal(cpu_this()->refused, i);
        assert_memory_equal(&ledger, &before, sizeof(ledger));
        ledger_release(&ledger, (enum ledger_resource)i, 1);
        before = ledger;
        for (uint32_t n = 1; n <= LEDGER_RESOURCE_COUNT; n++) {
            port_store32(&ledger.fail_after, n);
            assert_int_equal(ledger_delegate(&ledger, &child), STATUS_LEDGER_FULL);
            assert_memory_equal(&ledger, &before, sizeof(ledger));
        }
        assert_int_equal(ledger_delegate(&ledger, &child), STATUS_OK);
        assert_int_equal(row((enum ledger_resource)i).used, LIMIT);
        ledger_undelegate(&ledger, &child);
        assert_memory_equal(&ledger, &before, sizeof(ledger));
    }
}

/* Goal: the rows say what was done over a long history.  Method: 100,000 random steps against
 * plain numbers. */
static void test_ledger_agrees_with_a_model(void **state)
{
    (void)state;
    struct prng p = prng_seed(9);
    uint64_t reserved[LEDGER_RESOURCE_COUNT] = {0}, used[LEDGER_RESOURCE_COUNT] = {0};

    start();
    for (uint32_t turn = 0; turn < 100000; turn++) {
        uint32_t i = (uint32_t)(prng_next(&p) % LEDGER_RESOURCE_COUNT);
        enum ledger_resource resource = (enum ledger_resource)i;
        uint64_t count = prng_next(&p) % 40;

        if (prng_next(&p) % 2 == 0) {
            enum status status = ledger_reserve(&ledger, resource, count);

            assert_int_equal(status, reserved[i] + used[i] + count <= LIMIT ? STATUS_OK
                                                                            : STATUS_LEDGER_FULL);
            reserved[i] += status == STATUS_OK ? count : 0;
        } else if (prng_next(&p) % 2 == 0) {
            count = count < reserved[i] ? count : reserved[i];
            if (prng_next(&p) % 2 == 0) {
                ledger_commit(&ledger, resource, count);
                used[i] += count;
            } else {
                ledger_cancel(&ledger, resource, count);
            }
            reserved[i] -= count;
        } else {
            count = count < used[i] ? count : used[i];
            ledger_release(&ledger, resource, count);
            used[i] -= count;
        }
        expect_row(resource, reserved[i], used[i]);
    }
}

/* ---- Several CPUs ---- */

#define ROUNDS 2000000u

static uint32_t taken_most; /* seen by the one who reads */
static bool is_over;

static void *take_and_release(void *argument)
{
    struct prng p = prng_seed((uint64_t)argument);

    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint64_t count = 1 + prng_next(&p) % (LIMIT / 2);

        if (ledger_reserve(&ledger, LEDGER_FRAMES, count) != STATUS_OK)
            continue;
        ledger_commit(&ledger, LEDGER_FRAMES, count / 2);
        ledger_release(&ledger, LEDGER_FRAMES, count / 2);
        ledger_cancel(&ledger, LEDGER_FRAMES, count - count / 2);
    }
    return NULL;
}

static void *read_always(void *argument)
{
    (void)argument;
    while (!__atomic_load_n(&is_over, __ATOMIC_ACQUIRE)) { /* bound: the others' rounds */
        struct ledger_account account;
        uint64_t taken;

        ledger_read(&ledger, &account);
        taken = account.rows[LEDGER_FRAMES].reserved + account.rows[LEDGER_FRAMES].used;
        taken_most = taken > taken_most ? (uint32_t)taken : taken_most;
    }
    return NULL;
}

/* Goal: LD1 at any instant, and nothing is lost, with several CPUs at one row.  Method: three host
 * threads take and give back, 2,000,000 times; one reads. */
static void test_ledger_holds_under_contention(void **state)
{
    (void)state;
    pthread_t takers[3], reader;

    start();
    is_over = false;
    taken_most = 0;
    assert_int_equal(pthread_create(&reader, NULL, read_always, NULL), 0);
    for (uintptr_t i = 0; i < ARRAY_COUNT(takers); i++)
        assert_int_equal(pthread_create(&takers[i], NULL, take_and_release, (void *)(i + 1)), 0);
    for (size_t i = 0; i < ARRAY_COUNT(takers); i++)
        (void)pthread_join(takers[i], NULL);
    __atomic_store_n(&is_over, true, __ATOMIC_RELEASE);
    (void)pthread_join(reader, NULL);
    assert_true(taken_most <= LIMIT);
    assert_true(ledger_is_clear(&ledger));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ledger_steps_move_what_they_say),
        cmocka_unit_test(test_ledger_refusal_changes_nothing),
        cmocka_unit_test(test_ledger_largest_limit),
        cmocka_unit_test(test_ledger_giving_back_too_much_panics),
        cmocka_unit_test(test_ledger_fail_after_refuses_one),
        cmocka_unit_test(test_ledger_delegate_is_all_or_none),
        cmocka_unit_test(test_ledger_agrees_with_a_model),
        cmocka_unit_test(test_ledger_holds_under_contention),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
