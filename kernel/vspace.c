/* SPDX-License-Identifier: MIT */
#include "kernel/vspace.h"

#include "kernel/frame.h"
#include "kernel/limits.h"
#include "kernel/memory.h"

enum status vspace_init(struct vspace *space, struct resource_ledger *ledger)
{
    enum status status = ledger_take(ledger, LEDGER_FRAMES, 1);
    uint64_t root;

    *space = (struct vspace){.ledger = ledger};
    if (status != STATUS_OK)
        return status;
    root = frame_take();
    if (root == 0) {
        ledger_release(ledger, LEDGER_FRAMES, 1);
        return STATUS_NO_MEMORY;
    }
    arch_space_create(root);
    space->root = root;
    return STATUS_OK;
}

/* ---- Mapping ---- */

enum status vspace_reserve(struct vspace *space, uint64_t virt, uint64_t pages, uint32_t *tables)
{
    lock_take(&space->lock, LOCK_SPACE);
    *tables = arch_space_missing(space->root, virt, pages);
    lock_give(&space->lock, LOCK_SPACE);
    return ledger_reserve(space->ledger, LEDGER_FRAMES, *tables);
}

void vspace_cancel(struct vspace *space, uint32_t tables)
{
    ledger_cancel(space->ledger, LEDGER_FRAMES, tables);
}

struct table_source {
    struct resource_ledger *ledger;
    uint32_t *tables; /* left of the reservation */
};

static uint64_t table_frame(void *context)
{
    struct table_source *source = context;
    uint64_t frame;

    /* None left: others unmapped meanwhile what was there when it was reserved. */
    if (*source->tables == 0 && ledger_reserve(source->ledger, LEDGER_FRAMES, 1) != STATUS_OK)
        return 0;
    *source->tables += *source->tables == 0;
    frame = frame_take();
    if (frame == 0)
        return 0;
    (*source->tables)--;
    ledger_commit(source->ledger, LEDGER_FRAMES, 1);
    return frame;
}

enum status vspace_map_reserved(struct vspace *space, uint64_t virt, uint64_t phys, uint32_t access,
                                uint32_t *tables)
{
    struct table_source source = {space->ledger, tables};
    enum arch_map outcome;

    lock_take(&space->lock, LOCK_SPACE);
    outcome = arch_space_map(space->root, virt, phys, access, table_frame, &source);
    lock_give(&space->lock, LOCK_SPACE);
    switch (outcome) {
    case ARCH_MAP_DONE:
        return STATUS_OK;
    case ARCH_MAP_IN_USE:
        return STATUS_ADDRESS_IN_USE;
    case ARCH_MAP_NO_FRAME:
        return STATUS_NO_MEMORY;
    }
    UNREACHABLE();
}

enum status vspace_map(struct vspace *space, uint64_t virt, uint64_t phys, uint32_t access)
{
    uint32_t tables;
    enum status status = vspace_reserve(space, virt, 1, &tables);

    if (status != STATUS_OK)
        return status;
    status = vspace_map_reserved(space, virt, phys, access, &tables);
    vspace_cancel(space, tables);
    return status;
}

enum status vspace_map_fresh(struct vspace *space, uint64_t virt, uint32_t access, uint64_t *frame)
{
    enum status status = ledger_take(space->ledger, LEDGER_FRAMES, 1);

    if (status != STATUS_OK)
        return status;
    *frame = frame_take();
    status = *frame == 0 ? STATUS_NO_MEMORY
                         : vspace_map(space, virt, *frame, access | (uint32_t)ARCH_OWNED);
    if (status == STATUS_OK)
        return STATUS_OK;
    if (*frame != 0)
        frame_give(*frame);
    ledger_release(space->ledger, LEDGER_FRAMES, 1);
    return status;
}

/* ---- Unmapping ---- */

static void limbo_add(struct vspace_limbo *limbo, uint64_t frame)
{
    *(uint64_t *)arch_phys_to_virt(frame) = limbo->first; /* an entry that is not present: even */
    limbo->first = frame;
    limbo->count++;
}

