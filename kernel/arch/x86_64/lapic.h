/* SPDX-License-Identifier: MIT */
/*
 * lapic.h - the local APIC (xAPIC, memory-mapped at LAPIC_BASE): one-shot timer, interprocessor
 * interrupts, acknowledgement.  Each CPU sees its own, so there are no locks.
 */
#ifndef KERNEL_ARCH_X86_64_LAPIC_H
#define KERNEL_ARCH_X86_64_LAPIC_H

#include "kernel/arch.h"

#define LAPIC_COUNT_MAX UINT32_MAX

/* Switch this CPU's LAPIC on, everything masked but the timer; silences the old PIC on CPU 0. */
void lapic_enable(uint32_t cpu);

/* Is it the processor's own, enabled, and not in x2APIC mode? */
bool lapic_is_usable(void);

void lapic_acknowledge(void);

/* Count down from `count` to the timer interrupt; 0 stops. */
void lapic_timer_start(uint32_t count);
uint32_t lapic_timer_left(void);

void lapic_send(uint32_t lapic_id, uint32_t vector);
void lapic_send_nmi(uint32_t lapic_id);
void lapic_send_init(uint32_t lapic_id);
void lapic_send_startup(uint32_t lapic_id, uint64_t phys);

#endif /* KERNEL_ARCH_X86_64_LAPIC_H */
