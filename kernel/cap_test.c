/* SPDX-License-Identifier: MIT */
#include "kernel/cap.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "kernel/cpuset.h"
#include "kernel/fixture/outside.h"
#include "kernel/grant.h"
#include "kernel/irq.h"
#include "kernel/memobj.h"

#define GEN_LAST ((1u << (32u - CAP_SLOT_BITS)) - 2u) /* of a handle */
#define FREE_SLOTS (CAP_SLOT_COUNT - CAP_SLOT_FIRST_FREE)
#define TURNS 200000u
#define USES 3000000u /* of one slot, under a reader */

static struct process process;
static struct cap_table *const table = &process.caps;

static void start(void)
{
    outside_init();
    outside_process(&process, 2 * CAP_SLOT_COUNT);
}

/* A capability that is always live, with a number to know it by. */
static struct cap_ref ref_of(uint32_t number)
{
    return (struct cap_ref){
        .kind = CAP_KIND_CONSOLE, .object = number, .object_gen = ~number, .grant = GRANT_ROOT};
}

static uint32_t insert(uint32_t number)
{
    struct cap_ref ref = ref_of(number);
    uint32_t handle = 0;

    assert_int_equal(cap_insert(table, &ref, &handle), STATUS_OK);
    return handle;
}

static void expect_read(uint32_t handle, enum status status)
{
    struct cap_ref ref;

    assert_int_equal(cap_read(table, handle, &ref), status);
    assert_int_equal(cap_remove(table, handle, &ref), status);
}

static void expect_slots(uint64_t count)
{
    assert_int_equal(outside_used(&process, LEDGER_SLOTS), count); /* CP3 */
    assert_int_equal(outside_reserved(&process, LEDGER_SLOTS), 0);
}

/* Frames are charged for pages, and nothing else here. */
static void expect_pages(void)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < CAP_PAGES_MAX; i++)
        count += table->pages[i] != NULL;
    assert_int_equal(outside_used(&process, LEDGER_FRAMES), count);
}

/* ---- Handles ---- */

/* Goal: a handle is its slot and generation, and reads what was put in.  Method: two in a new
 * table; remove the first; the next one has its slot and another generation. */
static void test_cap_handle_is_slot_and_generation(void **state)
{
    (void)state;
    struct cap_ref ref;

    start();
    uint32_t first = insert(1), second = insert(2);

    assert_int_equal(first, CAP_SLOT_FIRST_FREE);
    assert_int_equal(second, CAP_SLOT_FIRST_FREE + 1);
    assert_int_equal(cap_read(table, second, &ref), STATUS_OK);
    assert_int_equal(ref.object, 2);
    assert_int_equal(cap_remove(table, first, &ref), STATUS_OK);
    assert_int_equal(ref.object, 1);
    expect_slots(1);
    assert_int_equal(insert(3), CAP_SLOT_FIRST_FREE | 1u << CAP_SLOT_BITS);
    assert_int_equal(cap_read(table, first, &ref), STATUS_STALE);
    expect_slots(2);
}

/* Goal: BAD_CAP for what never named anything, STALE for what did, or what another generation has.
 * Method: slots without a page, never used, reserved, emptied, used again. */
static void test_cap_bad_and_stale_are_told_apart(void **state)
{
    (void)state;
    struct cap_ref ref;
    uint32_t reserved;

    start();
    expect_read(CAP_SLOT_FIRST_FREE, STATUS_BAD_CAP); /* no page */
    uint32_t handle = insert(1);

    expect_read(CAP_SLOT_COUNT - 1, STATUS_BAD_CAP);
    expect_read(handle + 1, STATUS_BAD_CAP);
    expect_read(handle | 1u << CAP_SLOT_BITS, STATUS_STALE);
    assert_int_equal(cap_reserve(table, &reserved), STATUS_OK);
    expect_read(reserved, STATUS_BAD_CAP);
    cap_cancel(table, reserved);
    expect_read(reserved, STATUS_BAD_CAP);
    assert_int_equal(cap_remove(table, handle, &ref), STATUS_OK);
    expect_read(handle, STATUS_STALE);
    expect_read(handle | 1u << CAP_SLOT_BITS, STATUS_BAD_CAP);
    expect_slots(0);
}

