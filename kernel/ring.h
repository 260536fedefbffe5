/* SPDX-License-Identifier: MIT */
/*
 * ring.h - the kernel's half of a thread's ring page (abi/ring.h).
 *
 * The page is shared with user code that may write anything at any time.  So the kernel keeps its
 * own copies of the indices it writes, reads the two it does not write once per entry into the
 * kernel, believes them only if they are possible, and copies an entry before looking at it.
 *
 *   RG1  sq_head <= sq_tail <= sq_head + RING_SQ_ENTRIES, modulo 2^32, or the ring is corrupt.
 *   RG2  cq_head rises and never passes cq_tail, or the ring is corrupt.
 *   RG3  in_flight + unread <= RING_CQ_ENTRIES: every accepted entry has its completion slot.
 *
 * Locks: none.  Only the CPU that runs the thread calls these; others write operation records
 * (kernel/op.h), never the page.
 */
#ifndef KERNEL_RING_H
#define KERNEL_RING_H

#include "abi/ring.h"
#include "abi/status.h"
#include "base/types.h"

struct ring_page {
    struct ring_header header;
    uint8_t gap[RING_SQ_OFFSET - sizeof(struct ring_header)];
    struct ring_sqe sq[RING_SQ_ENTRIES];
    struct ring_cqe cq[RING_CQ_ENTRIES];
    uint64_t message[RING_MESSAGE_WORDS];
};

_Static_assert(offsetof(struct ring_page, sq) == RING_SQ_OFFSET, "abi");
_Static_assert(offsetof(struct ring_page, cq) == RING_CQ_OFFSET, "abi");
_Static_assert(offsetof(struct ring_page, message) == RING_MESSAGE_OFFSET, "abi");
_Static_assert(sizeof(struct ring_page) == RING_PAGE_BYTES, "abi");

struct ring {
    struct ring_page *page;
    uint32_t sq_head;   /* next entry to take */
    uint32_t cq_head;   /* as last read and believed */
    uint32_t cq_tail;   /* next completion to post */
    uint32_t in_flight; /* accepted, not posted */
};

/* A ring on an all-zero page. */
void ring_init(struct ring *r, struct ring_page *page);

/*
 * Read what the thread wrote: how many entries wait, and how far it has read completions.
 * Returns: OK, or RING_CORRUPT; the ring is then reset: waiting entries and unread completions are
 * dropped, operations in flight go on and will post.
 */
MUST_USE enum status ring_sync(struct ring *r, uint32_t *waiting);

/* Can one more entry be accepted (RG3)? */
static inline bool ring_has_room(const struct ring *r)
{
    return r->in_flight + (r->cq_tail - r->cq_head) < RING_CQ_ENTRIES;
}

/* Completions the thread had not read at the last ring_sync, and those posted since. */
static inline uint32_t ring_unread(const struct ring *r)
{
    return r->cq_tail - r->cq_head;
}

/* Copy the next entry out and accept it; ring_sync said that there is one, and there is room. */
void ring_accept(struct ring *r, struct ring_sqe *entry);

/* Tell the thread which entries have been taken. */
void ring_publish_head(struct ring *r);

/* Post the completion of one accepted entry.  `cap`: the handle that came along, or CAP_NONE. */
void ring_post(struct ring *r, uint64_t user_data, int64_t status, uint64_t value, uint32_t cap);

/*
 * Everything about an entry that can be judged without looking at the machine: OK, BAD_OP,
 * BAD_FLAGS, BAD_CAP (slot), BAD_ALIGNMENT or BAD_ARGUMENT.  Pure.  The flags of a message are
 * judged by what it is sent to (kernel/message.h).
 */
MUST_USE enum status ring_decode(const struct ring_sqe *entry);

#endif /* KERNEL_RING_H */
