/* SPDX-License-Identifier: MIT */
/* cap_device.c - the methods of IRQS, IRQ and PORTS (abi/device.h). */
#include "abi/device.h"
#include "kernel/cap.h"
#include "kernel/irq.h"
#include "kernel/op.h"
#include "kernel/ports.h"
#include "kernel/process.h"
#include "kernel/uthread.h"

/* ---- IRQS ---- */

static int64_t bind(const struct cap_call *call)
{
    struct process *process = call->thread->process;
    struct cap_ref ref = {
        .kind = CAP_KIND_IRQ, .grant = call->ref.grant, .grant_gen = call->ref.grant_gen};
    struct irq_request request = {
        .line = call->args[0],
        .cpu = call->args[1],
        .irq_class = call->args[2],
        .grant = {call->ref.grant, call->ref.grant_gen},
    };
    struct pool_ref irq;
    enum status status = cap_reserve(&process->caps, &request.slot);

    if (status != STATUS_OK)
        return status;
    status = irq_bind(process, &request, &irq);
    if (status != STATUS_OK) {
        cap_cancel(&process->caps, request.slot);
        return status;
    }
    ref.object = irq.index;
    ref.object_gen = irq.gen;
    return cap_commit(&process->caps, request.slot, &ref);
}

int64_t irqs_methods(struct cap_call *call)
{
    return call->method == IRQS_BIND ? bind(call) : STATUS_BAD_CAP;
}

/* ---- IRQ ---- */

static int64_t wait(struct cap_call *call)
{
    struct uthread *t = call->thread;
    struct op *op = op_take(t, OP_IRQ, call->user_data);
    enum status status;

    if (op == NULL)
        return STATUS_NO_SLOT;
    status = irq_wait(op, &call->ref);
    if (status != STATUS_OK) {
        op_drop(t, op);
        return status;
    }
    t->wait_source = WAKE_IRQ;
    call->is_waiting = true;
    return STATUS_OK;
}

static int64_t show(const struct cap_call *call)
{
    struct cap_irq_stat stat;
    enum status status = irq_read(&call->ref, &stat);

    if (status != STATUS_OK)
        return status;
    return vspace_copy_out(&call->thread->process->space, call->args[0], &stat, sizeof(stat));
}

int64_t irq_methods(struct cap_call *call)
{
    switch (call->method) {
    case IRQ_WAIT:
        return wait(call);
    case IRQ_ACK:
        return irq_acknowledge(&call->ref);
    case IRQ_STAT:
        return show(call);
    default:
        return STATUS_BAD_CAP;
    }
}

/* ---- PORTS ---- */

static int64_t narrow(const struct cap_call *call)
{
    struct cap_ref ref = call->ref;
    enum status status =
        ports_narrow(call->ref.object, call->args[0], call->args[1], &ref.object);

    return status == STATUS_OK ? cap_give(call, &ref) : (int64_t)status;
}

int64_t ports_methods(struct cap_call *call)
{
    enum status status;
    uint32_t port;

    if (call->method == PORTS_NARROW)
        return narrow(call);
    if (call->method != PORTS_READ8 && call->method != PORTS_WRITE8)
        return STATUS_BAD_CAP;
    status = ports_find(call->ref.object, call->args[0], &port);
    if (status != STATUS_OK)
        return status;
    if (call->method == PORTS_READ8) {
        call->value = arch_port_read8(port);
        return STATUS_OK;
    }
    if (call->args[1] > UINT8_MAX)
        return STATUS_BAD_ARGUMENT;
    arch_port_write8(port, (uint8_t)call->args[1]);
    return STATUS_OK;
}
