/* SPDX-License-Identifier: MIT */
/*
 * work_test.c - workers that create, map, unmap, destroy and revoke, a step each in any order on
 * any CPU, while the CPUs load and leave address spaces and read through what they remember.
 * The kernel's CPUs interleave like this but for what a lock or one word decides.
 */
#include "kernel/work.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "kernel/fixture/outside.h"
#include "kernel/grant.h"
#include "kernel/mapping.h"
#include "kernel/uthread.h"

#define PAGE ((uint64_t)ARCH_PAGE_BYTES)
#define PROCESSES 3u
#define WORKERS 7u
#define OBJECTS 10u
#define PLACES 12u
#define PLACE_BYTES (ARCH_TABLE_SPAN_BYTES / 4)
#define PAGES_MOST 200u  /* of an object, which may reach into the next place */
#define FRAMES_MOST 400u /* of a process: some reservations are refused */
#define CPUS 4u
#define REMEMBERED_MAX 32u
#define TURNS 200000u

struct worker {
    struct work work;
    struct object *object; /* what it is about; NULL: an unmapping */
    bool is_busy;
    bool is_asleep; /* until a wake */
};

struct object {
    enum { ABSENT, CHANGING, THERE } state;
    struct process *owner;
    struct cap_ref cap;
    struct pool_ref grant;   /* GRANT_ROOT: none */
    struct pool_ref revoked; /* the one that is being revoked */
    bool is_revoking;
};

/* What a CPU remembers of pages it has read, until it loads another space or flushes. */
struct remembered {
    uint64_t root;
    uint32_t flush_count;
    uint32_t count;
    uint64_t frames[REMEMBERED_MAX];
    uint64_t stamps[REMEMBERED_MAX];
};

static struct process processes[PROCESSES];
static struct worker workers[WORKERS];
static struct object objects[OBJECTS];
static struct uthread runners[CPUS]; /* who is current on each CPU */
static struct remembered remembered[CPUS];
static uint64_t next_stamp;
static uint64_t frames_before;
static uint32_t done_counts[WORK_REVOKE + 1];
static uint32_t refused_count;

static uint32_t below(struct prng *p, uint32_t limit)
{
    return (uint32_t)(prng_next(p) % limit);
}

static uint64_t any_place(struct prng *p)
{
    return MAP_BASE + below(p, PLACES) * PLACE_BYTES;
}

static struct process *any_process(struct prng *p)
{
    return &processes[below(p, PROCESSES)];
}

static void start(void)
{
    outside_init();
    frames_before = frame_free_count();
    next_stamp = 1;
    for (uint32_t i = 0; i < PROCESSES; i++) {
        outside_process(&processes[i], FRAMES_MOST);
        assert_int_equal(vspace_init(&processes[i].space, &processes[i].ledger), STATUS_OK);
    }
    for (uint32_t i = 0; i < WORKERS; i++)
        workers[i] = (struct worker){.is_busy = false};
    for (uint32_t i = 0; i < OBJECTS; i++)
        objects[i] = (struct object){.state = ABSENT, .grant = {GRANT_ROOT, 0}};
    for (uint32_t i = 0; i < CPUS; i++)
        remembered[i].count = 0;
}

/* ---- CPUs ---- */

/* A thread of `process` is current on `cpu` from now on; NULL: none. */
static void dispatch(uint32_t cpu, struct process *process)
{
    fixture_set_cpu(cpu);
    runners[cpu].process = process;
    cpu_this()->current = process == NULL ? NULL : &runners[cpu];
    vspace_activate(process == NULL ? NULL : &process->space);
}

/* The first word of a frame of an object is the object's stamp, which is odd; a free frame's is a
 * link, which is even. */
static uint64_t stamp_of(uint64_t frame)
{
    return *(const uint64_t *)arch_phys_to_virt(frame);
}

