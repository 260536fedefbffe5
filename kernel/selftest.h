/* SPDX-License-Identifier: MIT */
/*
 * selftest.h - does this machine let CPUs share and timers fire as every other test presupposes?
 *
 * QEMU's deterministic mode runs all CPUs on one host thread; a CPU keeps its turn until PAUSE, HLT
 * or a timer.  So: one user-mode hog per CPU, which gives way every ARCH_HOG_INSTRUCTIONS, a 1 kHz
 * timer on CPU 0, and from there a kick to each other CPU at every timer.  It passes iff no timer
 * came later than SELFTEST_LATENCY_NS_MAX, no CPU turned less than SELFTEST_SHARE_PERCENT_MIN of
 * the mean, and every kick arrived.  The latency bound is for at most four CPUs.
 *
 * kernel_main calls selftest_run when the boot archive has BOOT_FLAG_SELF_TEST; from then on
 * kernel_cpu_main, kernel_timer and kernel_kick do nothing but call their twins here.
 * Uses kernel/arch.h only; owns the machine while it runs; takes no lock.
 */
#ifndef KERNEL_SELFTEST_H
#define KERNEL_SELFTEST_H

#include "kernel/arch.h"

#define SELFTEST_TIMERS 200u
#define SELFTEST_PERIOD_NS NS_PER_MS
#define SELFTEST_LATENCY_NS_MAX (25 * NS_PER_US)
#define SELFTEST_GIVE_UP_NS (10 * SELFTEST_PERIOD_NS) /* one this late ends the test at once */
#define SELFTEST_SHARE_PERCENT_MIN 90u

/* Has selftest_run been called? */
bool selftest_is_active(void);

/* Start the other CPUs, run the test, print its table, power off with the verdict. */
NORETURN void selftest_run(struct arch_boot *boot);

NORETURN void selftest_cpu_main(void);
NORETURN void selftest_timer(void);
NORETURN void selftest_kick(void);

#endif /* KERNEL_SELFTEST_H */
