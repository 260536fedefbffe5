/* SPDX-License-Identifier: MIT */
#include "kernel/mapping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/fixture/outside.h"
#include "kernel/grant.h"

#define PAGE ((uint64_t)ARCH_PAGE_BYTES)
#define AT (MAP_BASE + 7 * ARCH_TABLE_SPAN_BYTES)
#define TABLES 3u /* on the way to a page, without the root */
#define WORKER ((struct thread_ref){33, 1})

static struct process owner, user;
static uint64_t frames_before; /* with both processes' roots */

static void start(void)
{
    outside_init();
    outside_process(&owner, FIXTURE_FRAMES);
    outside_process(&user, FIXTURE_FRAMES);
    assert_int_equal(vspace_init(&owner.space, &owner.ledger), STATUS_OK);
    assert_int_equal(vspace_init(&user.space, &user.ledger), STATUS_OK);
    frames_before = frame_free_count();
}

/* Steps until the end.  Returns how many. */
static uint64_t finish(struct work *w)
{
    uint64_t steps = 1;

    for (enum work_turn turn = work_step(w); turn != WORK_DONE; turn = work_step(w)) {
        assert_int_equal(turn, WORK_MORE);
        assert_true(++steps < 1000);
    }
    return steps;
}

/* An object of the owner's, whole; its record's index is cap->object.  No handle is made. */
static void make_object(struct cap_ref *cap, uint64_t pages)
{
    uint32_t index;
    struct work w;

    assert_int_equal(memobj_begin(&owner, pages * PAGE, &index), STATUS_OK);
    work_init(&w, WORK_MEMORY_CREATE, &owner, WORKER);
    assert_int_equal(cap_reserve(&owner.caps, &w.slot), STATUS_OK);
    w.object = index;
    (void)finish(&w);
    assert_int_equal(cap_remove(&owner.caps, (uint32_t)w.status, cap), STATUS_OK);
    frames_before = frame_free_count();
}

static struct memobj *object(const struct cap_ref *cap)
{
    return pool_at(&memobj_pool, cap->object);
}

static enum status begin(struct work *w, struct process *process, const struct cap_ref *cap,
                         uint64_t virt)
{
    const struct memobj *m = pool_at(&memobj_pool, cap->object);

    work_init(w, WORK_MAP, process, WORKER);
    return mapping_begin(w, cap, virt, m->page_count, ARCH_READ | ARCH_WRITE);
}

static void map(struct process *process, const struct cap_ref *cap, uint64_t virt)
{
    struct work w;

    assert_int_equal(begin(&w, process, cap, virt), STATUS_OK);
    (void)finish(&w);
    assert_int_equal(w.status, STATUS_OK);
}

static bool claim(struct work *w, struct process *process, const struct cap_ref *cap,
                  uint64_t virt)
{
    work_init(w, WORK_UNMAP, process, WORKER);
    return mapping_claim_at(w, cap->object, virt);
}

/* `tables` and `mappings` beyond what a new process has. */
static void expect_charged(const struct process *process, uint64_t tables, uint64_t mappings)
{
    uint64_t objects = 0;

    for (const struct list *at = process->memories.next; at != &process->memories; at = at->next)
        objects++;
    if (process != &owner)
        assert_int_equal(outside_used(process, LEDGER_FRAMES), 1 + tables);
    assert_int_equal(outside_used(process, LEDGER_OBJECTS), objects + mappings);
    assert_int_equal(outside_reserved(process, LEDGER_FRAMES), 0);
}

static void expect_mapped(const struct process *process, const struct cap_ref *cap, uint64_t virt)
{
    const struct memobj *m = object(cap);

    for (uint64_t i = 0; i < m->page_count; i++)
        assert_int_equal(vspace_lookup(&process->space, virt + i * PAGE, ARCH_READ | ARCH_WRITE),
                         memobj_frame(m, i));
}

static void expect_unmapped(const struct process *process, uint64_t virt, uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++)
        assert_int_equal(vspace_lookup(&process->space, virt + i * PAGE, ARCH_READ), 0);
}

/* Everything of both is gone but their roots. */
static void expect_nothing_left(void)
{
    assert_int_equal(pool_free_count(&mapping_pool), MAPPINGS_MAX);
    assert_true(list_is_empty(&owner.mappings));
    assert_true(list_is_empty(&user.mappings));
    assert_int_equal(outside_reserved(&user, LEDGER_FRAMES), 0);
}

