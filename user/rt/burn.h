/* SPDX-License-Identifier: MIT */
/*
 * burn.h - using CPU time on purpose.
 *
 * In QEMU's deterministic machine one host thread takes turns between the CPUs, and a CPU keeps its
 * turn until PAUSE, HLT or a timer.  So everything that runs long pauses often: the length of a
 * turn is the resolution of time there.
 */
#ifndef USER_RT_BURN_H
#define USER_RT_BURN_H

#include "user/rt/clock.h"

#define RT_BURN_TURNS 750u /* two instructions each */

static inline void rt_pause(void)
{
    __asm__ volatile("pause");
}

/* About 1,500 instructions, then a PAUSE. */
static inline void rt_burn(void)
{
    uint32_t turns = RT_BURN_TURNS;

    __asm__ volatile("1: dec %0\n\tjnz 1b\n\tpause" : "+r"(turns) : : "cc");
}

/* Run until the thread's own CPU time is at least `target_ns`, or the clock `until`. */
void rt_burn_own_until(uint64_t target_ns, struct mono until);

/* Run until the clock is at or past `until`. */
void rt_burn_until(struct mono until);

#endif /* USER_RT_BURN_H */
