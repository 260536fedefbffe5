/* SPDX-License-Identifier: MIT */
/*
 * space.c - the user's half of an address space (kernel/arch.h, Memory).
 *
 * Every level above the page is writable and executable; the page itself decides.  Mapping only
 * ever turns "not present" into "present", which no processor caches, so no TLB is flushed.
 */
#include "kernel/arch.h"

#include <stdatomic.h>

#include "base/assert.h"
#include "kernel/arch/x86_64/paging.h"
#include "kernel/arch/x86_64/percpu.h"
#include "kernel/arch/x86_64/x86.h"

#define TABLE_FLAGS (PAGE_PRESENT | PAGE_WRITE | PAGE_USER)

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
 * The last page each CPU looked up: its entry stays what it is, as mapping only ever turns "not
 * present" into "present".  A root may be a frame used before, so creating a space ends all.
 */
static struct found {
    uint64_t root; /* 0: none */
    uint64_t page;
    uint64_t entry;
    uint64_t creations;
} ALIGNED(64) found[ARCH_CPU_MAX];

static _Atomic uint64_t creations;

uint64_t arch_space_create(uint64_t (*frame)(void))
{
    const uint64_t *kernel = arch_phys_to_virt(paging_root);
    uint64_t root = frame();
    uint64_t *table = arch_phys_to_virt(root);

    if (root == 0)
        return 0;
    ASSERT(root % ARCH_PAGE_BYTES == 0);
    atomic_fetch_add(&creations, 1);
    for (uint32_t i = PAGING_ENTRIES / 2; i < PAGING_ENTRIES; i++)
        table[i] = kernel[i];
    return root;
}

static bool in_user_half(uint64_t virt)
{
    return virt >= ARCH_USER_LOW && virt < ARCH_USER_END;
}

bool arch_space_map(uint64_t root, uint64_t virt, uint64_t phys, uint32_t access,
                    uint64_t (*frame)(void))
{
    uint64_t *table = arch_phys_to_virt(root);
    uint64_t flags = PAGE_PRESENT | PAGE_USER | ((access & ARCH_WRITE) ? PAGE_WRITE : 0) |
                     ((access & ARCH_EXECUTE) ? 0 : PAGE_NO_EXECUTE);

    ASSERT(virt % ARCH_PAGE_BYTES == 0);
    ASSERT(phys % ARCH_PAGE_BYTES == 0);
    if (!in_user_half(virt) || ((access & ARCH_WRITE) && (access & ARCH_EXECUTE)))
        return false;
    for (uint32_t level = PAGING_LEVELS - 1; level > 0; level--) {
        uint64_t *entry = &table[paging_index(virt, level)];

        if (*entry == 0) {
            uint64_t next = frame();

            if (next == 0)
                return false;
            *entry = next | TABLE_FLAGS;
        }
        table = arch_phys_to_virt(*entry & PAGE_ADDRESS);
    }
    ASSERT(table[paging_index(virt, 0)] == 0);
    table[paging_index(virt, 0)] = phys | flags;
    return true;
}

/* The leaf entry for `virt`, or 0. */
static NOINLINE uint64_t walk(uint64_t root, uint64_t virt, struct found *last)
{
    const uint64_t *table = arch_phys_to_virt(root);
    uint64_t seen = atomic_load_explicit(&creations, memory_order_acquire);
    uint64_t entry = 0;

    if (!in_user_half(virt))
        return 0;
    for (uint32_t level = PAGING_LEVELS; level > 0; level--) {
        entry = table[paging_index(virt, level - 1)];
        if (entry == 0)
            return 0;
        table = arch_phys_to_virt(entry & PAGE_ADDRESS);
    }
    *last = (struct found){root, virt & ~(uint64_t)(ARCH_PAGE_BYTES - 1), entry, seen};
    return entry;
}

HOT uint64_t arch_space_lookup(uint64_t root, uint64_t virt, uint32_t access)
{
    struct found *last = &found[arch_cpu()];
    uint64_t entry = last->entry;

    if (last->root != root || last->page != (virt & ~(uint64_t)(ARCH_PAGE_BYTES - 1)) ||
        last->creations != atomic_load_explicit(&creations, memory_order_relaxed))
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
    if (cpu->root == root)
        return;
    cpu->root = root;
    x86_write_cr3(root);
}
