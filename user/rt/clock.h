/* SPDX-License-Identifier: MIT */
/*
 * clock.h - time without a system call: the monotonic clock and the thread's own CPU time, both
 * from the telemetry region (abi/sched.h).
 */
#ifndef USER_RT_CLOCK_H
#define USER_RT_CLOCK_H

#include "abi/sched.h"
#include "base/types.h"

/* A thread's telemetry record, read whole. */
struct rt_usage {
    struct mono at;      /* when it was read */
    struct mono since;   /* when the thread was last put on a CPU, or charged there */
    uint64_t runtime_ns; /* own CPU time until `at` */
    uint64_t switches;
    uint64_t preemptions;
    uint64_t voluntary_blocks;
    uint64_t migrations;
    uint32_t cpu;
};

/* Now, the same on every CPU. */
struct mono rt_now(void);

/* The calling thread's own CPU time until now.  About 50 instructions. */
uint64_t rt_own_ns(void);

struct rt_usage rt_own_usage(void);

/* The CPU it runs on; it may have left when this returns. */
uint32_t rt_own_cpu(void);

#endif /* USER_RT_CLOCK_H */
