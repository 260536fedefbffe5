/* SPDX-License-Identifier: MIT */
/*
 * ring_fuzz.c - any bytes as what a thread writes into its ring page, before, between and inside
 * its entries into the kernel.
 *
 * An input is a list of steps of the thread and of the kernel.  Each step of the kernel is told
 * first, on copies of its state and of the whole page, from abi/ring.h and kernel/ring.h: what may
 * change changes there, and afterwards both must be equal to the byte.  So a refused entry moves
 * sq_head and in_flight by one and nothing else, whatever the page holds.
 */
#include "kernel/ring.h"

#include "abi/cap.h"
#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

struct input {
    const uint8_t *at;
    size_t left;
};

static struct ring ring;
static struct ring_page *page; /* of its own, so that access outside it is seen */

/* What kernel and page must be like after the step. */
static struct ring next;
static struct ring_page next_page;

static uint8_t take_byte(struct input *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->at++;
}

static uint32_t take_word(struct input *in)
{
    uint32_t word = 0;

    for (uint32_t i = 0; i < 4; i++)
        word = word << 8 | take_byte(in);
    return word;
}

static void begin_step(void)
{
    next = ring;
    next_page = *page;
}

static void end_step(void)
{
    ASSERT(ring.page == page);
    ASSERT(ring.sq_head == next.sq_head);
    ASSERT(ring.cq_head == next.cq_head);
    ASSERT(ring.cq_tail == next.cq_tail);
    ASSERT(ring.in_flight == next.in_flight);
    ASSERT(memcmp(page, &next_page, sizeof(next_page)) == 0);
    ASSERT(ring.in_flight + (ring.cq_tail - ring.cq_head) <= RING_CQ_ENTRIES); /* RG3 */
    ASSERT(ring_unread(&ring) == ring.cq_tail - ring.cq_head);
}

/* ---- Entries: abi/ring.h once more, as a table ---- */

struct row {
    bool has_cap;
    bool has_method;
    bool has_flags; /* and a receiver that judges them, and the args */
    bool may_lack_cap;
    uint8_t arg_count;
    bool has_word;    /* args[0] is the address of one */
    uint8_t instants; /* bits: args that are instants */
    uint8_t words_32; /* bits: args that must fit 32 bits */
};

static const struct row rows[] = {
    [RING_OP_NOP] = {0},
    [RING_OP_CALL] = {.has_cap = true, .has_method = true, .has_flags = true, .arg_count = 4},
    [RING_OP_PARK] = {.arg_count = 3, .has_word = true, .words_32 = 1u << 1, .instants = 1u << 2},
    [RING_OP_UNPARK] = {.arg_count = 2, .has_word = true},
    [RING_OP_SLEEP_UNTIL] = {.arg_count = 1, .instants = 1u << 0},
    [RING_OP_YIELD] = {0},
    [RING_OP_CANCEL] = {.arg_count = 1},
    [RING_OP_RELEASE] = {.has_cap = true},
    [RING_OP_SEND] = {.has_cap = true, .has_method = true, .has_flags = true, .arg_count = 4},
    [RING_OP_RECV] = {.has_cap = true, .has_method = true, .has_flags = true, .arg_count = 4},
    [RING_OP_RETURN] = {.has_method = true, .has_flags = true, .may_lack_cap = true,
                        .has_cap = true, .arg_count = 4},
    [RING_OP_RETURN_RECV] = {.has_cap = true, .has_method = true, .has_flags = true,
                             .arg_count = 4},
};

_Static_assert(ARRAY_COUNT(rows) == RING_OP_COUNT, "each operation has its row");

static bool arg_is_sound(const struct row *row, uint32_t i, uint64_t arg)
{
    if (i >= row->arg_count)
        return arg == 0;
    if (i == 0 && row->has_word && arg % 4 != 0)
        return false;
    if ((row->words_32 >> i & 1) != 0 && arg > UINT32_MAX)
        return false;
    return (row->instants >> i & 1) == 0 || arg <= RING_NO_DEADLINE;
}

static bool is_sound(const struct ring_sqe *entry)
{
    if (entry->op >= RING_OP_COUNT || entry->reserved != 0 ||
        entry->deadline_ns > RING_NO_DEADLINE)
        return false;
    const struct row *row = &rows[entry->op];

    if (!row->has_flags && entry->flags != 0)
        return false;
    if (row->has_cap ? !row->may_lack_cap && CAP_SLOT(entry->cap) == CAP_NONE : entry->cap != 0)
        return false;
    if (!row->has_method && entry->method != 0)
        return false;
    for (uint32_t i = 0; i < ARRAY_COUNT(entry->args); i++)
        if (!arg_is_sound(row, i, entry->args[i]))
            return false;
    return true;
}

static bool is_refusal(enum status status)
{
    return status == STATUS_BAD_OP || status == STATUS_BAD_FLAGS || status == STATUS_BAD_CAP ||
           status == STATUS_BAD_ALIGNMENT || status == STATUS_BAD_ARGUMENT;
}

