/* SPDX-License-Identifier: MIT */
/* smp.h - the CPUs: who they are, and starting them. */
#ifndef KERNEL_ARCH_X86_64_SMP_H
#define KERNEL_ARCH_X86_64_SMP_H

#include "kernel/arch.h"
#include "kernel/arch/x86_64/acpi.h"

/* Remember the CPUs found and prepare their blocks; this CPU becomes number 0.
 * Puts the trampoline into low memory, so the boot tables must still be active.  Once. */
void smp_prepare(const struct acpi_cpus *cpus, uint8_t this_lapic_id);

/* The number of the LAPIC of a CPU that runs. */
uint32_t smp_lapic_of(uint32_t cpu);

/* ap_boot.S: a started CPU's first C function, on its own stack; `block` is its block's index. */
NORETURN void smp_cpu_main(uint32_t block);

#endif /* KERNEL_ARCH_X86_64_SMP_H */
