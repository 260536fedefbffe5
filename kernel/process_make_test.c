/* SPDX-License-Identifier: MIT */
/* process_make_test.c - see process.h; a process that cannot be made leaves nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/cpuset.h"
#include "kernel/fixture/threads.h"
#include "kernel/grant.h"
#include "kernel/process.h"

#define PAGE ((uint64_t)ARCH_PAGE_BYTES)
#define LIMIT 3000u /* the first process's, of everything */
#define CHILD_LIMIT 100u
#define DATA_PAGES ((PROGRAM_DATA % PAGE + PROGRAM_MEMORY_BYTES + PAGE - 1) / PAGE)
#define STACK_PAGES (PROCESS_STACK_BYTES / PAGE)

static struct cap_process_params params;
static struct work work;
static struct resource_ledger ledger_before; /* the first process's */
static uint64_t frames_before;

/* A first process that has a reaper, a page of capabilities, and one of them: a console. */
static void start(void)
{
    struct cap_ref console = {.kind = CAP_KIND_CONSOLE, .grant = GRANT_ROOT};
    uint32_t handle;

    threads_init(LIMIT);
    assert_int_equal(reaper_create(&first_process), STATUS_OK);
    assert_int_equal(cap_insert(&first_process.caps, &console, &handle), STATUS_OK);
    params = (struct cap_process_params){
        .gift_count = 1, .argument = 5, .gifts = {{handle, CAP_CONSOLE, CAP_NONE, 0}}};
    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
        params.limits[i] = CHILD_LIMIT;
    ledger_before = first_process.ledger;
    frames_before = frame_free_count();
    outside.wake_count = 0;
}

static struct process *child(void)
{
    return process_at(work.object);
}

/* As the method does it. */
static enum status begin(void)
{
    struct process *process;
    uint32_t slot;
    enum status status = cap_reserve(&first_process.caps, &slot);

    if (status != STATUS_OK)
        return status;
    status = process_begin(&first_process, &params, (struct pool_ref){POOL_NONE, 0}, &process);
    if (status != STATUS_OK) {
        cap_cancel(&first_process.caps, slot);
        return status;
    }
    work_init(&work, WORK_SPAWN, &first_process, (struct thread_ref){63, 1});
    work.object = pool_index(&process_pool, process);
    work.slot = slot;
    return STATUS_OK;
}

static void finish(void)
{
    uint32_t steps = 0;

    while (work_step(&work) != WORK_DONE) /* nobody else is at anything: no waiting */
        assert_true(++steps < 1000);
}

static int64_t spawn(void)
{
    assert_int_equal(begin(), STATUS_OK);
    finish();
    return work.status;
}

static void expect_nothing_left(void)
{
    ledger_before.fail_after = first_process.ledger.fail_after;
    assert_memory_equal(&first_process.ledger, &ledger_before, sizeof(ledger_before));
    assert_int_equal(pool_free_count(&process_pool), PROCESSES_MAX);
    assert_true(list_is_empty(&first_process.children));
    assert_int_equal(outside.wake_count, 0); /* nobody ran */
}

static void expect_no_frame_lost(void)
{
    assert_int_equal(frame_free_count(), frames_before);
}

/* What the child used when it was made whole. */
static uint64_t needed(enum ledger_resource resource)
{
    uint64_t used;

    start();
    assert_true(spawn() > 0);
    used = outside_used(child(), resource);
    assert_true(used < CHILD_LIMIT);
    return used;
}

/* Goal: a process has its program, its stack, its gifts; it is charged what it took, its parent its
 * limits.  Method: make one; look at everything. */
