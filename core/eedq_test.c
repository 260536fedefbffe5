/* SPDX-License-Identifier: MIT */
#include "base/prng.h"
#include "core/fixture/fixture.h"

#include <string.h>

#define NODES 200u
#define OPERATIONS 1000000u

struct model {
    bool linked[NODES];
    struct eedq_key key[NODES];
    uint64_t arrival[NODES];
    uint64_t arrivals;
    uint32_t count;
};

/* A clock that shows `limit`: eligible is what is not later. */
static struct eedq_clock clock_at(int64_t limit)
{
    return (struct eedq_clock){.origin = limit, .weight = 1};
}

static uint32_t pick_at(const struct sched *s, const struct eedq *q, int64_t limit)
{
    struct eedq_clock clock = clock_at(limit);

    return eedq_pick(s, q, &clock);
}

static bool is_at_or_before(int64_t eligible_at, int64_t limit)
{
    return (int64_t)((uint64_t)eligible_at - (uint64_t)limit) <= 0;
}

static void insert(struct sched *s, struct eedq *q, uint32_t sc, struct eedq_key key)
{
    struct eedq_node *n = &sc_of(s, sc)->node;

    n->key = key;
    eedq_insert(s, q, sc, n);
}

/* What pick must answer, by looking at everybody. */
static uint32_t brute_pick(const struct model *m, int64_t limit)
{
    uint32_t best = SLOT_NONE;

    for (uint32_t i = 0; i < NODES; i++) {
        if (!m->linked[i] || !is_at_or_before(m->key[i].eligible_at, limit))
            continue;
        int64_t lead = best == SLOT_NONE ? -1
                                         : (int64_t)((uint64_t)m->key[i].deadline -
                                                     (uint64_t)m->key[best].deadline);

        if (lead < 0 || (lead == 0 && m->arrival[i] < m->arrival[best]))
            best = i;
    }
    return best;
}

static void random_operation(struct sched *s, struct eedq *q, struct model *m, struct prng *p,
                             int64_t base, uint32_t nodes)
{
    uint32_t i = (uint32_t)prng_below(p, nodes);

    if (m->linked[i]) {
        eedq_remove(s, q, i);
        m->linked[i] = false;
        m->count--;
        return;
    }
    int64_t eligible = (int64_t)((uint64_t)base + prng_below(p, 50));
    struct eedq_key key = {eligible, (int64_t)((uint64_t)eligible + prng_below(p, 20))};

    insert(s, q, i, key);
    m->linked[i] = true;
    m->key[i] = key;
    m->arrival[i] = m->arrivals++;
    m->count++;
}

/* `nodes` bounds how many are linked. */
static void compare_with_brute_force(int64_t base, uint32_t nodes)
{
    struct fixture *f = fixture_new(1, NODES, 0);
    struct prng p = prng_seed((uint64_t)base + 7);
    struct eedq q;
    struct model m = {0};
    uint32_t mismatches = 0;
    uint32_t answered = 0;

    eedq_init(&q);
    for (uint32_t i = 0; i < OPERATIONS; i++) {
        int64_t limit = (int64_t)((uint64_t)base + prng_below(&p, 60));

        random_operation(f->s, &q, &m, &p, base, nodes);
        if (i % 8 != 0)
            continue;
        uint32_t pick = pick_at(f->s, &q, limit);

        mismatches += pick != brute_pick(&m, limit);
        answered += pick != SLOT_NONE;
        if (i % 4096 == 0)
            eedq_check(f->s, &q);
    }
    assert_int_equal(mismatches, 0);
    assert_int_equal(q.count, m.count);
    assert_true(answered > OPERATIONS / 20);
    fixture_free(f);
}

/* Goal: pick is exact.  Method: 10^6 random inserts and removes, every 8th compared; among many,
 * and among so few that the queue is now an array, now a tree. */
static void test_eedq_picks_like_brute_force(void **state)
{
    (void)state;
    compare_with_brute_force(0, NODES);
    compare_with_brute_force(0, 2 * EEDQ_ARRAY_MAX);
}

/* Goal: keys that wrap around 2^63 order by difference.  Method: the same near the wrap. */
static void test_eedq_picks_like_brute_force_across_the_wrap(void **state)
{
    (void)state;
    compare_with_brute_force(INT64_MAX - 25, NODES);
    compare_with_brute_force(INT64_MAX - 25, 2 * EEDQ_ARRAY_MAX);
}

/* Goal: equal deadlines go by arrival.  Method: three equal keys in a known order. */
static void test_eedq_breaks_ties_by_arrival(void **state)
{
    struct fixture *f = fixture_new(1, 8, 0);
    struct eedq q;
    int64_t now = 100;

    (void)state;
    eedq_init(&q);
    insert(f->s, &q, 5, (struct eedq_key){1, 50});
    insert(f->s, &q, 2, (struct eedq_key){1, 50});
    insert(f->s, &q, 7, (struct eedq_key){1, 50});
    assert_int_equal(pick_at(f->s, &q, now), 5);
    eedq_remove(f->s, &q, 5);
    assert_int_equal(pick_at(f->s, &q, now), 2);
    fixture_free(f);
}

