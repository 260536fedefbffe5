/* SPDX-License-Identifier: MIT */
/* trap.h - what trap_entry.S and syscall.S call.  None of these returns. */
#ifndef KERNEL_ARCH_X86_64_TRAP_H
#define KERNEL_ARCH_X86_64_TRAP_H

#include "kernel/arch.h"

/* An exception or interrupt in user mode; `context` is the running thread's. */
NORETURN void trap_from_user(const struct arch_context *context);

/* An interrupt while this CPU was halted in arch_idle. */
NORETURN void trap_from_idle(uint32_t vector);

/* An exception in the kernel, or NMI, double fault, machine check anywhere. */
NORETURN void trap_in_kernel_fatal(const struct arch_context *frame);

/* The context to be run has an rip outside the user half. */
NORETURN void trap_wild_rip(void);

#endif /* KERNEL_ARCH_X86_64_TRAP_H */
