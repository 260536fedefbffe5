/* SPDX-License-Identifier: MIT */
/*
 * arch_device.h - the part of arch.h for devices that programs drive: their interrupts and ports.
 *
 * Interrupt lines are numbered from 0 as the machine's devices are documented; those exist that are
 * not of a device that the kernel uses itself.  A line that fires enters kernel_irq on the CPU that
 * it is routed to.  Edges that come while it is masked are lost; a level that stands fires when it
 * is unmasked.
 *
 * Locks: none inside.  Two CPUs must not route, mask or unmask at once, whatever line.
 */
#ifndef KERNEL_ARCH_DEVICE_H
#define KERNEL_ARCH_DEVICE_H

#include "base/types.h"

#define ARCH_IRQ_LINES_MAX 64u

/* For any number. */
bool arch_irq_exists(uint32_t line);

/* From now on it goes to `cpu`; it is masked afterwards. */
void arch_irq_route(uint32_t line, uint32_t cpu);

/* An interrupt that is on its way already still comes. */
void arch_irq_mask(uint32_t line);
void arch_irq_unmask(uint32_t line);

/* This CPU has taken the line that it was entered for; if masked before, it does not come again. */
void arch_irq_acknowledge(void);

/*
 * Ports, where the machine's devices have such: which are open to programs, and a byte of one that
 * is.  What a port does beside its device's work is left out, such as masking what stops other
 * CPUs in a panic.
 */
bool arch_port_is_open(uint32_t port);
uint8_t arch_port_read8(uint32_t port);
void arch_port_write8(uint32_t port, uint8_t value);

/* ---- What the kernel gives the architecture -------------------------------------------------- */

/* A line fired.  It is not acknowledged yet. */
NORETURN void kernel_irq(uint32_t line);

#endif /* KERNEL_ARCH_DEVICE_H */
