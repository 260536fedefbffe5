/* SPDX-License-Identifier: MIT */
/*
 * pit.h - the 8254 timer.  Channel 2 is the yardstick of clock.c: it counts down at PIT_HZ for up
 * to 54 ms.  Channel 0 interrupts nobody (the PIC is silent); it only gives smp.c a beat.
 */
#ifndef KERNEL_ARCH_X86_64_PIT_H
#define KERNEL_ARCH_X86_64_PIT_H

#include "base/types.h"

#define PIT_HZ UINT64_C(1193182)

void pit_start(void);
uint16_t pit_read(void);
bool pit_has_wrapped(void); /* since pit_start */

/*
 * Let channel 0 count in rounds of `counts`, or stop it (0).  Under QEMU's icount a CPU's INIT is
 * charged the time to the machine's next timer event; with the firmware's 55 ms in channel 0,
 * starting 63 CPUs would look like 1.7 s.
 */
void pit_beat(uint16_t counts);

#endif /* KERNEL_ARCH_X86_64_PIT_H */
