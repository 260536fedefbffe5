/* SPDX-License-Identifier: MIT */
#include "kernel/memobj.h"

#include "base/bits.h"
#include "kernel/cap.h"
#include "kernel/frame.h"
#include "kernel/grant.h"
#include "kernel/limits.h"
#include "kernel/mapping.h"
#include "kernel/memory.h"
#include "kernel/object.h"
#include "kernel/process.h"

struct pool memobj_pool;

bool memobj_init(void)
{
    return pool_init(&memobj_pool, sizeof(struct memobj), MEMORIES_MAX);
}

static struct memobj *memobj_at(uint32_t index)
{
    return pool_at(&memobj_pool, index);
}

/* Frames in all for an object of `pages` pages. */
static uint64_t frames_for(uint64_t pages)
{
    return pages + (pages + MEMOBJ_INDEX_COUNT - 1) / MEMOBJ_INDEX_COUNT;
}

/* An index frame: frames, then the next index frame. */
static uint64_t *index_words(uint64_t frame)
{
    return arch_phys_to_virt(frame);
}

const struct process *memobj_owner(uint32_t index)
{
    return memobj_at(index)->owner;
}

uint64_t memobj_frame(const struct memobj *m, uint64_t page)
{
    uint64_t index = m->first_index;

    if (page >= m->made_count)
        return 0;
    for (; page >= MEMOBJ_INDEX_COUNT; page -= MEMOBJ_INDEX_COUNT)
        index = index_words(index)[MEMOBJ_INDEX_COUNT];
    return index_words(index)[page];
}

/* ---- Making ---- */

static uint32_t take_record(struct process *owner, uint64_t bytes)
{
    uint32_t index = pool_take(&memobj_pool);
    struct memobj *m;

    if (index == POOL_NONE)
        return index;
    m = memobj_at(index);
    m->owner = owner;
    m->bytes = bits_round_up(bytes, ARCH_PAGE_BYTES);
    m->page_count = m->bytes / ARCH_PAGE_BYTES;
    m->made_count = 0;
    m->freed_count = 0;
    m->first_index = 0;
    m->last_index = 0;
    list_init(&m->mappings);
    list_init(&m->link);
    return index;
}

/* Add a frame.  false: there is none, and nothing has changed but, perhaps, an index frame more. */
static bool add_frame(struct memobj *m)
{
    uint64_t place = m->made_count % MEMOBJ_INDEX_COUNT;
    uint64_t frame;

    if (place == 0 && (m->last_index == 0 || index_words(m->last_index)[0] != 0)) {
        uint64_t index = frame_take();

        if (index == 0)
            return false;
        if (m->last_index == 0)
            m->first_index = index;
        else
            index_words(m->last_index)[MEMOBJ_INDEX_COUNT] = index;
        m->last_index = index;
    }
    frame = frame_take();
    if (frame == 0)
        return false;
    index_words(m->last_index)[place] = frame;
    m->made_count++;
    return true;
}

uint32_t memobj_of_bytes(const unsigned char *bytes, uint64_t length)
{
    uint32_t index = take_record(NULL, length);
    struct memobj *m;

    if (index == POOL_NONE)
        return index;
    m = memobj_at(index);
    m->bytes = length;
    for (uint64_t at = 0; at < length; at += ARCH_PAGE_BYTES) { /* BOOT_ARCHIVE_BYTES_MAX */
        uint64_t piece = length - at < ARCH_PAGE_BYTES ? length - at : ARCH_PAGE_BYTES;

        if (!add_frame(m))
            return POOL_NONE;
        memcpy(arch_phys_to_virt(
                   index_words(m->last_index)[at / ARCH_PAGE_BYTES % MEMOBJ_INDEX_COUNT]),
               bytes + at, piece);
        arch_pause();
    }
    return index;
}

enum status memobj_begin(struct process *owner, uint64_t bytes, uint32_t *index)
{
    uint64_t frames = frames_for(bits_round_up(bytes, ARCH_PAGE_BYTES) / ARCH_PAGE_BYTES);
    enum status status;

