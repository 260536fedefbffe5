/* SPDX-License-Identifier: MIT */
/* paging.c - see paging.h.  Formats: Intel SDM volume 3, section 4.5. */
#include "kernel/arch/x86_64/paging.h"

#include "base/assert.h"
#include "kernel/arch/x86_64/boot.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/x86.h"

#define LARGE_BYTES (UINT64_C(2) << 20)
#define PHYS_END (UINT64_C(1) << 46) /* what the direct map's part of the kernel half can hold */
#define KERNEL_DATA (PAGE_PRESENT | PAGE_WRITE | PAGE_GLOBAL | PAGE_NO_EXECUTE)
#define KERNEL_RODATA (PAGE_PRESENT | PAGE_GLOBAL | PAGE_NO_EXECUTE)
#define KERNEL_TEXT (PAGE_PRESENT | PAGE_GLOBAL)

uint64_t paging_root;

extern const char image_text[], image_rodata[], image_data[], image_end[]; /* kernel.ld */

static uint64_t *table_of(uint64_t entry)
{
    return arch_phys_to_virt(entry & PAGE_ADDRESS);
}

/* The entry of `level` that maps `virt`; tables above it are made as needed. */
static uint64_t *entry_for(uint64_t virt, uint32_t level)
{
    uint64_t *table = table_of(paging_root);

    for (uint32_t at = PAGING_LEVELS - 1; at > level; at--) {
        uint64_t *entry = &table[paging_index(virt, at)];

        if (*entry == 0)
            *entry = boot_frame() | PAGE_PRESENT | PAGE_WRITE;
        ASSERT((*entry & PAGE_LARGE) == 0);
        table = table_of(*entry);
    }
    return &table[paging_index(virt, level)];
}

static void map(uint64_t virt, uint64_t phys, uint64_t bytes, uint64_t flags)
{
    uint64_t done = 0;

    ASSERT(virt % ARCH_PAGE_BYTES == 0 && phys % ARCH_PAGE_BYTES == 0);
    ASSERT(bytes % ARCH_PAGE_BYTES == 0);
    while (done < bytes) { /* at most bytes / page */
        bool large = (virt + done) % LARGE_BYTES == 0 && (phys + done) % LARGE_BYTES == 0 &&
                     bytes - done >= LARGE_BYTES;
        uint64_t *entry = entry_for(virt + done, large ? 1 : 0);

        ASSERT(*entry == 0);
        *entry = (phys + done) | flags | (large ? PAGE_LARGE : 0);
        done += large ? LARGE_BYTES : ARCH_PAGE_BYTES;
        x86_pause();
    }
}

static void map_image(const char *first, const char *end, uint64_t flags)
{
    map((uint64_t)first, (uint64_t)first - KERNEL_BASE, (uint64_t)(end - first), flags);
}

static void map_direct(struct arch_range range)
{
    uint64_t first = range.base & ~(uint64_t)(ARCH_PAGE_BYTES - 1);
    uint64_t end =
        (range.base + range.bytes + ARCH_PAGE_BYTES - 1) & ~(uint64_t)(ARCH_PAGE_BYTES - 1);

    if (end > PHYS_END)
        boot_refuse("RAM beyond 64 TiB");
    map(DIRECT_BASE + first, first, end - first, KERNEL_DATA);
}

static void map_stack(uint32_t cpu, uint32_t first_page, uint32_t pages)
{
    uint64_t virt =
        STACKS_BASE + (((uint64_t)cpu << STACK_PAGES_SHIFT) + first_page) * ARCH_PAGE_BYTES;

    for (uint32_t i = 0; i < pages; i++)
        map(virt + i * ARCH_PAGE_BYTES, boot_frame(), ARCH_PAGE_BYTES, KERNEL_DATA);
}

void paging_init(const struct arch_boot *boot, uint64_t lapic_base, uint32_t cpu_count)
{
    struct arch_boot ram = *boot; /* before boot_frame takes from it: tables are mapped as well */

    ASSERT(paging_root == 0);
    ASSERT(cpu_count <= ARCH_CPU_MAX);
    ASSERT(lapic_base % ARCH_PAGE_BYTES == 0);
    paging_root = boot_frame();
    map_image(image_text, image_rodata, KERNEL_TEXT);
    map_image(image_rodata, image_data, KERNEL_RODATA);
    map_image(image_data, image_end, KERNEL_DATA);
    for (uint32_t i = 0; i < ram.free_count; i++) /* at most ARCH_RANGES_MAX */
        map_direct(ram.free[i]);
    map_direct(ram.archive);
    paging_map_device(LAPIC_BASE, lapic_base);
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) { /* at most ARCH_CPU_MAX */
        map_stack(cpu, STACK_MAIN_PAGE, STACK_MAIN_PAGES);
        map_stack(cpu, STACK_DOUBLE_FAULT_PAGE, STACK_FATAL_PAGES);
        map_stack(cpu, STACK_NMI_PAGE, STACK_FATAL_PAGES);
        map_stack(cpu, STACK_MACHINE_CHECK_PAGE, STACK_FATAL_PAGES);
    }
    x86_write_cr3(paging_root);
}

void paging_map_device(uint64_t virt, uint64_t phys)
{
    map(virt, phys, ARCH_PAGE_BYTES, KERNEL_DATA | PAGE_UNCACHED);
}

/* Verify one page of the kernel's half; `flags` are those of all levels combined. */
static const char *check_page(uint64_t virt, uint64_t entry, uint64_t flags)
{
    bool is_text = virt >= (uint64_t)image_text && virt < (uint64_t)image_rodata;
    uint64_t phys = entry & PAGE_ADDRESS;

    if ((flags & PAGE_USER) != 0)
        return "a kernel page is open to user mode";
    if (is_text && (flags & PAGE_WRITE) != 0)
        return "kernel text is writable";
    if (!is_text && (flags & PAGE_NO_EXECUTE) == 0)
        return "a kernel page that is not text is executable";
    if (virt < KERNEL_BASE && phys >= KERNEL_PHYS && phys < (uint64_t)image_end - KERNEL_BASE)
        return "the kernel's image is in the direct map";
    return NULL;
}

/* User and write are rights only if every level grants them; NX holds if any level sets it. */
static uint64_t combine(uint64_t above, uint64_t entry)
{
    return (above & entry & (PAGE_USER | PAGE_WRITE)) | ((above | entry) & PAGE_NO_EXECUTE);
}

/* Recursion is PAGING_LEVELS deep. */
static const char *check_table(const uint64_t *table, uint32_t level, uint64_t virt, uint64_t flags)
{
    uint32_t first = level == PAGING_LEVELS - 1 ? PAGING_ENTRIES / 2 : 0;

    x86_pause();
    for (uint32_t i = first; i < PAGING_ENTRIES; i++) {
        uint64_t at = virt | (uint64_t)i << (12 + 9 * level);
        uint64_t combined = combine(flags, table[i]);
        const char *violation = NULL;

        if (table[i] == 0)
            continue;
        if (level == 0 || (table[i] & PAGE_LARGE) != 0)
            violation = check_page(at, table[i], combined);
        else
            violation = check_table(table_of(table[i]), level - 1, at, combined);
        if (violation != NULL)
            return violation;
    }
    return NULL;
}

const char *paging_check(uint64_t root)
{
    return check_table(table_of(root), PAGING_LEVELS - 1, UINT64_C(0xffff000000000000),
                       PAGE_USER | PAGE_WRITE);
}
