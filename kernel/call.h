/* SPDX-License-Identifier: MIT */
/*
 * call.h - messages as the running thread asks for them: CALL, SEND, RECV, RETURN (abi/ring.h); and
 * the CALL that a fault of its is.
 *
 * The endpoint says who meets whom (kernel/endpoint.h); here it is decided who runs then.  At a
 * PASSIVE endpoint the caller's context is lent to the receiver and comes back with the answer
 * (core/lend.h): at once if the receiver waits, or the caller for the answer; else the receiver
 * goes on with its own context for the moment, and a caller from the line lends it its own.
 * Elsewhere the other is woken.
 *
 * Locks: none are held; LOCK_ENDPOINT and the run queue's are taken one after the other.
 */
#ifndef KERNEL_CALL_H
#define KERNEL_CALL_H

#include "kernel/cap.h"
#include "kernel/message.h"

/* CALL or SEND to the CLIENT call->ref.  Returns: as a method does; call->is_waiting if it waits,
 * or has been passed and waits for its answer.  Another thread may be current then. */
MUST_USE int64_t call_send(struct cap_call *call, enum op_kind kind);

/* The CALL that tells `client` of the fault in t->enter.fault; `t` runs.  Returns: OK: it waits, as
 * above; or a refusal. */
MUST_USE int64_t call_fault(struct uthread *t, const struct cap_ref *client);

/* How a RECV or RETURN came out. */
struct call_result {
    int64_t status;
    struct message_end end;
    bool is_waiting;
    bool has_words; /* behind the value */
};

MUST_USE struct call_result call_receive(struct uthread *t, const struct ring_sqe *entry);
MUST_USE struct call_result call_return(struct uthread *t, const struct ring_sqe *entry);
MUST_USE struct call_result call_return_receive(struct uthread *t, const struct ring_sqe *entry);

#endif /* KERNEL_CALL_H */
