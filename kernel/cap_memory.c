/* SPDX-License-Identifier: MIT */
/* cap_memory.c - the methods of LEDGER, MEMORY and VIEW (abi/cap.h). */
#include "kernel/cap.h"
#include "kernel/endpoint.h"
#include "kernel/grant.h"
#include "kernel/mapping.h"
#include "kernel/memobj.h"
#include "kernel/process.h"
#include "kernel/uthread.h"

/* ---- LEDGER ---- */

static int64_t read_ledger(struct cap_call *call)
{
    const struct process *process = call->thread->process;
    struct ledger_account account;

    ledger_read(&process->ledger, &account);
    return vspace_copy_out(&process->space, call->args[0], &account, sizeof(account));
}

static int64_t create_endpoint(const struct cap_call *call)
{
    struct process *process = call->thread->process;
    struct cap_ref ref = {.kind = CAP_KIND_ENDPOINT, .grant = GRANT_ROOT};
    uint32_t slot;
    enum status status;

    if (call->args[0] > ENDPOINT_PASSIVE)
        return STATUS_BAD_ARGUMENT;
    status = cap_reserve(&process->caps, &slot);
    if (status != STATUS_OK)
        return status;
    status = endpoint_create(process, (uint32_t)call->args[0], &ref.object);
    if (status != STATUS_OK) {
        cap_cancel(&process->caps, slot);
        return status;
    }
    ref.object_gen = pool_gen(&endpoint_pool, ref.object);
    return cap_commit(&process->caps, slot, &ref);
}

static int64_t create(struct cap_call *call)
{
    struct uthread *t = call->thread;
    struct process *process = t->process;
    struct op *op;
    uint32_t slot, memory;
    enum status status;

    if (call->args[0] == 0 || call->args[0] > MEMORY_BYTES_MAX)
        return STATUS_BAD_ARGUMENT;
    op = op_take(t, OP_WORK, call->user_data);
    if (op == NULL)
        return STATUS_NO_SLOT;
    status = cap_reserve(&process->caps, &slot);
    if (status == STATUS_OK) {
        status = memobj_begin(process, call->args[0], &memory);
        if (status != STATUS_OK)
            cap_cancel(&process->caps, slot);
    }
    if (status != STATUS_OK) {
        op_drop(t, op);
        return status;
    }
    work_init(&t->work, WORK_MEMORY_CREATE, process, t->ref);
    t->work.object = memory;
    t->work.slot = slot;
    uthread_begin_work(t, op);
    call->is_waiting = true;
    return STATUS_OK;
}

static int64_t destroy(struct cap_call *call)
{
    struct uthread *t = call->thread;
    const struct memobj *m;
    struct cap_ref ref;
    struct op *op;
    enum status status =
        call->args[0] > UINT32_MAX
            ? STATUS_BAD_ARGUMENT
            : cap_lookup_kind(t->process, (uint32_t)call->args[0], CAP_KIND_MEMORY, &ref);

    if (status != STATUS_OK)
        return status;
    m = pool_at(&memobj_pool, ref.object);
    if (m->owner != t->process)
        return STATUS_BAD_CAP;
    op = op_take(t, OP_WORK, call->user_data);
    if (op == NULL)
        return STATUS_NO_SLOT;
    if (!pool_stale_ref(&memobj_pool, (struct pool_ref){ref.object, ref.object_gen})) {
        /* another thread was faster */
        op_drop(t, op);
        return STATUS_STALE;
    }
    work_init(&t->work, WORK_DESTROY, t->process, t->ref);
    t->work.object = ref.object;
    uthread_begin_work(t, op);
    call->is_waiting = true;
    return STATUS_OK;
}

int64_t ledger_methods(struct cap_call *call)
{
    switch (call->method) {
    case LEDGER_READ:
        return read_ledger(call);
    case LEDGER_MEMORY_CREATE:
        return create(call);
    case LEDGER_MEMORY_DESTROY:
        return destroy(call);
    case LEDGER_ENDPOINT_CREATE:
        return create_endpoint(call);
    case LEDGER_FAIL_AFTER:
        if (call->args[0] > UINT32_MAX)
            return STATUS_BAD_ARGUMENT;
        port_store32(&call->thread->process->ledger.fail_after, (uint32_t)call->args[0]);
        return STATUS_OK;
    default:
        return STATUS_BAD_CAP;
    }
}

