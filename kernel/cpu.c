/* SPDX-License-Identifier: MIT */
#include "kernel/cpu.h"

_Static_assert(offsetof(struct cpu, trace) == 0, "kernel_trace finds its place there");

struct cpu cpu_blocks[ARCH_CPU_MAX];
struct trace_ring trace_rings[TRACE_CPU_MAX];

void cpu_init(void)
{
    for (uint32_t i = 0; i < ARCH_CPU_MAX; i++)
        cpu_blocks[i] = (struct cpu){.trace = {trace_rings[i].records},
                                     .number = i,
                                     .arm_at = MONO_NEVER,
                                     .armed_at = MONO_NEVER};
    cpu_start();
}

NOINLINE void cpu_start(void)
{
    arch_local_set(&cpu_blocks[arch_cpu()]);
}
