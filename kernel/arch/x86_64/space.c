/* SPDX-License-Identifier: MIT */
/*
 * space.c - the user's half of an address space (kernel/arch.h, Memory).
 *
 * Every level above the page is writable and executable; the page itself decides.  Mapping only
 * ever turns "not present" into "present", which no processor caches, so it flushes no TLB; who
 * unmaps has the CPUs flush before he uses a frame again (kernel/quiesce.h).
 */
#include "kernel/arch.h"

#include <stdatomic.h>

#include "base/assert.h"
#include "kernel/arch/x86_64/memory.h"
#include "kernel/arch/x86_64/paging.h"
#include "kernel/arch/x86_64/percpu.h"
#include "kernel/arch/x86_64/x86.h"

#define TABLE_FLAGS (PAGE_PRESENT | PAGE_WRITE | PAGE_USER)
#define PAGE_OWNED UINT64_C(0x200) /* a bit that is free for software */

void *arch_phys_to_virt(uint64_t phys)
{
    return (void *)(DIRECT_BASE + phys);
}

uint64_t arch_virt_to_phys(const void *direct_map_address)
{
    ASSERT((uint64_t)direct_map_address >= DIRECT_BASE);
    ASSERT((uint64_t)direct_map_address < KERNEL_BASE);
    return (uint64_t)direct_map_address - DIRECT_BASE;
}

/*
 * The last page each CPU looked up.  It holds as long as nothing has been unmapped anywhere and no
 * space was made: a root may be a frame used before.
 */
static struct looked_up {
    uint64_t root; /* 0: none */
    uint64_t page;
    uint64_t entry;
    uint64_t changes;
} ALIGNED(64) looked_up[ARCH_CPU_MAX];

static _Atomic uint64_t changes;

void arch_space_create(uint64_t root)
{
    const uint64_t *kernel = arch_phys_to_virt(paging_root);
    uint64_t *table = arch_phys_to_virt(root);

    ASSERT(root % ARCH_PAGE_BYTES == 0);
    memcpy(table + PAGING_ENTRIES / 2, kernel + PAGING_ENTRIES / 2, ARCH_PAGE_BYTES / 2);
    atomic_fetch_add(&changes, 1);
}

static bool in_user_half(uint64_t virt)
{
    return virt >= ARCH_USER_LOW && virt < ARCH_USER_END;
}

/* What one entry of a table of `level` spans. */
static uint64_t span_of(uint32_t level)
{
    return UINT64_C(1) << (12 + 9 * level);
}

/* The entry for `virt` in the lowest table there is on its way; *level says of which. */
static uint64_t *lowest_entry(uint64_t root, uint64_t virt, uint32_t *level)
{
    uint64_t *table = arch_phys_to_virt(root);

    for (*level = PAGING_LEVELS - 1; *level > 0; (*level)--) {
        uint64_t *entry = &table[paging_index(virt, *level)];

        if (*entry == 0)
            return entry;
        table = arch_phys_to_virt(*entry & PAGE_ADDRESS);
    }
    return &table[paging_index(virt, 0)];
}

uint32_t arch_space_missing(uint64_t root, uint64_t virt, uint64_t pages)
{
    uint64_t end = virt + pages * ARCH_PAGE_BYTES;
    uint32_t count = 0;

    /* Tables of a level are missing once for each span of theirs that the range touches and that
     * has none yet; a missing table lacks all below it. */
    for (uint32_t level = 1; level < PAGING_LEVELS; level++)
        for (uint64_t at = virt; at < end; at = (at | (span_of(level) - 1)) + 1) {
            uint32_t found; /* of the entry that is there or empty */

            (void)lowest_entry(root, at, &found);
            count += found >= level;
        }
    return count;
}

enum arch_map arch_space_map(uint64_t root, uint64_t virt, uint64_t phys, uint32_t access,
                             uint64_t (*frame)(void *context), void *context)
{
    uint64_t *table = arch_phys_to_virt(root);
    uint64_t flags = PAGE_PRESENT | PAGE_USER | ((access & ARCH_WRITE) ? PAGE_WRITE : 0) |
                     ((access & ARCH_EXECUTE) ? 0 : PAGE_NO_EXECUTE) |
                     ((access & ARCH_OWNED) ? PAGE_OWNED : 0);

    ASSERT(virt % ARCH_PAGE_BYTES == 0);
    ASSERT(phys % ARCH_PAGE_BYTES == 0);
    ASSERT(in_user_half(virt));
    ASSERT(!((access & ARCH_WRITE) && (access & ARCH_EXECUTE)));
    for (uint32_t level = PAGING_LEVELS - 1; level > 0; level--) {
        uint64_t *entry = &table[paging_index(virt, level)];

        if (*entry == 0) {
            uint64_t next = frame(context);

            if (next == 0)
                return ARCH_MAP_NO_FRAME;
            *entry = next | TABLE_FLAGS;
        }
        table = arch_phys_to_virt(*entry & PAGE_ADDRESS);
    }
    if (table[paging_index(virt, 0)] != 0)
        return ARCH_MAP_IN_USE;
    table[paging_index(virt, 0)] = phys | flags;
    return ARCH_MAP_DONE;
}

void arch_space_unmap(uint64_t root, uint64_t virt)
{
    uint32_t level;
    uint64_t *entry = lowest_entry(root, virt, &level);

    ASSERT(in_user_half(virt));
    if (level == 0)
        *entry = 0;
    atomic_fetch_add(&changes, 1);
}

