/* SPDX-License-Identifier: MIT */
#include "kernel/ports.h"

#include "kernel/arch.h"

#define PORT_LAST 0xffffu
#define LAST_SHIFT 16

static uint32_t range_of(uint32_t first, uint32_t last)
{
    return last << LAST_SHIFT | first;
}

static uint32_t first_of(uint32_t range)
{
    return range & PORT_LAST;
}

static uint64_t count_of(uint32_t range)
{
    return (uint64_t)(range >> LAST_SHIFT) - first_of(range) + 1;
}

uint32_t ports_all(void)
{
    return range_of(0, PORT_LAST);
}

enum status ports_narrow(uint32_t range, uint64_t offset, uint64_t count, uint32_t *narrower)
{
    uint64_t have = count_of(range);
    uint32_t first;

    if (count == 0 || offset >= have || count > have - offset)
        return STATUS_BAD_ARGUMENT;
    first = first_of(range) + (uint32_t)offset;
    *narrower = range_of(first, first + (uint32_t)count - 1);
    return STATUS_OK;
}

enum status ports_find(uint32_t range, uint64_t offset, uint32_t *port)
{
    if (offset >= count_of(range))
        return STATUS_BAD_ARGUMENT;
    *port = first_of(range) + (uint32_t)offset;
    return arch_port_is_open(*port) ? STATUS_OK : STATUS_BAD_ADDRESS;
}
