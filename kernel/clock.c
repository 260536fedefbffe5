/* SPDX-License-Identifier: MIT */
/* clock.c - the only caller of arch_clock_ns, so that every reading of time can be found. */
#include "kernel/clock.h"

#include "kernel/arch.h"

HOT struct mono clock_now(void)
{
    return (struct mono){arch_clock_ns()};
}
