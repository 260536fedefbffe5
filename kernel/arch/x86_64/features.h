/* SPDX-License-Identifier: MIT */
/* features.h - what the processor must have, may have, and how it is switched on. */
#ifndef KERNEL_ARCH_X86_64_FEATURES_H
#define KERNEL_ARCH_X86_64_FEATURES_H

#include "kernel/arch.h"

/* Optional protections found; the boot table shows them as a bit mask. */
enum { FEATURE_SMEP = 1, FEATURE_SMAP = 2, FEATURE_UMIP = 4, FEATURE_AVX = 8, FEATURE_MCE = 16 };

/* Look at CPU 0, refuse to boot without NX, XSAVE, SYSCALL or a LAPIC.  Returns FEATURE_*. */
uint32_t features_find(void);

/* What features_find found. */
uint32_t features_found(void);

/* Switch them on: CR0, CR4, XCR0, EFER.  On each CPU; after features_find. */
void features_enable(void);

#endif /* KERNEL_ARCH_X86_64_FEATURES_H */
