/* SPDX-License-Identifier: MIT */
#include "tests/explorer/tso.h"

#include "base/assert.h"

#include <string.h>

uint64_t tso_memory_read(const void *address, enum tso_width width)
{
    if (width == TSO_32)
        return *(const uint32_t *)address;
    return *(const uint64_t *)address;
}

void tso_memory_write(void *address, uint64_t value, enum tso_width width)
{
    if (width == TSO_32)
        *(uint32_t *)address = (uint32_t)value;
    else
        *(uint64_t *)address = value;
}

uint64_t tso_load(const struct tso_buffer *buffer, const void *address, enum tso_width width)
{
    for (uint64_t i = buffer->count; i-- > 0;) {
        if (buffer->stores[i].address != address)
            continue;
        ASSERT(buffer->stores[i].width == (uint64_t)width);
        return buffer->stores[i].value;
    }
    return tso_memory_read(address, width);
}

void tso_store(struct tso_buffer *buffer, void *address, uint64_t value, enum tso_width width)
{
    ASSERT(buffer->count < STORES_MAX);
    buffer->stores[buffer->count++] = (struct tso_store){address, value, (uint64_t)width};
}

struct tso_store tso_flush(struct tso_buffer *buffer)
{
    ASSERT(buffer->count > 0);

    struct tso_store oldest = buffer->stores[0];

    tso_memory_write(oldest.address, oldest.value, (enum tso_width)oldest.width);
    buffer->count--;
    memmove(buffer->stores, buffer->stores + 1, buffer->count * sizeof(buffer->stores[0]));
    memset(&buffer->stores[buffer->count], 0, sizeof(buffer->stores[0]));
    return oldest;
}
