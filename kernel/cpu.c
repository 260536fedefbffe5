/* SPDX-License-Identifier: MIT */
#include "kernel/cpu.h"

struct cpu cpu_blocks[ARCH_CPU_MAX];

void cpu_init(void)
{
    for (uint32_t i = 0; i < ARCH_CPU_MAX; i++)
        cpu_blocks[i] = (struct cpu){.number = i, .arm_at = MONO_NEVER, .armed_at = MONO_NEVER};
}
