/* SPDX-License-Identifier: MIT */
/*
 * op.h - operations that wait: one record each, in the memory of the thread that submitted them.
 *
 *            op_take            op_claim (one winner)      op_complete
 *     FREE ----------> PENDING ----------------------> CLAIMED --------> done bit ---> FREE
 *                                                                                op_release
 *
 * Whoever would end the operation (a timer, an UNPARK, a thread's end, its own thread's CANCEL)
 * first claims the record; one compare-and-swap decides.  The winner writes status and value into
 * the record, sets its bit in the thread's `done` word and wakes the thread.  Only the CPU that
 * runs the thread turns done records into completions (op_collect) and frees them.
 *
 * Cancel against complete and expire.  CANCEL runs on the owner's CPU, the other two on any, and
 * every order of the three claims is possible.  Who comes second finds the record not PENDING and
 * leaves it alone: the UNPARK does not count the waiter and goes on to the next, so no wake is lost
 * in a cancelled operation; the timer wakes nobody; the CANCEL answers STALE.  A record cannot
 * become PENDING again under a late claimer: only the owner frees it, after it has unlinked it from
 * the tree and the bucket under the locks that those claims happen under (OP1).  A JOIN is unlinked
 * before its claim, because the end of a thread asserts that it wins; so is an IRQ.  WORK
 * (kernel/work.h) is the owner's alone and cannot be cancelled.
 *
 *   OP1  A record is freed only when no timer and no bucket links it; both unlink under their
 *        locks, and claims happen under those too: a claim never meets a record of a new use.
 *   OP2  After its done bit is set only the owner touches a record, except that a firing timer or
 *        an unparking CPU still unlinks it, under the lock op_release takes.
 *
 * Locks: freeing takes LOCK_TIMER, LOCK_PARK, LOCK_THREAD, LOCK_PROCESS, LOCK_FAMILY or LOCK_IRQ,
 * one after the other.
 */
#ifndef KERNEL_OP_H
#define KERNEL_OP_H

#include "base/list.h"
#include "core/thread.h"
#include "kernel/pool.h"
#include "kernel/ring.h"
#include "kernel/timer.h"

struct enter_answer;
struct uthread;

enum op_kind {
    OP_SLEEP,
    OP_PARK,
    OP_JOIN,
    OP_WAIT,
    OP_WORK,
    OP_LOGOUT,
    OP_IRQ,
    OP_CALL, /* from here on: messages */
    OP_SEND,
    OP_RECV
};
enum op_state { OP_FREE = 0, OP_PENDING, OP_CLAIMED };

/* Of CALL, SEND and RECV.  LOCK_ENDPOINT of the endpoint named by the key: `place`. */
struct op_message {
    union {
        uint32_t badge;
        uint32_t cap; /* once it has ended: the handle of what came along */
    };
    uint16_t method;
    uint8_t flags; /* RING_FLAG_*, MESSAGE_FAULT */
    uint8_t place; /* enum op_place */
};

/* Where at its endpoint. */
enum op_place { PLACE_NONE = 0, PLACE_LINE, PLACE_RECEIVING, PLACE_SERVED };

/* Where its words are, and what goes along: args[0] and args[3] with those flags (abi/ring.h). */
struct message_where {
    uint64_t gift;
    uint64_t area;
};

struct op {
    struct timer timer;
    struct list parked; /* in a bucket, while is_parked; LOCK_PARK.  WAIT, LOGOUT: in a list */
    union {
        uint64_t arrival;        /* there; LOCK_PARK */
        struct op_message about; /* CALL, SEND, RECV */
    };
    union {
        uint64_t key; /* PARK: physical address of the word; most others: index of the target */
        struct {      /* CALL, SEND, RECV */
            uint32_t endpoint;
            uint32_t slot; /* reserved for a capability that may come, or CAP_NONE */
        };
    };
    union {
        uint64_t virt;         /* PARK: user address of the word */
        struct pool_ref grant; /* WAIT, IRQ, CALL, SEND, RECV: under which the handle is held */
    };
    uint64_t user_data;
    union {
        struct { /* once it has ended */
            uint64_t value;
            int64_t status;
        };
        struct message_where where; /* CALL, SEND, RECV; the area until it has ended, */
        struct uthread *server;     /* the gift until it is served, by whom */
    };
    struct port_atomic32 state;
    struct port_atomic32 is_parked;
    uint32_t bit;   /* of the words `done` and `free_ops`: 1 << number */
    uint8_t kind;   /* enum op_kind */
    bool is_waiter; /* linked: WAIT, LOCK_PROCESS of the target; LOGOUT, LOCK_FAMILY */
    bool is_direct; /* came in registers: its completion goes there, not to the ring */
    uint8_t number; /* in its thread; never changes */
};

/* Whose it is. */
struct uthread *op_owner(struct op *op);

#define OP_ALL_FREE ((uint32_t)((UINT64_C(1) << RING_INFLIGHT_MAX) - 1)) /* of free_ops */

/* At boot: the records of a thread's memory, all FREE. */
void op_init(struct uthread *t);

/* A PENDING record for an accepted entry, or NULL: all are in use.  This CPU runs `t`; the entry
 * is the one of t->enter, if that says is_entry. */
MUST_USE struct op *op_take(struct uthread *t, enum op_kind kind, uint64_t user_data);

/* Win the right to end the operation. */
MUST_USE bool op_claim(struct op *op);

/* End a claimed operation.  Returns whom to wake: its thread, if that still waits for it. */
MUST_USE struct thread_ref op_complete(struct op *op, int64_t status, uint64_t value);

/* Owner: end the ring's operation in flight of this `user_data`, as CANCELLED.  false: none is in
 * flight, or it has ended already. */
MUST_USE bool op_cancel(struct uthread *t, uint64_t user_data);

/* Owner: hand out the completions of all done records, lowest number first: to the ring, or to
 * t->enter that of an entry in registers. */
void op_collect(struct uthread *t);

/* The same, and the answer of the entry in registers that the thread waits for.  false: it is not
 * there. */
MUST_USE bool op_collect_answer(struct uthread *t, struct enter_answer *answer);

/* Owner: free a record whose operation never began to wait. */
void op_drop(struct uthread *t, struct op *op);

/* Owner, at the thread's end: take back whatever is in flight; nothing refers to it afterwards. */
void op_cancel_all(struct uthread *t);

/* The timer of an operation fired: claim and complete it.  Returns whom to wake, or none. */
MUST_USE struct thread_ref op_expire(struct op *op);

#endif /* KERNEL_OP_H */
