/* SPDX-License-Identifier: MIT */
/*
 * cpu.h - what the portable kernel knows about each CPU.
 *
 * Locks: none.  A block is written by its own CPU with interrupts off; the counters are read by
 * others, who may see a value that is one event old.
 */
#ifndef KERNEL_CPU_H
#define KERNEL_CPU_H

#include "kernel/arch.h"

struct uthread;

struct cpu {
    uint32_t number;
    uint32_t held_ranks;     /* bits of enum lock_rank; kernel/lock.h */
    struct uthread *current; /* who returns to user mode here; NULL: idle */
    struct uthread *loaded;  /* whose FPU state the registers may hold; its fpu_cpu confirms */
    bool should_decide;      /* the core wants sched_decide before this CPU leaves the kernel */
    bool is_settled;         /* space, FPU, timer and telemetry record are those of current */
    bool is_interrupt;       /* this entry is an interrupt, begun at entered_at */
    struct mono entered_at;
    struct mono arm_at;   /* the next scheduling instant, from the last decision */
    struct mono armed_at; /* what the hardware timer is set to */
    uint64_t timer_count; /* timer interrupts */
    uint64_t spurious_count;
    uint64_t ended_ns; /* runtime of the threads that ended here */
} ALIGNED(64);

extern struct cpu cpu_blocks[ARCH_CPU_MAX];

static inline struct cpu *cpu_this(void)
{
    return &cpu_blocks[arch_cpu()];
}

/* Number the blocks.  Before anything takes a lock. */
void cpu_init(void);

#endif /* KERNEL_CPU_H */
