/* SPDX-License-Identifier: MIT */
/*
 * bench.h - measuring what operations of the kernel cost, in instructions, from user code to user
 * code.
 *
 * It needs QEMU with -icount shift=0 and one CPU, for one row two: there the TSC counts
 * instructions, and two boots give the same figures.  tests/bench boots it and prints the table.  A
 * batch is some operations in a row; a row's figure is the median over BENCH_BATCHES batches.  Idle
 * time moves the TSC too, so no row measures across a sleep of the whole machine, but for the one
 * that measures its end.
 */
#ifndef USER_BENCH_BENCH_H
#define USER_BENCH_BENCH_H

#include "base/types.h"

#define BENCH_BATCHES 41u

/* This program in the boot archive, and what it does as a process of the rows' own: return. */
#define BENCH_PROGRAM 1u
#define BENCH_CHILD 1u
#define BENCH_SERVER 2u /* or bench_serve */
#define BENCH_LONG_SERVER 3u
#define BENCH_CROWD 1000u /* and of how many: bench_crowd */
#define BENCH_CHILD_STATUS 7

/* What reading the counter twice costs by itself. */
#define BENCH_READ_COST 3u

static inline uint64_t bench_count(void)
{
    uint32_t low;
    uint32_t high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* `operations` operations in a row.  Returns: the instructions they took. */
typedef uint64_t bench_batch(uint32_t operations);

/* Measure a row and print it: "writes NAME OPERATIONS SPACES TIMERS IPIS", what all batches made
 * the CPUs write (abi/machine.h), with what the row does between its measurements; then "bench NAME
 * INSTRUCTIONS", per operation, rounded up. */
void bench_row(const char *name, bench_batch *batch, uint32_t operations);

/* Without the former: what the row does between its measurements would drown it. */
void bench_instructions(const char *name, bench_batch *batch, uint32_t operations);

/* A figure that was found in another way. */
void bench_print(const char *name, uint64_t figure);

/* The benchmark is wrong if this does not hold: its figure must not be printed. */
#define BENCH_VERIFY(condition) ASSERT(condition)

void bench_calls(void);    /* system calls, null calls, the ring */
void bench_switches(void); /* park, yield, wake */
void bench_wakes_in_crowds(void);  /* a wake beside many who are runnable */
NORETURN void bench_crowd(uint32_t number); /* some of those, a process of its own */
void bench_threads(void);  /* spawn and join */
void bench_timers(void);   /* expiry */
void bench_memory(void);   /* bytes, not instructions; before any row that makes threads */
void bench_processes(void); /* spawn and wait */
void bench_endpoints(void); /* calls */
void bench_two_cpus(void);  /* a call from one to the other */
int64_t bench_serve(bool is_long); /* the other side of those, a process of its own */

#endif /* USER_BENCH_BENCH_H */
