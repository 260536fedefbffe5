/* SPDX-License-Identifier: MIT */
/* process_end_test.c - see process.h; whatever a process had, its end gives back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "kernel/cpuset.h"
#include "kernel/fixture/threads.h"
#include "kernel/grant.h"
#include "kernel/irq.h"
#include "kernel/mapping.h"
#include "kernel/process.h"

#define PAGE ((uint64_t)ARCH_PAGE_BYTES)
#define LIMIT 2900u
#define AT MAP_BASE
#define TREE_MAX 24u

static struct uthread waiter; /* of the first process */
static struct resource_ledger ledger_before;
static uint64_t frames_before;
static const struct pool_ref no_grant = {GRANT_ROOT, 0};
static const struct pool_ref own_session = {POOL_NONE, 0}; /* the parent's */

static void start(void)
{
    struct cap_ref console = {.kind = CAP_KIND_CONSOLE, .grant = GRANT_ROOT};
    uint32_t handle;

    threads_init(LIMIT);
    assert_int_equal(reaper_create(&first_process), STATUS_OK);
    assert_int_equal(cap_insert(&first_process.caps, &console, &handle), STATUS_OK);
    waiter = (struct uthread){.ref = {62, 1}, .process = &first_process};
    op_init(&waiter);
    ledger_before = first_process.ledger;
    frames_before = frame_free_count();
}

static void expect_nothing_left(void)
{
    assert_memory_equal(&first_process.ledger, &ledger_before, sizeof(ledger_before));
    assert_int_equal(frame_free_count(), frames_before);
    assert_int_equal(pool_free_count(&process_pool), PROCESSES_MAX);
    assert_int_equal(pool_free_count(&memobj_pool), MEMORIES_MAX);
    assert_int_equal(pool_free_count(&mapping_pool), MAPPINGS_MAX);
    assert_int_equal(pool_free_count(&cpuset_pool), CPUSETS_MAX);
    assert_int_equal(pool_free_count(&grant_pool), GRANTS_MAX);
    assert_true(list_is_empty(&first_process.children));
}

/* A child of `parent` with this limit of everything; NULL: refused. */
static struct process *spawn(struct process *parent, uint64_t limit, uint32_t *handle)
{
    return threads_spawn(parent, own_session, limit, handle);
}

static struct cap_ref ref_of(const struct process *process)
{
    uint32_t index = pool_index(&process_pool, process);

    return (struct cap_ref){.kind = CAP_KIND_PROCESS,
                            .object = index,
                            .object_gen = pool_gen(&process_pool, index),
                            .grant = GRANT_ROOT};
}

static struct op *begin_wait(const struct cap_ref *cap)
{
    struct op *op = op_take(&waiter, OP_WAIT, 0);

    assert_non_null(op);
    assert_int_equal(process_wait(process_at(cap->object), op, cap), STATUS_OK);
    return op;
}

static bool is_answered(const struct op *op)
{
    return (port_load32(&waiter.done) >> op->number & 1) != 0;
}

static void expect_answer(const struct op *op, int64_t status, uint64_t value)
{
    assert_true(is_answered(op));
    assert_int_equal(op->status, status);
    assert_int_equal(op->value, value);
}

/* ---- Reasons ---- */

/* Goal: authority goes first; the end takes everything but the record, which its maker releases.
 * Method: kill one; look; let the reaper work; release. */
static void test_process_end_gives_everything_back(void **state)
{
    (void)state;
    struct cap_process_info info;
    struct cap_ref ref, console = {.kind = CAP_KIND_CONSOLE, .grant = GRANT_ROOT};
    uint32_t handle, held;

    start();
    struct process *p = spawn(&first_process, 200, &handle);

    assert_int_equal(cap_insert(&p->caps, &console, &held), STATUS_OK);
    process_end(p, PROCESS_KILLED, 0);
    assert_int_equal(cap_lookup(p, held, &ref), STATUS_STALE);
    assert_int_equal(process_state(p), PROCESS_ENDING);
    threads_settle();
    assert_int_equal(process_read_info(process_ref(p), &info), STATUS_OK);
    assert_int_equal(info.state, PROCESS_GONE);
    assert_int_equal(info.end, PROCESS_KILLED);
    assert_int_equal(info.live_count, 0);
    assert_true(ledger_is_clear(&p->ledger)); /* PR1 */
    assert_int_equal(frame_free_count(), frames_before);
    threads_release(&first_process, handle);
    expect_nothing_left();
}

/* Goal: the first reason stays, and is what INFO and WAIT say.  Method: an exit, a kill, a fault,
 * each followed by another. */
