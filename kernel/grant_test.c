/* SPDX-License-Identifier: MIT */
#include "kernel/grant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "kernel/fixture/outside.h"

#define NODES_MAX 20000u

static const struct pool_ref root = {GRANT_ROOT, 0};
static struct process process, other;

static void start(void)
{
    outside_init();
    outside_process(&process, 2 * GRANTS_MAX);
    outside_process(&other, 2 * GRANTS_MAX);
}

static struct pool_ref create(struct process *owner, struct pool_ref parent)
{
    struct pool_ref ref = root;

    assert_int_equal(grant_create(owner, parent, &ref), STATUS_OK);
    assert_true(grant_is_live(ref));
    return ref;
}

/* A GRANT handle of the process for this grant, itself held under `under`. */
static uint32_t handle_for(struct pool_ref grant, struct pool_ref under)
{
    struct cap_ref ref = {CAP_KIND_GRANT, grant.index, grant.gen, under.index, under.gen, 0};
    uint32_t handle = 0;

    assert_int_equal(cap_insert(&process.caps, &ref, &handle), STATUS_OK);
    return handle;
}

/* Goal: GR1.  Method: a chain as deep as may be, then one deeper; the ledger. */
static void test_grant_chain_has_a_depth(void **state)
{
    (void)state;
    struct pool_ref at = root;

    start();
    for (uint32_t i = 0; i < GRANT_DEPTH_MAX; i++)
        at = create(&process, at);
    struct pool_ref deeper = root;

    assert_int_equal(grant_create(&process, at, &deeper), STATUS_GRANT_DEPTH);
    assert_int_equal(outside_used(&process, LEDGER_GRANTS), GRANT_DEPTH_MAX);
    assert_int_equal(pool_free_count(&grant_pool), GRANTS_MAX - GRANT_DEPTH_MAX);
}

/* Goal: a refusal changes nothing.  Method: a full ledger; a full pool, filled by another. */
static void test_grant_refusal_changes_nothing(void **state)
{
    (void)state;
    struct pool_ref ref;

    start();
    port_store32(&process.ledger.fail_after, 1);
    assert_int_equal(grant_create(&process, root, &ref), STATUS_LEDGER_FULL);
    assert_int_equal(cpu_this()->refused, LEDGER_GRANTS);
    assert_int_equal(pool_free_count(&grant_pool), GRANTS_MAX);
    for (uint32_t i = 0; i < GRANTS_MAX; i++)
        (void)create(&other, root);
    assert_int_equal(grant_create(&process, root, &ref), STATUS_NO_SLOT);
    assert_true(ledger_is_clear(&process.ledger));
    assert_true(list_is_empty(&process.grants));
}

/* Goal: revoking kills what is below at once, nothing above or beside, and the record's next use
 * revives nothing.  Method: a chain with a branch; revoke the middle; free it and use it again. */
static void test_grant_revoke_kills_what_is_below(void **state)
{
    (void)state;
    start();
    struct pool_ref top = create(&process, root);
    struct pool_ref middle = create(&process, top);
    struct pool_ref below = create(&other, middle);
    struct pool_ref lowest = create(&process, below);
    struct pool_ref beside = create(&other, top);

    assert_true(grant_revoke(middle));
    assert_false(grant_revoke(middle));
    assert_true(grant_is_live(top));
    assert_true(grant_is_live(beside));
    assert_false(grant_is_live(middle));
    assert_false(grant_is_live(below));
    assert_false(grant_is_live(lowest));
    assert_int_equal(outside_used(&process, LEDGER_GRANTS), 3); /* GR2 */
    grant_free(middle.index);
    assert_int_equal(outside_used(&process, LEDGER_GRANTS), 2);
    assert_int_equal(create(&process, root).index, middle.index);
    assert_false(grant_is_live(middle));
    assert_false(grant_is_live(below));
    assert_false(grant_is_live(lowest));
    assert_true(grant_is_live(root));
}

