/* SPDX-License-Identifier: MIT */
/* process_end.c - a process's end, in bounded steps: authority, threads, what it shared, memory. */
#include "kernel/cpuset.h"
#include "kernel/endpoint.h"
#include "kernel/grant.h"
#include "kernel/irq.h"
#include "kernel/mapping.h"
#include "kernel/memobj.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"
#include "kernel/uthread.h"

/* ---- Beginning to end ---- */

/* LIVE to ENDING.  Under LOCK_FAMILY.  Returns: by this call. */
static bool begin_end(struct process *p, const struct cap_process_info *why)
{
    bool is_first;

    lock_take(&p->lock, LOCK_PROCESS);
    is_first = process_state(p) == PROCESS_LIVE;
    if (is_first) {
        p->info = *why;
        if (!session_is_live(p->session)) /* that came first */
            p->info = (struct cap_process_info){.end = PROCESS_LOGGED_OUT};
        port_store32(&p->state, PROCESS_ENDING);
    }
    lock_give(&p->lock, LOCK_PROCESS);
    return is_first;
}

/* The record is not given back under LOCK_FAMILY: it ends and is queued, or it is another's. */
static void end_for(struct pool_ref ref, const struct cap_process_info *why)
{
    struct process *p = process_at(ref.index);
    struct thread_ref reaper = THREAD_REF_NONE;
    bool is_first;

    family_lock();
    is_first = pool_is_live(&process_pool, ref) && begin_end(p, why);
    if (is_first && p->parent != NULL)
        reaper = reaper_queue_locked(p, &p->item);
    family_unlock();
    if (!is_first)
        return;
    if (thread_ref_is_none(reaper)) /* the first: the machine has nothing left to do */
        arch_power_off(why->end != PROCESS_EXITED || why->exit_status != 0);
    cpu_this()->process_end_count++;
    glue_wake(reaper, WAKE_PROCESS);
}

void process_end(struct process *p, enum process_end end, int64_t exit_status)
{
    end_for(process_ref(p),
            &(struct cap_process_info){.end = (uint32_t)end, .exit_status = exit_status});
}

void process_kill(struct pool_ref ref)
{
    end_for(ref, &(struct cap_process_info){.end = PROCESS_KILLED});
}

void process_end_by_fault(struct process *p, const struct arch_fault *fault, uint32_t thread,
                          uint64_t pc)
{
    end_for(process_ref(p), &(struct cap_process_info){
                                .end = PROCESS_FAULTED,
                                .fault_thread = thread,
                                .fault_vector = fault->vector,
                                .fault_address = fault->address,
                                .fault_pc = pc,
                            });
}

/* ---- Waiting for the end ---- */

/* `op` of a waiter is over.  Under LOCK_PROCESS.  Returns whom to wake. */
static struct thread_ref answer(struct process *p, struct op *op)
{
    if (!op_claim(op))
        return THREAD_REF_NONE; /* its thread takes it back at this moment */
    return op_complete(op, (int64_t)p->info.end, (uint64_t)p->info.exit_status);
}

enum status process_wait(struct process *p, struct op *op, const struct cap_ref *cap)
{
    enum status status = STATUS_OK;

    lock_take(&p->lock, LOCK_PROCESS);
    op->key = cap->object;
    op->grant = (struct pool_ref){cap->grant, cap->grant_gen};
    /* Under the lock: who ends the grant from now on finds this waiter (process_drop_waiters). */
    if (!cap_is_live(cap)) {
        status = STATUS_STALE;
    } else if (process_state(p) == PROCESS_GONE) {
        (void)answer(p, op); /* whom to wake is the caller, who is awake */
    } else if (p->waiter_count == PROCESS_WAITERS_MAX) {
        status = STATUS_NO_SLOT;
    } else {
        p->waiter_count++;
        list_insert_before(&p->waiters, &op->parked);
        op->is_waiter = true;
    }
    lock_give(&p->lock, LOCK_PROCESS);
    return status;
}