/* Goal: a slot is used up to the last generation that fits a handle, then never again.  Method:
 * drive its word near the end. */
static void test_cap_last_generation_retires_the_slot(void **state)
{
    (void)state;
    struct cap_ref ref;

    start();
    uint32_t handle = insert(1);
    uint32_t slot = CAP_SLOT(handle);

    assert_int_equal(cap_remove(table, handle, &ref), STATUS_OK);
    port_store32(&table->pages[0][slot].word, (GEN_LAST - 1) << 1);
    for (uint32_t gen = GEN_LAST - 1; gen <= GEN_LAST; gen++) {
        handle = insert(gen);
        assert_int_equal(handle, slot | gen << CAP_SLOT_BITS);
        assert_true((int64_t)handle > 0);
        assert_int_equal(cap_remove(table, handle, &ref), STATUS_OK);
        assert_int_equal(ref.object, gen);
    }
    assert_int_not_equal(CAP_SLOT(insert(5)), slot);
    expect_read(handle, STATUS_STALE);
    expect_read(slot | (GEN_LAST + 1) << CAP_SLOT_BITS, STATUS_BAD_CAP);
    expect_slots(1);
    for (uint32_t i = 0; i < FREE_SLOTS - 2; i++)
        assert_int_not_equal(CAP_SLOT(insert(i)), slot);
    assert_int_equal(cap_reserve(table, &slot), STATUS_NO_SLOT);
}

/* ---- Refusals ---- */

/* Goal: a full table, ledger or machine refuses and changes nothing.  Method: each; counts. */
static void test_cap_refusal_changes_nothing(void **state)
{
    (void)state;
    struct cap_ref ref;
    uint32_t slot;
    uint32_t handle = 0;

    start();
    for (uint32_t i = 0; i < FREE_SLOTS; i++)
        handle = insert(i);
    assert_int_equal(cap_reserve(table, &slot), STATUS_NO_SLOT);
    expect_slots(FREE_SLOTS);
    assert_int_equal(cap_remove(table, handle, &ref), STATUS_OK);
    port_store32(&process.ledger.fail_after, 1);
    assert_int_equal(cap_reserve(table, &slot), STATUS_LEDGER_FULL);
    expect_slots(FREE_SLOTS - 1);
    assert_int_equal(CAP_SLOT(insert(1)), CAP_SLOT(handle));

    start();
    port_store32(&process.ledger.fail_after, 2); /* the page */
    assert_int_equal(cap_reserve(table, &slot), STATUS_LEDGER_FULL);
    outside_leave_frames(0);
    assert_int_equal(cap_reserve(table, &slot), STATUS_NO_MEMORY);
    assert_int_equal(cap_reserve_at(table, CAP_LEDGER), STATUS_NO_MEMORY);
    assert_true(ledger_is_clear(&process.ledger));
    outside_return_frames();
    assert_int_equal(insert(1), CAP_SLOT_FIRST_FREE);
}

/* Goal: the slots named are those given, once; what lies between is free.  Method: one well-known,
 * one far away, then all that are left. */
static void test_cap_reserve_at_takes_the_named_slot(void **state)
{
    (void)state;
    struct cap_ref ref = ref_of(9);
    bool seen[CAP_SLOT_COUNT] = {false};
    const uint32_t far = 3 * CAP_SLOTS_PER_PAGE + 7;

    start();
    assert_int_equal(cap_reserve_at(table, CAP_LEDGER), STATUS_OK);
    assert_int_equal(cap_commit(table, CAP_LEDGER, &ref), CAP_LEDGER);
    assert_int_equal(cap_reserve_at(table, CAP_LEDGER), STATUS_BUSY);
    assert_int_equal(cap_reserve_at(table, far), STATUS_OK);
    assert_int_equal(cap_reserve_at(table, far), STATUS_BUSY);
    assert_int_equal(cap_commit(table, far, &ref), far);
    expect_slots(2);
    expect_pages();
    for (uint32_t i = 0; i < FREE_SLOTS - 1; i++) {
        uint32_t slot = CAP_SLOT(insert(i));

        assert_true(slot >= CAP_SLOT_FIRST_FREE && slot != far && !seen[slot]);
        seen[slot] = true;
    }
    assert_int_equal(cap_remove(table, CAP_LEDGER, &ref), STATUS_OK);
    assert_int_equal(cap_reserve(table, &(uint32_t){0}), STATUS_NO_SLOT);
    expect_slots(FREE_SLOTS);
    assert_int_equal(cap_reserve_at(table, CAP_LEDGER), STATUS_OK);
    assert_int_equal(cap_commit(table, CAP_LEDGER, &ref), CAP_LEDGER | 1u << CAP_SLOT_BITS);
}