/* Whatever `cpu` still remembers is as it was: nobody else has the frames. */
static void check_remembered(uint32_t cpu)
{
    struct remembered *r = &remembered[cpu];

    if (r->root != fixture_root(cpu) || r->flush_count != fixture_flush_count(cpu))
        r->count = 0;
    for (uint32_t i = 0; i < r->count; i++)
        assert_int_equal(stamp_of(r->frames[i]), r->stamps[i]);
    r->root = fixture_root(cpu);
    r->flush_count = fixture_flush_count(cpu);
}

/* User code on `cpu` reads a page. */
static void read_page(uint32_t cpu, uint64_t virt)
{
    struct remembered *r = &remembered[cpu];
    const struct vspace *space = cpu_blocks[cpu].space;
    uint64_t frame = space == NULL ? 0 : vspace_lookup(space, virt, ARCH_READ);

    check_remembered(cpu);
    if (frame == 0)
        return;
    assert_int_equal(stamp_of(frame) % 2, 1);
    if (r->count == REMEMBERED_MAX)
        r->count = 0;
    r->frames[r->count] = frame;
    r->stamps[r->count++] = stamp_of(frame);
}

/* An interrupt: it has passed for all who asked. */
static void interrupt(uint32_t cpu)
{
    fixture_set_cpu(cpu);
    quiesce_pass();
    check_remembered(cpu);
    for (uint32_t i = 0; i < WORKERS; i++)
        if (workers[i].is_asleep)
            assert_int_equal(workers[i].work.unmapping.quiesce.mask >> cpu & 1, 0);
}

/* ---- Beginning ---- */

static void init(struct worker *worker, enum work_kind kind, struct process *process,
                 struct object *object)
{
    work_init(&worker->work, kind, process, (struct thread_ref){(uint32_t)(worker - workers), 1});
    worker->object = object;
}

static bool begin_create(struct worker *worker, struct object *object, struct prng *p)
{
    struct process *process = any_process(p);
    uint32_t slot, index;

    if (object->state != ABSENT || cap_reserve(&process->caps, &slot) != STATUS_OK)
        return false;
    if (memobj_begin(process, (1 + below(p, PAGES_MOST)) * PAGE, &index) != STATUS_OK) {
        cap_cancel(&process->caps, slot);
        refused_count++;
        return false;
    }
    init(worker, WORK_MEMORY_CREATE, process, object);
    worker->work.slot = slot;
    worker->work.object = index;
    object->state = CHANGING;
    object->owner = process;
    return true;
}

static bool begin_map(struct worker *worker, const struct object *object, struct prng *p)
{
    struct cap_ref cap = object->cap;

    if (object->state != THERE)
        return false;
    if (object->grant.index != GRANT_ROOT) {
        cap.grant = object->grant.index;
        cap.grant_gen = object->grant.gen;
    }
    init(worker, WORK_MAP, any_process(p), NULL);
    return mapping_begin(&worker->work, &cap, any_place(p),
                         ((const struct memobj *)pool_at(&memobj_pool, cap.object))->page_count,
                         ARCH_READ) == STATUS_OK;
}

static bool begin_unmap(struct worker *worker, const struct object *object, struct prng *p)
{
    init(worker, WORK_UNMAP, any_process(p), NULL);
    return object->state == THERE &&
           mapping_claim_at(&worker->work, object->cap.object, any_place(p));
}

static bool begin_destroy(struct worker *worker, struct object *object)
{
    if (object->state != THERE || object->grant.index != GRANT_ROOT || object->is_revoking)
        return false;
    init(worker, WORK_DESTROY, object->owner, object);
    assert_true(pool_stale(&memobj_pool, object->cap.object));
    worker->work.object = object->cap.object;
    object->state = CHANGING;
    return true;
}

