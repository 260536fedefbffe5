/* SPDX-License-Identifier: MIT */
#include "kernel/call.h"

#include "kernel/endpoint.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"
#include "kernel/uthread.h"

/* A record for the entry, not linked yet, with a slot reserved if a capability may come. */
static HOT enum status take_op(struct uthread *t, enum op_kind kind, const struct ring_sqe *entry,
                               const struct cap_ref *cap, struct op **taken)
{
    uint32_t slot = CAP_NONE;
    struct op *op;

    if ((entry->flags & RING_FLAG_ACCEPT) != 0) {
        enum status status = cap_reserve(&t->process->caps, &slot);

        if (status != STATUS_OK)
            return status;
    }
    op = op_take(t, kind, entry->user_data);
    if (op == NULL) {
        if (slot != CAP_NONE)
            cap_cancel(&t->process->caps, slot);
        return STATUS_NO_SLOT;
    }
    op->endpoint = cap->object;
    op->slot = slot;
    op->grant = (struct pool_ref){cap->grant, cap->grant_gen};
    op->about = (struct op_message){
        .badge = cap->badge, .method = entry->method, .flags = entry->flags, .place = PLACE_NONE};
    op->where = (struct message_where){.gift = entry->args[3], .area = entry->args[0]};
    *taken = op;
    return STATUS_OK;
}

static void count_lending(struct endpoint *e, bool is_lent)
{
    lock_take(&e->lock, LOCK_ENDPOINT);
    if (is_lent)
        e->stat.lent++;
    else
        e->stat.refused++;
    lock_give(&e->lock, LOCK_ENDPOINT);
}

/* What has been found good; `lends`: the endpoint is PASSIVE. */
static HOT int64_t send(struct cap_call *call, enum op_kind kind, bool lends)
{
    struct uthread *t = call->thread;
    struct endpoint *e = endpoint_at(call->ref.object);
    struct op *op;
    enum status status = take_op(t, kind, call->entry, &call->ref, &op);

    if (status != STATUS_OK)
        return status;
    struct submitted s = endpoint_submit(op, call->entry, &call->ref);

    if (s.status != STATUS_OK || s.is_complete) {
        op_drop(t, op);
    } else {
        t->wait_source = WAKE_ENDPOINT;
        call->is_waiting = true;
    }
    if (thread_ref_is_none(s.other))
        return s.status;
    bool is_lent = lends && glue_lend(s.other);

    if (!is_lent)
        glue_wake(s.other, WAKE_ENDPOINT);
    if (lends)
        count_lending(e, is_lent);
    return s.status;
}

static HOT bool is_passive(const struct cap_ref *client)
{
    return (endpoint_at(client->object)->flags & ENDPOINT_PASSIVE) != 0;
}

HOT int64_t call_send(struct cap_call *call, enum op_kind kind)
{
    bool lends = is_passive(&call->ref);
    bool is_entry = call->thread->enter.is_entry;
    enum status status = message_decode(call->entry->flags, call->entry->args, is_entry);

    if (status == STATUS_OK && lends && (kind != OP_CALL || !is_entry))
        status = STATUS_WOULD_LEND_TWICE;
    return status == STATUS_OK ? send(call, kind, lends) : status;
}

int64_t call_fault(struct uthread *t, const struct cap_ref *client)
{
    static const struct ring_sqe entry = {.op = RING_OP_CALL, .flags = MESSAGE_FAULT};
    struct cap_call call = {.thread = t, .entry = &entry, .ref = *client};
    int64_t status;

    t->enter.is_entry = true; /* as with an entry in registers: it waits for this answer alone */
    status = send(&call, OP_CALL, is_passive(client));
    t->enter.is_entry = false;
    return status;
}

/* ---- Receiving ---- */

static struct call_result refused(int64_t status)
{
    return (struct call_result){.status = status};
}

/* Does a RECV of the thread wait already? */
static bool is_receiving(const struct uthread *t)
{
    for (uint32_t i = 0; i < RING_INFLIGHT_MAX; i++)
        if (port_load32(&t->ops[i].state) != OP_FREE && t->ops[i].kind == OP_RECV)
            return true;
    return false;
}

