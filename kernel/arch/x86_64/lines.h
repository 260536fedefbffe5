/* SPDX-License-Identifier: MIT */
/*
 * lines.h - from the number of an interrupt line (kernel/arch.h) to an input of an I/O APIC.
 *
 * Lines 0 to 15 are those of the first PC, wherever ACPI says they end; line n from 16 on is input
 * n.  Devices of the kernel's own have lines that nobody else may have; an input to which another
 * line was moved has only that line's number.  So no two lines are the same input.
 *
 * Pure; no locks; tested on the host.
 */
#ifndef KERNEL_ARCH_X86_64_LINES_H
#define KERNEL_ARCH_X86_64_LINES_H

#include "kernel/arch/x86_64/acpi.h"

struct line_input {
    bool is_there;
    bool is_low;
    bool is_level;
    uint8_t ioapic; /* which of those found */
    uint8_t pin;    /* of that one */
};

/* Where each line ends, if the I/O APICs found have so many pins. */
void lines_resolve(const struct acpi_lines *found, const uint32_t pin_counts[ACPI_IOAPICS_MAX],
                   struct line_input inputs[ARCH_IRQ_LINES_MAX]);

#endif /* KERNEL_ARCH_X86_64_LINES_H */
