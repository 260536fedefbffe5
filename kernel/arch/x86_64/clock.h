/* SPDX-License-Identifier: MIT */
/*
 * clock.h - nanoseconds from the TSC, and LAPIC counts from nanoseconds.
 *
 * Both frequencies are measured once, by CPU 0, against the PIT, each in its own right: under
 * QEMU's icount both are 1 GHz and an integer quotient of the two says nothing.  A frequency is
 * kept as multiplier / 2^CLOCK_SHIFT, used in 128 bits, so nothing overflows or wears off.
 */
#ifndef KERNEL_ARCH_X86_64_CLOCK_H
#define KERNEL_ARCH_X86_64_CLOCK_H

#include "kernel/arch.h"

#define CLOCK_SHIFT 32u

struct clock_rates {
    uint64_t tsc_hz;
    uint64_t lapic_hz;
};

/* Measure (2 ms if the machine answers quickly, else up to a second) and start the clock at
 * `base_tsc`.  The LAPIC is enabled.  Refuses to boot if the error stays above 1 part in 1,000. */
struct clock_rates clock_calibrate(uint64_t base_tsc);

bool clock_is_running(void);
uint64_t clock_from_tsc(uint64_t tsc_delta); /* nanoseconds */

/* LAPIC counts for `ns`, rounded up, at least 1 and at most LAPIC_COUNT_MAX. */
uint32_t clock_lapic_count(uint64_t ns);

/* Wait with PAUSE. */
void clock_spin(uint64_t ns);

#endif /* KERNEL_ARCH_X86_64_CLOCK_H */