/* ---- Making and unmapping ---- */

/* Goal: a mapping is its object's frames in order, in steps of so many pages, and its end gives
 * back what it took.  Method: sizes around steps, index frames and tables. */
static void test_mapping_is_made_and_taken_away(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 63, 64, 65, 511, 512, 513, 1024};

    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        uint64_t virt = AT + ARCH_TABLE_SPAN_BYTES - 2 * PAGE;
        uint64_t lowest = (virt % ARCH_TABLE_SPAN_BYTES + sizes[i] * PAGE + ARCH_TABLE_SPAN_BYTES -
                           1) / ARCH_TABLE_SPAN_BYTES;
        struct cap_ref cap;
        struct work w;

        start();
        make_object(&cap, sizes[i]);
        assert_int_equal(begin(&w, &user, &cap, virt), STATUS_OK);
        assert_int_equal(outside_reserved(&user, LEDGER_FRAMES), TABLES - 1 + lowest);
        assert_int_equal(finish(&w), (sizes[i] + PAGES_PER_STEP - 1) / PAGES_PER_STEP);
        assert_int_equal(w.status, STATUS_OK);
        assert_int_equal(w.value, sizes[i] * PAGE);
        expect_mapped(&user, &cap, virt);
        expect_unmapped(&user, virt - PAGE, 1);
        expect_unmapped(&user, virt + sizes[i] * PAGE, 1);
        expect_charged(&user, TABLES - 1 + lowest, 1);

        assert_true(claim(&w, &user, &cap, virt));
        assert_int_equal(finish(&w), (sizes[i] + PAGES_PER_STEP - 1) / PAGES_PER_STEP + 1);
        expect_unmapped(&user, virt, sizes[i]);
        expect_charged(&user, 0, 0);
        assert_int_equal(frame_free_count(), frames_before);
        expect_nothing_left();
    }
}

/* Goal: what a mapping would lie on is in use, its neighbours are not.  Method: all places near. */
static void test_mapping_does_not_overlap(void **state)
{
    (void)state;
    struct cap_ref four, two;
    struct work w;

    start();
    make_object(&four, 4);
    make_object(&two, 2);
    map(&user, &four, AT);
    for (uint64_t i = 0; i <= 8; i++) {
        bool is_free = i <= 1 || i >= 7;
        uint64_t virt = AT + i * PAGE - 3 * PAGE;

        assert_int_equal(begin(&w, &user, &two, virt), is_free ? STATUS_OK : STATUS_ADDRESS_IN_USE);
        if (is_free) {
            (void)finish(&w);
            assert_true(claim(&w, &user, &two, virt));
            (void)finish(&w);
        }
        expect_charged(&user, TABLES, 1);
    }
    map(&owner, &two, AT); /* another space */
    expect_mapped(&user, &four, AT);
    expect_mapped(&owner, &two, AT);
}

/* Goal: a refusal changes nothing.  Method: each reservation; a full pool; a dead object. */
static void test_mapping_refusal_changes_nothing(void **state)
{
    (void)state;
    static const enum status expected[] = {STATUS_LEDGER_FULL, STATUS_LEDGER_FULL, STATUS_NO_SLOT,
                                           STATUS_STALE};

    for (uint32_t n = 0; n < ARRAY_COUNT(expected); n++) {
        struct cap_ref cap;
        struct work w;

        start();
        make_object(&cap, 100);
        if (n < 2)
            port_store32(&user.ledger.fail_after, n + 1);
        for (uint32_t i = 0; n == 2 && i < MAPPINGS_MAX; i++)
            assert_int_equal(pool_take(&mapping_pool), i);
        if (n == 3)
            assert_true(pool_stale(&memobj_pool, cap.object));
        assert_int_equal(begin(&w, &user, &cap, AT), expected[n]);
        expect_charged(&user, 0, 0);
        assert_true(list_is_empty(&user.mappings));
        assert_true(list_is_empty(&object(&cap)->mappings));
        assert_int_equal(pool_free_count(&mapping_pool), n == 2 ? 0 : MAPPINGS_MAX);
    }
}

/* Goal: a machine that has fewer frames than its ledgers promise refuses, and what was mapped is
 * unmapped again, its tables given back.  Method: every number of tables too few, of five. */
