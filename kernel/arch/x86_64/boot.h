/* SPDX-License-Identifier: MIT */
/*
 * boot.h - what only boot uses: what the loader says, refusing to boot, frames for the kernel's own
 * page tables and stacks, and physical memory as the boot tables show it (all below 4 GiB).
 * CPU 0 only, before the other CPUs run; no locks.
 */
#ifndef KERNEL_ARCH_X86_64_BOOT_H
#define KERNEL_ARCH_X86_64_BOOT_H

#include "kernel/arch/x86_64/ranges.h"

#define BOOT_MAPPED_END (UINT64_C(4) << 30)

/* The machine lacks something: say what and power off with failure. */
NORETURN void boot_refuse(const char *what);

/* `bytes` of physical memory at `phys`, or NULL beyond what the boot tables map. */
const void *boot_physical(uint64_t phys, uint64_t bytes);

/* A zeroed frame from boot's free ranges, below 4 GiB; never 0. */
uint64_t boot_frame(void);

/* boot.S */
NORETURN void boot_on_stack(void (*function)(void), uint64_t stack_top);
NORETURN void boot_main(uint32_t loader, uint32_t record);

/* What a loader's record says, as far as it is used. */
struct loaded {
    struct ranges ram;
    struct arch_range archive; /* bytes 0: none */
    struct arch_range record;  /* the record itself, if it lies in `ram`; else bytes 0 */
    uint64_t rsdp;             /* the ACPI root, or a copy of it in the record; 0: not told */
};

/* pvh.c, multiboot2_load.c: each for its own protocol; refuses to boot if the record is bad. */
void pvh_read(uint32_t start_info, struct loaded *loaded);
void multiboot2_load(uint32_t info, struct loaded *loaded);

/* loader.c: memory ranges, archive and ACPI root from the record of `loader` (LOADER_*). */
void loader_read(uint32_t loader, uint32_t record, struct arch_boot *boot, uint64_t *rsdp);

#endif /* KERNEL_ARCH_X86_64_BOOT_H */
