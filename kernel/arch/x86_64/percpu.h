/* SPDX-License-Identifier: MIT */
/*
 * percpu.h - what each CPU knows about itself.  In the kernel the GS base points at the CPU's own
 * block.  A block is written by its CPU only, except `state` and what boot fills in before the CPU
 * runs, so there are no locks.
 */
#ifndef KERNEL_ARCH_X86_64_PERCPU_H
#define KERNEL_ARCH_X86_64_PERCPU_H

#include <stdatomic.h>

#include "kernel/arch.h"
#include "kernel/arch/x86_64/layout.h"

#define PERCPU_GDT_ENTRIES 7u

enum percpu_state {
    PERCPU_ABSENT, /* not started, or given up on: it must not run */
    PERCPU_STARTING,
    PERCPU_ARRIVED,
    PERCPU_RUNNING
};

/* The processor's task state segment: the stacks for entries from user mode and for faults. */
struct PACKED tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_bitmap; /* beyond the limit: no port is open to user mode */
};

struct percpu {
    struct percpu *self;
    struct arch_context *context; /* the one TSS.rsp0 points into; 0 before the first thread */
    uint64_t stack_top;
    uint64_t scratch;
    uint32_t number;
    uint32_t lapic_id;
    uint64_t armed_ns;      /* when kernel_timer is due; TIMER_NEVER */
    uint64_t root;          /* the address space in CR3 */
    _Atomic uint32_t state; /* enum percpu_state */
    struct tss tss;
    uint32_t reserved;
    uint64_t gdt[PERCPU_GDT_ENTRIES];
    void *local; /* arch_local */
    struct arch_counts counts;
} ALIGNED(256);

_Static_assert(offsetof(struct percpu, context) == PERCPU_CONTEXT, "layout.h");
_Static_assert(offsetof(struct percpu, stack_top) == PERCPU_STACK, "layout.h");
_Static_assert(offsetof(struct percpu, scratch) == PERCPU_SCRATCH, "layout.h");
_Static_assert(offsetof(struct percpu, number) == PERCPU_NUMBER, "layout.h");
_Static_assert(offsetof(struct percpu, tss.rsp) == PERCPU_RSP0, "layout.h");
_Static_assert(offsetof(struct percpu, local) == PERCPU_LOCAL, "layout.h");
_Static_assert(sizeof(struct percpu) == 1u << PERCPU_BYTES_SHIFT, "layout.h");

extern struct percpu percpu_blocks[ARCH_CPU_MAX];

/* This CPU's block. */
static inline struct percpu *percpu_this(void)
{
    struct percpu *self;

    __asm__ volatile("mov %%gs:0, %0" : "=r"(self));
    return self;
}

/* Fill in block `cpu` before that CPU runs. */
void percpu_prepare(uint32_t cpu, uint32_t lapic_id);

#endif /* KERNEL_ARCH_X86_64_PERCPU_H */