/* Goal: a grant descends from those on its chain and from the root, from no other.  Method: every
 * pair of a small tree. */
static void test_grant_descends_along_its_chain(void **state)
{
    (void)state;
    start();
    struct pool_ref a = create(&process, root), b = create(&process, a);
    struct pool_ref c = create(&process, b), d = create(&process, a);
    const struct pool_ref all[] = {root, a, b, c, d};
    static const char *const descends[] = {"1....", "11...", "111..", "1111.", "11..1"};

    for (size_t i = 0; i < ARRAY_COUNT(all); i++)
        for (size_t j = 0; j < ARRAY_COUNT(all); j++)
            assert_int_equal(grant_descends(all[i], all[j]), descends[i][j] == '1');
    assert_false(grant_descends(b, (struct pool_ref){a.index, a.gen + 2}));
}

/* Goal: a copy through a grant is held under it, if it descends from where the original is held.
 * Method: originals under the root, the grant's parent, itself, a stranger; no grant at all. */
static void test_grant_pass_only_downwards(void **state)
{
    (void)state;
    start();
    struct pool_ref a = create(&process, root), b = create(&process, a);
    struct pool_ref stranger = create(&process, root);
    const struct pool_ref held[] = {root, a, b, stranger};
    uint32_t handle = handle_for(b, a);

    for (size_t i = 0; i < ARRAY_COUNT(held); i++) {
        struct cap_ref ref = {CAP_KIND_CONSOLE, 0, 0, held[i].index, held[i].gen, 0};
        bool is_stranger = held[i].index == stranger.index;

        assert_int_equal(grant_pass(&process, CAP_NONE, &ref), STATUS_OK);
        assert_int_equal(ref.grant, held[i].index);
        assert_int_equal(grant_pass(&process, handle, &ref),
                         is_stranger ? STATUS_NOT_GRANTED : STATUS_OK);
        assert_int_equal(ref.grant, is_stranger ? stranger.index : b.index);
        assert_int_equal(ref.grant_gen, is_stranger ? stranger.gen : b.gen);
    }
}

/* Goal: only a live GRANT passes.  Method: another kind, no handle, a revoked parent. */
static void test_grant_pass_refuses_others(void **state)
{
    (void)state;
    struct cap_ref ref = {.kind = CAP_KIND_CONSOLE, .grant = GRANT_ROOT}, before = ref;
    uint32_t console, handle;

    start();
    struct pool_ref a = create(&process, root), b = create(&process, a);

    handle = handle_for(b, a);
    assert_int_equal(cap_insert(&process.caps, &ref, &console), STATUS_OK);
    assert_int_equal(grant_pass(&process, console, &ref), STATUS_BAD_CAP);
    assert_int_equal(grant_pass(&process, 900, &ref), STATUS_BAD_CAP);
    assert_true(grant_revoke(a));
    assert_int_equal(grant_pass(&process, handle, &ref), STATUS_STALE);
    assert_memory_equal(&ref, &before, sizeof(ref));
}

/* Goal: a process's end revokes and frees all its grants, in bounded steps; others' below them die,
 * but are not freed.  Method: 40 of its own, one of another's below each. */
static void test_grant_end_takes_all_of_a_process(void **state)
{
    (void)state;
    struct pool_ref own[40], foreign[40];
    uint32_t steps = 1;

    start();
    for (size_t i = 0; i < ARRAY_COUNT(own); i++) {
        own[i] = create(&process, root);
        foreign[i] = create(&other, own[i]);
    }
    while (!grant_end_some(&process)) /* bound: some go each time */
        steps++;
    assert_int_equal(steps, ARRAY_COUNT(own) / WAITERS_PER_STEP + 1);
    assert_true(ledger_is_clear(&process.ledger));
    assert_int_equal(outside_used(&other, LEDGER_GRANTS), ARRAY_COUNT(foreign));
    for (size_t i = 0; i < ARRAY_COUNT(own); i++) {
        assert_false(grant_is_live(own[i]));
        assert_false(grant_is_live(foreign[i]));
    }
    while (!grant_end_some(&other)) /* bound: some go each time */
        continue;
    assert_int_equal(pool_free_count(&grant_pool), GRANTS_MAX);
}

