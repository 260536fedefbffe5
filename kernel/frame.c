/* SPDX-License-Identifier: MIT */
#include "kernel/frame.h"

#include "base/bits.h"
#include "kernel/lock.h"
#include "kernel/memory.h"

#define WORD_BITS 64u

static struct {
    struct lock lock;
    struct arch_range fresh[ARCH_RANGES_MAX]; /* never used; they shrink from below */
    uint32_t fresh_count;
    uint64_t list; /* first given-back frame, 0: none; each holds the next one's address */
    uint64_t free_count;
    uint64_t *taken; /* one bit per frame from `first` on */
    uint64_t first;  /* physical address of bit 0 */
    uint64_t bits;
} frames;

static uint64_t fresh_take(uint64_t bytes)
{
    for (uint32_t i = 0; i < frames.fresh_count; i++) { /* at most ARCH_RANGES_MAX */
        struct arch_range *range = &frames.fresh[i];
        uint64_t base = range->base;

        if (range->bytes < bytes)
            continue;
        range->base += bytes;
        range->bytes -= bytes;
        frames.free_count -= bytes / ARCH_PAGE_BYTES;
        return base;
    }
    return 0;
}

static uint64_t bit_of(uint64_t frame)
{
    ASSERT(frame % ARCH_PAGE_BYTES == 0);
    ASSERT(frame >= frames.first);
    ASSERT((frame - frames.first) / ARCH_PAGE_BYTES < frames.bits);
    return (frame - frames.first) / ARCH_PAGE_BYTES;
}

static void mark_taken(uint64_t frame)
{
    uint64_t bit = bit_of(frame);

    ASSERT((frames.taken[bit / WORD_BITS] >> (bit % WORD_BITS) & 1) == 0);
    frames.taken[bit / WORD_BITS] |= UINT64_C(1) << (bit % WORD_BITS);
}

static void mark_free(uint64_t frame)
{
    uint64_t bit = bit_of(frame);

    ASSERT((frames.taken[bit / WORD_BITS] >> (bit % WORD_BITS) & 1) == 1);
    frames.taken[bit / WORD_BITS] &= ~(UINT64_C(1) << (bit % WORD_BITS));
}

static void mark_run(uint64_t base, uint64_t bytes)
{
    for (uint64_t at = 0; at < bytes; at += ARCH_PAGE_BYTES)
        mark_taken(base + at);
}

void frame_init(const struct arch_range *ranges, uint32_t count)
{
    uint64_t end = 0;

    ASSERT(count <= ARCH_RANGES_MAX);
    frames.lock = (struct lock){{0}};
    frames.fresh_count = 0;
    frames.list = 0;
    frames.free_count = 0;
    frames.first = UINT64_MAX;
    for (uint32_t i = 0; i < count; i++) { /* at most ARCH_RANGES_MAX */
        ASSERT(ranges[i].base % ARCH_PAGE_BYTES == 0);
        ASSERT(ranges[i].bytes % ARCH_PAGE_BYTES == 0);
        ASSERT(ranges[i].base != 0); /* 0 means "none" */
        if (ranges[i].bytes == 0)
            continue;
        frames.fresh[frames.fresh_count++] = ranges[i];
        frames.free_count += ranges[i].bytes / ARCH_PAGE_BYTES;
        if (ranges[i].base < frames.first)
            frames.first = ranges[i].base;
        if (ranges[i].base + ranges[i].bytes > end)
            end = ranges[i].base + ranges[i].bytes;
    }
    ASSERT(frames.fresh_count > 0);
    frames.bits = (end - frames.first) / ARCH_PAGE_BYTES;

    uint64_t table_bytes =
        bits_round_up(bits_round_up(frames.bits, WORD_BITS) / 8, ARCH_PAGE_BYTES);
    uint64_t table = fresh_take(table_bytes);

    ASSERT(table != 0); /* the loader's ranges cannot hold one bit for each of their frames */
    frames.taken = arch_phys_to_virt(table);
    memset(frames.taken, 0, table_bytes);
    mark_run(table, table_bytes);
}

uint64_t frame_take(void)
{
    uint64_t frame;

    lock_take(&frames.lock, LOCK_FRAME);
    frame = frames.list;
    if (frame != 0) {
        frames.list = *(const uint64_t *)arch_phys_to_virt(frame);
        frames.free_count--;
    } else {
        frame = fresh_take(ARCH_PAGE_BYTES);
    }
    if (frame != 0)
        mark_taken(frame);
    lock_give(&frames.lock, LOCK_FRAME);
    if (frame != 0)
        memset(arch_phys_to_virt(frame), 0, ARCH_PAGE_BYTES);
    return frame;
}

uint64_t frame_take_run(uint64_t bytes)
{
    uint64_t run_bytes = bits_round_up(bytes, ARCH_PAGE_BYTES);
    uint64_t base;

    ASSERT(bytes > 0);
    ASSERT(bytes <= UINT64_MAX - ARCH_PAGE_BYTES);
    lock_take(&frames.lock, LOCK_FRAME);
    base = fresh_take(run_bytes);
    if (base != 0)
        mark_run(base, run_bytes);
    lock_give(&frames.lock, LOCK_FRAME);
    if (base != 0)
        memset(arch_phys_to_virt(base), 0, run_bytes);
    return base;
}

void frame_give(uint64_t frame)
{
    lock_take(&frames.lock, LOCK_FRAME);
    mark_free(frame);
    *(uint64_t *)arch_phys_to_virt(frame) = frames.list;
    frames.list = frame;
    frames.free_count++;
    lock_give(&frames.lock, LOCK_FRAME);
}

uint64_t frame_free_count(void)
{
    uint64_t count;

    lock_take(&frames.lock, LOCK_FRAME);
    count = frames.free_count;
    lock_give(&frames.lock, LOCK_FRAME);
    return count;
}