static void test_mapping_without_frames_is_undone(void **state)
{
    (void)state;
    const uint64_t pages = 2 * ARCH_TABLE_SPAN_BYTES / PAGE + 1;

    for (uint64_t left = 0; left <= TABLES + 2; left++) {
        struct cap_ref cap;
        struct work w;

        start();
        make_object(&cap, pages);
        outside_leave_frames(left);
        assert_int_equal(begin(&w, &user, &cap, AT), STATUS_OK);
        (void)finish(&w);
        if (left == TABLES + 2) {
            assert_int_equal(w.status, STATUS_OK);
            continue;
        }
        assert_int_equal(w.status, STATUS_NO_MEMORY);
        expect_unmapped(&user, AT, pages);
        expect_charged(&user, 0, 0);
        expect_nothing_left();
        assert_int_equal(frame_free_count(), left);
    }
}

/* ---- Claims ---- */

/* Goal: another's process that is mapped for is kept until that is done, once.  Method: one that is
 * made, in two steps; one that is undone. */
static void test_mapping_for_another_process_keeps_it(void **state)
{
    (void)state;
    for (uint32_t turn = 0; turn < 2; turn++) {
        struct cap_ref cap;
        struct work w;

        start();
        make_object(&cap, PAGES_PER_STEP + 1);
        if (turn == 1)
            outside_leave_frames(0);
        port_store32(&user.live_count, 2); /* its thread, and the mapping */
        assert_int_equal(begin(&w, &user, &cap, AT), STATUS_OK);
        w.is_held = true;
        assert_int_equal(work_step(&w), WORK_MORE);
        assert_int_equal(port_load32(&user.live_count), 2);
        (void)finish(&w);
        assert_int_equal(w.status, turn == 0 ? STATUS_OK : STATUS_NO_MEMORY);
        assert_int_equal(port_load32(&user.live_count), 1);
        outside_return_frames();
    }
}

/* Goal: MP2: of two who would take a mapping away one may; and none while it is made.  Method:
 * by place, by object, by death, in the middle of its making, after it, during its end. */
static void test_mapping_has_one_claimant(void **state)
{
    (void)state;
    struct work maker, first, second;
    struct cap_ref cap, other;

    start();
    make_object(&cap, 100);
    make_object(&other, 1);
    assert_int_equal(begin(&maker, &user, &cap, AT), STATUS_OK);
    assert_int_equal(work_step(&maker), WORK_MORE);
    assert_false(claim(&first, &user, &cap, AT));
    assert_int_equal(mapping_claim_of(&first, object(&cap)), MAPPING_BUSY);
    (void)finish(&maker);
    assert_false(claim(&first, &user, &cap, AT + PAGE));
    assert_false(claim(&first, &user, &other, AT));
    assert_false(claim(&first, &owner, &cap, AT));
    assert_int_equal(mapping_claim_of(&first, object(&other)), MAPPING_NONE);
    assert_int_equal(mapping_claim_dead(&first, maker.mapping), MAPPING_NONE);
    assert_true(claim(&first, &user, &cap, AT));
    assert_false(claim(&second, &user, &cap, AT));
    assert_int_equal(mapping_claim_of(&second, object(&cap)), MAPPING_BUSY);
    assert_true(pool_stale(&memobj_pool, cap.object));
    assert_int_equal(mapping_claim_dead(&second, maker.mapping), MAPPING_BUSY);
    (void)finish(&first);
    assert_int_equal(mapping_claim_dead(&second, maker.mapping), MAPPING_NONE);
    assert_int_equal(mapping_claim_of(&second, object(&cap)), MAPPING_NONE);
}

/* ---- The object's end, the grant's end ---- */

/* Goal: an object's end takes it out of every process, then gives its frames back.  Method: mapped
 * in two, at two places of one of them; another object beside. */