/* ---- Steps of the kernel ---- */

static void post(uint64_t user_data, int64_t status)
{
    struct ring_cqe cqe = {.user_data = user_data,
                           .status = status,
                           .value = user_data + 1,
                           .cap = (uint32_t)user_data + 2};

    begin_step();
    next_page.cq[next.cq_tail % RING_CQ_ENTRIES] = cqe;
    next.cq_tail++;
    next.in_flight--;
    next_page.header.cq_tail = next.cq_tail;
    ring_post(&ring, cqe.user_data, cqe.status, cqe.value, cqe.cap);
    end_step();
}

static void scribble(struct input *in)
{
    uint32_t at = (uint32_t)take_byte(in) << 8 | take_byte(in);

    ((unsigned char *)page)[at % sizeof(*page)] = take_byte(in);
}

static void accept_one(struct input *in)
{
    struct ring_sqe entry;
    struct ring_sqe copy;

    begin_step();
    copy = next_page.sq[next.sq_head % RING_SQ_ENTRIES];
    next.sq_head++;
    next.in_flight++;
    ring_accept(&ring, &entry);
    ASSERT(memcmp(&entry, &copy, sizeof(copy)) == 0);

    enum status status = ring_decode(&entry);

    ASSERT(memcmp(&entry, &copy, sizeof(copy)) == 0);
    ASSERT(status == STATUS_OK ? is_sound(&entry) : is_refusal(status) && !is_sound(&entry));
    end_step();
    if (status != STATUS_OK || entry.op == RING_OP_NOP)
        post(entry.user_data, status);
    if (take_byte(in) % 4 == 1) /* the thread's process has other threads */
        scribble(in);
}

static void enter(struct input *in)
{
    uint32_t waiting = UINT32_MAX;

    begin_step();
    uint32_t sq_tail = page->header.sq_tail;
    uint32_t cq_head = page->header.cq_head;
    bool is_possible = sq_tail - ring.sq_head <= RING_SQ_ENTRIES &&           /* RG1 */
                       cq_head - ring.cq_head <= ring.cq_tail - ring.cq_head; /* RG2 */

    next.cq_head = is_possible ? cq_head : next.cq_tail;
    if (!is_possible) {
        next_page.header.sq_head = next_page.header.sq_tail = next.sq_head;
        next_page.header.cq_head = next_page.header.cq_tail = next.cq_tail;
    }
    ASSERT(ring_sync(&ring, &waiting) == (is_possible ? STATUS_OK : STATUS_RING_CORRUPT));
    end_step();
    ASSERT(waiting == (is_possible ? sq_tail - ring.sq_head : 0));
    ASSERT(waiting <= RING_SQ_ENTRIES);
    for (; waiting > 0 && ring_has_room(&ring); waiting--)
        accept_one(in);

    begin_step();
    next_page.header.sq_head = next.sq_head;
    ring_publish_head(&ring);
    end_step();
}

/* ---- Steps of the thread ---- */

/* An operation by its number, then up to 7 of its bytes changed. */
static void write_entry(struct input *in)
{
    struct ring_sqe entry = {.op = take_byte(in) % (RING_OP_COUNT + 1), .user_data = in->left};
    uint32_t slot = take_byte(in) % RING_SQ_ENTRIES;

    for (uint32_t left = take_byte(in) % 8; left > 0; left--) {
        uint32_t at = take_byte(in) % sizeof(entry);

        ((unsigned char *)&entry)[at] = take_byte(in);
    }
    page->sq[slot] = entry;
}

static void step(struct input *in)
{
    switch (take_byte(in) % 7) {
    case 0:
        enter(in);
        break;
    case 1:
        write_entry(in);
        break;
    case 2:
        page->header.sq_tail += take_byte(in) % (RING_SQ_ENTRIES + 2);
        break;
    case 3:
        page->header.cq_head += take_byte(in) % (RING_CQ_ENTRIES + 2);
        break;
    case 4:
        if (ring.in_flight > 0)
            post(take_byte(in), STATUS_OK);
        break;
    case 5:
        ((uint32_t *)(void *)page)[take_byte(in) % 4] = take_word(in);
        break;
    default:
        scribble(in);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct input in = {data, bytes};

    if (page == NULL)
        page = aligned_alloc(RING_PAGE_BYTES, RING_PAGE_BYTES);
    if (page == NULL)
        abort();
    memset(page, 0, sizeof(*page));
    ring_init(&ring, page);
    if (take_byte(&in) % 2 == 1) { /* where the indices wrap, for instance */
        ring.sq_head = page->header.sq_head = page->header.sq_tail = take_word(&in);
        ring.cq_head = ring.cq_tail = page->header.cq_head = page->header.cq_tail = take_word(&in);
    }
    while (in.left > 0)
        step(&in);
    while (ring.in_flight > 0) /* whatever happened, each accepted entry still has its place */
        post(ring.in_flight, STATUS_CANCELLED);
    return 0;
}
