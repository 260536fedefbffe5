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

struct rq;
struct uthread;
struct vspace;

struct cpu {
    struct trace_place trace; /* first: kernel/trace.h */
    struct rq *rq;            /* the core's queue of this CPU, from glue_cpu_start on */
    uint32_t number;
    uint32_t held_ranks;     /* bits of enum lock_rank; kernel/lock.h */
    struct uthread *current; /* who returns to user mode here; NULL: idle */
    struct uthread *loaded;  /* whose FPU state the registers may hold; its fpu_cpu confirms */
    struct vspace *space;    /* whose tables this CPU uses; NULL: none with user pages */
    bool has_reaped;         /* threads that a kill ended wait in the core to be taken down */
    bool should_decide;      /* the core wants sched_decide before this CPU leaves the kernel */
    bool is_settled;         /* space, FPU, timer and telemetry record are those of current */
    bool is_interrupt;       /* this entry is an interrupt, begun at entered_at */
    struct mono entered_at;
    uint32_t irq; /* that this interrupt fired for: index of its binding, */
    uint32_t irq_gen; /* and generation; 0: none */
    struct mono arm_at;   /* the next scheduling instant, from the last decision */
    struct mono armed_at; /* what the hardware timer is set to */
    uint64_t timer_count; /* timer interrupts */
    uint64_t spurious_count;
    uint64_t exit_count;   /* threads that ended themselves here */
    uint64_t kill_count;   /* threads that were ended by a kill, taken down here */
    uint64_t joined_count; /* threads that ended while somebody waited in JOIN */
    uint64_t process_end_count;
    uint64_t waited_count; /* processes that ended while somebody waited in WAIT */
    uint32_t refused;      /* enum ledger_resource of the last LEDGER_FULL here */
} ALIGNED(64);

extern struct cpu cpu_blocks[ARCH_CPU_MAX];

static inline struct cpu *cpu_this(void)
{
    return arch_local();
}

/* Number the blocks, and make this CPU's its own.  Before anything takes a lock. */
void cpu_init(void);

/* The same for another CPU: make its block its own. */
void cpu_start(void);

#endif /* KERNEL_CPU_H */
