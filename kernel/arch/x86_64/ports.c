/* SPDX-License-Identifier: MIT */
/* ports.c - the I/O ports that programs may reach (arch_port_* of kernel/arch.h). */
#include "base/assert.h"
#include "kernel/arch.h"
#include "kernel/arch/x86_64/x86.h"

/* None that the kernel uses itself, and none by which the machine could be reset or memory read. */
static const struct {
    uint16_t first;
    uint16_t count;
} open_ranges[] = {
    {0x70, 2}, /* the real-time clock: index, data */
};

#define RTC_INDEX 0x70u
#define RTC_INDEX_NMI_OFF 0x80u /* would keep other CPUs from being told of a panic */

bool arch_port_is_open(uint32_t port)
{
    for (uint32_t i = 0; i < ARRAY_COUNT(open_ranges); i++)
        if (port >= open_ranges[i].first && port - open_ranges[i].first < open_ranges[i].count)
            return true;
    return false;
}

uint8_t arch_port_read8(uint32_t port)
{
    ASSERT(arch_port_is_open(port));
    return x86_in8((uint16_t)port);
}

void arch_port_write8(uint32_t port, uint8_t value)
{
    ASSERT(arch_port_is_open(port));
    if (port == RTC_INDEX)
        value &= (uint8_t)~RTC_INDEX_NMI_OFF;
    x86_out8((uint16_t)port, value);
}
