/* SPDX-License-Identifier: MIT */
/*
 * pvh.c - the loader's record (Xen's "hvm_start_info", the PVH boot ABI): memory map, first
 * module, ACPI root.  The loader is trusted to be honest, not to be exact: magic and bounds are
 * checked, and what is out of reach is refused.  Its records lie below 1 MiB.
 */
#include "kernel/arch/x86_64/boot.h"

#define PVH_MAGIC 0x336ec578u
#define PVH_MEMORY_RAM 1u
#define PVH_MEMORY_ENTRIES_MAX 128u

struct pvh_start_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t module_count;
    uint64_t modules;
    uint64_t command_line;
    uint64_t rsdp;
    uint64_t memory_map; /* from version 1 */
    uint32_t memory_count;
    uint32_t reserved;
};

struct pvh_module {
    uint64_t base;
    uint64_t bytes;
    uint64_t command_line;
    uint64_t reserved;
};

struct pvh_memory {
    uint64_t base;
    uint64_t bytes;
    uint32_t type;
    uint32_t reserved;
};

static void read_memory_map(const struct pvh_start_info *info, struct ranges *r)
{
    uint64_t bytes = info->memory_count * sizeof(struct pvh_memory);
    const struct pvh_memory *map = boot_physical(info->memory_map, bytes);

    if (info->version < 1 || map == NULL || info->memory_count > PVH_MEMORY_ENTRIES_MAX)
        boot_refuse("the loader gives no memory map");
    for (uint32_t i = 0; i < info->memory_count; i++) /* at most PVH_MEMORY_ENTRIES_MAX */
        if (map[i].type == PVH_MEMORY_RAM)
            ranges_add(r, map[i].base, map[i].bytes);
}

static struct arch_range read_archive(const struct pvh_start_info *info)
{
    const struct pvh_module *module;

    if (info->module_count == 0)
        return (struct arch_range){0, 0};
    module = boot_physical(info->modules, sizeof(*module));
    if (module == NULL)
        boot_refuse("the loader's list of modules lies above 4 GiB");
    return (struct arch_range){module->base, module->bytes};
}

void pvh_read(uint32_t start_info, struct loaded *loaded)
{
    const struct pvh_start_info *info = boot_physical(start_info, sizeof(*info));

    *loaded = (struct loaded){.rsdp = 0};
    if (info == NULL || info->magic != PVH_MAGIC)
        boot_refuse("not started through PVH");
    read_memory_map(info, &loaded->ram);
    loaded->archive = read_archive(info);
    loaded->rsdp = info->rsdp;
}