static void test_process_make_is_whole(void **state)
{
    (void)state;
    struct cap_ref ref;
    unsigned char byte;

    start();
    int64_t handle = spawn();

    assert_int_equal(process_state(child()), PROCESS_LIVE);
    assert_int_equal(cap_lookup_kind(&first_process, (uint32_t)handle, CAP_KIND_PROCESS, &ref),
                     STATUS_OK);
    assert_int_equal(ref.object, work.object);
    assert_int_equal(cap_lookup_kind(child(), CAP_CONSOLE, CAP_KIND_CONSOLE, &ref), STATUS_OK);
    for (uint64_t i = 0; i < PROGRAM_TEXT_BYTES; i++) {
        assert_int_equal(vspace_copy_in(&child()->space, &byte, PROGRAM_TEXT + i, 1), STATUS_OK);
        assert_int_equal(byte, program_byte(PROGRAM_TEXT + i));
    }
    for (uint64_t i = 0; i < PROGRAM_MEMORY_BYTES; i++) {
        assert_int_equal(vspace_copy_in(&child()->space, &byte, PROGRAM_DATA + i, 1), STATUS_OK);
        assert_int_equal(byte, i < PROGRAM_DATA_BYTES ? program_byte(PROGRAM_DATA + i) : 0);
    }
    assert_int_not_equal(vspace_lookup(&child()->space, PROGRAM_TEXT, ARCH_EXECUTE), 0);
    assert_int_equal(vspace_lookup(&child()->space, PROGRAM_TEXT, ARCH_WRITE), 0);
    assert_int_not_equal(vspace_lookup(&child()->space, PROGRAM_DATA, ARCH_WRITE), 0);
    assert_int_not_equal(vspace_lookup(&child()->space, PROCESS_STACK_TOP - 8, ARCH_WRITE), 0);
    assert_int_equal(vspace_lookup(&child()->space, STACK_BASE - 1, ARCH_READ), 0);
    assert_int_equal(outside_used(child(), LEDGER_FRAMES), frames_before - frame_free_count());
    assert_int_equal(outside_used(child(), LEDGER_SLOTS), 1);
    assert_int_equal(outside_used(child(), LEDGER_THREADS), 1);
    assert_int_equal(outside_used(child(), LEDGER_OPERATIONS), RING_INFLIGHT_MAX);
    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++) {
        struct ledger_account before;

        ledger_read(&ledger_before, &before);
        assert_int_equal(outside_used(&first_process, (enum ledger_resource)i) -
                             before.rows[i].used,
                         CHILD_LIMIT + (i == LEDGER_OBJECTS || i == LEDGER_SLOTS));
    }
    assert_int_equal(outside.wake_count, 1);
    assert_int_equal(outside.woken[0].slot, threads_first_of(child()).slot);
}

/* Goal: a limit that is one too small is refused, says which, and what was made goes again.
 * Method: every limit below what the whole needs, of every resource. */
static void test_process_make_refused_by_its_limits(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++) {
        uint64_t most = needed((enum ledger_resource)i);

        assert_true(i != LEDGER_FRAMES || most > DATA_PAGES + STACK_PAGES);
        for (uint64_t limit = 0; limit <= most; limit++) {
            start();
            params.limits[i] = limit;
            int64_t status = spawn();

            assert_int_equal(status > 0, limit == most);
            if (status > 0)
                break;
            assert_int_equal(status, STATUS_LEDGER_FULL);
            assert_int_equal(work.value, i);
            expect_nothing_left();
            expect_no_frame_lost();
        }
    }
}

/* Goal: a parent's ledger that lacks anything refuses, and nothing has changed.  Method: each of
 * its reservations refused in turn, until one too many. */
static void test_process_make_refused_by_its_parent(void **state)
{
    (void)state;
    uint32_t refused_count = 0;
    enum status status = STATUS_LEDGER_FULL;

    for (uint32_t n = 1; status != STATUS_OK; n++) {
        start();
        port_store32(&first_process.ledger.fail_after, n);
        status = begin();
        if (status == STATUS_OK)
            break;
        assert_int_equal(status, STATUS_LEDGER_FULL);
        expect_nothing_left();
        expect_no_frame_lost();
        refused_count++;
    }
    assert_int_equal(refused_count, 2 + LEDGER_RESOURCE_COUNT); /* a slot, an object, the limits */
}

