/* SPDX-License-Identifier: MIT */
#include "kernel/direct.h"

#include "kernel/clock.h"
#include "kernel/endpoint.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"
#include "kernel/uthread.h"

/* Of the entry's first word (abi/syscall.h). */
static HOT uint16_t method_of(uint64_t word)
{
    return (uint16_t)(word >> 16);
}

/* Is it this endpoint that `cap` names?  Under its lock. */
static HOT bool is_live(const struct endpoint *e, const struct cap_ref *cap)
{
    return port_load32(&e->node.gen) == cap->object_gen && process_has_authority(e->owner);
}

/* A record of an entry in registers. */
static HOT struct op *take(struct uthread *t, enum op_kind kind, const struct cap_ref *cap)
{
    t->enter.is_entry = true;
    struct op *op = op_take(t, kind, 0);

    op->endpoint = cap->object;
    op->slot = CAP_NONE;
    op->grant = (struct pool_ref){cap->grant, cap->grant_gen};
    return op;
}

static HOT void waits(struct uthread *t)
{
    t->enter.is_active = true;
    t->wait_source = WAKE_ENDPOINT;
}

/* Its operation is over, and so is its system call. */
static HOT void is_through(struct uthread *t, struct op *op)
{
    port_store32(&op->state, OP_FREE); /* linked nowhere, no timer, no slot (OP1) */
    t->free_ops |= op->bit;
    t->enter.is_active = false;
    t->enter.is_entry = false;
}

/* Can what `op` waits for be passed in registers, its thread waiting for that alone? */
static HOT bool is_plain(const struct op *op, const struct uthread *t)
{
    return op->is_direct && op->about.flags == 0 && port_load32(&t->done) == 0;
}

/* ---- The other has a context of its own: it is woken ---- */

/* The words of `from`, an entry, go to `to`, whose operation is complete with them. */
static HOT struct thread_ref complete(const struct uthread *from, struct op *op, struct uthread *to,
                                      int64_t status)
{
    struct arch_entry entry;
    bool is_ours = op_claim(op);

    ASSERT(is_ours); /* whoever else would end it unlinks it first */
    arch_context_entry(&from->context, &entry);
    to->enter.words[0] = entry.args[1];
    to->enter.words[1] = entry.args[2];
    to->enter.words[2] = entry.args[3];
    return op_complete(op, status, entry.args[0]);
}

/* Wake the other, and wait. */
NORETURN static HOT void wake_and_wait(struct thread_ref other)
{
    struct mono now = clock_now();

    glue_wake_at(other, WAKE_ENDPOINT, now);
    glue_block_at(WAKE_ENDPOINT, now);
    glue_leave_now();
}

/* ---- Calls ---- */

static HOT int64_t received(uint64_t word, const struct cap_ref *cap)
{
    return (int64_t)((uint64_t)method_of(word) | (uint64_t)cap->badge << 16);
}

/* The call of `t` is served by `server`, not linked as a receiver any more. */
static HOT struct op *begin_call(struct endpoint *e, struct uthread *t, struct uthread *server,
                                 const struct cap_ref *cap)
{
    struct op *op = take(t, OP_CALL, cap);

    op->about = (struct op_message){.flags = 0};
    endpoint_serve(e, op, server);
    waits(t);
    return op;
}

/* The server cannot have the caller's context: nothing has been. */
static COLD void undo_call(struct endpoint *e, struct uthread *t, struct op *op,
                           struct op *receiver)
{
    endpoint_unlink_served(e, op);
    is_through(t, op);
    endpoint_link(e->receivers.next, receiver, PLACE_RECEIVING); /* the first again */
    e->stat.receivers++;
}

NOT_COLD NOINLINE void direct_call(struct uthread *t, uint64_t word, const struct cap_ref *cap)
{
    struct endpoint *e = endpoint_at(cap->object);
    struct thread_ref woken = THREAD_REF_NONE;

    if (t->free_ops == 0)
        return;
    lock_take(&e->lock, LOCK_ENDPOINT);
    struct op *receiver = LIST_ENTRY(e->receivers.next, struct op, parked);
    struct uthread *server = op_owner(receiver); /* which means nothing if there is none */
    bool lends = e->flags == ENDPOINT_PASSIVE;

    if (list_is_empty(&e->receivers) || !is_live(e, cap) || !is_plain(receiver, server) ||
        receiver->grant.index != POOL_NONE) { /* it might be dead */
        lock_give(&e->lock, LOCK_ENDPOINT);
        return;
    }
    endpoint_unlink_receiver(e, receiver);
    struct op *op = begin_call(e, t, server, cap);
    bool is_handed = lends ? glue_lend_now(server->ref) : glue_turn_over_now(server->ref);

    if (lends && !is_handed) {
        undo_call(e, t, op, receiver);
        lock_give(&e->lock, LOCK_ENDPOINT);
        return;
    }
    e->stat.received++;
    e->stat.lent += lends;
    if (is_handed) {
        is_through(server, receiver);
        arch_context_pass(&t->context, &server->context, received(word, cap));
    } else {
        woken = complete(t, receiver, server, received(word, cap));
    }
    lock_give(&e->lock, LOCK_ENDPOINT);
    if (is_handed)
        glue_leave_handed();
    wake_and_wait(woken);
}

/* ---- Answers ---- */

/* `t` receives, and then its caller may have its answer: it may be woken as soon as it waits. */
static HOT struct op *receive(struct endpoint *e, struct uthread *t, const struct cap_ref *cap)
{
    struct op *receiver = take(t, OP_RECV, cap);

    receiver->about = (struct op_message){.flags = 0};
    endpoint_link_receiver(e, receiver);
    waits(t);
    return receiver;
}

NOT_COLD NOINLINE void direct_return_receive(struct uthread *t, uint64_t word,
                                             const struct cap_ref *cap)
{
    struct endpoint *e = endpoint_at(cap->object);
    struct thread_ref woken = THREAD_REF_NONE;

    if (t->serving == NULL || t->serving_endpoint != cap->object || t->free_ops != OP_ALL_FREE)
        return;
    lock_take(&e->lock, LOCK_ENDPOINT);
    struct op *op = t->serving;
    struct uthread *caller = op != NULL ? op_owner(op) : NULL;

    if (op == NULL || e->line.root != NULL || !is_live(e, cap) || !is_plain(op, caller)) {
        lock_give(&e->lock, LOCK_ENDPOINT);
        return;
    }
    struct op *receiver = receive(e, t, cap);
    bool lends = e->flags == ENDPOINT_PASSIVE;
    bool is_handed = lends ? glue_hand_back_now(caller->ref) : glue_turn_over_now(caller->ref);

    if (lends && !is_handed) {
        endpoint_unlink_receiver(e, receiver);
        is_through(t, receiver);
        lock_give(&e->lock, LOCK_ENDPOINT);
        return;
    }
    endpoint_unlink_served(e, op);
    if (is_handed) {
        is_through(caller, op);
        arch_context_pass(&t->context, &caller->context, method_of(word));
    } else {
        woken = complete(t, op, caller, method_of(word));
    }
    lock_give(&e->lock, LOCK_ENDPOINT);
    if (is_handed)
        glue_leave_handed();
    wake_and_wait(woken);
}
