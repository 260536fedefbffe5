/* SPDX-License-Identifier: MIT */
/* clock.h - the kernel's clock: monotonic time since boot, the same on every CPU.  No locks. */
#ifndef KERNEL_CLOCK_H
#define KERNEL_CLOCK_H

#include "base/types.h"

struct mono clock_now(void);

#endif /* KERNEL_CLOCK_H */
