/* SPDX-License-Identifier: MIT */
/*
 * idle.h - what a simulated CPU does while nobody runs on it: it polls for a while, then halts.
 *
 * The same rule as the kernel's (kernel/idle.h), by the same functions of the core.  While a CPU
 * polls its source CPU_POLLED is set: to the end of its window, or once another CPU has set a
 * reason to MACHINE_POLL_NS later.
 *
 *   SI1  A CPU is in `polling` iff its is_polling is set, and iff its CPU_POLLED is pending.
 *
 * Cost.  O(1); idle_notice O(CPUs that poll).
 */
#ifndef SIM_IDLE_H
#define SIM_IDLE_H

#include "sim/machine.h"

/* An idle period of `cpu` begins, unless it has begun.  It polls if the configuration says so. */
void idle_begin(struct machine *m, uint32_t cpu);

/* Something happens to `cpu`, so it is idle no more, if it was.  It must decide if a reason came
 * while it polled.  Before sched_kicked. */
void idle_end(struct machine *m, uint32_t cpu);

/* Its CPU_POLLED is here.  Returns: something came, so it decides now; else it halts. */
MUST_USE bool idle_polled(struct machine *m, uint32_t cpu);

/* The core may have set reasons: CPUs that poll will see them. */
void idle_notice(struct machine *m);

/* A thread has ended.  If all have, nobody waits for anything any more. */
void idle_forget(struct machine *m);

#endif /* SIM_IDLE_H */