static void test_mapping_ends_with_its_object(void **state)
{
    (void)state;
    struct cap_ref cap, other;
    struct work w;
    uint64_t before;

    start();
    before = frame_free_count();
    make_object(&other, 3);
    make_object(&cap, 700);
    map(&user, &cap, AT);
    map(&user, &cap, AT + 800 * PAGE);
    map(&owner, &cap, AT);
    map(&user, &other, AT + 2000 * PAGE);
    assert_true(pool_stale(&memobj_pool, cap.object));
    work_init(&w, WORK_DESTROY, &owner, WORKER);
    w.object = cap.object;
    (void)finish(&w);
    expect_unmapped(&user, AT, 1500);
    expect_unmapped(&owner, AT, 700);
    expect_mapped(&user, &other, AT + 2000 * PAGE);
    expect_charged(&user, TABLES, 1);
    expect_charged(&owner, 0, 0);
    assert_int_equal(frame_free_count(), before - TABLES - 4 - 1); /* 1: the owner's capabilities */
}

/* Goal: an object that ends while it is being mapped is not mapped then.  Method: destroy in the
 * middle; the destroyer comes again until the maker has undone it. */
static void test_mapping_made_while_its_object_ends(void **state)
{
    (void)state;
    struct work maker, destroyer;
    struct cap_ref cap;

    start();
    make_object(&cap, 200);
    assert_int_equal(begin(&maker, &user, &cap, AT), STATUS_OK);
    assert_int_equal(work_step(&maker), WORK_MORE);
    assert_true(pool_stale(&memobj_pool, cap.object));
    work_init(&destroyer, WORK_DESTROY, &owner, WORKER);
    destroyer.object = cap.object;
    assert_int_equal(work_step(&destroyer), WORK_AGAIN);
    (void)finish(&maker);
    assert_int_equal(maker.status, STATUS_STALE);
    (void)finish(&destroyer);
    expect_unmapped(&user, AT, 200);
    expect_charged(&user, 0, 0);
    expect_nothing_left();
    assert_int_equal(pool_free_count(&memobj_pool), MEMORIES_MAX);
}

/* Goal: an object that ends before anything of it is mapped is not mapped.  Method: it ends between
 * begin and the first step. */
static void test_mapping_of_a_dead_object_is_undone_at_once(void **state)
{
    (void)state;
    struct cap_ref cap;
    struct work w;

    start();
    make_object(&cap, 2);
    assert_int_equal(begin(&w, &user, &cap, AT), STATUS_OK);
    assert_true(pool_stale(&memobj_pool, cap.object));
    (void)finish(&w);
    assert_int_equal(w.status, STATUS_STALE);
    expect_charged(&user, 0, 0);
    expect_nothing_left();
}

/* Goal: revoking a grant takes away what was mapped by it, and frees its record last.  Method: the
 * same object mapped under the grant, under one below, and not under it. */
static void test_mapping_ends_with_its_grant(void **state)
{
    (void)state;
    struct pool_ref grant, below;
    struct cap_ref cap, granted, deeper;
    struct work w;

    start();
    make_object(&cap, 70);
    granted = deeper = cap;
    assert_int_equal(grant_create(&owner, (struct pool_ref){GRANT_ROOT, 0}, &grant), STATUS_OK);
    assert_int_equal(grant_create(&user, grant, &below), STATUS_OK);
    granted.grant = grant.index;
    granted.grant_gen = grant.gen;
    deeper.grant = below.index;
    deeper.grant_gen = below.gen;
    map(&user, &granted, AT);
    map(&user, &cap, AT + 100 * PAGE);
    map(&user, &deeper, AT + 200 * PAGE);
    work_init(&w, WORK_REVOKE, &owner, WORKER);
    w.object = grant.index;
    assert_true(grant_revoke(grant));
    (void)finish(&w);
    expect_unmapped(&user, AT, 70);
    expect_mapped(&user, &cap, AT + 100 * PAGE);
    expect_unmapped(&user, AT + 200 * PAGE, 70);
    expect_charged(&user, TABLES, 1);
    assert_int_equal(outside_used(&owner, LEDGER_GRANTS), 0);
    assert_int_equal(outside_used(&user, LEDGER_GRANTS), 1);
}

/* ---- Other CPUs ---- */

/* Goal: frames and tables are nobody's before every CPU that uses the space has passed.  Method:
 * the user's space on CPUs 1 and 2; the object's end waits, is asked in vain, and is woken once. */
