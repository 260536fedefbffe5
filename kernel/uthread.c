/* SPDX-License-Identifier: MIT */
#include "kernel/uthread.h"

#include "kernel/frame.h"
#include "kernel/memory.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"
#include "kernel/telemetry.h"

/* Core slot to record; NULL where no thread lives.  Written by who owns the slot at that moment. */
static struct uthread *by_slot[THREADS_PER_PROCESS_MAX];

struct uthread *uthread_of_slot(uint32_t slot)
{
    ASSERT(slot < ARRAY_COUNT(by_slot));
    return __atomic_load_n(&by_slot[slot], __ATOMIC_RELAXED); /* the state word orders it */
}

static void set_slot(uint32_t slot, struct uthread *t)
{
    ASSERT(slot < ARRAY_COUNT(by_slot));
    __atomic_store_n(&by_slot[slot], t, __ATOMIC_RELAXED);
}

/* ---- Making ---- */

/* The record's ring page, zeroed (UT2). */
static enum status prepare_ring(struct process *process, struct uthread *t)
{
    struct ring_page *page = t->ring.page;

    if (page != NULL) {
        memset(page, 0, sizeof(*page));
    } else {
        uint64_t frame = frame_take();
        enum status status;

        if (frame == 0)
            return STATUS_NO_MEMORY;
        status = vspace_map(&process->space, RING_PAGE(t->index), frame, ARCH_READ | ARCH_WRITE);
        if (status != STATUS_OK) {
            frame_give(frame);
            return status;
        }
        page = arch_phys_to_virt(frame);
    }
    ring_init(&t->ring, page);
    return STATUS_OK;
}

static void prepare_record(struct uthread *t, const struct uthread_start *start)
{
    op_init(t);
    t->fpu_cpu = UTHREAD_FPU_NONE;
    t->should_yield = false;
    t->wait_source = WAKE_PARK;
    t->enter = (struct enter){.timer = {.is_wait = true}};
    t->exit_status = 0;
    t->joiner = NULL;
    t->gen++;
    arch_fpu_init(t->fpu);
    if (start->is_first)
        arch_context_init(&t->context, start->entry, start->stack, start->arguments[0],
                          start->arguments[1], t->index);
    else
        arch_context_init(&t->context, start->entry, start->stack, start->arguments[0], t->index,
                          t->gen);
}

enum status uthread_spawn(struct process *process, const struct uthread_start *start,
                          const struct thread_params *params, struct uthread_name *name)
{
    struct uthread *t = process_take_record(process);
    enum status status;

    if (t == NULL)
        return STATUS_NO_SLOT;
    status = prepare_ring(process, t);
    if (status == STATUS_OK)
        status = sched_thread_create(glue_sched(), params, &t->ref);
    if (status != STATUS_OK) {
        process_untake_record(process, t);
        return status;
    }
    lock_take(&t->lock, LOCK_THREAD);
    prepare_record(t, start);
    t->state = UTHREAD_LIVE;
    lock_give(&t->lock, LOCK_THREAD);
    set_slot(t->ref.slot, t);
    telemetry_begin(t);
    *name = (struct uthread_name){t->index, t->gen};
    glue_wake(t->ref, WAKE_START); /* from here on it may run, end and be joined */
    return STATUS_OK;
}

/* ---- Naming ---- */

/* The record of this index and generation, locked; or NULL. */
static struct uthread *find(struct process *process, uint64_t index, uint64_t gen)
{
    struct uthread *t;

    if (index >= THREADS_PER_PROCESS_MAX)
        return NULL;
    t = &process->threads[index];
    lock_take(&t->lock, LOCK_THREAD);
    if (t->state != UTHREAD_UNUSED && t->gen == gen)
        return t;
    lock_give(&t->lock, LOCK_THREAD);
    return NULL;
}

enum status uthread_ref(struct process *process, uint64_t index, uint64_t gen,
                        struct thread_ref *ref)
{
    struct uthread *t = find(process, index, gen);
    bool is_live;

    if (t == NULL)
        return STATUS_STALE;
    is_live = t->state == UTHREAD_LIVE;
    *ref = t->ref;
    lock_give(&t->lock, LOCK_THREAD);
    return is_live ? STATUS_OK : STATUS_STALE;
}

/* ---- Ending and joining ---- */

/* `t` has ended and `op` is its joiner: the record is free for the next thread, the joiner knows.
 * Under LOCK_THREAD of `t`.  Returns whom to wake. */
static struct thread_ref reap(struct uthread *t, struct op *op)
{
    uint64_t exit_status = (uint64_t)t->exit_status;

    t->joiner = NULL;
    t->state = UTHREAD_UNUSED;
    process_give_record(t->process, t);
    if (!op_claim(op))
        UNREACHABLE(); /* a join has no deadline, and its cancelling takes this lock */
    return op_complete(op, STATUS_OK, exit_status);
}

enum status uthread_join(struct uthread *t, struct op *op, uint64_t index, uint64_t gen)
{
    struct uthread *target;
    enum status status = STATUS_OK;

    if (index == t->index && gen == t->gen)
        return STATUS_WOULD_DEADLOCK;
    target = find(t->process, index, gen);
    if (target == NULL)
        return STATUS_STALE;
    op->key = index;
    if (target->joiner != NULL)
        status = STATUS_BUSY;
    else if (target->state == UTHREAD_ENDED)
        (void)reap(target, op); /* whom to wake is the caller, who is awake */
    else
        target->joiner = op;
    lock_give(&target->lock, LOCK_THREAD);
    return status;
}

void uthread_join_cancel(struct uthread *t, struct op *op)
{
    struct uthread *target = &t->process->threads[op->key];

    lock_take(&target->lock, LOCK_THREAD);
    if (target->joiner == op)
        target->joiner = NULL;
    lock_give(&target->lock, LOCK_THREAD);
}

void uthread_exit(struct uthread *t, int64_t status)
{
    struct process *process = t->process;
    struct thread_ref joiner = THREAD_REF_NONE;

    op_cancel_all(t);
    ASSERT(!timer_is_linked(&t->enter.timer));
    set_slot(t->ref.slot, NULL); /* before the core may give the slot to somebody else */
    glue_exit();
    if (process_thread_ended(process, t, status))
        arch_power_off(process->first_status != 0);

    lock_take(&t->lock, LOCK_THREAD);
    t->exit_status = status;
    t->state = UTHREAD_ENDED;
    if (t->joiner != NULL)
        joiner = reap(t, t->joiner);
    lock_give(&t->lock, LOCK_THREAD);
    glue_wake(joiner, WAKE_JOIN); /* `t` may be another thread by now */
    glue_leave();
}