/* Under LOCK_PROCESS. */
static void unlink_waiter(struct process *p, struct op *op)
{
    p->waiter_count--;
    list_remove(&op->parked);
    op->is_waiter = false;
}

void process_wait_cancel(struct op *op)
{
    struct process *p = process_at((uint32_t)op->key);

    lock_take(&p->lock, LOCK_PROCESS);
    if (op->is_waiter)
        unlink_waiter(p, op);
    lock_give(&p->lock, LOCK_PROCESS);
}

/* Answer up to WAITERS_PER_STEP of at most PROCESS_WAITERS_MAX waiters; with `dead_only` those
 * whose grant is dead, with STALE.  Returns: none is left; with `dead_only`, none was found. */
static bool answer_some(struct process *p, bool dead_only)
{
    struct thread_ref woken[WAITERS_PER_STEP];
    uint32_t count = 0;
    bool is_done;

    lock_take(&p->lock, LOCK_PROCESS);
    for (struct list *at = p->waiters.next; at != &p->waiters && count < WAITERS_PER_STEP;) {
        struct op *op = LIST_ENTRY(at, struct op, parked);

        at = at->next;
        if (dead_only && grant_is_live(op->grant))
            continue;
        unlink_waiter(p, op);
        if (!dead_only)
            woken[count++] = answer(p, op);
        else if (op_claim(op))
            woken[count++] = op_complete(op, STATUS_STALE, 0);
    }
    is_done = dead_only ? count == 0 : count < WAITERS_PER_STEP;
    lock_give(&p->lock, LOCK_PROCESS);
    for (uint32_t i = 0; i < count; i++)
        glue_wake(woken[i], WAKE_PROCESS);
    return is_done;
}

bool process_drop_waiters(uint32_t index)
{
    struct process *p = process_at(index);

    return port_load32(&p->state) == PROCESS_FREE || answer_some(p, true);
}

/* ---- Steps ---- */

static void next_phase(struct process *p)
{
    p->phase++;
    p->cursor = 0;
}

/* Some of them; one whose queue is locked is looked at again. */
static enum work_turn kill_threads(struct process *p)
{
    uint32_t count = __atomic_load_n(&p->seats.fresh_index, __ATOMIC_RELAXED); /* no more will be */
    struct thread_ref ref;

    for (uint32_t i = 0; i < SEATS_PER_STEP && p->cursor < count; i++, p->cursor++)
        if (uthread_ref_at(seat_of(p, p->cursor), &ref) && !glue_kill(ref))
            return WORK_AGAIN;
    if (p->cursor == count)
        next_phase(p);
    return WORK_MORE;
}

/* One child that is LIVE has to end, too; those that are GONE are forgotten.  Under LOCK_FAMILY.
 * Returns the child, or NULL; *is_alone: there is none at all. */
static struct process *next_child(struct process *p, bool *is_alone)
{
    for (struct list *at = p->children.next; at != &p->children;) { /* at most PROCESSES_MAX */
        struct process *child = LIST_ENTRY(at, struct process, sibling);

        at = at->next;
        if (process_state(child) == PROCESS_LIVE)
            return child;
    }
    *is_alone = list_is_empty(&p->children);
    return NULL;
}

/* A child whose handle nobody can release any more, or NULL.  Under LOCK_FAMILY. */
static struct process *gone_child(struct process *p)
{
    if (port_load32(&p->live_count) != 0)
        return NULL;
    for (struct list *at = p->children.next; at != &p->children; at = at->next)
        if (LIST_ENTRY(at, struct process, sibling)->is_told) /* at most PROCESSES_MAX */
            return LIST_ENTRY(at, struct process, sibling);
    return NULL;
}

/*
 * Nobody of it runs any more, no child exists, the reaper has gone.  All is looked at in one hold
 * of the lock in which it is parked: whoever changes something afterwards queues it again.
 */
