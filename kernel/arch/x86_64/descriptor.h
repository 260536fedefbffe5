/* SPDX-License-Identifier: MIT */
/* descriptor.h - GDT, TSS, IDT and the SYSCALL registers. */
#ifndef KERNEL_ARCH_X86_64_DESCRIPTOR_H
#define KERNEL_ARCH_X86_64_DESCRIPTOR_H

#include "kernel/arch/x86_64/percpu.h"

/* Fill the one IDT all CPUs share.  CPU 0, once. */
void descriptor_fill_idt(void);

/* Load this CPU's GDT, TSS, GS base, the IDT and the SYSCALL registers.  `cpu` is prepared. */
void descriptor_load(struct percpu *cpu);

#endif /* KERNEL_ARCH_X86_64_DESCRIPTOR_H */