/* ---- MEMORY and VIEW ---- */

/* May an object of `bytes` be mapped at `virt`? */
static enum status check_place(uint64_t virt, uint64_t bytes)
{
    if (virt % ARCH_PAGE_BYTES != 0)
        return STATUS_BAD_ALIGNMENT;
    if (virt < MAP_BASE || bytes > ARCH_USER_END || virt > ARCH_USER_END - bytes)
        return STATUS_BAD_ADDRESS;
    return STATUS_OK;
}

/* Reserve what mapping it for `target` needs, as the work of `t`. */
static enum status begin_map(struct uthread *t, struct process *target, const struct cap_call *call,
                             uint64_t pages, uint32_t access)
{
    enum status status;

    work_init(&t->work, WORK_MAP, target, t->ref);
    status = mapping_begin(&t->work, &call->ref, call->args[0], pages, access);
    if (status != STATUS_OK)
        t->work.kind = WORK_NONE;
    return status;
}

/* The same for the process that the PROCESS handle args[2] names, which stays until it is done. */
static enum status begin_map_for(struct uthread *t, const struct cap_call *call, uint64_t pages,
                                 uint32_t access)
{
    struct cap_ref ref;
    enum status status =
        cap_lookup_kind(t->process, cap_handle_of(call->args[2]), CAP_KIND_PROCESS, &ref);

    if (status == STATUS_OK)
        status = process_hold_living((struct pool_ref){ref.object, ref.object_gen});
    if (status != STATUS_OK)
        return status;
    status = begin_map(t, process_at(ref.object), call, pages, access);
    t->work.is_held = status == STATUS_OK;
    if (status != STATUS_OK)
        process_thread_gone(process_at(ref.object));
    return status;
}

static int64_t map(struct cap_call *call)
{
    struct uthread *t = call->thread;
    const struct memobj *m = pool_at(&memobj_pool, call->ref.object);
    uint64_t pages = m->page_count; /* once: it may be another's by now, which is seen later */
    enum status status = check_place(call->args[0], pages * ARCH_PAGE_BYTES);
    uint32_t access = ARCH_READ;
    struct op *op;

    if (status != STATUS_OK)
        return status;
    if (call->args[1] > MEMORY_MAP_WRITE ||
        (call->args[1] == MEMORY_MAP_WRITE && call->ref.kind != CAP_KIND_MEMORY))
        return STATUS_BAD_ARGUMENT;
    if (call->args[1] == MEMORY_MAP_WRITE)
        access |= (uint32_t)ARCH_WRITE;
    op = op_take(t, OP_WORK, call->user_data);
    if (op == NULL)
        return STATUS_NO_SLOT;
    status = call->args[2] == CAP_NONE ? begin_map(t, t->process, call, pages, access)
                                       : begin_map_for(t, call, pages, access);
    if (status != STATUS_OK) {
        op_drop(t, op);
        return status;
    }
    uthread_begin_work(t, op);
    call->is_waiting = true;
    return STATUS_OK;
}

static int64_t unmap(struct cap_call *call)
{
    struct uthread *t = call->thread;
    struct op *op = op_take(t, OP_WORK, call->user_data);

    if (op == NULL)
        return STATUS_NO_SLOT;
    work_init(&t->work, WORK_UNMAP, t->process, t->ref);
    if (!mapping_claim_at(&t->work, call->ref.object, call->args[0])) {
        t->work.kind = WORK_NONE;
        op_drop(t, op);
        return STATUS_BAD_ADDRESS;
    }
    uthread_begin_work(t, op);
    call->is_waiting = true;
    return STATUS_OK;
}

static int64_t to_view(struct cap_call *call)
{
    struct cap_ref ref = call->ref;

    ref.kind = CAP_KIND_VIEW;
    return cap_give(call, &ref);
}

int64_t memory_methods(struct cap_call *call)
{
    switch (call->method) {
    case MEMORY_MAP:
        return map(call);
    case MEMORY_UNMAP:
        return unmap(call);
    case MEMORY_INFO:
        call->value = ((const struct memobj *)pool_at(&memobj_pool, call->ref.object))->bytes;
        return STATUS_OK;
    case MEMORY_TO_VIEW:
        return to_view(call);
    default:
        return STATUS_BAD_CAP;
    }
}