/* An object's grant is made, or revoked. */
static bool begin_revoke(struct worker *worker, struct object *object)
{
    if (object->state != THERE || object->is_revoking)
        return false;
    if (object->grant.index == GRANT_ROOT) {
        assert_int_equal(grant_create(object->owner, object->grant, &object->grant), STATUS_OK);
        return false; /* nothing is left to do */
    }
    init(worker, WORK_REVOKE, object->owner, object);
    assert_true(grant_revoke(object->grant));
    worker->work.object = object->grant.index;
    object->revoked = object->grant;
    object->grant = (struct pool_ref){GRANT_ROOT, 0};
    object->is_revoking = true;
    return true;
}

static bool begin_any(struct worker *worker, struct prng *p)
{
    struct object *object = &objects[below(p, OBJECTS)];

    switch (below(p, 10)) {
    case 0:
        return begin_create(worker, object, p);
    case 1:
        return begin_destroy(worker, object);
    case 2:
        return begin_revoke(worker, object);
    case 3:
    case 4:
        return begin_unmap(worker, object, p);
    default:
        return begin_map(worker, object, p);
    }
}

/* ---- Ending ---- */

static void note_created(struct worker *worker)
{
    struct object *object = worker->object;
    const struct memobj *m = pool_at(&memobj_pool, worker->work.object);

    assert_true(worker->work.status > 0);
    assert_int_equal(cap_remove(&object->owner->caps, (uint32_t)worker->work.status, &object->cap),
                     STATUS_OK);
    for (uint64_t i = 0; i < m->page_count; i++)
        *(uint64_t *)arch_phys_to_virt(memobj_frame(m, i)) = next_stamp;
    next_stamp += 2;
    object->state = THERE;
}

/* Nothing is mapped by the grant. */
static void note_revoked(struct object *object)
{
    object->is_revoking = false;
    for (uint32_t i = 0; i < mapping_pool.fresh; i++) {
        const struct mapping *m = pool_at(&mapping_pool, i);

        assert_false(m->is_linked && m->cap.grant == object->revoked.index &&
                     m->cap.grant_gen == object->revoked.gen);
    }
}

static void note_done(struct worker *worker)
{
    worker->is_busy = false;
    done_counts[worker->work.kind]++;
    if (worker->work.kind == WORK_MEMORY_CREATE)
        note_created(worker);
    else if (worker->work.kind == WORK_DESTROY)
        worker->object->state = ABSENT;
    else if (worker->work.kind == WORK_REVOKE)
        note_revoked(worker->object);
}

/* One step on `cpu`, whose current thread is the worker. */
static void step(struct worker *worker, uint32_t cpu)
{
    enum work_turn turn;

    dispatch(cpu, worker->work.process);
    outside.wake_count = 0;
    turn = work_step(&worker->work);
    assert_int_equal(outside.wake_count, 0);
    worker->is_asleep = turn == WORK_WAIT;
    for (uint32_t i = 0; i < CPUS; i++)
        check_remembered(i);
    if (turn == WORK_DONE)
        note_done(worker);
}

static void deliver_wakes(void)
{
    for (uint32_t i = 0; i < outside.wake_count; i++) {
        assert_true(workers[outside.woken[i].slot].is_busy);
        workers[outside.woken[i].slot].is_asleep = false;
    }
    outside.wake_count = 0;
}

static void turn_of_cpu(uint32_t cpu, struct prng *p)
{
    outside.wake_count = 0;
    switch (below(p, 16)) {
    case 0:
    case 1:
        interrupt(cpu);
        break;
    case 2:
        dispatch(cpu, below(p, 4) == 0 ? NULL : any_process(p));
        break;
    default:
        read_page(cpu, any_place(p) + below(p, PAGES_MOST) * PAGE);
    }
    deliver_wakes();
}

static void turn_of_worker(struct worker *worker, struct prng *p)
{
    if (!worker->is_busy)
        worker->is_busy = begin_any(worker, p);
    else if (!worker->is_asleep)
        step(worker, below(p, 4) == 0 ? below(p, CPUS) : (uint32_t)(worker - workers) % CPUS);
}

