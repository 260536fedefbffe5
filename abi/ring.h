/* SPDX-License-Identifier: MIT */
/*
 * ring.h - the ring page: how a thread asks for operations and learns how they ended.
 *
 * Each thread owns one page, mapped for its process at RING_BASE + RING_PAGE_BYTES * thread index.
 *
 *   offset     0  struct ring_header
 *   offset   128  submission queue, RING_SQ_ENTRIES x 64 bytes
 *   offset  1152  completion queue, RING_CQ_ENTRIES x 32 bytes
 *   offset  2176  message area, RING_MESSAGE_WORDS x 8 bytes: its thread's, the kernel copies there
 *                 and from there what RING_MESSAGE says
 *
 * Indices run freely modulo 2^32; the entry is index % entries.  The thread writes sq_tail and
 * cq_head, the kernel writes sq_head and cq_tail and trusts none of the words it reads back: it
 * keeps its own copies.  An entry is copied once, then validated.  It is accepted only when a
 * completion slot is reserved for it (in flight + unread <= RING_CQ_ENTRIES), so completions never
 * overflow.  A malformed entry completes with a refusal and disturbs no other.
 */
#ifndef ABI_RING_H
#define ABI_RING_H

#include <stdint.h>

#define RING_PAGE_BYTES 4096u
#define RING_SQ_ENTRIES 16u
#define RING_CQ_ENTRIES 32u
#define RING_SQ_OFFSET 128u
#define RING_CQ_OFFSET 1152u
#define RING_MESSAGE_OFFSET 2176u
#define RING_MESSAGE_WORDS 240u
#define RING_BASE UINT64_C(0x30040000)

/* Operations that wait and are in flight at once, per thread. */
#define RING_INFLIGHT_MAX 16u

/*
 * Fields not named in an operation's row must be zero (else BAD_FLAGS).
 *   NOP            completes with OK.
 *   CALL           cap, method, args[0..3]; a method of a kernel object (abi/cap.h).  On a CLIENT
 *                  it is a message to who receives at the endpoint, and completes with the answer:
 *                  status and words as RETURN gave them.  DISCONNECTED: who received it ended, or
 *                  the endpoint's owner did; STALE: the endpoint or the grant has been taken away;
 *                  EXPIRED: not received before deadline_ns; WOULD_LEND_TWICE (abi/endpoint.h).
 *   PARK           args[0] = address of a 32-bit word (4-aligned), args[1] = expected value
 *                  (must fit 32 bits), args[2] = absolute deadline in ns or RING_NO_DEADLINE.
 *                  Completes OK when unparked, VALUE_CHANGED at once if the word differs,
 *                  EXPIRED at the deadline, STALE when the word is not mapped any more.
 *   UNPARK         args[0] = address, args[1] = how many to wake at most.  Result: how many.
 *   SLEEP_UNTIL    args[0] = absolute monotonic instant in ns.  OK when it has come.
 *   YIELD          gives the CPU to the next in line once; completes OK.
 *   CANCEL         args[0] = user_data of an operation of this ring that is in flight.  That one
 *                  completes CANCELLED, this one OK.  STALE: no such operation is in flight, or it
 *                  ended before; its completion is there or follows.  Of several of that name, one.
 *   RELEASE        cap.  Gives the slot of a capability back, live or not; its handle is STALE.
 *                  What its maker lets go so of a process: abi/cap.h; a CPUS object and an IRQ
 *                  end; a MEMORY object, an ENDPOINT and a GRANT stay until they are destroyed and
 *                  revoked, or he ends.
 *   SEND           cap = CLIENT, method.  The same without an answer: completes OK when received.
 *   RECV           cap = ENDPOINT.  Waits for a message.  Its status is then RECEIVED_METHOD,
 *                  RECEIVED_BADGE and RECEIVED_* flags in one.  BUSY: this thread has not answered
 *                  the one before.  AGAIN: many messages that did not fit were refused, and there
 *                  are more.
 *   RETURN         method = the answer's status.  Answers the message this thread received last.
 *                  STALE: nobody waits for that any more; nothing is sent.  BAD_CAP: also where
 *                  what should go along is STALE; he waits on.
 *   RETURN_RECV    cap = ENDPOINT, method: RETURN, then RECV.  A refusal but AGAIN means: not
 *                  answered; but STALE may come after the answer.  If nobody waits for the answer
 *                  any more it is dropped.
 * An entry whose deadline_ns has passed completes EXPIRED and is not begun, whatever it asks for.
 * That of a CALL or SEND counts while it waits to be received, not afterwards.
 *
 * Messages.  Those of entries in registers are four words, args[0..3]; what comes back is four
 * words, too: the completion's value and the three registers behind it.  With the flag MESSAGE,
 * which entries of a ring need, they lie in the message area of the thread's ring page: args[0] is
 * RING_MESSAGE(first word, how many, how many may come back to the same place), and the value is
 * how many came back.  Callers need not know how the other side keeps them; TOO_LONG: they do not
 * fit there, and nothing was sent.
 *
 * One capability can go along with a message or an answer: with one of the flags COPY, MOVE and
 * NARROW args[3] is RING_GIFT(handle, GRANT handle to copy it through or 0).  NARROW copies less: a
 * VIEW of a MEMORY, a CLIENT of an ENDPOINT.  The other side must have asked for it by the flag
 * ACCEPT, for which a slot is reserved beforehand; else NOT_ACCEPTED.  Its handle takes the place
 * of the fourth word, or comes in the completion's `cap`; 0: none came.
 */
