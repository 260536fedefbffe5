/* SPDX-License-Identifier: MIT */
#include "kernel/walk.h"

#include "kernel/limits.h"
#include "kernel/process.h"
#include "kernel/uthread.h"

static int64_t begin(struct cap_call *call, enum work_kind kind, struct pool_ref target)
{
    struct uthread *t = call->thread;
    struct op *op = op_take(t, OP_WORK, call->user_data);

    if (op == NULL)
        return STATUS_NO_SLOT;
    enum status status = process_hold(target);

    if (status != STATUS_OK) {
        op_drop(t, op);
        return status;
    }
    work_init(&t->work, kind, t->process, t->ref);
    t->work.object = target.index;
    uthread_begin_work(t, op);
    call->is_waiting = true;
    return STATUS_OK;
}

/* The seat the walk has come to, or NULL behind the last. */
static struct seat *next_seat(struct work *w, struct process *target)
{
    uint32_t count = __atomic_load_n(&target->seats.fresh_index, __ATOMIC_RELAXED);

    return w->cursor < count ? seat_of(target, w->cursor++) : NULL;
}

static enum work_turn end(struct work *w, struct process *target, int64_t status)
{
    process_thread_gone(target);
    w->status = status;
    return WORK_DONE;
}

/* ---- Policy ---- */

int64_t walk_begin_policy(struct cap_call *call, struct pool_ref target,
                          const struct process_policy *policy)
{
    int64_t status = begin(call, WORK_POLICY, target);

    if (status == STATUS_BUSY)
        return STATUS_STALE; /* it has no thread any more */
    if (status == STATUS_OK)
        process_set_policy(process_at(target.index), policy);
    return status;
}

enum work_turn walk_policy_step(struct work *w)
{
    struct process *target = process_at(w->object);
    struct process_policy policy = process_policy(target);

    for (uint32_t i = 0; i < SEATS_PER_STEP; i++) {
        struct seat *seat = next_seat(w, target);

        if (seat == NULL)
            return end(w, target, STATUS_OK);
        uthread_apply(seat, &policy);
    }
    return WORK_MORE;
}

void walk_catch_up(struct process *process, uint32_t index, uint32_t epoch)
{
    struct process_policy policy = process_policy(process);

    if (policy.epoch != epoch)
        uthread_apply(seat_of(process, index), &policy);
}

/* ---- What they have used ---- */

/* What is counted of the process itself: its reapers, and all threads once it is GONE. */
static void count_process(struct cap_process_stat *stat, struct process *target)
{
    family_lock();
    tally_add_rest(stat, target);
    family_unlock();
}

static enum status copy_out(const struct process *process, uint64_t to,
                            const struct cap_process_stat *stat)
{
    return vspace_copy_out(&process->space, to, stat, sizeof(*stat));
}

int64_t walk_begin_stat(struct cap_call *call, struct pool_ref target)
{
    struct process *process = process_at(target.index);
    struct cap_process_stat stat = {0};
    int64_t status = begin(call, WORK_STAT, target);

    if (status == STATUS_OK)
        call->thread->work.to = call->args[0];
    if (status != STATUS_BUSY || process_state(process) != PROCESS_GONE)
        return status;
    count_process(&stat, process);
    if (!pool_is_live(&process_pool, target))
        return STATUS_STALE;
    return copy_out(call->thread->process, call->args[0], &stat);
}

enum work_turn walk_stat_step(struct work *w)
{
    struct process *target = process_at(w->object);

    for (uint32_t i = 0; i < SEATS_PER_STEP; i++) {
        struct seat *seat = next_seat(w, target);

        if (seat == NULL) {
            count_process(&w->stat, target);
            return end(w, target, copy_out(w->process, w->to, &w->stat));
        }
        tally_add_seat(&w->stat, seat);
    }
    return WORK_MORE;
}
