/* SPDX-License-Identifier: MIT */
#include "sim/event.h"

#include "base/prng.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SOURCES 64u
#define STEPS 50000u

static struct mono at_ns(uint64_t ns)
{
    return (struct mono){ns};
}

/* Goal: events come out by time.  Method: three sources set out of order. */
static void test_event_orders_by_time(void **state)
{
    (void)state;
    struct event_queue q;

    assert_true(event_queue_init(&q, 0, SOURCES, 0));
    event_set(&q, 3, at_ns(30));
    event_set(&q, 1, at_ns(10));
    event_set(&q, 2, at_ns(20));
    assert_true(event_next_at(&q).ns == 10);
    assert_int_equal(event_take(&q), 1);
    assert_int_equal(event_take(&q), 2);
    assert_int_equal(event_take(&q), 3);
    assert_true(event_take(&q) == EVENT_SOURCE_NONE);
    assert_true(mono_is_never(event_next_at(&q)));
    event_queue_fini(&q);
}

/* Goal: without a seed, equal instants come in the order in which they were set, and setting one to
 * the instant it has does not move it back.  Method: set 0..63 to one instant, the first twice. */
static void test_event_equal_instants_in_setting_order(void **state)
{
    (void)state;
    struct event_queue q;

    assert_true(event_queue_init(&q, 0, SOURCES, 0));
    for (uint32_t source = 0; source < SOURCES; source++)
        event_set(&q, source, at_ns(5));
    event_set(&q, 0, at_ns(5));
    for (uint32_t source = 0; source < SOURCES; source++)
        assert_int_equal(event_take(&q), source);
    event_queue_fini(&q);
}

static void take_all_equal(uint64_t seed, uint32_t order[SOURCES])
{
    struct event_queue q;

    assert_true(event_queue_init(&q, 0, SOURCES, seed));
    for (uint32_t source = 0; source < SOURCES; source++)
        event_set(&q, source, at_ns(5));
    for (uint32_t i = 0; i < SOURCES; i++)
        order[i] = event_take(&q);
    event_queue_fini(&q);
}

/* Goal: a seed permutes equal instants, the same way each time, another seed another way. */
static void test_event_seed_permutes_equal_instants(void **state)
{
    (void)state;
    uint32_t plain[SOURCES], one[SOURCES], again[SOURCES], two[SOURCES];

    take_all_equal(0, plain);
    take_all_equal(1, one);
    take_all_equal(1, again);
    take_all_equal(2, two);
    assert_memory_equal(one, again, sizeof one);
    assert_memory_not_equal(one, plain, sizeof one);
    assert_memory_not_equal(one, two, sizeof one);
}

/* Goal: MONO_NEVER clears.  Method: clear the middle one of three. */
static void test_event_never_clears(void **state)
{
    (void)state;
    struct event_queue q;

    assert_true(event_queue_init(&q, 0, SOURCES, 0));
    event_set(&q, 1, at_ns(10));
    event_set(&q, 2, at_ns(20));
    event_set(&q, 3, at_ns(30));
    event_set(&q, 2, MONO_NEVER);
    assert_false(event_is_set(&q, 2));
    assert_int_equal(event_take(&q), 1);
    assert_int_equal(event_take(&q), 3);
    event_queue_fini(&q);
}

/* The earliest of a plain table; 0 in it means "not set". */
static uint32_t brute_least(const uint64_t table[SOURCES])
{
    uint32_t least = EVENT_SOURCE_NONE;

    for (uint32_t source = 0; source < SOURCES; source++)
        if (table[source] != 0 && (least == EVENT_SOURCE_NONE || table[source] < table[least]))
            least = source;
    return least;
}

/* Random operations on a queue whose sources below `often_count` are apart. */
static void compare_with_brute_force(uint32_t often_count)
{
    struct event_queue q;
    uint64_t table[SOURCES] = {0};
    struct prng random = prng_seed(7);

    assert_true(event_queue_init(&q, often_count, SOURCES, 3));
    for (uint32_t step = 0; step < STEPS; step++) {
        uint32_t source = (uint32_t)prng_below(&random, SOURCES);
        uint64_t at = (prng_below(&random, 1000) + 1) * SOURCES + source;

        switch (prng_below(&random, 4)) {
        case 0:
        case 1:
            event_set(&q, source, at_ns(at));
            table[source] = at;
            break;
        case 2:
            event_set(&q, source, MONO_NEVER);
            table[source] = 0;
            break;
        default:
            source = brute_least(table);
            assert_true(event_take(&q) == source);
            if (source != EVENT_SOURCE_NONE)
                table[source] = 0;
        }
        event_check(&q);
    }
    event_queue_fini(&q);
}

/* Goal: the queue is right under any mix of set, move, clear, take, wherever its sources part.
 * Method: random operations beside a plain table with brute-force search; instants are distinct, so
 * the answer is unique. */
static void test_event_matches_brute_force(void **state)
{
    static const uint32_t often_counts[] = {0, 1, SOURCES / 4, SOURCES};

    (void)state;
    for (size_t i = 0; i < sizeof often_counts / sizeof often_counts[0]; i++)
        compare_with_brute_force(often_counts[i]);
}

/* Goal: how sources are parted decides nothing.  Method: equal instants, set in one order with two
 * partings and a seed. */
static void test_event_parting_decides_nothing(void **state)
{
    struct event_queue one, other;

    (void)state;
    assert_true(event_queue_init(&one, 0, SOURCES, 9));
    assert_true(event_queue_init(&other, SOURCES / 2, SOURCES, 9));
    for (uint32_t i = 0; i < SOURCES; i++) {
        event_set(&one, i * 7 % SOURCES, at_ns(5));
        event_set(&other, i * 7 % SOURCES, at_ns(5));
    }
    for (uint32_t i = 0; i < SOURCES; i++)
        assert_int_equal(event_take(&one), event_take(&other));
    event_queue_fini(&one);
    event_queue_fini(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event_orders_by_time),
        cmocka_unit_test(test_event_equal_instants_in_setting_order),
        cmocka_unit_test(test_event_seed_permutes_equal_instants),
        cmocka_unit_test(test_event_never_clears),
        cmocka_unit_test(test_event_matches_brute_force),
        cmocka_unit_test(test_event_parting_decides_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
