/* SPDX-License-Identifier: MIT */
#include "kernel/ring.h"

#include "abi/cap.h"
#include "base/assert.h"

/* Shared words are read and written as a whole, once: user code runs at the same time. */
static uint32_t shared_load(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void shared_store(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

void ring_init(struct ring *r, struct ring_page *page)
{
    *r = (struct ring){.page = page};
}

static void reset(struct ring *r)
{
    struct ring_header *header = &r->page->header;

    r->cq_head = r->cq_tail;
    shared_store(&header->sq_head, r->sq_head);
    shared_store(&header->sq_tail, r->sq_head);
    shared_store(&header->cq_head, r->cq_tail);
    shared_store(&header->cq_tail, r->cq_tail);
}

enum status ring_sync(struct ring *r, uint32_t *waiting)
{
    uint32_t sq_tail = shared_load(&r->page->header.sq_tail);
    uint32_t cq_head = shared_load(&r->page->header.cq_head);

    *waiting = 0;
    if (sq_tail - r->sq_head > RING_SQ_ENTRIES ||         /* RG1 */
        cq_head - r->cq_head > r->cq_tail - r->cq_head) { /* RG2 */
        reset(r);
        return STATUS_RING_CORRUPT;
    }
    r->cq_head = cq_head;
    *waiting = sq_tail - r->sq_head;
    return STATUS_OK;
}

/* Word `i` of a shared entry, read once. */
static inline void copy_word(struct ring_sqe *to, const struct ring_sqe *from, uint32_t i)
{
    const uint64_t *shared = (const uint64_t *)(const void *)from;

    ((uint64_t *)(void *)to)[i] = __atomic_load_n(&shared[i], __ATOMIC_RELAXED);
}

void ring_accept(struct ring *r, struct ring_sqe *entry)
{
    const struct ring_sqe *slot = &r->page->sq[r->sq_head % RING_SQ_ENTRIES];

    ASSERT(ring_has_room(r));
    copy_word(entry, slot, 0);
    copy_word(entry, slot, 1);
    copy_word(entry, slot, 2);
    copy_word(entry, slot, 3);
    copy_word(entry, slot, 4);
    copy_word(entry, slot, 5);
    copy_word(entry, slot, 6);
    copy_word(entry, slot, 7);
    r->sq_head++;
    r->in_flight++;
}

void ring_publish_head(struct ring *r)
{
    shared_store(&r->page->header.sq_head, r->sq_head);
}

void ring_post(struct ring *r, uint64_t user_data, int64_t status, uint64_t value, uint32_t cap)
{
    ASSERT(r->in_flight > 0);
    ASSERT(r->cq_tail - r->cq_head < RING_CQ_ENTRIES);
    r->page->cq[r->cq_tail % RING_CQ_ENTRIES] =
        (struct ring_cqe){.user_data = user_data, .status = status, .value = value, .cap = cap};
    r->cq_tail++;
    r->in_flight--;
    shared_store(&r->page->header.cq_tail, r->cq_tail); /* after the entry it shows */
}

static bool is_instant(uint64_t ns)
{
    return ns <= RING_NO_DEADLINE;
}

/* Are args[from..3] zero? */
static inline bool rest_is_zero(const struct ring_sqe *entry, uint32_t from)
{
    const uint64_t *args = entry->args;

    return ((from > 0 ? 0 : args[0]) | (from > 1 ? 0 : args[1]) | (from > 2 ? 0 : args[2]) |
            (from > 3 ? 0 : args[3])) == 0;
}

/* What names a capability. */
static enum status decode_cap(const struct ring_sqe *entry)
{
    return CAP_SLOT(entry->cap) == CAP_NONE ? STATUS_BAD_CAP : STATUS_OK;
}

static enum status decode_park(const struct ring_sqe *entry)
{
    if (!rest_is_zero(entry, 3))
        return STATUS_BAD_FLAGS;
    if (entry->args[0] % sizeof(uint32_t) != 0)
        return STATUS_BAD_ALIGNMENT;
    if (entry->args[1] > UINT32_MAX || !is_instant(entry->args[2]))
        return STATUS_BAD_ARGUMENT;
    return STATUS_OK;
}

static enum status decode_unpark(const struct ring_sqe *entry)
{
    if (!rest_is_zero(entry, 2))
        return STATUS_BAD_FLAGS;
    return entry->args[0] % sizeof(uint32_t) != 0 ? STATUS_BAD_ALIGNMENT : STATUS_OK;
}

static enum status decode_release(const struct ring_sqe *entry)
{
    if (entry->method != 0 || !rest_is_zero(entry, 0))
        return STATUS_BAD_FLAGS;
    return decode_cap(entry);
}

static enum status decode_sleep(const struct ring_sqe *entry)
{
    if (!rest_is_zero(entry, 1))
        return STATUS_BAD_FLAGS;
    return is_instant(entry->args[0]) ? STATUS_OK : STATUS_BAD_ARGUMENT;
}

static inline bool is_message(uint32_t op)
{
    return op == RING_OP_CALL || op >= RING_OP_SEND;
}

HOT enum status ring_decode(const struct ring_sqe *entry)
{
    if (entry->op >= RING_OP_COUNT)
        return STATUS_BAD_OP;
    if (entry->reserved != 0 || (entry->flags != 0 && !is_message(entry->op)))
        return STATUS_BAD_FLAGS;
    if (!is_instant(entry->deadline_ns))
        return STATUS_BAD_ARGUMENT;
    if (is_message(entry->op))
        return entry->op == RING_OP_RETURN ? STATUS_OK : decode_cap(entry);
    if (entry->op == RING_OP_RELEASE)
        return decode_release(entry);
    if ((entry->cap | entry->method) != 0)
        return STATUS_BAD_FLAGS;
    switch ((enum ring_op)entry->op) {
    case RING_OP_PARK:
        return decode_park(entry);
    case RING_OP_UNPARK:
        return decode_unpark(entry);
    case RING_OP_SLEEP_UNTIL:
        return decode_sleep(entry);
    case RING_OP_NOP:
    case RING_OP_YIELD:
        return rest_is_zero(entry, 0) ? STATUS_OK : STATUS_BAD_FLAGS;
    case RING_OP_CANCEL:
        return rest_is_zero(entry, 1) ? STATUS_OK : STATUS_BAD_FLAGS;
    case RING_OP_CALL:
    case RING_OP_RELEASE:
    case RING_OP_SEND:
    case RING_OP_RECV:
    case RING_OP_RETURN:
    case RING_OP_RETURN_RECV:
    case RING_OP_COUNT:
        break;
    }
    UNREACHABLE();
}