/* Goal: a refusal half-way to a far slot costs pages only.  Method: every reservation refused in
 * turn, every frame missing in turn; then all slots are to be had, once. */
static void test_cap_reserve_at_refused_half_way(void **state)
{
    (void)state;
    const uint32_t far = 4 * CAP_SLOTS_PER_PAGE + 1;
    const uint32_t pages = 5;

    for (uint32_t turn = 0; turn < 2 * pages; turn++) {
        start();
        if (turn < pages)
            port_store32(&process.ledger.fail_after, 2 + turn);
        else
            outside_leave_frames(turn - pages);
        assert_int_equal(cap_reserve_at(table, far),
                         turn < pages ? STATUS_LEDGER_FULL : STATUS_NO_MEMORY);
        expect_slots(0);
        expect_pages();
        outside_return_frames();
        assert_int_equal(cap_reserve_at(table, far), STATUS_OK);
        for (uint32_t i = 0; i < FREE_SLOTS - 1; i++)
            assert_int_not_equal(CAP_SLOT(insert(i)), far);
        assert_int_equal(cap_reserve(table, &(uint32_t){0}), STATUS_NO_SLOT);
        expect_slots(FREE_SLOTS);
    }
}

/* ---- Histories ---- */

struct model {
    enum { UNUSED, RESERVED, USED } states[CAP_SLOT_COUNT];
    uint32_t gens[CAP_SLOT_COUNT];
    uint32_t numbers[CAP_SLOT_COUNT];
    uint32_t count; /* USED and RESERVED */
};

static void check_handle(const struct model *m, uint32_t handle)
{
    uint32_t slot = CAP_SLOT(handle), gen = handle >> CAP_SLOT_BITS;
    struct cap_ref ref;
    enum status status = cap_read(table, handle, &ref);

    if (m->states[slot] == USED && m->gens[slot] == gen) {
        assert_int_equal(status, STATUS_OK);
        assert_int_equal(ref.object, m->numbers[slot]);
    } else if (m->states[slot] == USED || gen < m->gens[slot]) {
        assert_int_equal(status, STATUS_STALE);
    } else {
        assert_int_equal(status, STATUS_BAD_CAP);
    }
}

static void reserve_one(struct model *m)
{
    uint32_t slot;
    enum status status = cap_reserve(table, &slot);

    assert_int_equal(status, m->count == FREE_SLOTS ? STATUS_NO_SLOT : STATUS_OK);
    if (status != STATUS_OK)
        return;
    assert_in_range(slot, CAP_SLOT_FIRST_FREE, CAP_SLOT_COUNT - 1);
    assert_int_equal(m->states[slot], UNUSED);
    m->states[slot] = RESERVED;
    m->count++;
}

/* The slot's next step. */
static void step(struct model *m, uint32_t slot, bool is_cancelled, uint32_t number)
{
    struct cap_ref ref = ref_of(number);
    uint32_t handle = slot | m->gens[slot] << CAP_SLOT_BITS;

    if (m->states[slot] == RESERVED && is_cancelled) {
        cap_cancel(table, slot);
        m->states[slot] = UNUSED;
        m->count--;
    } else if (m->states[slot] == RESERVED) {
        assert_int_equal(cap_commit(table, slot, &ref), handle);
        m->states[slot] = USED;
        m->numbers[slot] = number;
    } else if (m->states[slot] == USED) {
        assert_int_equal(cap_remove(table, handle, &ref), STATUS_OK);
        assert_int_equal(ref.object, m->numbers[slot]);
        m->states[slot] = UNUSED;
        m->gens[slot]++;
        m->count--;
    }
}

/* Goal: the table is what was done to it, after any history.  Method: 200,000 random steps of any
 * slots against plain arrays; a random handle read each time; the ledger. */
