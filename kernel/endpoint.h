/* SPDX-License-Identifier: MIT */
/*
 * endpoint.h - where threads call, and others receive and answer.
 *
 * Who calls or sends waits in a line, in order of the deadlines of the entries, then of arrival;
 * every ENDPOINT_OLDEST_EVERY-th message received is the oldest, so that nobody waits for ever.  A
 * call received is served: its operation waits at the endpoint until the receiver answers; the
 * receiver names it as `serving`.  So an answer is one-shot by nature: answering, the caller's or
 * the receiver's end, a cancellation and the end of the endpoint each unlink the operation under
 * the lock, and who unlinks it ends it.
 *
 *   EP1  An operation of kind CALL, SEND or RECV is linked at the endpoint it names iff its place
 *        is not PLACE_NONE: in the line and among the arrived, the receivers, or the served.
 *   EP2  t->serving is linked as served, and its server is t.
 *   EP3  Nobody waits in the line while a receiver waits that could take it.
 *   EP4  The timer is not later than the first deadline in the line.
 *   EP5  A stale endpoint's record is free once its end has unlinked all.
 *
 * A message is passed by whoever finds the other side waiting (kernel/message.h), under the lock,
 * with which neither can be taken down.
 *
 * Memory: one record, an object of its owner's ledger; waiting is in the operations' records.
 * Locks: LOCK_ENDPOINT; inside it LOCK_TABLE and LOCK_TIMER.   Cost: O(log n) in the line.
 */
#ifndef KERNEL_ENDPOINT_H
#define KERNEL_ENDPOINT_H

#include "kernel/grant.h"
#include "kernel/uthread.h"

struct endpoint {
    struct pool_node node;
    struct process *owner;
    struct list link; /* of the owner's; LOCK_OBJECT */
    struct lock lock;
    struct heap line;      /* who was not received: by deadline */
    struct list arrived;   /* the same, oldest first */
    struct list receivers; /* oldest first */
    struct list served;    /* received, not answered */
    struct timer timer;
    uint32_t flags; /* ENDPOINT_* of abi/cap.h; never changes */
    struct cap_endpoint_stat stat;
};

extern struct pool endpoint_pool;

static HOT struct endpoint *endpoint_at(uint32_t index)
{
    return pool_at(&endpoint_pool, index);
}

/* ---- Places, under LOCK_ENDPOINT ---- */

static HOT void endpoint_link(struct list *head, struct op *op, enum op_place place)
{
    op->about.place = (uint8_t)place;
    list_insert_before(head, &op->parked);
}

static HOT void endpoint_unlink(struct op *op)
{
    op->parked.prev->next = op->parked.next;
    op->parked.next->prev = op->parked.prev;
    op->about.place = PLACE_NONE;
}

static HOT void endpoint_link_receiver(struct endpoint *e, struct op *op)
{
    endpoint_link(&e->receivers, op, PLACE_RECEIVING);
    e->stat.receivers++;
}

static HOT void endpoint_unlink_receiver(struct endpoint *e, struct op *op)
{
    endpoint_unlink(op);
    e->stat.receivers--;
}

/* The call is served by `server` until it is answered. */
static HOT void endpoint_serve(struct endpoint *e, struct op *op, struct uthread *server)
{
    op->server = server;
    endpoint_link(&e->served, op, PLACE_SERVED);
    server->serving_endpoint = op->endpoint;
    __atomic_store_n(&server->serving, op, __ATOMIC_RELEASE); /* its endpoint before it */
    e->stat.serving++;
}

static HOT void endpoint_unlink_served(struct endpoint *e, struct op *op)
{
    op->server->serving = NULL;
    endpoint_unlink(op);
    e->stat.serving--;
}

/* Is the grant dead that it waits under? */
static HOT bool endpoint_is_dead(const struct op *op)
{
    return op->grant.index != GRANT_ROOT && !grant_is_live(op->grant);
}

/* The oldest receiver that may still receive; the revoking that ends the others is under way. */
static HOT struct op *endpoint_first_receiver(const struct endpoint *e)
{
    struct list *at = e->receivers.next;

    while (at != &e->receivers && endpoint_is_dead(LIST_ENTRY(at, struct op, parked)))
        at = at->next; /* at most THREADS_MAX */
    return at != &e->receivers ? LIST_ENTRY(at, struct op, parked) : NULL;
}

/* End an operation that is linked nowhere any more, with what has come.  Returns: whom to wake. */
static HOT struct thread_ref endpoint_complete(struct op *op, int64_t status,
                                               struct message_end came)
{
    bool is_ours = op_claim(op);

    ASSERT(is_ours); /* whoever else would end it unlinks it first */
    if (came.cap != CAP_NONE)
        op->slot = CAP_NONE; /* the capability has it */
    op->about.cap = came.cap;
    return op_complete(op, status, came.value);
}

/* What a receiver's status says of a message (abi/ring.h), but for the flags. */
static HOT int64_t endpoint_received(uint16_t method, uint32_t badge)
{
    return (int64_t)((uint64_t)method | (uint64_t)badge << 16);
}

/* ---- What others ask for ---- */

/* At boot.  false: no memory. */
MUST_USE bool endpoint_init(void);

/* LEDGER_FULL, NO_SLOT. */
MUST_USE enum status endpoint_create(struct process *owner, uint32_t flags, uint32_t *index);

/* What a submission came to. */
struct submitted {
    int64_t status; /* OK: it waits; or, with is_complete, how it ended; or a refusal */
    bool is_complete;
    struct message_end end;
    struct thread_ref other; /* whom it was passed to, or from whom it came: to be woken, or lent */
};

/* CALL and SEND: `op`, of that kind, filled, of the running thread.  Its message may be passed at
 * once; `other` is then the receiver, whose operation is complete. */
struct submitted endpoint_submit(struct op *op, const struct ring_sqe *entry,
                                 const struct cap_ref *cap);

/* RECV: as above; complete if somebody was in the line.  `other` is then who calls, or, woken here,
 * nobody for a SEND. */
struct submitted endpoint_receive(struct op *op, const struct cap_ref *cap);

/* RETURN of the running thread.  *caller: whom to wake.  STALE, and what message_check says. */
MUST_USE enum status endpoint_answer(struct uthread *t, const struct ring_sqe *entry,
                                     struct thread_ref *caller);

/* The thread that receives ends: its caller is DISCONNECTED, and woken. */
void endpoint_disown(struct uthread *t);

/* Unlink the operation, wherever it is; afterwards nobody finds it by its endpoint. */
void endpoint_cancel(struct op *op);

/* The timer fired: end, EXPIRED, who has waited in the line for too long; a bounded number. */
void endpoint_expire(struct endpoint *e);

/* The stale endpoint ends: complete some of who waits there with `status`, and free the record once
 * there is none.  Returns: it is free. */
MUST_USE bool endpoint_end_some(uint32_t index, enum status status);

/* The first endpoint of a process that has ended, its references stale now; or POOL_NONE. */
MUST_USE uint32_t endpoint_first_of(struct process *owner);

/* End, STALE, one operation of `t` that waits at an endpoint under a grant that is dead.  Returns:
 * there was one. */
MUST_USE bool endpoint_drop_dead(struct uthread *t);

/* EP1 to EP4; panics.  O(n): tests. */
void endpoint_check(struct endpoint *e);

#endif /* KERNEL_ENDPOINT_H */
