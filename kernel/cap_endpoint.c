/* SPDX-License-Identifier: MIT */
/* cap_endpoint.c - the methods of ENDPOINT, and calls to CLIENT (abi/cap.h). */
#include "kernel/call.h"
#include "kernel/endpoint.h"
#include "kernel/process.h"
#include "kernel/uthread.h"

static int64_t mint(const struct cap_call *call)
{
    struct cap_ref ref = call->ref;

    if (call->args[0] > UINT32_MAX)
        return STATUS_BAD_ARGUMENT;
    ref.kind = CAP_KIND_CLIENT;
    ref.badge = (uint32_t)call->args[0];
    return cap_give(call, &ref);
}

static int64_t destroy(struct cap_call *call)
{
    struct uthread *t = call->thread;
    struct op *op;

    if (endpoint_at(call->ref.object)->owner != t->process)
        return STATUS_BAD_CAP;
    op = op_take(t, OP_WORK, call->user_data);
    if (op == NULL)
        return STATUS_NO_SLOT;
    if (!pool_stale_ref(&endpoint_pool,
                        (struct pool_ref){call->ref.object, call->ref.object_gen})) {
        op_drop(t, op); /* another thread was faster */
        return STATUS_STALE;
    }
    work_init(&t->work, WORK_END_ENDPOINT, t->process, t->ref);
    t->work.object = call->ref.object;
    uthread_begin_work(t, op);
    call->is_waiting = true;
    return STATUS_OK;
}

static int64_t stat(const struct cap_call *call)
{
    struct endpoint *e = endpoint_at(call->ref.object);
    struct cap_endpoint_stat stat;

    lock_take(&e->lock, LOCK_ENDPOINT);
    stat = e->stat;
    lock_give(&e->lock, LOCK_ENDPOINT);
    return vspace_copy_out(&call->thread->process->space, call->args[0], &stat, sizeof(stat));
}

int64_t endpoint_methods(struct cap_call *call)
{
    switch (call->method) {
    case ENDPOINT_MINT:
        return mint(call);
    case ENDPOINT_DESTROY:
        return destroy(call);
    case ENDPOINT_STAT:
        return stat(call);
    default:
        return STATUS_BAD_CAP;
    }
}

int64_t client_methods(struct cap_call *call)
{
    return call_send(call, OP_CALL);
}
