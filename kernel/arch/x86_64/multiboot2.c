/* SPDX-License-Identifier: MIT */
/* multiboot2.c - see multiboot2.h. */
#include "kernel/arch/x86_64/multiboot2.h"

#include "kernel/arch/x86_64/x86.h"

enum {
    TAG_END = 0,
    TAG_MODULE = 3,
    TAG_MEMORY = 6,
    TAG_ACPI_OLD = 14, /* a copy of the RSDP of ACPI 1.0 */
    TAG_ACPI_NEW = 15  /* a copy of the RSDP of ACPI 2.0 or later */
};

#define TAG_ALIGN 8u
#define TAG_HEAD_BYTES 8u
#define MODULE_TEXT 16u    /* after the addresses: its command line, with a NUL */
#define MEMORY_ENTRIES 16u /* after size and version of an entry */
#define MEMORY_ENTRY_BYTES 24u
#define MEMORY_RAM 1u
#define RSDP_OLD_BYTES 20u
#define RSDP_NEW_BYTES 36u

/* Which tags were there. */
struct seen {
    bool memory, module, old, new;
};

static uint32_t read32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t read64(const uint8_t *at)
{
    return read32(at) | (uint64_t)read32(at + 4) << 32;
}

static const char *read_module(const uint8_t *tag, uint32_t size, struct multiboot2 *found)
{
    uint32_t first, end;

    if (size <= MODULE_TEXT)
        return "a module's tag is too short";
    first = read32(tag + 8);
    end = read32(tag + 12);
    if (first >= end)
        return "the module is empty";
    found->archive = (struct arch_range){first, end - first};
    return NULL;
}

static bool overlaps_any(const struct ranges *r, uint64_t base, uint64_t bytes)
{
    for (uint32_t i = 0; i < r->count; i++) /* at most ARCH_RANGES_MAX */
        if (base < r->items[i].base + r->items[i].bytes && r->items[i].base < base + bytes)
            return true;
    return false;
}

/* Take the entries that are RAM, or cut out those that are not.  Returns what is wrong, or NULL. */
static const char *read_entries(const uint8_t *entries, uint32_t entry_bytes, uint32_t count,
                                bool is_ram, struct ranges *ram)
{
    for (uint32_t i = 0; i < count; i++) { /* at most MULTIBOOT2_MEMORY_ENTRIES_MAX */
        const uint8_t *entry = entries + i * entry_bytes;
        uint64_t base = read64(entry), bytes = read64(entry + 8);

        x86_pause();
        if ((read32(entry + 16) == MEMORY_RAM) != is_ram)
            continue;
        if (bytes > UINT64_MAX - base)
            return "the memory map goes beyond the address space";
        if (!is_ram)
            ranges_remove(ram, base, bytes);
        else if (overlaps_any(ram, base, bytes))
            return "the memory map has the same RAM twice";
        else
            ranges_add(ram, base, bytes);
    }
    return NULL;
}

static const char *read_memory(const uint8_t *tag, uint32_t size, struct multiboot2 *found)
{
    const char *wrong;
    uint32_t entry_bytes, count;

    if (size < MEMORY_ENTRIES)
        return "the memory map's tag is too short";
    entry_bytes = read32(tag + 8);
    if (entry_bytes < MEMORY_ENTRY_BYTES || entry_bytes % TAG_ALIGN != 0 ||
        (size - MEMORY_ENTRIES) % entry_bytes != 0)
        return "the memory map's entries have a wrong size";
    count = (size - MEMORY_ENTRIES) / entry_bytes;
    if (count == 0 || count > MULTIBOOT2_MEMORY_ENTRIES_MAX)
        return "the memory map is empty or too long";
    wrong = read_entries(tag + MEMORY_ENTRIES, entry_bytes, count, true, &found->ram);
    if (wrong == NULL)
        wrong = read_entries(tag + MEMORY_ENTRIES, entry_bytes, count, false, &found->ram);
    return wrong;
}

static const char *read_acpi(uint32_t at, uint32_t size, uint32_t size_min,
                             struct multiboot2 *found)
{
    if (size < TAG_HEAD_BYTES + size_min)
        return "the copy of the ACPI root is too short";
    found->rsdp_at = at + TAG_HEAD_BYTES;
    return NULL;
}

/* The first of its kind? */
static bool is_first(bool *seen)
{
    bool was = *seen;

    *seen = true;
    return !was;
}

static const char *read_tag(const uint8_t *info, uint32_t at, struct seen *seen,
                            struct multiboot2 *found)
{
    uint32_t type = read32(info + at);
    uint32_t size = read32(info + at + 4);

    switch (type) {
    case TAG_MODULE:
        return is_first(&seen->module) ? read_module(info + at, size, found)
                                       : "there is more than one module";
    case TAG_MEMORY:
        return is_first(&seen->memory) ? read_memory(info + at, size, found)
                                       : "there are two memory maps";
    case TAG_ACPI_OLD:
        if (!is_first(&seen->old))
            return "there are two ACPI roots of one kind";
        return seen->new ? NULL : read_acpi(at, size, RSDP_OLD_BYTES, found);
    case TAG_ACPI_NEW:
        return is_first(&seen->new) ? read_acpi(at, size, RSDP_NEW_BYTES, found)
                                    : "there are two ACPI roots of one kind";
    default:
        return NULL;
    }
}

uint32_t multiboot2_bytes(const uint8_t *info)
{
    uint32_t bytes = read32(info);

    if (bytes < MULTIBOOT2_HEAD_BYTES + TAG_HEAD_BYTES || bytes > MULTIBOOT2_BYTES_MAX ||
        bytes % TAG_ALIGN != 0)
        return 0;
    return bytes;
}

const char *multiboot2_read(const uint8_t *info, uint32_t bytes, struct multiboot2 *found)
{
    struct seen seen = {.memory = false};
    uint32_t at = MULTIBOOT2_HEAD_BYTES;

    *found = (struct multiboot2){.rsdp_at = 0};
    for (uint32_t i = 0; i < MULTIBOOT2_TAGS_MAX; i++) {
        const char *wrong;
        uint32_t size;

        if (bytes - at < TAG_HEAD_BYTES) /* `at` never passes `bytes`, both are 8-aligned */
            return "the tags have no end";
        size = read32(info + at + 4);
        if (size < TAG_HEAD_BYTES || size > bytes - at)
            return "a tag goes beyond the information";
        if (read32(info + at) == TAG_END) {
            if (size != TAG_HEAD_BYTES || at + size != bytes)
                return "the end tag is not at the end";
            return seen.memory ? NULL : "there is no memory map";
        }
        wrong = read_tag(info, at, &seen, found);
        if (wrong != NULL)
            return wrong;
        at += (size + TAG_ALIGN - 1) & ~(TAG_ALIGN - 1); /* within: `bytes - at` is a multiple */
    }
    return "there are too many tags";
}