static enum work_turn gather(struct process *p, bool *is_parked)
{
    struct thread_ref reaper = THREAD_REF_NONE;
    struct pool_ref child_ref = {0, 0};
    struct process *child, *gone;
    bool is_alone = false;
    bool is_over;

    family_lock();
    gone = gone_child(p);
    if (gone != NULL) {
        family_unlock(); /* nobody else can release it: no thread of `p` lives */
        process_release(p, process_ref(gone), gone->handle_slot);
        return WORK_MORE;
    }
    child = next_child(p, &is_alone);
    if (child != NULL)
        child_ref = process_ref(child);
    is_over = session_end_all(p) && child == NULL && is_alone;
    is_over &= port_load32(&p->live_count) == 0;
    if (is_over && p->reaper != NULL && !p->is_reaper_ending) {
        reaper = p->reaper->ref;
        p->is_reaper_ending = true;
    }
    is_over &= p->reaper == NULL;
    if (!is_over && child == NULL && thread_ref_is_none(reaper)) {
        *is_parked = true; /* the last thread, child, session or the reaper queues it again */
        reaper_unqueue_locked(p, &p->item);
    }
    family_unlock();
    if (child != NULL)
        process_kill(child_ref);
    if (!thread_ref_is_none(reaper))
        (void)glue_kill(reaper); /* it waits, or is about to */
    if (is_over)
        next_phase(p);
    return WORK_MORE;
}

static enum work_turn end_objects(struct process *p, struct thread_ref worker)
{
    struct work *w = &p->work;
    enum work_turn turn = irq_end_some(p);

    if (turn != WORK_DONE)
        return turn;
    if (w->kind == WORK_NONE) {
        uint32_t memory = memobj_first_of(p);

        if (memory != POOL_NONE) {
            work_init(w, WORK_DESTROY, p, worker);
            w->object = memory;
        }
    }
    if (w->kind == WORK_NONE) {
        uint32_t endpoint = endpoint_first_of(p);

        if (endpoint != POOL_NONE) {
            work_init(w, WORK_END_ENDPOINT, p, worker);
            w->object = endpoint;
        }
    }
    if (w->kind != WORK_NONE) {
        turn = work_step(w);
        if (turn == WORK_DONE)
            w->kind = WORK_NONE;
        return turn == WORK_DONE ? WORK_MORE : turn;
    }
    turn = mapping_forget_some(p);
    if (turn != WORK_DONE)
        return turn;
    if (!cpuset_end_some(p))
        return WORK_MORE;
    p->had_grants |= !list_is_empty(&p->grants);
    if (grant_end_some(p))
        next_phase(p);
    return WORK_MORE;
}

static enum work_turn end_revoked(struct process *p, struct thread_ref worker)
{
    struct work *w = &p->work;
    enum work_turn turn;

    if (!p->had_grants) {
        next_phase(p);
        return WORK_MORE;
    }
    if (w->kind == WORK_NONE)
        work_init(w, WORK_REVOKE, p, worker);
    turn = work_step(w);
    if (turn != WORK_DONE)
        return turn;
    w->kind = WORK_NONE;
    next_phase(p);
    return WORK_MORE;
}

/* CPUs that went idle with its tables, or run a reaper's steps with them, let go. */
static enum work_turn let_go(struct process *p, struct thread_ref worker)
{
    struct quiesce *q = &p->work.unmapping.quiesce;

    if (cpu_this()->space == &p->space)
        vspace_refresh();
    if (p->cursor == 0) {
        p->cursor = 1;
        if (!quiesce_begin(q, port_load64(&p->space.cpus), worker))
            return WORK_WAIT;
    }
    if (!quiesce_is_over(q))
        return WORK_WAIT;
    next_phase(p);
    return WORK_MORE;
}

/* What it has used is its session's and its service's, in the instant in which it is no member of
 * them any more. */