static void test_process_end_has_one_reason(void **state)
{
    (void)state;
    const struct arch_fault fault = {.name = "x", .vector = 14, .address = 0x1234};

    for (enum process_end end = PROCESS_EXITED; end <= PROCESS_FAULTED; end++) {
        struct cap_process_info info;
        struct cap_ref ref;
        uint32_t handle;

        start();
        struct process *p = spawn(&first_process, 200, &handle);

        ref = ref_of(p);
        const struct op *op = begin_wait(&ref);

        if (end == PROCESS_EXITED)
            threads_exit(threads_first_of(p), -42);
        else if (end == PROCESS_KILLED)
            process_end(p, PROCESS_KILLED, 0);
        else
            process_end_by_fault(p, &fault, 3, 0x5678);
        process_end(p, end == PROCESS_KILLED ? PROCESS_EXITED : PROCESS_KILLED, 7);
        assert_false(is_answered(op));
        threads_settle();
        assert_int_equal(process_read_info(process_ref(p), &info), STATUS_OK);
        assert_int_equal(info.end, end);
        assert_int_equal(info.exit_status, end == PROCESS_EXITED ? -42 : 0);
        assert_int_equal(info.fault_pc, end == PROCESS_FAULTED ? 0x5678 : 0);
        assert_int_equal(info.fault_address, end == PROCESS_FAULTED ? 0x1234 : 0);
        assert_int_equal(info.fault_vector, end == PROCESS_FAULTED ? 14 : 0);
        expect_answer(op, (int64_t)end, end == PROCESS_EXITED ? (uint64_t)-42 : 0);
        assert_int_equal(cpu_this()->process_end_count, 1);
        threads_release(&first_process, handle);
        expect_nothing_left();
    }
}

/* ---- Waiting ---- */

/* Goal: who waits for what is GONE is answered at once; a cancelled wait is not; a freed record is
 * STALE.  Method: each. */
static void test_process_wait_of_each_kind(void **state)
{
    (void)state;
    uint32_t handle;

    start();
    struct process *p = spawn(&first_process, 200, &handle);
    struct cap_ref ref = ref_of(p);
    struct op *cancelled = begin_wait(&ref), *op;

    process_wait_cancel(cancelled);
    process_wait_cancel(cancelled);
    process_end(p, PROCESS_KILLED, 0);
    threads_settle();
    assert_false(is_answered(cancelled));
    op = begin_wait(&ref);
    expect_answer(op, PROCESS_KILLED, 0);
    threads_release(&first_process, handle);
    op = op_take(&waiter, OP_WAIT, 0);
    assert_int_equal(process_wait(p, op, &ref), STATUS_STALE);
    expect_nothing_left();
}

/* Goal: nobody waits by a dead grant: neither who waited when it was revoked, nor who looked his
 * handle up before and waits after.  Method: wait, revoke, drop; then wait again. */
static void test_process_wait_ends_with_its_grant(void **state)
{
    (void)state;
    struct pool_ref grant;
    uint32_t handle;

    start();
    struct process *p = spawn(&first_process, 200, &handle);
    struct cap_ref ref = ref_of(p), granted = ref;

    assert_int_equal(grant_create(&first_process, no_grant, &grant), STATUS_OK);
    granted.grant = grant.index;
    granted.grant_gen = grant.gen;
    struct op *by_grant = begin_wait(&granted), *by_root = begin_wait(&ref);

    assert_true(grant_revoke(grant));
    assert_false(process_drop_waiters(ref.object)); /* one was found: look again */
    assert_true(process_drop_waiters(ref.object));
    expect_answer(by_grant, STATUS_STALE, 0);
    assert_false(is_answered(by_root));
    struct op *late = op_take(&waiter, OP_WAIT, 0);

    assert_int_equal(process_wait(p, late, &granted), STATUS_STALE);
    process_wait_cancel(by_root);
    process_end(p, PROCESS_KILLED, 0);
    threads_settle();
    grant_free(grant.index);
    threads_release(&first_process, handle);
    expect_nothing_left();
}

static struct uthread second; /* of the first process, too */

/* A child for which both threads wait by all their operations: more than a step answers. */
static struct process *spawn_awaited(uint32_t *handle)
{
    start();
    second = (struct uthread){.ref = {61, 1}, .process = &first_process};
    op_init(&second);
    struct process *p = spawn(&first_process, 200, handle);
    struct cap_ref ref = ref_of(p);