static void test_cap_agrees_with_a_model(void **state)
{
    (void)state;
    static struct model m;
    struct prng p = prng_seed(21);

    start();
    m = (struct model){.count = 0};
    for (uint32_t turn = 0; turn < TURNS; turn++) {
        uint32_t slot = (uint32_t)(prng_next(&p) % CAP_SLOT_COUNT);

        if (prng_next(&p) % 3 != 0)
            reserve_one(&m);
        step(&m, slot, prng_next(&p) % 4 == 0, turn);
        slot = (uint32_t)(prng_next(&p) % CAP_SLOT_COUNT);
        uint32_t gen = m.gens[slot] + (uint32_t)(prng_next(&p) % 3) - 1;

        check_handle(&m, slot | gen << CAP_SLOT_BITS);
        expect_slots(m.count);
    }
    assert_int_equal(outside_used(&process, LEDGER_FRAMES), CAP_PAGES_MAX);
}

/* Goal: the end of a table gives back pages and slots.  Method: a few used, far apart. */
static void test_cap_fini_gives_everything_back(void **state)
{
    (void)state;
    uint64_t before;

    start();
    before = frame_free_count();
    for (uint32_t i = 0; i < 300; i++)
        (void)insert(i);
    cap_table_fini(table);
    assert_true(ledger_is_clear(&process.ledger));
    assert_int_equal(frame_free_count(), before);
}

/* ---- Without a lock ---- */

static uint32_t published; /* a handle whose number is its generation */
static bool is_over;
static uint32_t torn_count, read_count;

static void *read_always(void *argument)
{
    struct cap_ref ref;

    (void)argument;
    while (!__atomic_load_n(&is_over, __ATOMIC_ACQUIRE)) { /* bound: the writer's rounds */
        uint32_t handle = __atomic_load_n(&published, __ATOMIC_ACQUIRE);

        if (cap_read(table, handle, &ref) != STATUS_OK)
            continue;
        read_count++;
        torn_count += ref.object != handle >> CAP_SLOT_BITS || ref.object_gen != ~ref.object;
    }
    return NULL;
}

/* Goal: a reader sees one use of a slot, whole, or none.  Method: a host thread reads while another
 * empties the slot and fills it, 3,000,000 times, with its generation as the number. */
static void test_cap_reader_sees_one_use(void **state)
{
    (void)state;
    pthread_t reader;
    struct cap_ref ref;

    start();
    is_over = false;
    torn_count = read_count = 0;
    __atomic_store_n(&published, insert(0), __ATOMIC_RELEASE);
    assert_int_equal(pthread_create(&reader, NULL, read_always, NULL), 0);
    for (uint32_t gen = 1; gen <= USES; gen++) {
        assert_int_equal(cap_remove(table, published, &ref), STATUS_OK);
        __atomic_store_n(&published, insert(gen), __ATOMIC_RELEASE);
    }
    __atomic_store_n(&is_over, true, __ATOMIC_RELEASE);
    (void)pthread_join(reader, NULL);
    assert_int_equal(torn_count, 0);
}

/* ---- Meaning ---- */

/* Goal: a capability is live with its object and its grant.  Method: each kind of object with its
 * pool; then stale; a dead grant above a live object. */
static void test_cap_live_is_object_and_grant(void **state)
{
    (void)state;
    static struct pool *const pools[CAP_KIND_COUNT] = {
        [CAP_KIND_MEMORY] = &memobj_pool,   [CAP_KIND_VIEW] = &memobj_pool,
        [CAP_KIND_PROCESS] = &process_pool, [CAP_KIND_GRANT] = &grant_pool,
        [CAP_KIND_CPUS] = &cpuset_pool,     [CAP_KIND_SESSION] = &session_pool,
        [CAP_KIND_IRQ] = &irq_pool,
    };
    struct pool_ref grant;

    start();
    for (uint32_t kind = CAP_KIND_EMPTY; kind <= CAP_KIND_COUNT; kind++) {
        struct pool *pool = kind < CAP_KIND_COUNT ? pools[kind] : NULL;
        struct cap_ref ref = {.kind = kind, .grant = GRANT_ROOT};

        if (pool != NULL) {
            ref.object = pool_take(pool);
            ref.object_gen = pool_gen(pool, ref.object);
        }
        assert_int_equal(cap_is_live(&ref), kind != CAP_KIND_EMPTY && kind != CAP_KIND_COUNT);
        if (pool != NULL) {
            assert_true(pool_stale(pool, ref.object));
            assert_false(cap_is_live(&ref));
        }
    }
    struct cap_ref ref = ref_of(1);

    assert_int_equal(grant_create(&process, (struct pool_ref){GRANT_ROOT, 0}, &grant), STATUS_OK);
    ref.grant = grant.index;
    ref.grant_gen = grant.gen;
    assert_true(cap_is_live(&ref));
    assert_true(grant_revoke(grant));
    assert_false(cap_is_live(&ref));
}

