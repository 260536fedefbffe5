/* SPDX-License-Identifier: MIT */
/*
 * idle.h - what a CPU does while nobody runs on it: it polls for a while, then halts.
 *
 * It polls (core/poll.h) if wakes from other CPUs came soon after it had gone idle of late, for
 * about as long as they took; who has been alone for long halts at once.  Each turn pauses, which
 * in QEMU's deterministic machine gives the turn to the other CPUs, and lets interrupts in, so
 * none waits for longer than a turn.
 *
 * Locks: none may be held.  A CPU's record is its own, with interrupts off.
 */
#ifndef KERNEL_IDLE_H
#define KERNEL_IDLE_H

#include "kernel/cpu.h"

/* This CPU comes into service. */
void idle_init(const struct cpu *cpu);

/* The last decision was for nobody, and the timer is set.  Returns when another CPU has something
 * for this one: then it must decide.  Otherwise an interrupt ends it, and this does not return. */
void idle_wait(const struct cpu *cpu);

/* An interrupt began at cpu->entered_at on a CPU without a current thread: if it waited in
 * idle_wait, that is over. */
void idle_interrupted(const struct cpu *cpu);

#endif /* KERNEL_IDLE_H */