    for (uint32_t i = 0; i < RING_INFLIGHT_MAX; i++) {
        struct op *op = op_take(&second, OP_WAIT, 0);

        (void)begin_wait(&ref);
        assert_int_equal(process_wait(p, op, &ref), STATUS_OK);
    }
    assert_true(2 * RING_INFLIGHT_MAX > WAITERS_PER_STEP);
    return p;
}

/* Goal: all who wait are answered, in bounded steps.  Method: 16 of each of two threads. */
static void test_process_end_answers_all(void **state)
{
    (void)state;
    uint32_t handle;
    struct process *p = spawn_awaited(&handle);

    process_end(p, PROCESS_KILLED, 0);
    threads_settle();
    assert_int_equal(port_load32(&waiter.done), OP_ALL_FREE);
    assert_int_equal(port_load32(&second.done), OP_ALL_FREE);
    assert_int_equal(cpu_this()->waited_count, 1);
}

static void step_reaper(uint32_t steps)
{
    for (uint32_t i = 0; i < steps; i++)
        (void)(reaper_step(first_process.reaper) == WORK_DONE);
}

/* Goal: who has his answer and releases the handle has the object back at once, though others wait
 * for theirs still.  Method: more who wait than a step answers. */
static void test_process_release_gives_back_at_once(void **state)
{
    (void)state;
    uint32_t handle;
    struct process *p = spawn_awaited(&handle);

    process_end(p, PROCESS_KILLED, 0);
    while (port_load32(&second.done) == 0) { /* it ends: answered in the last phase */
        threads_take_down_killed();
        step_reaper(1);
    }
    assert_int_not_equal(port_load32(&second.done), OP_ALL_FREE);
    threads_release(&first_process, handle);
    assert_memory_equal(&first_process.ledger, &ledger_before, sizeof(ledger_before));
    assert_int_equal(pool_free_count(&process_pool), PROCESSES_MAX - 1);
    threads_settle();
    assert_int_equal(port_load32(&second.done), OP_ALL_FREE);
    expect_nothing_left();
}

/* ---- Kin ---- */

/* Goal: a record is free once it is GONE and released, in either order.  Method: release first. */
static void test_process_release_before_the_end(void **state)
{
    (void)state;
    uint32_t handle;

    start();
    struct process *p = spawn(&first_process, 200, &handle);
    struct cap_ref ref = ref_of(p);

    threads_release(&first_process, handle);
    threads_settle();
    assert_int_equal(process_state(p), PROCESS_LIVE);
    assert_true(cap_is_live(&ref));
    process_end(p, PROCESS_KILLED, 0);
    threads_settle();
    assert_false(cap_is_live(&ref));
    expect_nothing_left();
}

/* Goal: children end with their parent, whatever state they are in, and only then is it GONE.
 * Method: a child with three: one living, one gone but not released, one released. */
static void test_process_end_takes_children_along(void **state)
{
    (void)state;
    uint32_t handle, handles[3];
    struct process *children[3];

    start();
    struct process *p = spawn(&first_process, 700, &handle);

    for (uint32_t i = 0; i < 3; i++)
        children[i] = spawn(p, 100, &handles[i]);
    process_end(children[1], PROCESS_KILLED, 0);
    threads_release(p, handles[2]);
    threads_settle();
    assert_int_equal(process_state(children[1]), PROCESS_GONE);
    process_end(p, PROCESS_KILLED, 0);
    threads_settle();
    assert_int_equal(process_state(p), PROCESS_GONE);
    assert_true(ledger_is_clear(&p->ledger));
    assert_int_equal(pool_free_count(&process_pool), PROCESSES_MAX - 1);
    threads_release(&first_process, handle);
    expect_nothing_left();
}

/* Goal: nothing of a process goes before its last thread has, nor before its reaper has; meanwhile
 * there is nothing to do, and who goes last says so.  Method: neither is taken down for long. */
static void test_process_end_waits_for_its_threads(void **state)
{
    (void)state;
    uint32_t handle, of_child;

    start();
    struct process *p = spawn(&first_process, 700, &handle);
    struct process *child = spawn(p, 100, &of_child);

    process_end(p, PROCESS_KILLED, 0);
    step_reaper(100);
    assert_false(p->item.is_queued); /* its first thread was not taken down */
    outside.wake_count = 0;
    threads_take_down_killed();
    assert_true(p->item.is_queued);
    assert_int_equal(outside.wake_count, 1);
    assert_int_equal(outside.woken[0].slot, first_process.reaper->ref.slot);
    while (pool_free_count(&process_pool) < PROCESSES_MAX - 1) { /* bound: both get on with it */
        (void)(reaper_step(p->reaper) == WORK_DONE);
        if (port_load32(&child->live_count) > 0)
            threads_take_down_killed();
        step_reaper(1);
    }
    step_reaper(100);
    assert_int_equal(process_state(p), PROCESS_ENDING);
    assert_non_null(p->reaper); /* killed, not taken down */
    assert_int_not_equal(p->space.root, 0);
    assert_false(p->item.is_queued);
    threads_take_down_killed();
    assert_null(p->reaper);
    assert_true(p->item.is_queued);
    threads_settle();
    assert_int_equal(process_state(p), PROCESS_GONE);
    threads_release(&first_process, handle);
    expect_nothing_left();
}

