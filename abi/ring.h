/* SPDX-License-Identifier: MIT */
/*
 * ring.h - the ring page: how a thread asks for operations and learns how they ended.
 *
 * Each thread owns one page, mapped for its process at RING_BASE + RING_PAGE_BYTES * thread index.
 *
 *   offset     0  struct ring_header
 *   offset  1024  submission queue, RING_SQ_ENTRIES x 64 bytes
 *   offset  2048  completion queue, RING_CQ_ENTRIES x 32 bytes
 *   offset  3072  unused in this version; zero
 *   The message area takes the place between when endpoints need it.
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
#define RING_SQ_OFFSET 1024u
#define RING_CQ_OFFSET 2048u
#define RING_BASE UINT64_C(0x30040000)

/* Operations that wait and are in flight at once, per thread. */
#define RING_INFLIGHT_MAX 16u

/*
 * Fields not named in an operation's row must be zero (else BAD_FLAGS).
 *   NOP            completes with OK.
 *   CALL           cap, method, args[0..3]; a method of a kernel object (abi/cap.h).
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
 *                  end; a MEMORY object and a GRANT stay until they are destroyed and revoked, or
 *                  he ends.
 * An entry whose deadline_ns has passed completes EXPIRED and is not begun, whatever it asks for.
 */
#define RING_OP_TABLE(X)                                                                  \
    X(NOP, 0) X(CALL, 1) X(PARK, 2) X(UNPARK, 3) X(SLEEP_UNTIL, 4) X(YIELD, 5) X(CANCEL, 6) \
    X(RELEASE, 7)

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
    uint64_t reserved;
};

_Static_assert(sizeof(struct ring_sqe) == 64, "abi");
_Static_assert(sizeof(struct ring_cqe) == 32, "abi");
_Static_assert(RING_SQ_OFFSET + RING_SQ_ENTRIES * sizeof(struct ring_sqe) == RING_CQ_OFFSET, "abi");
_Static_assert(RING_CQ_OFFSET + RING_CQ_ENTRIES * sizeof(struct ring_cqe) <= RING_PAGE_BYTES,
               "abi");

#endif /* ABI_RING_H */
