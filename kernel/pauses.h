/* SPDX-License-Identifier: MIT */
/*
 * pauses.h - an interleaving of the CPUs for each seed, to find races with.
 *
 * In QEMU's deterministic machine a CPU keeps its turn until it pauses, halts or a timer fires, so
 * every boot has the same interleaving, and most races are never met.  The kernel with pauses
 * executes PAUSE, which ends the turn, before some of its shared accesses: once, twice, 4 or 8
 * times, while the others go on.  Where and how often, a random number of each CPU says, drawn from
 * a seed.  The same seed gives the same interleaving, another seed another.
 *
 * pauses.c: the kernel with pauses, compiled with port_pauses.h.  pauses_none.c: the one that is
 * used, compiled with port_plain.h, which has no pauses and refuses a seed.
 *
 * Locks: none.  Each CPU has its own state; only the order's hash is written by all.
 */
#ifndef KERNEL_PAUSES_H
#define KERNEL_PAUSES_H

#include "base/types.h"

/*
 * Pause from now on: at one access in 4, 8, 16, 32 or 64, by the seed's remainder by 5.  Seed 0:
 * never.  On CPU 0 while the others wait.
 * Returns: false if the seed is not 0 and this kernel has no pauses.
 */
MUST_USE bool pauses_begin(uint64_t seed);

/*
 * One line on the console if a seed was given: how many pauses at how many accesses, how many turns
 * CPUs waited for locks, and a hash of the order in which the CPUs made their accesses: two boots
 * with the same hash had the same interleaving.
 */
void pauses_report(void);

#endif /* KERNEL_PAUSES_H */