    ASSERT(bytes > 0 && bytes <= MEMORY_BYTES_MAX);
    status = ledger_take(&owner->ledger, LEDGER_OBJECTS, 1);
    if (status != STATUS_OK)
        return status;
    status = ledger_take(&owner->ledger, LEDGER_FRAMES, frames);
    if (status == STATUS_OK) {
        *index = take_record(owner, bytes);
        if (*index != POOL_NONE) {
            object_link(&owner->memories, &memobj_at(*index)->link);
            return STATUS_OK;
        }
        status = STATUS_NO_SLOT;
        ledger_release(&owner->ledger, LEDGER_FRAMES, frames);
    }
    ledger_release(&owner->ledger, LEDGER_OBJECTS, 1);
    return status;
}

static void free_record(uint32_t index)
{
    struct memobj *m = memobj_at(index);
    struct process *owner = m->owner;

    ASSERT(list_is_empty(&m->mappings)); /* MO1 */
    ASSERT(m->first_index == 0);
    object_unlink(&m->link);
    ledger_release(&owner->ledger, LEDGER_FRAMES, frames_for(m->page_count));
    ledger_release(&owner->ledger, LEDGER_OBJECTS, 1);
    pool_give(&memobj_pool, index);
}

/* Give back up to FRAMES_PER_STEP frames, from the front.  Returns: none is left. */
static bool free_some(struct memobj *m)
{
    for (uint32_t i = 0; i < FRAMES_PER_STEP && m->first_index != 0; i++) {
        uint64_t *words = index_words(m->first_index);

        if (m->freed_count < m->made_count)
            frame_give(words[m->freed_count++ % MEMOBJ_INDEX_COUNT]);
        if (m->freed_count == m->made_count || m->freed_count % MEMOBJ_INDEX_COUNT == 0) {
            uint64_t index = m->first_index;

            m->first_index = words[MEMOBJ_INDEX_COUNT];
            frame_give(index);
        }
    }
    return m->first_index == 0;
}

/* ---- Steps ---- */

enum work_turn memobj_create_step(struct work *w)
{
    struct memobj *m = memobj_at(w->object);
    struct cap_ref ref = {.kind = CAP_KIND_MEMORY,
                          .object = w->object,
                          .object_gen = pool_gen(&memobj_pool, w->object),
                          .grant = GRANT_ROOT};

    for (uint32_t i = 0; i < FRAMES_PER_STEP && m->made_count < m->page_count; i++)
        if (!add_frame(m)) { /* the ledgers promise more than there is: a bug, but not a crash */
            cap_cancel(&w->process->caps, w->slot);
            (void)pool_stale(&memobj_pool, w->object);
            w->kind = WORK_DESTROY;
            w->status = STATUS_NO_MEMORY;
            return WORK_MORE;
        }
    if (m->made_count < m->page_count)
        return WORK_MORE;
    w->status = cap_commit(&w->process->caps, w->slot, &ref);
    w->value = m->bytes;
    return WORK_DONE;
}

enum work_turn memobj_destroy_step(struct work *w)
{
    struct memobj *m = memobj_at(w->object);

    if (w->unmapping.mapping != POOL_NONE) {
        enum work_turn turn = mapping_unmap_step(w);

        return turn == WORK_DONE ? WORK_MORE : turn;
    }
    switch (mapping_claim_of(w, m)) {
    case MAPPING_CLAIMED:
        return WORK_MORE;
    case MAPPING_BUSY:
        return WORK_AGAIN;
    case MAPPING_NONE:
        break;
    }
    if (!free_some(m))
        return WORK_MORE;
    free_record(w->object);
    return WORK_DONE;
}

uint32_t memobj_first_of(struct process *owner)
{
    struct list *first = object_first(&owner->memories);
    uint32_t index;

    if (first == NULL)
        return POOL_NONE;
    index = pool_index(&memobj_pool, LIST_ENTRY(first, struct memobj, link));
    (void)pool_stale(&memobj_pool, index);
    return index;
}
