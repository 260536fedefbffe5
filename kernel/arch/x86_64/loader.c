/* SPDX-License-Identifier: MIT */
/* loader.c - from what either loader says to memory that may be used. */
#include "kernel/arch/x86_64/boot.h"
#include "kernel/arch/x86_64/layout.h"

extern const char image_end[]; /* kernel.ld */

static bool overlap(struct arch_range a, struct arch_range b)
{
    return a.base < b.base + b.bytes && b.base < a.base + a.bytes;
}

static void check_archive(struct arch_range archive, struct arch_range image)
{
    if (archive.bytes == 0)
        return;
    if (boot_physical(archive.base, archive.bytes) == NULL)
        boot_refuse("the boot archive lies above 4 GiB");
    if (archive.base < LOW_MEMORY_END)
        boot_refuse("the boot archive lies below 1 MiB");
    if (overlap(archive, image))
        boot_refuse("the boot archive lies in the kernel's image");
}

void loader_read(uint32_t loader, uint32_t record, struct arch_boot *boot, uint64_t *rsdp)
{
    struct arch_range image = {KERNEL_PHYS, (uint64_t)image_end - KERNEL_BASE - KERNEL_PHYS};
    struct loaded loaded;

    if (loader == LOADER_MULTIBOOT2)
        multiboot2_load(record, &loaded);
    else
        pvh_read(record, &loaded);
    check_archive(loaded.archive, image);

    /* Below 1 MiB lie the firmware's tables and our trampoline. */
    ranges_remove(&loaded.ram, 0, LOW_MEMORY_END);
    ranges_remove(&loaded.ram, image.base, image.bytes);
    ranges_remove(&loaded.ram, loaded.archive.base, loaded.archive.bytes);
    ranges_remove(&loaded.ram, loaded.record.base, loaded.record.bytes);
    for (uint32_t i = 0; i < loaded.ram.count; i++) /* at most ARCH_RANGES_MAX */
        boot->free[i] = loaded.ram.items[i];
    boot->free_count = loaded.ram.count;
    boot->archive = loaded.archive;
    *rsdp = loaded.rsdp;
}