static void leave_tallies(struct process *p)
{
    struct seat_use use = seats_sum(p); /* which do not change any more */
    struct cap_total_stat used = {.gone_count = 1};

    family_lock();
    process_leave(p, &use.used, use.ended_count);
    tally_add_rest(&used.threads, p);
    session_leave(p, &used);
    family_unlock();
}

static void give_back(struct process *p)
{
    leave_tallies(p);

    seats_fini(p);
    cap_table_fini(&p->caps);
    ASSERT(ledger_is_clear(&p->ledger)); /* PR1 */
    ledger_undelegate(&p->parent->ledger, &p->ledger);
}

/* The record is its parent's concern no more.  Under LOCK_FAMILY. */
static void pay_back(struct process *p)
{
    if (!p->is_paid)
        ledger_release(&p->parent->ledger, LEDGER_OBJECTS, 1);
    p->is_paid = true;
}

/* Under LOCK_FAMILY: nothing links it. */
static void free_record(struct process *p)
{
    uint32_t index = pool_index(&process_pool, p);

    pay_back(p);
    port_store32(&p->state, PROCESS_FREE);
    (void)pool_stale(&process_pool, index);
    pool_give(&process_pool, index);
}

/* It is GONE for everybody; a parent that ends, too, waited for it. */
static enum work_turn finish(struct process *p)
{
    struct process *parent = p->parent;
    struct thread_ref reaper = THREAD_REF_NONE, logger;
    bool is_released;

    if (process_state(p) != PROCESS_GONE) {
        if (p->phase == PHASE_STORAGE)
            give_back(p);
        p->phase = PHASE_TELL;
        lock_take(&p->lock, LOCK_PROCESS);
        if (!list_is_empty(&p->waiters))
            cpu_this()->waited_count++;
        port_store32(&p->state, PROCESS_GONE);
        lock_give(&p->lock, LOCK_PROCESS);
    }
    if (!answer_some(p, false))
        return WORK_MORE;
    family_lock();
    is_released = p->is_released;
    p->is_told = true;
    logger = session_forget(p);
    reaper_unqueue_locked(p, &p->item);
    if (is_released)
        list_remove(&p->sibling);
    if (process_state(parent) == PROCESS_ENDING)
        reaper = reaper_queue_locked(parent, &parent->item);
    if (is_released)
        free_record(p);
    family_unlock();
    glue_wake(logger, WAKE_PROCESS);
    glue_wake(reaper, WAKE_PROCESS);
    return WORK_DONE;
}

void process_release(struct process *parent, struct pool_ref ref, uint32_t slot)
{
    struct process *p = process_at(ref.index);

    family_lock();
    if (pool_is_live(&process_pool, ref) && p->parent == parent && p->handle_slot == slot &&
        !p->is_released) {
        p->is_released = true;
        if (p->is_told) {
            list_remove(&p->sibling);
            free_record(p);
        } else if (process_state(p) == PROCESS_GONE) {
            pay_back(p); /* who was answered first need not wait until all are */
        }
    }
    family_unlock();
}

enum work_turn process_end_step(struct process *p, struct thread_ref worker, bool *is_parked)
{
    switch (p->phase) {
    case PHASE_THREADS:
        return kill_threads(p);
    case PHASE_GATHER:
        return gather(p, is_parked);
    case PHASE_OBJECTS:
        return end_objects(p, worker);
    case PHASE_REVOKED:
        return end_revoked(p, worker);
    case PHASE_LET_GO:
        return let_go(p, worker);
    case PHASE_SPACE:
        if (vspace_fini_some(&p->space, &p->cursor))
            next_phase(p);
        return WORK_MORE;
    case PHASE_STORAGE:
    case PHASE_TELL:
        return finish(p);
    }
    UNREACHABLE();
}

void process_redirect(struct process *p, struct thread_ref worker)
{
    p->work.worker = worker;
    quiesce_redirect(&p->work.unmapping.quiesce, worker);
}