void vspace_unmap(struct vspace *space, uint64_t virt, uint64_t pages, struct vspace_limbo *limbo)
{
    lock_take(&space->lock, LOCK_SPACE);
    for (uint64_t i = 0; i < pages; i++) { /* the caller bounds `pages` */
        uint64_t at = virt + i * ARCH_PAGE_BYTES;
        uint64_t next = at + ARCH_PAGE_BYTES;
        uint64_t table = 0;

        arch_space_unmap(space->root, at);
        if (i + 1 == pages || next % ARCH_TABLE_SPAN_BYTES == 0) /* no more of its table */
            table = arch_space_prune(space->root, at);
        for (; table != 0; table = arch_space_prune(space->root, at)) /* at most one a level */
            limbo_add(limbo, table);
    }
    lock_give(&space->lock, LOCK_SPACE);
}

void vspace_free_limbo(struct vspace *space, struct vspace_limbo *limbo)
{
    ledger_release(space->ledger, LEDGER_FRAMES, limbo->count);
    while (limbo->first != 0) { /* a few tables for each call of vspace_unmap */
        uint64_t frame = limbo->first;

        limbo->first = *(const uint64_t *)arch_phys_to_virt(frame);
        frame_give(frame);
    }
    limbo->count = 0;
}

static void give_frame(uint64_t frame, void *context)
{
    uint32_t *count = context;

    frame_give(frame);
    (*count)++;
}

bool vspace_fini_some(struct vspace *space, uint64_t *cursor)
{
    uint32_t count = 0;
    bool is_done = true;

    if (space->root == 0)
        return true;
    ASSERT(port_load64(&space->cpus) == 0);
    is_done = arch_space_strip(space->root, cursor, FRAMES_PER_STEP, give_frame, &count);
    if (is_done) {
        give_frame(space->root, &count);
        space->root = 0;
    }
    ledger_release(space->ledger, LEDGER_FRAMES, count);
    return is_done;
}

/* ---- Copying ---- */

/* How much of `bytes` from `virt` on lies in the page of `virt`. */
static uint64_t within_page(uint64_t virt, uint64_t bytes)
{
    uint64_t left = ARCH_PAGE_BYTES - virt % ARCH_PAGE_BYTES;

    return bytes < left ? bytes : left;
}

enum status vspace_copy_in(const struct vspace *space, void *to, uint64_t from, uint64_t bytes)
{
    unsigned char *at = to;

    if (bytes > ARCH_USER_END || from > ARCH_USER_END - bytes)
        return STATUS_BAD_ADDRESS;
    while (bytes > 0) { /* one page a turn; the caller bounds `bytes` */
        uint64_t piece = within_page(from, bytes);
        uint64_t phys = arch_space_lookup(space->root, from, ARCH_READ);

        if (phys == 0)
            return STATUS_BAD_ADDRESS;
        memcpy(at, arch_phys_to_virt(phys), piece);
        at += piece;
        from += piece;
        bytes -= piece;
    }
    return STATUS_OK;
}

enum status vspace_copy_out(const struct vspace *space, uint64_t to, const void *from,
                            uint64_t bytes)
{
    const unsigned char *at = from;

    if (bytes > ARCH_USER_END || to > ARCH_USER_END - bytes)
        return STATUS_BAD_ADDRESS;
    while (bytes > 0) { /* one page a turn; the caller bounds `bytes` */
        uint64_t piece = within_page(to, bytes);
        uint64_t phys = arch_space_lookup(space->root, to, ARCH_WRITE);

        if (phys == 0)
            return STATUS_BAD_ADDRESS;
        memcpy(arch_phys_to_virt(phys), at, piece);
        at += piece;
        to += piece;
        bytes -= piece;
    }
    return STATUS_OK;
}

HOT uint64_t vspace_lookup(const struct vspace *space, uint64_t virt, uint32_t access)
{
    return arch_space_lookup(space->root, virt, access);
}
