/* SPDX-License-Identifier: MIT */
/* cap_session.c - the methods of SESSIONS and SESSION (abi/cap.h). */
#include "kernel/cap.h"
#include "kernel/grant.h"
#include "kernel/process.h"
#include "kernel/session.h"
#include "kernel/uthread.h"

static int64_t create(struct cap_call *call)
{
    struct process *process = call->thread->process;
    struct cap_ref ref = {.kind = CAP_KIND_SESSION, .grant = GRANT_ROOT};
    uint32_t slot;
    enum status status = cap_reserve(&process->caps, &slot);

    if (status != STATUS_OK)
        return status;
    status = session_create(process, slot, &ref.object);
    if (status != STATUS_OK) {
        cap_cancel(&process->caps, slot);
        return status;
    }
    ref.object_gen = pool_gen(&session_pool, ref.object);
    return cap_commit(&process->caps, slot, &ref);
}

/* The caller has the work of reading a sum, which `status` says. */
static int64_t begin(struct cap_call *call, struct op *op, enum status status)
{
    struct uthread *t = call->thread;

    if (status != STATUS_OK) {
        t->work.kind = WORK_NONE;
        op_drop(t, op);
        return status;
    }
    uthread_begin_work(t, op);
    call->is_waiting = true;
    return STATUS_OK;
}

static int64_t read_session(struct cap_call *call, struct pool_ref ref)
{
    struct uthread *t = call->thread;
    struct op *op = op_take(t, OP_WORK, call->user_data);

    if (op == NULL)
        return STATUS_NO_SLOT;
    work_init(&t->work, WORK_TALLY, t->process, t->ref);
    return begin(call, op, session_begin_stat(&t->work, ref, call->args[0]));
}

static int64_t read_service(struct cap_call *call)
{
    struct uthread *t = call->thread;
    struct op *op;

    if (call->args[0] > CAP_SERVICES_MAX)
        return STATUS_BAD_ARGUMENT;
    op = op_take(t, OP_WORK, call->user_data);
    if (op == NULL)
        return STATUS_NO_SLOT;
    work_init(&t->work, WORK_TALLY, t->process, t->ref);
    service_begin_stat(&t->work, (uint32_t)call->args[0], call->args[1]);
    return begin(call, op, STATUS_OK);
}

int64_t sessions_methods(struct cap_call *call)
{
    switch (call->method) {
    case SESSIONS_CREATE:
        return create(call);
    case SESSIONS_STAT:
        return read_session(call, (struct pool_ref){SESSION_OF_CALLER, 0});
    case SESSIONS_SERVICE_STAT:
        return read_service(call);
    default:
        return STATUS_BAD_CAP;
    }
}

static int64_t log_out(struct cap_call *call, struct pool_ref ref)
{
    struct uthread *t = call->thread;
    struct op *op;
    enum status status;

    if (call->args[0] != 0)
        return STATUS_BAD_ARGUMENT;
    op = op_take(t, OP_LOGOUT, call->user_data);
    if (op == NULL)
        return STATUS_NO_SLOT;
    status = session_logout(ref, op);
    if (status != STATUS_OK) {
        op_drop(t, op);
        return status;
    }
    t->wait_source = WAKE_PROCESS;
    call->is_waiting = true;
    return STATUS_OK;
}

int64_t session_methods(struct cap_call *call)
{
    struct pool_ref ref = {call->ref.object, call->ref.object_gen};

    switch (call->method) {
    case SESSION_LOGOUT:
        return log_out(call, ref);
    case SESSION_STAT:
        return read_session(call, ref);
    default:
        return STATUS_BAD_CAP;
    }
}