/* Goal: nothing eligible is an answer, and next_eligible says when there is something. */
static void test_eedq_says_when_nothing_is_eligible(void **state)
{
    struct fixture *f = fixture_new(1, 8, 0);
    struct eedq q;
    int64_t now = 9;

    (void)state;
    eedq_init(&q);
    assert_int_equal(pick_at(f->s, &q, now), SLOT_NONE);
    insert(f->s, &q, 0, (struct eedq_key){20, 30});
    insert(f->s, &q, 1, (struct eedq_key){10, 90});
    assert_int_equal(pick_at(f->s, &q, now), SLOT_NONE);
    assert_int_equal(eedq_next_eligible(f->s, &q), 10);
    now = 10;
    assert_int_equal(pick_at(f->s, &q, now), 1);
    fixture_free(f);
}

/* Goal: the tree stays balanced in the worst order.  Method: 4096 ascending keys, checked. */
static void test_eedq_stays_balanced_when_filled_in_order(void **state)
{
    struct fixture *f = fixture_new(1, 4096, 0);
    struct eedq q;

    (void)state;
    eedq_init(&q);
    for (uint32_t i = 0; i < 4096; i++)
        insert(f->s, &q, i, (struct eedq_key){i, i});
    eedq_check(f->s, &q);
    assert_in_range(sc_of(f->s, q.root)->node.height, 12, 13);
    for (uint32_t i = 0; i < 4096; i += 2)
        eedq_remove(f->s, &q, i);
    eedq_check(f->s, &q);
    assert_int_equal(q.count, 2048);
    fixture_free(f);
}

/* Goal: a queue has the shape Q5 says, whichever way it comes to its size.  Method: fill up to the
 * bound and one more, take out one by one; checked at each step. */
static void test_eedq_changes_shape_at_its_bounds(void **state)
{
    struct fixture *f = fixture_new(1, EEDQ_ARRAY_MAX + 1, 0);
    struct eedq q;

    (void)state;
    eedq_init(&q);
    for (uint32_t i = 0; i <= EEDQ_ARRAY_MAX; i++) {
        insert(f->s, &q, i, (struct eedq_key){i, -(int64_t)i});
        assert_int_equal(q.root != SLOT_NONE, i == EEDQ_ARRAY_MAX);
        eedq_check(f->s, &q);
    }
    for (uint32_t i = 0; i <= EEDQ_ARRAY_MAX; i++) {
        assert_int_equal(eedq_next_eligible(f->s, &q), i);
        eedq_remove(f->s, &q, i);
        assert_int_equal(q.root != SLOT_NONE, q.count > EEDQ_ARRAY_AGAIN);
        eedq_check(f->s, &q);
    }
    fixture_free(f);
}

static bool is_even(const struct sched *s, uint32_t sc, uint32_t cpu)
{
    (void)s;
    (void)cpu;
    return sc % 2 == 0;
}

/* Goal: a search sees at most STEAL_SCAN_MAX contexts, in deadline order. */
static void test_eedq_search_is_bounded(void **state)
{
    struct fixture *f = fixture_new(1, 64, 0);
    struct eedq q;
    uint32_t found[STEAL_SCAN_MAX];

    (void)state;
    eedq_init(&q);
    for (uint32_t i = 0; i < STEAL_SCAN_MAX; i++)
        insert(f->s, &q, 2 * i + 1, (struct eedq_key){0, i});
    insert(f->s, &q, 2, (struct eedq_key){0, STEAL_SCAN_MAX});
    assert_int_equal(eedq_search(f->s, &q, is_even, 0, found), 0);
    eedq_remove(f->s, &q, 1);
    assert_int_equal(eedq_search(f->s, &q, is_even, 0, found), 1);
    assert_int_equal(found[0], 2);
    fixture_free(f);
}

/* Goal: eedq_check notices a wrong order, a deadline that is not the context's, and a wrong
 * least_eligible.  Method: damage an array, then a node of a tree, and expect the assertion. */
static void test_eedq_check_notices_damage(void **state)
{
    struct fixture *f = fixture_new(1, EEDQ_ARRAY_MAX + 1, 0);
    struct eedq q;

    (void)state;
    eedq_init(&q);
    insert(f->s, &q, 0, (struct eedq_key){5, 5});
    insert(f->s, &q, 1, (struct eedq_key){3, 9});
    sc_of(f->s, 0)->node.key.deadline = 6;
    expect_assert_failure(eedq_check(f->s, &q));
    sc_of(f->s, 0)->node.key.deadline = q.deadline[0] = 10;
    expect_assert_failure(eedq_check(f->s, &q));
    sc_of(f->s, 0)->node.key.deadline = q.deadline[0] = 5;
    for (uint32_t i = 2; i <= EEDQ_ARRAY_MAX; i++)
        insert(f->s, &q, i, (struct eedq_key){3, 9});
    eedq_check(f->s, &q);
    sc_of(f->s, q.root)->node.least_eligible = 4;
    expect_assert_failure(eedq_check(f->s, &q));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_eedq_picks_like_brute_force),
        cmocka_unit_test(test_eedq_picks_like_brute_force_across_the_wrap),
        cmocka_unit_test(test_eedq_breaks_ties_by_arrival),
        cmocka_unit_test(test_eedq_says_when_nothing_is_eligible),
        cmocka_unit_test(test_eedq_stays_balanced_when_filled_in_order),
        cmocka_unit_test(test_eedq_changes_shape_at_its_bounds),
        cmocka_unit_test(test_eedq_search_is_bounded),
        cmocka_unit_test(test_eedq_check_notices_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
