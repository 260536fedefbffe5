/* SPDX-License-Identifier: MIT */
/*
 * ioapic.h - the I/O APICs: which CPU the interrupt of a device's line goes to, and whether it does
 * (arch_irq_* of kernel/arch.h).  A line's vector is VECTOR_LINE and its number.
 *
 * Each has one pair of registers for index and data, so whoever calls has to keep two CPUs apart.
 */
#ifndef KERNEL_ARCH_X86_64_IOAPIC_H
#define KERNEL_ARCH_X86_64_IOAPIC_H

#include "kernel/arch/x86_64/acpi.h"

/* At boot, with the kernel's own tables, before other CPUs run: map their registers, mask all
 * inputs.  Returns how many lines programs may have. */
uint32_t ioapic_init(const struct acpi_lines *found);

#endif /* KERNEL_ARCH_X86_64_IOAPIC_H */