static void test_mapping_end_waits_for_other_cpus(void **state)
{
    (void)state;
    struct cap_ref cap;
    struct work w;
    uint64_t before;

    start();
    make_object(&cap, 10);
    map(&user, &cap, AT);
    for (uint32_t cpu = 1; cpu <= 2; cpu++) {
        fixture_set_cpu(cpu);
        vspace_activate(&user.space);
    }
    fixture_set_cpu(0);
    before = frame_free_count();
    assert_true(pool_stale(&memobj_pool, cap.object));
    work_init(&w, WORK_DESTROY, &owner, WORKER);
    w.object = cap.object;
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(work_step(&w), WORK_MORE); /* claimed, unmapped */
    assert_int_equal(work_step(&w), WORK_WAIT);
    assert_int_equal(work_step(&w), WORK_WAIT);
    fixture_set_cpu(2);
    quiesce_pass();
    fixture_set_cpu(0);
    assert_int_equal(work_step(&w), WORK_WAIT);
    assert_int_equal(frame_free_count(), before);
    assert_int_equal(outside.wake_count, 0);
    work_redirect(&w, (struct thread_ref){44, 2}); /* it was killed meanwhile */
    fixture_set_cpu(1);
    quiesce_pass();
    fixture_set_cpu(0);
    assert_int_equal(outside.wake_count, 1);
    assert_int_equal(outside.woken[0].slot, 44);
    (void)finish(&w);
    assert_int_equal(fixture_kick_count(1), 1);
    assert_int_equal(fixture_kick_count(2), 1);
    expect_charged(&user, 0, 0);
    assert_int_equal(frame_free_count(), before + TABLES + 11);
}

/* Goal: the CPU that unmaps flushes by itself.  Method: its own space, nobody else's. */
static void test_mapping_end_flushes_its_own_cpu(void **state)
{
    (void)state;
    struct cap_ref cap;
    struct work w;

    start();
    make_object(&cap, 1);
    map(&user, &cap, AT);
    vspace_activate(&user.space);
    assert_true(claim(&w, &user, &cap, AT));
    assert_int_equal(fixture_flush_count(0), 0);
    (void)finish(&w);
    assert_int_equal(fixture_flush_count(0), 1);
    assert_int_equal(fixture_kick_count(0), 0);
}

/* ---- The process's end ---- */

/* Goal: a process whose space goes forgets its mappings in bounded steps, but not one that somebody
 * is at; its space's end leaves the object's frames alone.  Method: 40 mappings, one claimed. */
static void test_mapping_is_forgotten_with_its_process(void **state)
{
    (void)state;
    struct cap_ref cap;
    struct work w;
    uint64_t cursor = 0;

    start();
    make_object(&cap, 2);
    uint64_t before = frame_free_count() + 1; /* its root */

    for (uint64_t i = 0; i < 40; i++)
        map(&user, &cap, AT + i * 2 * PAGE);
    assert_true(claim(&w, &user, &cap, AT + 2 * 20 * PAGE));
    assert_int_equal(mapping_forget_some(&user), WORK_MORE);
    assert_int_equal(outside_used(&user, LEDGER_OBJECTS), 40 - WAITERS_PER_STEP);
    assert_int_equal(mapping_forget_some(&user), WORK_AGAIN);
    (void)finish(&w);
    while (mapping_forget_some(&user) != WORK_DONE) /* bound: some go each time */
        continue;
    expect_nothing_left();
    assert_int_equal(outside_used(&user, LEDGER_OBJECTS), 0);
    while (!vspace_fini_some(&user.space, &cursor)) /* bound: some go each time */
        continue;
    assert_true(ledger_is_clear(&user.ledger));
    assert_int_equal(frame_free_count(), before);
    assert_int_not_equal(memobj_frame(object(&cap), 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mapping_is_made_and_taken_away),
        cmocka_unit_test(test_mapping_does_not_overlap),
        cmocka_unit_test(test_mapping_refusal_changes_nothing),
        cmocka_unit_test(test_mapping_without_frames_is_undone),
        cmocka_unit_test(test_mapping_for_another_process_keeps_it),
        cmocka_unit_test(test_mapping_has_one_claimant),
        cmocka_unit_test(test_mapping_ends_with_its_object),
        cmocka_unit_test(test_mapping_made_while_its_object_ends),
        cmocka_unit_test(test_mapping_of_a_dead_object_is_undone_at_once),
        cmocka_unit_test(test_mapping_ends_with_its_grant),
        cmocka_unit_test(test_mapping_end_waits_for_other_cpus),
        cmocka_unit_test(test_mapping_end_flushes_its_own_cpu),
        cmocka_unit_test(test_mapping_is_forgotten_with_its_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