/* ---- What it shared ---- */

static void make_memory(struct process *owner, uint64_t pages, struct cap_ref *cap)
{
    struct work w;
    uint32_t slot, index;

    assert_int_equal(cap_reserve(&owner->caps, &slot), STATUS_OK);
    assert_int_equal(memobj_begin(owner, pages * PAGE, &index), STATUS_OK);
    work_init(&w, WORK_MEMORY_CREATE, owner, THREAD_REF_NONE);
    w.object = index;
    w.slot = slot;
    threads_finish(&w);
    assert_int_equal(cap_read(&owner->caps, (uint32_t)w.status, cap), STATUS_OK);
}

static void map(struct process *process, const struct cap_ref *cap, uint64_t virt)
{
    const struct memobj *m = pool_at(&memobj_pool, cap->object);
    struct work w;

    work_init(&w, WORK_MAP, process, THREAD_REF_NONE);
    assert_int_equal(mapping_begin(&w, cap, virt, m->page_count, ARCH_READ), STATUS_OK);
    threads_finish(&w);
    assert_int_equal(w.status, STATUS_OK);
}

/* Goal: what others had of it or by it goes; what it had of others stays theirs.  Method: two
 * children; the first one's memory in the second, the second's in the first, and by a grant of the
 * first's; its CPU sets; then it ends. */
static void test_process_end_takes_back_what_it_shared(void **state)
{
    (void)state;
    struct cap_ref mine, theirs;
    struct pool_ref grant;
    const struct cpumask mask = {{1}};
    const struct irq_request request = {.line = 1, .grant = no_grant, .slot = 98};
    struct pool_ref irq;
    uint32_t handles[2], set;

    start();
    struct process *p = spawn(&first_process, 400, &handles[0]);
    struct process *q = spawn(&first_process, 400, &handles[1]);

    make_memory(p, 100, &mine);
    make_memory(q, 70, &theirs);
    map(p, &theirs, AT);
    map(p, &mine, AT + 200 * PAGE);
    map(q, &mine, AT);
    map(q, &theirs, AT + 200 * PAGE);
    assert_int_equal(grant_create(p, no_grant, &grant), STATUS_OK);
    assert_int_equal(cpuset_create(p, &mask, 99, &set), STATUS_OK);
    cpumask_set(p->cpus.words, 0);
    assert_int_equal(irq_bind(p, &request, &irq), STATUS_OK);
    assert_false(fixture_is_masked(1));
    theirs.grant = grant.index;
    theirs.grant_gen = grant.gen;
    map(q, &theirs, AT + 400 * PAGE);
    process_end(p, PROCESS_KILLED, 0);
    threads_settle();
    assert_int_equal(process_state(p), PROCESS_GONE);
    assert_int_equal(vspace_lookup(&q->space, AT, ARCH_READ), 0);
    assert_int_equal(vspace_lookup(&q->space, AT + 400 * PAGE, ARCH_READ), 0);
    assert_int_equal(vspace_lookup(&q->space, AT + 269 * PAGE, ARCH_READ),
                     memobj_frame(pool_at(&memobj_pool, theirs.object), 69));
    assert_int_equal(pool_free_count(&mapping_pool), MAPPINGS_MAX - 1);
    assert_int_equal(pool_free_count(&cpuset_pool), CPUSETS_MAX);
    assert_int_equal(pool_free_count(&irq_pool), IRQS_MAX);
    assert_true(fixture_is_masked(1));
    assert_int_equal(pool_free_count(&grant_pool), GRANTS_MAX);
    process_end(q, PROCESS_KILLED, 0);
    threads_settle();
    threads_release(&first_process, handles[0]);
    threads_release(&first_process, handles[1]);
    expect_nothing_left();
}

/* Goal: PR2: a space that a CPU has loaded is not taken apart.  Method: an idle CPU with it,
 * which is not interrupted for a long time. */