/* May it receive?  Then *cap is the endpoint. */
static enum status check_receive(const struct uthread *t, const struct ring_sqe *entry,
                                 struct cap_ref *cap)
{
    enum status status = message_decode(entry->flags, entry->args, t->enter.is_entry);

    if (status == STATUS_OK)
        status = cap_lookup_kind(t->process, entry->cap, CAP_KIND_ENDPOINT, cap);
    if (status == STATUS_OK && t->free_ops != OP_ALL_FREE && is_receiving(t))
        status = STATUS_BUSY;
    return status;
}

/* Somebody's call has come from the line of a PASSIVE endpoint: it is served with his context. */
static void borrow(struct endpoint *e, struct thread_ref caller)
{
    glue_go_home();
    count_lending(e, glue_borrow(caller));
}

/* RECV by this record. */
static struct call_result receive_by(struct uthread *t, const struct cap_ref *cap, struct op *op)
{
    struct endpoint *e = endpoint_at(cap->object);
    struct submitted s = endpoint_receive(op, cap);

    if (s.status >= 0 && !s.is_complete) {
        t->wait_source = WAKE_ENDPOINT;
        return (struct call_result){.status = STATUS_OK, .is_waiting = true};
    }
    op_drop(t, op);
    if (!thread_ref_is_none(s.other) && (e->flags & ENDPOINT_PASSIVE) != 0)
        borrow(e, s.other);
    return (struct call_result){
        .status = s.status,
        .end = s.end,
        .has_words = s.is_complete,
    };
}

static struct call_result receive(struct uthread *t, const struct ring_sqe *entry,
                                  const struct cap_ref *cap)
{
    struct op *op;
    enum status status = take_op(t, OP_RECV, entry, cap, &op);

    return status == STATUS_OK ? receive_by(t, cap, op) : refused(status);
}

struct call_result call_receive(struct uthread *t, const struct ring_sqe *entry)
{
    struct cap_ref cap;
    enum status status = check_receive(t, entry, &cap);

    if (status == STATUS_OK && entry->method != 0)
        status = STATUS_BAD_FLAGS;
    if (status == STATUS_OK && t->serving != NULL)
        status = STATUS_BUSY;
    if (status == STATUS_OK)
        glue_go_home(); /* the call it served may have been taken back meanwhile */
    return status == STATUS_OK ? receive(t, entry, &cap) : refused(status);
}

struct call_result call_return(struct uthread *t, const struct ring_sqe *entry)
{
    struct thread_ref caller;
    enum status status = message_decode(entry->flags, entry->args, t->enter.is_entry);

    if (status == STATUS_OK && entry->cap != CAP_NONE)
        status = STATUS_BAD_FLAGS;
    if (status == STATUS_OK)
        status = endpoint_answer(t, entry, &caller);
    if (status == STATUS_OK || status == STATUS_STALE)
        glue_go_home();
    if (status == STATUS_OK)
        glue_wake(caller, WAKE_ENDPOINT);
    return refused(status);
}

struct call_result call_return_receive(struct uthread *t, const struct ring_sqe *entry)
{
    struct thread_ref caller = THREAD_REF_NONE;
    struct cap_ref cap;
    struct op *op;
    enum status status = check_receive(t, entry, &cap);

    if (status == STATUS_OK)
        status = take_op(t, OP_RECV, entry, &cap, &op);
    if (status != STATUS_OK)
        return refused(status);
    status = endpoint_answer(t, entry, &caller);
    if (status != STATUS_OK && status != STATUS_STALE) {
        op_drop(t, op);
        return refused(status);
    }
    struct call_result result = receive_by(t, &cap, op);

    /* Behind an entry of a ring others may follow, which are this thread's. */
    if (result.is_waiting && t->enter.is_entry && glue_hand_back(caller))
        return result;
    if (!result.has_words || (endpoint_at(cap.object)->flags & ENDPOINT_PASSIVE) == 0)
        glue_go_home(); /* else it has gone, and has the next caller's */
    glue_wake(caller, WAKE_ENDPOINT);
    return result;
}
