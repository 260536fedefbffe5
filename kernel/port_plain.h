/* SPDX-License-Identifier: MIT */
/* port_plain.h - port_kernel.h of the kernel as it is used: nothing between shared accesses. */
#ifndef KERNEL_PORT_PLAIN_H
#define KERNEL_PORT_PLAIN_H

void arch_pause(void); /* kernel/arch.h */

static inline void port_step(void)
{
}

static inline void port_pause(void)
{
    arch_pause();
}

#include "kernel/port_kernel.h"

#endif /* KERNEL_PORT_PLAIN_H */