/* Goal: what a session made goes stale with it, for everybody and at once; the records that others
 * let go of do not.  Method: an object of each kind and a grant, of a process in a session. */
static void test_cap_goes_with_its_makers_session(void **state)
{
    (void)state;
    static const uint32_t kinds[] = {CAP_KIND_CPUS, CAP_KIND_MEMORY, CAP_KIND_VIEW};
    struct process member;
    struct cap_ref refs[ARRAY_COUNT(kinds)], granted = ref_of(1);
    struct pool_ref grant;
    uint32_t session, handle;

    start();
    outside_process(&member, 100);
    assert_int_equal(session_create(&process, 40, &session), STATUS_OK);
    member.session = session_at(session);
    assert_int_equal(cap_insert(&member.caps, &granted, &handle), STATUS_OK);
    assert_int_equal(grant_create(&member, (struct pool_ref){GRANT_ROOT, 0}, &grant), STATUS_OK);
    granted.grant = grant.index;
    granted.grant_gen = grant.gen;
    for (uint32_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        const struct cpumask mask = {{1}};

        refs[i] = (struct cap_ref){.kind = kinds[i], .grant = GRANT_ROOT};
        if (kinds[i] == CAP_KIND_CPUS)
            assert_int_equal(cpuset_create(&member, &mask, 50, &refs[i].object), STATUS_OK);
        else
            assert_int_equal(memobj_begin(&member, 1, &refs[i].object), STATUS_OK);
        refs[i].object_gen =
            pool_gen(kinds[i] == CAP_KIND_CPUS ? &cpuset_pool : &memobj_pool, refs[i].object);
        assert_true(cap_is_live(&refs[i]));
    }
    assert_true(cap_is_live(&granted));
    assert_int_equal(cap_lookup(&member, handle, &granted), STATUS_OK);
    port_store32(&session_at(session)->is_live, 0);
    for (uint32_t i = 0; i < ARRAY_COUNT(kinds); i++)
        assert_false(cap_is_live(&refs[i]));
    granted.grant = grant.index;
    granted.grant_gen = grant.gen;
    assert_false(cap_is_live(&granted));
    assert_int_equal(cap_lookup(&member, handle, &granted), STATUS_STALE);
    assert_int_equal(cap_lookup(&process, insert(1), &granted), STATUS_OK);
}

/* Goal: so does a line that it bound.  Method: one, which fires; nobody acknowledges it. */
static void test_cap_line_goes_with_its_makers_session(void **state)
{
    (void)state;
    const struct irq_request request = {.line = 1, .grant = {GRANT_ROOT, 0}, .slot = 51};
    struct process member;
    struct pool_ref irq;
    uint32_t session;

    start();
    outside_process(&member, 100);
    cpumask_set(member.cpus.words, 0);
    assert_int_equal(session_create(&process, 40, &session), STATUS_OK);
    member.session = session_at(session);
    assert_int_equal(irq_bind(&member, &request, &irq), STATUS_OK);
    struct cap_ref line = {CAP_KIND_IRQ, irq.index, irq.gen, GRANT_ROOT, 0, 0};

    assert_int_equal(irq_acknowledge(&line), STATUS_OK);
    port_store32(&session_at(session)->is_live, 0);
    assert_false(cap_is_live(&line));
    assert_true(thread_ref_is_none(irq_fire(1)));
    assert_int_equal(irq_acknowledge(&line), STATUS_STALE);
    assert_true(fixture_is_masked(1));
}

