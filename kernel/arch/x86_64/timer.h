/* SPDX-License-Identifier: MIT */
/* timer.h - what a timer interrupt means. */
#ifndef KERNEL_ARCH_X86_64_TIMER_H
#define KERNEL_ARCH_X86_64_TIMER_H

#include "base/types.h"

#define TIMER_NEVER UINT64_MAX

enum timer_verdict {
    TIMER_DUE,    /* tell the kernel */
    TIMER_EARLY,  /* armed again for the rest */
    TIMER_UNASKED /* it was on its way when it was disarmed */
};

/* The timer interrupt came on this CPU. */
enum timer_verdict timer_came(void);

#endif /* KERNEL_ARCH_X86_64_TIMER_H */
