/* SPDX-License-Identifier: MIT */
/*
 * acpi.h - what is taken from ACPI: which CPUs there are, where their LAPICs are, and to which
 * inputs of which I/O APICs devices are wired.
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

#define ACPI_IOAPICS_MAX 4u
#define ACPI_ISA_LINES 16u

/* Inputs of all I/O APICs are numbered through ("global system interrupts"). */
struct acpi_ioapic {
    uint64_t base;
    uint32_t first_input;
};

/* Where one of the first PC's 16 lines ends. */
struct acpi_isa_line {
    uint32_t input;
    bool is_moved; /* the table says so; else it is the input of the same number, high, edge */
    bool is_low;
    bool is_level;
};

struct acpi_lines {
    uint32_t ioapic_count;
    struct acpi_ioapic ioapics[ACPI_IOAPICS_MAX];
    struct acpi_isa_line isa[ACPI_ISA_LINES];
};

enum acpi_result { ACPI_OK, ACPI_NO_ROOT, ACPI_NO_MADT, ACPI_NO_CPU };

/*
 * Fill `cpus` from the MADT.  `rsdp` is the root's physical address, or 0 to search the firmware
 * area for it.  Revision 0 (RSDT) and 2 (XSDT) are understood.
 */
MUST_USE enum acpi_result acpi_find_cpus(const void *(*read)(uint64_t phys, uint64_t bytes),
                                         uint64_t rsdp, struct acpi_cpus *cpus);

/* Fill `lines` from the same table; without one there is no I/O APIC. */
void acpi_find_lines(const void *(*read)(uint64_t phys, uint64_t bytes), uint64_t rsdp,
                     struct acpi_lines *lines);

#endif /* KERNEL_ARCH_X86_64_ACPI_H */
