/* SPDX-License-Identifier: MIT */
/* vspace_cpu.c - which address space each CPU uses (VS1). */
#include "kernel/process.h"
#include "kernel/uthread.h"
#include "kernel/vspace.h"

void vspace_activate(struct vspace *space)
{
    struct cpu *cpu = cpu_this();
    struct vspace *before = cpu->space;
    uint64_t bit = UINT64_C(1) << cpu->number;

    if (before == space)
        return;
    /* Locked, so it is visible before the tables are read: who unmaps reads `cpus` after it has
     * changed them. */
    if (space != NULL)
        (void)port_or64(&space->cpus, bit);
    arch_space_activate(space != NULL ? space->root : 0);
    cpu->space = space;
    if (before != NULL)
        (void)port_and64(&before->cpus, ~bit);
}

void vspace_refresh(void)
{
    const struct uthread *current = cpu_this()->current;

    vspace_activate(current != NULL ? &current->process->space : NULL);
    arch_space_flush();
}