static void test_process_end_waits_for_cpus(void **state)
{
    (void)state;
    uint64_t free_count = 0;
    uint32_t handle;

    start();
    struct process *p = spawn(&first_process, 200, &handle);

    fixture_set_cpu(2);
    vspace_activate(&p->space);
    fixture_set_cpu(0);
    process_end(p, PROCESS_KILLED, 0);
    for (uint32_t i = 0; i < 200; i++) {
        (void)(reaper_step(first_process.reaper) == WORK_DONE);
        threads_take_down_killed();
        if (i == 100)
            free_count = frame_free_count();
    }
    assert_int_equal(process_state(p), PROCESS_ENDING);
    assert_int_equal(frame_free_count(), free_count);
    assert_int_not_equal(p->space.root, 0);
    assert_int_equal(fixture_kick_count(2), 1);
    threads_settle();
    assert_int_equal(process_state(p), PROCESS_GONE);
    threads_release(&first_process, handle);
    expect_nothing_left();
}

/* ---- Histories ---- */

struct member {
    struct process *process; /* NULL: none */
    struct process *parent;
    struct pool_ref ref; /* good while neither it nor a parent of it is gone */
    uint32_t handle;
    bool is_released;
};

static struct member tree[TREE_MAX];
static uint32_t grown_count;

static bool is_there(const struct member *m)
{
    return m->process != NULL && pool_is_live(&process_pool, m->ref);
}

static void grow(struct member *m, struct prng *p)
{
    const struct member *up = &tree[prng_next(p) % TREE_MAX];
    struct process *parent = is_there(up) && prng_next(p) % 4 != 0 ? up->process : &first_process;

    if (process_state(parent) != PROCESS_LIVE)
        return;
    m->parent = parent;
    m->process = spawn(parent, parent == &first_process ? 500 : 110, &m->handle);
    m->is_released = false;
    if (m->process == NULL)
        return;
    m->ref = process_ref(m->process);
    grown_count++;
}

static void turn(struct member *m, struct prng *p)
{
    switch (prng_next(p) % 8) {
    case 0:
        process_end(m->process, PROCESS_KILLED, 0);
        break;
    case 1:
        if (!thread_ref_is_none(threads_first_of(m->process)))
            threads_exit(threads_first_of(m->process), 3);
        break;
    case 2:
        if (!m->is_released && process_state(m->parent) == PROCESS_LIVE)
            threads_release(m->parent, m->handle);
        m->is_released = true;
        break;
    default:
        (void)(reaper_step(first_process.reaper) == WORK_DONE);
        threads_take_down_killed();
    }
}

/* Goal: whatever processes do to one another, in the end everything is back.  Method: trees of
 * processes that end, exit and are released at random, half-ended ones among them; then all end. */
static void test_process_trees_conserve_everything(void **state)
{
    (void)state;
    grown_count = 0;
    for (uint32_t seed = 1; seed <= 12; seed++) {
        struct prng p = prng_seed(seed);

        start();
        for (uint32_t i = 0; i < TREE_MAX; i++)
            tree[i].process = NULL;
        for (uint32_t i = 0; i < 600; i++) {
            struct member *m = &tree[prng_next(&p) % TREE_MAX];

            if (is_there(m))
                turn(m, &p);
            else if (prng_next(&p) % 3 == 0)
                grow(m, &p);
            if (i % 150 == 149)
                threads_settle();
        }
        for (uint32_t i = 0; i < TREE_MAX; i++)
            if (is_there(&tree[i]) && tree[i].parent == &first_process) {
                process_end(tree[i].process, PROCESS_KILLED, 0);
                if (!tree[i].is_released)
                    threads_release(&first_process, tree[i].handle);
            }
        threads_settle();
        expect_nothing_left();
    }
    assert_true(grown_count > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_process_end_gives_everything_back),
        cmocka_unit_test(test_process_end_has_one_reason),
        cmocka_unit_test(test_process_wait_of_each_kind),
        cmocka_unit_test(test_process_wait_ends_with_its_grant),
        cmocka_unit_test(test_process_end_answers_all),
        cmocka_unit_test(test_process_release_gives_back_at_once),
        cmocka_unit_test(test_process_release_before_the_end),
        cmocka_unit_test(test_process_end_takes_children_along),
        cmocka_unit_test(test_process_end_waits_for_its_threads),
        cmocka_unit_test(test_process_end_takes_back_what_it_shared),
        cmocka_unit_test(test_process_end_waits_for_cpus),
        cmocka_unit_test(test_process_trees_conserve_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