/* Goal: a machine that has fewer frames than its ledgers promise refuses, and has all back.
 * Method: every number of frames too few. */
static void test_process_make_without_frames_is_undone(void **state)
{
    (void)state;
    uint64_t most = needed(LEDGER_FRAMES);

    for (uint64_t left = 0; left <= most; left++) {
        start();
        outside_leave_frames(left);
        assert_true(left == most ? spawn() > 0 : spawn() == STATUS_NO_MEMORY);
        if (left == most)
            break;
        expect_nothing_left();
        assert_int_equal(frame_free_count(), left);
    }
}

/* Goal: no slot, no process; nothing is left.  Method: the core has none for the first thread, or
 * for the parent's first reaper; the pool is full. */
static void test_process_make_without_a_slot_is_undone(void **state)
{
    (void)state;
    start();
    threads_refused = true;
    assert_int_equal(spawn(), STATUS_NO_SLOT);
    expect_nothing_left();
    expect_no_frame_lost();
    start();
    for (uint32_t i = 0; i < PROCESSES_MAX; i++)
        assert_int_not_equal(pool_take(&process_pool), POOL_NONE);
    assert_int_equal(begin(), STATUS_NO_SLOT);
    assert_memory_equal(&first_process.ledger, &ledger_before, sizeof(ledger_before));
    threads_init(LIMIT);
    threads_refused = true;
    assert_int_equal(begin(), STATUS_NO_SLOT);
    assert_null(first_process.reaper);
    assert_int_equal(outside_used(&first_process, LEDGER_THREADS), 0);
}

/* Goal: what is wrong with the parameters is said before anything is made.  Method: one each. */
static void test_process_make_names_each_defect(void **state)
{
    (void)state;
    for (uint32_t defect = 0; defect < 11; defect++) {
        start();
        params.program = defect == 0;
        params.latency_class = defect == 1 ? LATENCY_CLASS_COUNT : 0;
        params.weight = defect == 2 ? WEIGHT_MAX + 1 : 0;
        params.gift_count = defect == 3 ? CAP_GIFTS_MAX + 1 : 2;
        params.gifts[1] = params.gifts[0];
        params.gifts[1].slot = defect == 4   ? CAP_CONSOLE
                               : defect == 5 ? CAP_NONE
                               : defect == 6 ? CAP_SLOT_COUNT
                                             : 17;
        if (defect == 7)
            params.limits[3] = UINT64_C(1) << 32;
        params.gifts[1].reserved = defect == 8;
        params.reserved = defect == 9;
        params.fault_cookie = defect == 10;
        assert_int_equal(begin(), defect == 8 || defect == 9 ? STATUS_BAD_FLAGS
                                                             : STATUS_BAD_ARGUMENT);
        expect_nothing_left();
    }
}

/* Goal: a gift that is not the parent's to give ends the making.  Method: no handle, a dead object,
 * a grant that does not descend, a dead grant, a handle that is no grant; a fault endpoint that is
 * none. */
