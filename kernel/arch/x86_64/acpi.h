/* SPDX-License-Identifier: MIT */
/*
 * acpi.h - the one thing taken from ACPI: which CPUs there are and where their LAPICs are.
 *
 * The tables come from firmware and are not believed: every read goes through `read`, which
 * returns NULL outside mapped memory; lengths are bounded and checksums verified before use.
 * Pure but for `read`; no locks; tested on the host with made-up tables.
 */
#ifndef KERNEL_ARCH_X86_64_ACPI_H
#define KERNEL_ARCH_X86_64_ACPI_H

#include "kernel/arch.h"

struct acpi_cpus {
    uint32_t count;
    uint32_t left_out_count; /* beyond ARCH_CPU_MAX or with a number an xAPIC cannot send to */
    uint8_t lapic_id[ARCH_CPU_MAX];
    uint64_t lapic_base;
};

enum acpi_result { ACPI_OK, ACPI_NO_ROOT, ACPI_NO_MADT, ACPI_NO_CPU };

/*
 * Fill `cpus` from the MADT.  `rsdp` is the root's physical address, or 0 to search the firmware
 * area for it.  Revision 0 (RSDT) and 2 (XSDT) are understood.
 */
MUST_USE enum acpi_result acpi_find_cpus(const void *(*read)(uint64_t phys, uint64_t bytes),
                                         uint64_t rsdp, struct acpi_cpus *cpus);

#endif /* KERNEL_ARCH_X86_64_ACPI_H */