#define RING_FLAG_COPY 1u
#define RING_FLAG_MOVE 2u
#define RING_FLAG_NARROW 4u
#define RING_FLAG_ACCEPT 8u
#define RING_FLAG_MESSAGE 16u

#define RING_MESSAGE(first, count, room) \
    ((uint64_t)(first) | (uint64_t)(count) << 16 | (uint64_t)(room) << 32)
#define RING_GIFT(handle, grant) ((uint64_t)(handle) | (uint64_t)(grant) << 32)

/* The status of what was received. */
#define RECEIVED_METHOD(status) ((uint32_t)((uint64_t)(status) & 0xffffu))
#define RECEIVED_BADGE(status) ((uint32_t)((uint64_t)(status) >> 16))
#define RECEIVED_SEND (INT64_C(1) << 48)  /* nobody waits for an answer */
#define RECEIVED_GIFT (INT64_C(1) << 49)  /* a capability came along; also in an answer's status */
#define RECEIVED_FAULT (INT64_C(1) << 50) /* a fault in user code (abi/fault.h) */

#define RING_OP_TABLE(X)                                                                  \
    X(NOP, 0) X(CALL, 1) X(PARK, 2) X(UNPARK, 3) X(SLEEP_UNTIL, 4) X(YIELD, 5) X(CANCEL, 6) \
    X(RELEASE, 7) X(SEND, 8) X(RECV, 9) X(RETURN, 10) X(RETURN_RECV, 11)

enum ring_op {
#define RING_OP_ENUM(name, value) RING_OP_##name = (value),
    RING_OP_TABLE(RING_OP_ENUM)
#undef RING_OP_ENUM
    RING_OP_COUNT
};

#define RING_NO_DEADLINE ((uint64_t)INT64_MAX)

struct ring_header {
    uint32_t sq_head; /* kernel writes */
    uint32_t sq_tail; /* thread writes */
    uint32_t cq_head; /* thread writes */
    uint32_t cq_tail; /* kernel writes */
    uint32_t reserved[12];
};

struct ring_sqe {
    uint8_t op; /* enum ring_op */
    uint8_t flags;
    uint16_t method;
    uint32_t cap; /* capability slot */
    uint64_t user_data;
    uint64_t deadline_ns; /* freshness: past it the entry completes EXPIRED; 0 = none */
    uint64_t args[4];
    uint64_t reserved;
};

struct ring_cqe {
    uint64_t user_data;
    int64_t status; /* enum status, or the operation's own result >= 0 */
    uint64_t value; /* a second result where a method has one */
    uint32_t cap;   /* handle of a capability that came along; else 0 */
    uint32_t reserved;
};

_Static_assert(sizeof(struct ring_sqe) == 64, "abi");
_Static_assert(sizeof(struct ring_cqe) == 32, "abi");
_Static_assert(RING_SQ_OFFSET + RING_SQ_ENTRIES * sizeof(struct ring_sqe) == RING_CQ_OFFSET, "abi");
_Static_assert(RING_CQ_OFFSET + RING_CQ_ENTRIES * sizeof(struct ring_cqe) == RING_MESSAGE_OFFSET,
               "abi");
_Static_assert(RING_MESSAGE_OFFSET + RING_MESSAGE_WORDS * 8 == RING_PAGE_BYTES, "abi");

#endif /* ABI_RING_H */