static void test_process_make_with_a_bad_gift_is_undone(void **state)
{
    (void)state;
    static const enum status expected[] = {STATUS_BAD_CAP, STATUS_STALE, STATUS_NOT_GRANTED,
                                           STATUS_STALE, STATUS_BAD_CAP, STATUS_BAD_CAP};

    for (uint32_t n = 0; n < ARRAY_COUNT(expected); n++) {
        struct cap_ref ref = {.kind = CAP_KIND_MEMORY, .object_gen = 7, .grant = GRANT_ROOT};
        struct pool_ref grant, other;
        uint32_t dead, through, held;

        start();
        assert_int_equal(grant_create(&first_process, (struct pool_ref){GRANT_ROOT, 0}, &grant),
                         STATUS_OK);
        assert_int_equal(grant_create(&first_process, (struct pool_ref){GRANT_ROOT, 0}, &other),
                         STATUS_OK);
        assert_int_equal(cap_insert(&first_process.caps, &ref, &dead), STATUS_OK);
        ref = (struct cap_ref){CAP_KIND_CONSOLE, 0, 0, other.index, other.gen, 0};
        assert_int_equal(cap_insert(&first_process.caps, &ref, &held), STATUS_OK);
        ref = (struct cap_ref){CAP_KIND_GRANT, grant.index, grant.gen, GRANT_ROOT, 0, 0};
        assert_int_equal(cap_insert(&first_process.caps, &ref, &through), STATUS_OK);
        ledger_before = first_process.ledger;
        params.gift_count = 2;
        params.gifts[1] = (struct cap_gift){params.gifts[0].from, 20, CAP_NONE, 0};
        if (n == 0)
            params.gifts[1].from = 900;
        else if (n == 1)
            params.gifts[1].from = dead;
        else if (n == 2)
            params.gifts[1].from = held;
        if (n == 5)
            params.fault_client = params.gifts[0].from;
        else if (n >= 2)
            params.gifts[1].grant = n == 4 ? held : through;
        assert_int_equal(begin(), STATUS_OK);
        if (n == 3)
            assert_true(grant_revoke(grant)); /* meanwhile */
        finish();
        assert_int_equal(work.status, expected[n]);
        expect_nothing_left();
        expect_no_frame_lost();
    }
}

/* Goal: a gift of CPUs is the set of the process's threads; one through a grant is held under it.
 * Method: one of each. */
static void test_process_make_gifts_are_what_was_given(void **state)
{
    (void)state;
    struct cpumask mask = {{6}};
    struct cap_ref ref = {.kind = CAP_KIND_CPUS, .grant = GRANT_ROOT};
    struct pool_ref grant;

    start();
    assert_int_equal(cpuset_create(&first_process, &mask, 30, &ref.object), STATUS_OK);
    ref.object_gen = pool_gen(&cpuset_pool, ref.object);
    assert_int_equal(cap_insert(&first_process.caps, &ref, &params.gifts[1].from), STATUS_OK);
    assert_int_equal(grant_create(&first_process, (struct pool_ref){GRANT_ROOT, 0}, &grant),
                     STATUS_OK);
    ref = (struct cap_ref){CAP_KIND_GRANT, grant.index, grant.gen, GRANT_ROOT, 0, 0};
    assert_int_equal(cap_insert(&first_process.caps, &ref, &params.gifts[1].grant), STATUS_OK);
    params.gifts[1].slot = CAP_CPUS;
    params.gift_count = 2;
    assert_true(spawn() > 0);
    assert_memory_equal(&child()->cpus, &mask, sizeof(mask));
    assert_int_equal(cap_lookup(child(), CAP_CPUS, &ref), STATUS_OK);
    assert_int_equal(ref.grant, grant.index);
    assert_int_equal(cap_lookup(child(), CAP_CONSOLE, &ref), STATUS_OK);
    assert_int_equal(ref.grant, GRANT_ROOT);
    assert_true(grant_revoke(grant));
    assert_int_equal(cap_lookup(child(), CAP_CPUS, &ref), STATUS_STALE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_process_make_is_whole),
        cmocka_unit_test(test_process_make_refused_by_its_limits),
        cmocka_unit_test(test_process_make_refused_by_its_parent),
        cmocka_unit_test(test_process_make_without_frames_is_undone),
        cmocka_unit_test(test_process_make_without_a_slot_is_undone),
        cmocka_unit_test(test_process_make_names_each_defect),
        cmocka_unit_test(test_process_make_with_a_bad_gift_is_undone),
        cmocka_unit_test(test_process_make_gifts_are_what_was_given),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