/* Goal: looking up asks for the kind, and authority goes first.  Method: one of another kind;
 * a dead one; a process that ends. */
static void test_cap_lookup_asks_for_kind_life_and_process(void **state)
{
    (void)state;
    struct cap_ref ref, dead = {.kind = CAP_KIND_MEMORY, .object = 3, .object_gen = 9,
                                .grant = GRANT_ROOT};
    uint32_t handle, dead_handle;

    start();
    handle = insert(1);
    assert_int_equal(cap_insert(table, &dead, &dead_handle), STATUS_OK);
    assert_int_equal(cap_lookup(&process, handle, &ref), STATUS_OK);
    assert_int_equal(cap_lookup_kind(&process, handle, CAP_KIND_CONSOLE, &ref), STATUS_OK);
    assert_int_equal(cap_lookup_kind(&process, handle, CAP_KIND_POWER, &ref), STATUS_BAD_CAP);
    assert_int_equal(cap_lookup(&process, CAP_NONE, &ref), STATUS_BAD_CAP);
    assert_int_equal(cap_lookup(&process, dead_handle, &ref), STATUS_STALE);
    assert_int_equal(cap_read(table, dead_handle, &ref), STATUS_OK);
    port_store32(&process.state, PROCESS_ENDING);
    assert_int_equal(cap_lookup(&process, handle, &ref), STATUS_STALE);
}

/* Goal: RELEASE lets go of what the handle's maker holds: a process, a CPU set, of those that live.
 * Method: one of each, twice; a dead one; a console. */
static void test_cap_release_lets_go(void **state)
{
    (void)state;
    struct cpumask mask = {{1}};
    struct cap_ref ref = {.kind = CAP_KIND_PROCESS, .grant = GRANT_ROOT};
    uint32_t handle, slot;

    start();
    ref.object = pool_take(&process_pool);
    ref.object_gen = pool_gen(&process_pool, ref.object);
    assert_int_equal(cap_insert(table, &ref, &handle), STATUS_OK);
    assert_int_equal(cap_release(&process, handle), STATUS_OK);
    assert_int_equal(outside.release_count, 1);
    assert_int_equal(outside.released, ref.object);
    assert_int_equal(outside.released_slot, CAP_SLOT(handle));
    assert_int_equal(cap_release(&process, handle), STATUS_STALE);
    assert_int_equal(cap_insert(table, &ref, &handle), STATUS_OK);
    assert_true(pool_stale(&process_pool, ref.object));
    assert_int_equal(cap_release(&process, handle), STATUS_OK);
    assert_int_equal(cap_release(&process, insert(1)), STATUS_OK);
    assert_int_equal(outside.release_count, 1);

    assert_int_equal(cap_reserve(table, &slot), STATUS_OK);
    assert_int_equal(cpuset_create(&process, &mask, slot, &ref.object), STATUS_OK);
    ref.kind = CAP_KIND_CPUS;
    ref.object_gen = pool_gen(&cpuset_pool, ref.object);
    handle = cap_commit(table, slot, &ref);
    assert_int_equal(cap_release(&process, handle), STATUS_OK);
    assert_false(cap_is_live(&ref));
    expect_slots(0);
    assert_int_equal(outside_used(&process, LEDGER_OBJECTS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cap_handle_is_slot_and_generation),
        cmocka_unit_test(test_cap_bad_and_stale_are_told_apart),
        cmocka_unit_test(test_cap_last_generation_retires_the_slot),
        cmocka_unit_test(test_cap_refusal_changes_nothing),
        cmocka_unit_test(test_cap_reserve_at_takes_the_named_slot),
        cmocka_unit_test(test_cap_reserve_at_refused_half_way),
        cmocka_unit_test(test_cap_agrees_with_a_model),
        cmocka_unit_test(test_cap_fini_gives_everything_back),
        cmocka_unit_test(test_cap_reader_sees_one_use),
        cmocka_unit_test(test_cap_live_is_object_and_grant),
        cmocka_unit_test(test_cap_goes_with_its_makers_session),
        cmocka_unit_test(test_cap_line_goes_with_its_makers_session),
        cmocka_unit_test(test_cap_lookup_asks_for_kind_life_and_process),
        cmocka_unit_test(test_cap_release_lets_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