/* ---- Histories ---- */

struct node {
    struct pool_ref ref;
    uint32_t parent; /* a node, or NODES_MAX: the root */
    uint32_t depth;
    bool is_revoked;
    bool is_freed;
};

static struct node nodes[NODES_MAX];

static bool model_is_live(uint32_t i)
{
    for (; i != NODES_MAX; i = nodes[i].parent)
        if (nodes[i].is_revoked)
            return false;
    return true;
}

static bool model_descends(uint32_t i, uint32_t above)
{
    while (i != above && i != NODES_MAX)
        i = nodes[i].parent;
    return i == above;
}

/* A new node below `parent`, which is live.  Returns: it could be. */
static bool grow(uint32_t i, uint32_t parent)
{
    uint32_t depth = parent == NODES_MAX ? 1 : nodes[parent].depth + 1;
    enum status status = grant_create(i % 2 == 0 ? &process : &other,
                                      parent == NODES_MAX ? root : nodes[parent].ref,
                                      &nodes[i].ref);

    assert_int_equal(status, depth > GRANT_DEPTH_MAX ? STATUS_GRANT_DEPTH : STATUS_OK);
    nodes[i].parent = parent;
    nodes[i].depth = depth;
    return status == STATUS_OK;
}

/* Goal: a grant lives while all above it do, however records are used again.  Method: random trees
 * of 20,000 grants in all, of two owners, revoked and freed at random; against plain nodes. */
static void test_grant_agrees_with_a_model(void **state)
{
    (void)state;
    struct prng p = prng_seed(31);
    uint32_t count = 0, freed_count = 0;

    start();
    while (count < NODES_MAX - 1) {
        uint32_t i = count == 0 ? NODES_MAX : (uint32_t)(prng_next(&p) % count);
        uint32_t j = count == 0 ? NODES_MAX : count - 1 - (uint32_t)(prng_next(&p) % count % 100);
        bool is_parent = prng_next(&p) % 4 != 0 && j != NODES_MAX && model_is_live(j);

        if (count - freed_count < GRANTS_MAX)
            count += grow(count, is_parent ? j : NODES_MAX);
        if (i == NODES_MAX)
            continue;
        if (!nodes[i].is_revoked) {
            assert_true(grant_revoke(nodes[i].ref));
            nodes[i].is_revoked = true;
        } else if (!nodes[i].is_freed) {
            grant_free(nodes[i].ref.index);
            nodes[i].is_freed = true;
            freed_count++;
        }
        for (uint32_t k = 0; k < 4; k++) {
            i = (uint32_t)(prng_next(&p) % count);
            assert_int_equal(grant_is_live(nodes[i].ref), model_is_live(i));
            if (model_is_live(i) && model_is_live(j))
                assert_int_equal(grant_descends(nodes[i].ref, nodes[j].ref), model_descends(i, j));
        }
        assert_int_equal(pool_free_count(&grant_pool), GRANTS_MAX - (count - freed_count));
        assert_int_equal(outside_used(&process, LEDGER_GRANTS) +
                             outside_used(&other, LEDGER_GRANTS),
                         count - freed_count); /* GR2 */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grant_chain_has_a_depth),
        cmocka_unit_test(test_grant_refusal_changes_nothing),
        cmocka_unit_test(test_grant_revoke_kills_what_is_below),
        cmocka_unit_test(test_grant_descends_along_its_chain),
        cmocka_unit_test(test_grant_pass_only_downwards),
        cmocka_unit_test(test_grant_pass_refuses_others),
        cmocka_unit_test(test_grant_end_takes_all_of_a_process),
        cmocka_unit_test(test_grant_agrees_with_a_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
