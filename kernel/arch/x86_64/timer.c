/* SPDX-License-Identifier: MIT */
/*
 * timer.c - kernel_timer at an instant, never before it.
 *
 * The LAPIC counts 32 bits (4.3 s at 1 GHz) by a clock of its own.  If the interrupt comes before
 * the armed instant, for the one reason or the other, the rest is armed here and what ran goes on.
 */
#include "kernel/arch/x86_64/timer.h"

#include "kernel/arch/x86_64/clock.h"
#include "kernel/arch/x86_64/lapic.h"
#include "kernel/arch/x86_64/percpu.h"

static HOT void set(struct percpu *cpu, uint32_t count)
{
    cpu->counts.timer_count++;
    lapic_timer_start(count);
}

static HOT void start(struct percpu *cpu, uint64_t now_ns)
{
    uint64_t at_ns = cpu->armed_ns;

    set(cpu, at_ns > now_ns ? clock_lapic_count(at_ns - now_ns) : 1);
}

HOT void arch_timer_arm(uint64_t at_ns)
{
    struct percpu *cpu = percpu_this();

    cpu->armed_ns = at_ns;
    start(cpu, arch_clock_ns());
}

HOT void arch_timer_disarm(void)
{
    struct percpu *cpu = percpu_this();

    cpu->armed_ns = TIMER_NEVER;
    set(cpu, 0);
}

enum timer_verdict timer_came(void)
{
    struct percpu *cpu = percpu_this();
    uint64_t now_ns = arch_clock_ns();

    if (cpu->armed_ns == TIMER_NEVER)
        return TIMER_UNASKED;
    if (now_ns < cpu->armed_ns) {
        start(cpu, now_ns);
        return TIMER_EARLY;
    }
    cpu->armed_ns = TIMER_NEVER;
    return TIMER_DUE;
}
