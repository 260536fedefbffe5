/* SPDX-License-Identifier: MIT */
#include "kernel/vspace.h"

#include "kernel/frame.h"
#include "kernel/memory.h"

enum status vspace_init(struct vspace *space)
{
    *space = (struct vspace){.root = arch_space_create(frame_take)};
    return space->root != 0 ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status vspace_map(struct vspace *space, uint64_t virt, uint64_t phys, uint32_t access)
{
    bool is_mapped;

    ASSERT((access & (ARCH_WRITE | ARCH_EXECUTE)) != (ARCH_WRITE | ARCH_EXECUTE));
    lock_take(&space->lock, LOCK_SPACE);
    is_mapped = arch_space_map(space->root, virt, phys, access, frame_take);
    lock_give(&space->lock, LOCK_SPACE);
    return is_mapped ? STATUS_OK : STATUS_NO_MEMORY;
}

/* How much of `bytes` from `virt` on lies in the page of `virt`. */
static uint64_t within_page(uint64_t virt, uint64_t bytes)
{
    uint64_t left = ARCH_PAGE_BYTES - virt % ARCH_PAGE_BYTES;

    return bytes < left ? bytes : left;
}

enum status vspace_fill(struct vspace *space, uint64_t virt, uint64_t bytes,
                        const unsigned char *from, uint64_t length, uint32_t access)
{
    uint64_t done = 0;

    ASSERT(length <= bytes);
    while (done < bytes) { /* one page a turn; the caller bounds `bytes` */
        uint64_t at = virt + done;
        uint64_t piece = within_page(at, bytes - done);
        uint64_t copied = done < length ? within_page(at, length - done) : 0;
        uint64_t frame = frame_take();
        enum status status;

        if (frame == 0)
            return STATUS_NO_MEMORY;
        if (copied > 0)
            memcpy((unsigned char *)arch_phys_to_virt(frame) + at % ARCH_PAGE_BYTES, from + done,
                   copied);
        status = vspace_map(space, at - at % ARCH_PAGE_BYTES, frame, access);
        if (status != STATUS_OK) {
            frame_give(frame);
            return status;
        }
        done += piece;
        arch_pause();
    }
    return STATUS_OK;
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

uint64_t vspace_lookup(const struct vspace *space, uint64_t virt, uint32_t access)
{
    return arch_space_lookup(space->root, virt, access);
}
