/* SPDX-License-Identifier: MIT */
/* serial.h - the console for what the architecture itself must say: refusals and registers. */
#ifndef KERNEL_ARCH_X86_64_SERIAL_H
#define KERNEL_ARCH_X86_64_SERIAL_H

#include "kernel/arch.h"

void serial_init(void);
void serial_text(const char *text);
void serial_hex(uint64_t value); /* 16 digits */

#endif /* KERNEL_ARCH_X86_64_SERIAL_H */
