/* SPDX-License-Identifier: MIT */
#include "kernel/op.h"

#include "base/bits.h"
#include "kernel/endpoint.h"
#include "kernel/irq.h"
#include "kernel/park.h"
#include "kernel/process.h"
#include "kernel/uthread.h"

HOT struct uthread *op_owner(struct op *op)
{
    return LIST_ENTRY(op - op->number, struct uthread, ops);
}

/* Record `number`; as a sum, so that compilers keep the one address. */
static HOT struct op *record_at(struct uthread *t, uint32_t number)
{
    return (struct op *)((uintptr_t)t->ops + number * sizeof(struct op));
}

void op_init(struct uthread *t)
{
    for (uint32_t i = 0; i < RING_INFLIGHT_MAX; i++)
        t->ops[i] = (struct op){.bit = UINT32_C(1) << i, .number = (uint8_t)i};
    t->free_ops = OP_ALL_FREE;
    port_store32(&t->done, 0);
}

HOT struct op *op_take(struct uthread *t, enum op_kind kind, uint64_t user_data)
{
    bool is_direct = t->enter.is_entry;
    struct op *op;

    if (t->free_ops == 0)
        return NULL;
    op = record_at(t, bits_lowest(t->free_ops));
    ASSERT(port_load32(&op->state) == OP_FREE);
    t->free_ops &= t->free_ops - 1;
    op->kind = (uint8_t)kind;
    op->user_data = user_data;
    op->is_direct = is_direct;
    port_store32(&op->state, OP_PENDING);
    return op;
}

HOT bool op_claim(struct op *op)
{
    uint32_t expected = OP_PENDING;

    return port_cas32(&op->state, &expected, OP_CLAIMED);
}

HOT struct thread_ref op_complete(struct op *op, int64_t status, uint64_t value)
{
    struct uthread *t = op_owner(op);
    struct thread_ref ref = t->ref; /* before the bit: behind it the record is the owner's again */

    ASSERT(port_load32(&op->state) == OP_CLAIMED);
    op->status = status;
    op->value = value;
    (void)port_or32(&t->done, op->bit);
    return ref;
}

static bool is_message(const struct op *op)
{
    return op->kind >= OP_CALL;
}

/* No capability came for the slot that it had reserved. */
static COLD void give_slot(const struct uthread *t, const struct op *op)
{
    if (op->slot != CAP_NONE)
        cap_cancel(&t->process->caps, op->slot);
}

/* OP1: unlinked everywhere, then free. */
static HOT void release(struct uthread *t, struct op *op)
{
    timer_cancel(&op->timer);
    park_cancel(op);
    port_store32(&op->state, OP_FREE);
    t->free_ops |= op->bit;
}

/* Take it out of where others would find and end it; those who claim it there assert or skip.  Not
 * in line: who ends passes all its records, most of them FREE. */
static NOINLINE void unlink(struct uthread *t, struct op *op)
{
    if (op->kind == OP_JOIN)
        seat_join_cancel(t->process, op);
    else if (op->kind == OP_WAIT)
        process_wait_cancel(op);
    else if (op->kind == OP_LOGOUT)
        session_logout_cancel(op);
    else if (op->kind == OP_IRQ)
        irq_wait_cancel(op);
    else if (is_message(op))
        endpoint_cancel(op);
}

/* The same for any. */
static NOINLINE void release_any(struct uthread *t, struct op *op)
{
    if (is_message(op))
        give_slot(t, op);
    release(t, op);
}

static struct enter_answer answer_of(const struct op *op)
{
    return (struct enter_answer){
        .status = op->status,
        .value = op->value,
        .is_there = true,
        .has_words = is_message(op) && op->kind != OP_SEND && op->status >= 0,
    };
}

static NOINLINE void hand_out(struct uthread *t, uint32_t done)
{
    for (; done != 0; done &= done - 1) { /* at most RING_INFLIGHT_MAX */
        struct op *op = &t->ops[bits_lowest(done)];

        if (op->is_direct)
            t->enter.answer = answer_of(op);
        else
            ring_post(&t->ring, op->user_data, op->status, op->value,
                      is_message(op) ? op->about.cap : CAP_NONE);
        release_any(t, op);
    }
}

void op_collect(struct uthread *t)
{
    if (port_load32(&t->done) != 0)
        hand_out(t, port_xchg32(&t->done, 0));
}

HOT bool op_collect_answer(struct uthread *t, struct enter_answer *answer)
{
    if (port_load32(&t->done) == 0)
        return false;
    uint32_t done = port_xchg32(&t->done, 0);
    struct op *op = record_at(t, bits_lowest(done));

    if ((done & (done - 1)) == 0 && op->is_direct && LIKELY(!is_message(op))) {
        *answer = (struct enter_answer){op->status, op->value, true, false};
        release(t, op);
        return true;
    }
    hand_out(t, done);
    *answer = t->enter.answer;
    t->enter.answer.is_there = false;
    return answer->is_there;
}

bool op_cancel(struct uthread *t, uint64_t user_data)
{
    for (uint32_t i = 0; i < RING_INFLIGHT_MAX; i++) {
        struct op *op = &t->ops[i];

        if (port_load32(&op->state) == OP_FREE || op->is_direct || op->kind == OP_WORK ||
            op->user_data != user_data)
            continue;
        unlink(t, op);
        if (!op_claim(op))
            continue; /* it ended; another of the same name may not have */
        if (is_message(op))
            op->about.cap = CAP_NONE; /* it was the badge */
        struct thread_ref owner = op_complete(op, STATUS_CANCELLED, 0);

        ASSERT(owner.slot == t->ref.slot); /* it runs: nobody to wake */
        return true;
    }
    return false;
}

void op_drop(struct uthread *t, struct op *op)
{
    ASSERT(port_load32(&op->state) == OP_PENDING);
    release_any(t, op);
}

void op_cancel_all(struct uthread *t)
{
    for (uint32_t i = 0; i < RING_INFLIGHT_MAX; i++) {
        struct op *op = &t->ops[i];

        if (port_load32(&op->state) == OP_FREE)
            continue;
        unlink(t, op);
        release_any(t, op);
    }
    endpoint_disown(t); /* last: until then a RECV of its could be passed a call */
    port_store32(&t->done, 0);
}

struct thread_ref op_expire(struct op *op)
{
    if (!op_claim(op))
        return THREAD_REF_NONE;
    return op_complete(op, op->kind == OP_SLEEP ? STATUS_OK : STATUS_EXPIRED, 0);
}