static bool is_empty(const uint64_t *table)
{
    for (uint32_t i = 0; i < PAGING_ENTRIES; i++)
        if (table[i] != 0)
            return false;
    return true;
}

uint64_t arch_space_prune(uint64_t root, uint64_t virt)
{
    uint64_t *table = arch_phys_to_virt(root);
    uint64_t *above = NULL; /* the entry that leads to `table` */

    for (uint32_t level = PAGING_LEVELS - 1; level > 0; level--) {
        uint64_t *entry = &table[paging_index(virt, level)];

        if (*entry == 0)
            break;
        above = entry;
        table = arch_phys_to_virt(*entry & PAGE_ADDRESS);
    }
    if (above == NULL || !is_empty(table))
        return 0;
    uint64_t frame = *above & PAGE_ADDRESS;

    *above = 0;
    atomic_fetch_add(&changes, 1);
    return frame;
}

#define SKIP 8u /* entries looked at together */

struct strip {
    uint64_t virt; /* everything below is gone */
    uint32_t left; /* pages and tables to give in this call */
    void (*give)(uint64_t frame, void *context);
    void *context;
};

/* The first entry from `i` on that is not 0, or `count`, a multiple of SKIP.  Most are 0. */
static uint32_t next_entry(const uint64_t *table, uint32_t i, uint32_t count)
{
    while (i < count) {
        const uint64_t *at = &table[i];

        if (i % SKIP == 0 &&
            (at[0] | at[1] | at[2] | at[3] | at[4] | at[5] | at[6] | at[7]) == 0)
            i += SKIP;
        else if (at[0] == 0)
            i++;
        else
            break;
    }
    return i;
}

/* Empty `table` from s->virt on, its first `count` entries.  Returns: it is empty; else s->left is
 * 0.  Calls itself once per level. */
static bool strip_table(struct strip *s, uint64_t *table, uint32_t level, uint32_t count)
{
    uint32_t first = paging_index(s->virt, level);
    uint64_t base = (s->virt & ~(span_of(level) - 1)) - first * span_of(level);

    for (uint32_t i = next_entry(table, first, count); i < count;
         i = next_entry(table, i + 1, count)) {
        uint64_t entry = table[i];

        if (i > first) /* else it may lie within the entry */
            s->virt = base + i * span_of(level);
        if (s->left == 0)
            return false;
        if (level > 0 && !strip_table(s, arch_phys_to_virt(entry & PAGE_ADDRESS), level - 1,
                                      PAGING_ENTRIES))
            return false;
        table[i] = 0;
        if (level > 0 || (entry & PAGE_OWNED) != 0) {
            s->give(entry & PAGE_ADDRESS, s->context);
            s->left -= s->left > 0;
        }
    }
    s->virt = base + count * span_of(level);
    return true;
}

bool arch_space_strip(uint64_t root, uint64_t *cursor, uint32_t budget,
                      void (*give)(uint64_t frame, void *context), void *context)
{
    struct strip s = {.virt = *cursor, .left = budget, .give = give, .context = context};
    bool is_empty =
        *cursor >= ARCH_USER_END ||
        strip_table(&s, arch_phys_to_virt(root), PAGING_LEVELS - 1, PAGING_ENTRIES / 2);

    atomic_fetch_add(&changes, 1);
    *cursor = s.virt;
    return is_empty;
}

/* The leaf entry for `virt`, or 0. */
static NOINLINE uint64_t walk(uint64_t root, uint64_t virt, struct looked_up *last)
{
    const uint64_t *table = arch_phys_to_virt(root);
    uint64_t seen = atomic_load_explicit(&changes, memory_order_acquire);
    uint64_t entry = 0;

    if (!in_user_half(virt))
        return 0;
    for (uint32_t level = PAGING_LEVELS; level > 0; level--) {
        entry = table[paging_index(virt, level - 1)];
        if ((entry & PAGE_PRESENT) == 0) /* 0, or the link of a table that was pruned meanwhile */
            return 0;
        table = arch_phys_to_virt(entry & PAGE_ADDRESS);
    }
    *last = (struct looked_up){root, virt & ~(uint64_t)(ARCH_PAGE_BYTES - 1), entry, seen};
    return entry;
}

HOT uint64_t arch_space_lookup(uint64_t root, uint64_t virt, uint32_t access)
{
    struct looked_up *last = &looked_up[arch_cpu()];
    uint64_t entry = last->entry;

    if (!LIKELY(last->root == root && last->page == (virt & ~(uint64_t)(ARCH_PAGE_BYTES - 1)) &&
                last->changes == atomic_load_explicit(&changes, memory_order_relaxed)))
        entry = walk(root, virt, last);
    if (entry == 0)
        return 0;
    if ((access & ARCH_WRITE) && !(entry & PAGE_WRITE))
        return 0;
    if ((access & ARCH_EXECUTE) && (entry & PAGE_NO_EXECUTE))
        return 0;
    return (entry & PAGE_ADDRESS) + virt % ARCH_PAGE_BYTES;
}

HOT void arch_space_activate(uint64_t root)
{
    struct percpu *cpu = percpu_this();

    ASSERT(root % ARCH_PAGE_BYTES == 0);
    if (root == 0)
        root = paging_root;
    cpu->root = root;
    cpu->counts.space_count++;
    x86_write_cr3(root);
}

void arch_space_flush(void)
{
    struct percpu *cpu = percpu_this();

    cpu->counts.space_count++;
    x86_write_cr3(cpu->root);
}
