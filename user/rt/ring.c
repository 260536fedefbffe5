/* SPDX-License-Identifier: MIT */
#include "user/rt/ring.h"

#include "base/assert.h"
#include "user/rt/syscall.h"
#include "user/rt/thread.h"

/* Move every unread completion into the stash. */
static void drain(struct rt_thread *self)
{
    struct ring_header *header = rt_ring_header(self->index);
    const struct ring_cqe *queue = rt_ring_cq(self->index);
    uint32_t head = __atomic_load_n(&header->cq_head, __ATOMIC_RELAXED);
    /* Acquire: the entries below cq_tail are read after it.  Release: after they were read. */
    uint32_t tail = __atomic_load_n(&header->cq_tail, __ATOMIC_ACQUIRE);

    for (; head != tail; head++) { /* at most RING_CQ_ENTRIES turns */
        ASSERT(self->ring.stash_count < self->ring.outstanding);
        self->ring.stash[self->ring.stash_count++] = queue[head % RING_CQ_ENTRIES];
    }
    __atomic_store_n(&header->cq_head, head, __ATOMIC_RELEASE);
}

/* Take `ticket`'s completion out of the stash, if it is there.  O(stash). */
static bool take(struct rt_ring *ring, uint64_t ticket, struct ring_cqe *completion)
{
    for (uint32_t i = 0; i < ring->stash_count; i++) {
        if (ring->stash[i].user_data != ticket)
            continue;
        *completion = ring->stash[i];
        ring->stash[i] = ring->stash[--ring->stash_count];
        ring->outstanding--;
        return true;
    }
    return false;
}

/* STATUS_OK or STATUS_EXPIRED; anything else means this file broke R1 or the ring. */
static enum status enter(uint64_t min_complete, uint64_t deadline_ns)
{
    int64_t result = syscall_cap_enter(min_complete, deadline_ns);

    if (result == STATUS_EXPIRED)
        return STATUS_EXPIRED;
    ASSERT(result >= 0);
    return STATUS_OK;
}

void rt_ring_enter(void)
{
    (void)enter(0, RT_NO_DEADLINE);
}

uint64_t rt_ring_submit(const struct ring_sqe *entry)
{
    struct rt_thread *self = rt_self();
    struct ring_header *header = rt_ring_header(self->index);
    uint32_t tail = __atomic_load_n(&header->sq_tail, __ATOMIC_RELAXED);

    ASSERT(self->canary == RT_CANARY);
    ASSERT(self->ring.outstanding < RT_OUTSTANDING_MAX);

    if (tail - __atomic_load_n(&header->sq_head, __ATOMIC_ACQUIRE) == RING_SQ_ENTRIES) {
        drain(self); /* make room for the completions of what is queued */
        rt_ring_enter();
    }

    struct ring_sqe *slot = &rt_ring_sq(self->index)[tail % RING_SQ_ENTRIES];

    *slot = *entry;
    slot->user_data = self->ring.next_ticket;
    self->ring.outstanding++;
    /* Release: the entry is written before the index that shows it. */
    __atomic_store_n(&header->sq_tail, tail + 1, __ATOMIC_RELEASE);
    return self->ring.next_ticket++;
}

enum status rt_ring_wait(uint64_t ticket, uint64_t deadline_ns, struct ring_cqe *completion)
{
    struct rt_thread *self = rt_self();

    for (;;) { /* each turn waits in the kernel for at least one more completion */
        if (take(&self->ring, ticket, completion))
            return STATUS_OK;

        enum status status = enter(1, deadline_ns);

        drain(self);
        if (status == STATUS_EXPIRED)
            return take(&self->ring, ticket, completion) ? STATUS_OK : STATUS_EXPIRED;
    }
}

int64_t rt_ring_do(const struct ring_sqe *entry, uint64_t *value)
{
    struct ring_cqe completion;
    uint64_t ticket = rt_ring_submit(entry);

    if (rt_ring_wait(ticket, RT_NO_DEADLINE, &completion) != STATUS_OK)
        UNREACHABLE(); /* there is no deadline */
    if (value != NULL)
        *value = completion.value;
    return completion.status;
}

void rt_ring_batch(const struct ring_sqe *entries, uint32_t count, struct ring_cqe *completions)
{
    uint64_t tickets[RT_OUTSTANDING_MAX];

    ASSERT(count <= RT_OUTSTANDING_MAX);

    for (uint32_t i = 0; i < count; i++)
        tickets[i] = rt_ring_submit(&entries[i]);
    for (uint32_t i = 0; i < count; i++)
        if (rt_ring_wait(tickets[i], RT_NO_DEADLINE, &completions[i]) != STATUS_OK)
            UNREACHABLE();
}
