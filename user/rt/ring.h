/* SPDX-License-Identifier: MIT */
/*
 * ring.h - the calling thread's ring: submit entries, wait for their completions.
 *
 * Each entry gets a ticket; its completion is found by the ticket, in whatever order the kernel
 * posts completions.  What was read from the completion queue and not yet asked for waits in the
 * thread's stash.  The runtime keeps no copy of the ring's indices.
 *
 *   R1  outstanding <= RT_OUTSTANDING_MAX = the completion queue's size, so the kernel never has to
 *       answer RING_FULL and the stash never overflows.
 *   R2  stash_count <= outstanding.
 *
 * Locks: none; a ring belongs to its thread and only that thread may use it.
 */
#ifndef USER_RT_RING_H
#define USER_RT_RING_H

#include "abi/ring.h"
#include "abi/status.h"
#include "base/types.h"

#define RT_OUTSTANDING_MAX RING_CQ_ENTRIES
#define RT_NO_DEADLINE RING_NO_DEADLINE

struct rt_ring {
    uint64_t next_ticket;
    uint32_t outstanding; /* submitted, completion not yet handed to the caller */
    uint32_t stash_count;
    struct ring_cqe stash[RT_OUTSTANDING_MAX];
};

/* The parts of thread `index`'s ring page.  Tests write there by hand; nobody else does. */
static inline struct ring_header *rt_ring_header(uint32_t index)
{
    return (struct ring_header *)(RING_BASE + (uint64_t)RING_PAGE_BYTES * index);
}

static inline struct ring_sqe *rt_ring_sq(uint32_t index)
{
    return (struct ring_sqe *)(RING_BASE + (uint64_t)RING_PAGE_BYTES * index + RING_SQ_OFFSET);
}

static inline const struct ring_cqe *rt_ring_cq(uint32_t index)
{
    return (const struct ring_cqe *)(RING_BASE + (uint64_t)RING_PAGE_BYTES * index +
                                     RING_CQ_OFFSET);
}

/*
 * Put one entry into the submission queue; its user_data is replaced by the ticket.  The kernel
 * sees it at the next rt_ring_enter or wait (or now, if the queue is full).  At most
 * RT_OUTSTANDING_MAX tickets may be out; more is a bug of the caller.
 * Returns: the ticket, to be given to rt_ring_wait once.
 */
MUST_USE uint64_t rt_ring_submit(const struct ring_sqe *entry);

/* Let the kernel take the submitted entries; waits for nothing. */
void rt_ring_enter(void);

/*
 * Submit what is queued and wait for `ticket`'s completion.
 * Returns: STATUS_OK with *completion filled, or STATUS_EXPIRED when `deadline_ns` passed first;
 * then the ticket is still out.
 */
MUST_USE enum status rt_ring_wait(uint64_t ticket, uint64_t deadline_ns,
                                  struct ring_cqe *completion);

/* One entry, start to end.  Returns its completion's status; its second result in *value, if not
 * NULL. */
int64_t rt_ring_do(const struct ring_sqe *entry, uint64_t *value);

/* `count` <= RT_OUTSTANDING_MAX entries with as few system calls as fit the queue; returns when all
 * are complete, completions[i] belonging to entries[i]. */
void rt_ring_batch(const struct ring_sqe *entries, uint32_t count, struct ring_cqe *completions);

#endif /* USER_RT_RING_H */
