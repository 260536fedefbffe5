/* SPDX-License-Identifier: MIT */
#include "kernel/symbols.h"

const char *symbols_find(uint64_t address, uint64_t *start)
{
    uint64_t offset = address - symbols_base;
    uint32_t low = 0, high = symbols_count;

    if (address < symbols_base || offset >= symbols_bytes)
        return NULL;
    while (low < high) { /* at most 32 turns: the last symbol at or below is before `high` */
        uint32_t middle = low + (high - low) / 2;

        if (symbols_table[middle].offset <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    *start = symbols_base + symbols_table[low - 1].offset;
    return symbols_names + symbols_table[low - 1].name;
}
