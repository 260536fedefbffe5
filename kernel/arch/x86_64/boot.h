/* SPDX-License-Identifier: MIT */
/*
 * boot.h - what only boot uses: refusing to boot, frames for the kernel's own page tables and
 * stacks, and physical memory as the boot tables show it (everything below 4 GiB).
 * CPU 0 only, before the other CPUs run; no locks.
 */
#ifndef KERNEL_ARCH_X86_64_BOOT_H
#define KERNEL_ARCH_X86_64_BOOT_H

#include "kernel/arch.h"

#define BOOT_MAPPED_END (UINT64_C(4) << 30)

/* The machine lacks something: say what and power off with failure. */
NORETURN void boot_refuse(const char *what);

/* `bytes` of physical memory at `phys`, or NULL beyond what the boot tables map. */
const void *boot_physical(uint64_t phys, uint64_t bytes);

/* A zeroed frame from boot's free ranges, below 4 GiB; never 0. */
uint64_t boot_frame(void);

/* boot.S */
NORETURN void boot_on_stack(void (*function)(void), uint64_t stack_top);
NORETURN void boot_main(uint32_t start_info);

/* pvh.c: memory ranges, archive and the ACPI root (0: not told) from the loader's record. */
void pvh_read(uint32_t start_info, struct arch_boot *boot, uint64_t *rsdp);

#endif /* KERNEL_ARCH_X86_64_BOOT_H */
