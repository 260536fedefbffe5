/* SPDX-License-Identifier: MIT */
/* port_pauses.h - port_kernel.h of the kernel with pauses (kernel/pauses.h). */
#ifndef KERNEL_PORT_PAUSES_H
#define KERNEL_PORT_PAUSES_H

void pauses_step(void); /* kernel/pauses.c */
void pauses_wait(void); /* the same */

static inline void port_step(void)
{
    pauses_step();
}

static inline void port_pause(void)
{
    pauses_wait();
}

#include "kernel/port_kernel.h"

#endif /* KERNEL_PORT_PAUSES_H */
