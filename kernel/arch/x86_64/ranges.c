/* SPDX-License-Identifier: MIT */
/* ranges.c - see ranges.h. */
#include "kernel/arch/x86_64/ranges.h"

#include "base/bits.h"

/* The end of a range, or the end of the address space if a loader's numbers overflow. */
static uint64_t end_of(uint64_t base, uint64_t bytes)
{
    return bytes > UINT64_MAX - base ? UINT64_MAX : base + bytes;
}

static void append(struct ranges *r, uint64_t first, uint64_t end)
{
    struct arch_range *place = &r->items[0];

    if (first >= end)
        return;
    if (r->count < ARCH_RANGES_MAX) {
        r->items[r->count++] = (struct arch_range){first, end - first};
        return;
    }
    for (uint32_t i = 1; i < ARCH_RANGES_MAX; i++)
        if (r->items[i].bytes < place->bytes)
            place = &r->items[i];
    if (place->bytes < end - first)
        *place = (struct arch_range){first, end - first};
}

void ranges_add(struct ranges *r, uint64_t base, uint64_t bytes)
{
    uint64_t end = end_of(base, bytes) & ~(uint64_t)(ARCH_PAGE_BYTES - 1);

    if (base > UINT64_MAX - ARCH_PAGE_BYTES)
        return;
    append(r, bits_round_up(base, ARCH_PAGE_BYTES), end);
}

void ranges_remove(struct ranges *r, uint64_t base, uint64_t bytes)
{
    struct ranges old = *r;
    uint64_t first = base & ~(uint64_t)(ARCH_PAGE_BYTES - 1);
    uint64_t end = end_of(base, bytes);

    if (bytes == 0)
        return;
    if (end <= UINT64_MAX - ARCH_PAGE_BYTES)
        end = bits_round_up(end, ARCH_PAGE_BYTES);
    r->count = 0;
    for (uint32_t i = 0; i < old.count; i++) {
        uint64_t item_first = old.items[i].base;
        uint64_t item_end = item_first + old.items[i].bytes;

        append(r, item_first, item_end < first ? item_end : first);
        append(r, item_first > end ? item_first : end, item_end);
    }
}
