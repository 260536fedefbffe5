/* SPDX-License-Identifier: MIT */
/* source.h - which source of the event queue is what, for the machine's own files. */
#ifndef SIM_SOURCE_H
#define SIM_SOURCE_H

#include "sim/machine.h"

enum cpu_event { CPU_KICK, CPU_TIMER, CPU_SPENT, CPU_POLLED, CPU_SOURCES };

static inline uint32_t source_of_cpu(uint32_t cpu, enum cpu_event event)
{
    return cpu * CPU_SOURCES + (uint32_t)event;
}

static inline uint32_t source_of_sleeper(const struct machine *m, uint32_t thread)
{
    return m->config.cpu_count * CPU_SOURCES + thread;
}

#endif /* SIM_SOURCE_H */