/* Whatever is begun ends, once every CPU has been interrupted. */
static void drain(struct prng *p)
{
    uint32_t busy_count = 1;

    for (uint32_t turn = 0; busy_count > 0; turn++) {
        assert_true(turn < 10000);
        busy_count = 0;
        outside.wake_count = 0;
        for (uint32_t cpu = 0; cpu < CPUS; cpu++)
            interrupt(cpu);
        deliver_wakes();
        for (uint32_t i = 0; i < WORKERS; i++) {
            busy_count += workers[i].is_busy;
            assert_false(workers[i].is_asleep); /* no wake was lost */
            if (workers[i].is_busy)
                step(&workers[i], below(p, CPUS));
        }
    }
}

/* Revoke and destroy what is left, then take the processes apart. */
static void end_everything(struct prng *p)
{
    for (uint32_t i = 0; i < OBJECTS; i++) {
        struct object *object = &objects[i];

        if (object->grant.index != GRANT_ROOT)
            workers[0].is_busy = begin_revoke(&workers[0], object);
        drain(p);
        workers[0].is_busy = begin_destroy(&workers[0], object);
        drain(p);
    }
    assert_int_equal(pool_free_count(&mapping_pool), MAPPINGS_MAX);
    assert_int_equal(pool_free_count(&memobj_pool), MEMORIES_MAX);
    assert_int_equal(pool_free_count(&grant_pool), GRANTS_MAX);
    for (uint32_t cpu = 0; cpu < CPUS; cpu++)
        dispatch(cpu, NULL);
    for (uint32_t i = 0; i < PROCESSES; i++) {
        uint64_t cursor = 0;

        assert_int_equal(outside_used(&processes[i], LEDGER_OBJECTS), 0);
        while (!vspace_fini_some(&processes[i].space, &cursor)) /* bound: something goes */
            continue;
        cap_table_fini(&processes[i].caps);
        assert_true(ledger_is_clear(&processes[i].ledger));
    }
    assert_int_equal(frame_free_count(), frames_before);
}

/* Goal: whatever the order of steps, no CPU reads a frame that is somebody else's, no wake is lost,
 * and in the end every record, frame and row of a ledger is back.  Method: 200,000 random turns of
 * 7 workers and 4 CPUs; frames carry their object's stamp. */
static void test_work_in_any_order_conserves_everything(void **state)
{
    (void)state;
    struct prng p = prng_seed(61);

    start();
    for (uint32_t turn = 0; turn < TURNS; turn++) {
        turn_of_cpu(below(&p, CPUS), &p);
        turn_of_worker(&workers[below(&p, WORKERS)], &p);
    }
    drain(&p);
    end_everything(&p);
    for (enum work_kind kind = WORK_MEMORY_CREATE; kind <= WORK_REVOKE; kind++)
        assert_true(done_counts[kind] > 100);
    assert_true(refused_count > 10);
}

/* Goal: what another thread goes on with wakes that one.  Method: redirect an unmapping that waits;
 * to the same thread; to another. */
static void test_work_redirected_wakes_the_other(void **state)
{
    (void)state;
    struct quiesce *q = &workers[0].work.unmapping.quiesce;

    start();
    init(&workers[0], WORK_UNMAP, &processes[0], NULL);
    workers[0].work.unmapping.mapping = 0;
    fixture_set_cpu(0);
    assert_false(quiesce_begin(q, 2, workers[0].work.worker));
    work_redirect(&workers[0].work, workers[0].work.worker);
    assert_int_equal(q->waiter.slot, 0);
    work_redirect(&workers[0].work, (struct thread_ref){5, 2});
    interrupt(1);
    assert_int_equal(outside.wake_count, 1);
    assert_int_equal(outside.woken[0].slot, 5);
    assert_int_equal(workers[0].work.worker.gen, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_work_in_any_order_conserves_everything),
        cmocka_unit_test(test_work_redirected_wakes_the_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
