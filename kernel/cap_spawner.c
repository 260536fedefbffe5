/* SPDX-License-Identifier: MIT */
/* cap_spawner.c - the methods of SPAWNER and PROCESS (abi/cap.h): making and ending processes. */
#include "kernel/cap.h"
#include "kernel/fault.h"
#include "kernel/process.h"
#include "kernel/uthread.h"
#include "kernel/walk.h"
#include "kernel/why.h"

/* Is another weight or class asked for than every first thread has? */
static bool needs_policy(const struct cap_process_params *params)
{
    return (params->weight != 0 && params->weight != WEIGHT_UNIT) ||
           params->latency_class != LATENCY_NORMAL;
}

/* May the caller make such a process?  *session: the one it will be in. */
static enum status allow(const struct process *process, const struct cap_process_params *params,
                         struct pool_ref *session)
{
    struct cap_ref ref;
    enum status status;

    *session = (struct pool_ref){POOL_NONE, 0};
    if ((needs_policy(params) && !cap_is_held(process, CAP_POLICY, CAP_KIND_POLICY)) ||
        (params->service != 0 && !cap_is_held(process, CAP_SESSIONS, CAP_KIND_SESSIONS)))
        return STATUS_BAD_CAP;
    if (params->session == CAP_NONE)
        return STATUS_OK;
    status = cap_lookup_kind(process, params->session, CAP_KIND_SESSION, &ref);
    if (status == STATUS_OK)
        *session = (struct pool_ref){ref.object, ref.object_gen};
    return status;
}

static int64_t spawn(struct cap_call *call)
{
    struct uthread *t = call->thread;
    struct process *process = t->process;
    struct cap_process_params params;
    struct pool_ref session;
    struct process *child;
    struct op *op;
    uint32_t slot;
    enum status status = vspace_copy_in(&process->space, &params, call->args[0], sizeof(params));

    if (status == STATUS_OK)
        status = allow(process, &params, &session);
    if (status != STATUS_OK)
        return status;
    op = op_take(t, OP_WORK, call->user_data);
    if (op == NULL)
        return STATUS_NO_SLOT;
    status = cap_reserve(&process->caps, &slot);
    if (status == STATUS_OK) {
        status = process_begin(process, &params, session, &child);
        if (status != STATUS_OK)
            cap_cancel(&process->caps, slot);
    }
    if (status != STATUS_OK) {
        op_drop(t, op);
        return status;
    }
    work_init(&t->work, WORK_SPAWN, process, t->ref);
    t->work.object = pool_index(&process_pool, child);
    t->work.slot = slot;
    uthread_begin_work(t, op);
    call->is_waiting = true;
    return STATUS_OK;
}

int64_t spawner_methods(struct cap_call *call)
{
    return call->method == SPAWNER_SPAWN ? spawn(call) : STATUS_BAD_CAP;
}

static int64_t wait(struct cap_call *call)
{
    struct uthread *t = call->thread;
    struct process *process = process_at(call->ref.object);
    struct op *op;
    enum status status;

    if (process == t->process)
        return STATUS_WOULD_DEADLOCK;
    op = op_take(t, OP_WAIT, call->user_data);
    if (op == NULL)
        return STATUS_NO_SLOT;
    status = process_wait(process, op, &call->ref);
    if (status != STATUS_OK) {
        op_drop(t, op);
        return status;
    }
    t->wait_source = WAKE_PROCESS;
    call->is_waiting = true;
    return STATUS_OK;
}

static int64_t info(struct cap_call *call)
{
    struct cap_process_info info;

    enum status status =
        process_read_info((struct pool_ref){call->ref.object, call->ref.object_gen}, &info);

    if (status != STATUS_OK)
        return status;
    return vspace_copy_out(&call->thread->process->space, call->args[0], &info, sizeof(info));
}

/* Of a thread of another process, or of one's own. */
static int64_t why(const struct cap_call *call)
{
    struct pool_ref target = {call->ref.object, call->ref.object_gen};
    struct process *process = process_at(target.index);
    struct cap_thread_why why;
    enum status status = process_hold_living(target);

    if (status != STATUS_OK)
        return status;
    status = why_of_thread(process, call->args[0], call->args[1], &why);
    process_thread_gone(process);
    if (status != STATUS_OK)
        return status;
    return vspace_copy_out(&call->thread->process->space, call->args[2], &why, sizeof(why));
}

/* Of a thread of another process, or of one's own: an endpoint that the caller holds. */
static int64_t set_fault(const struct cap_call *call)
{
    struct pool_ref target = {call->ref.object, call->ref.object_gen};
    struct process *process = process_at(target.index);
    struct fault_handler handler;
    enum status status =
        fault_decode(call->thread->process, call->args[2], call->args[3], &handler);

    if (status == STATUS_OK)
        status = process_hold_living(target);
    if (status != STATUS_OK)
        return status;
    status = fault_set(process, call->args[0], call->args[1], &handler);
    process_thread_gone(process);
    return status;
}

int64_t process_methods(struct cap_call *call)
{
    switch (call->method) {
    case PROCESS_WAIT:
        return wait(call);
    case PROCESS_KILL:
        if (call->args[0] != 0)
            return STATUS_BAD_ARGUMENT;
        process_kill((struct pool_ref){call->ref.object, call->ref.object_gen});
        return STATUS_OK;
    case PROCESS_INFO:
        return info(call);
    case PROCESS_STAT:
        return walk_begin_stat(call, (struct pool_ref){call->ref.object, call->ref.object_gen});
    case PROCESS_WHY:
        return why(call);
    case PROCESS_SET_FAULT:
        return set_fault(call);
    default:
        return STATUS_BAD_CAP;
    }
}
