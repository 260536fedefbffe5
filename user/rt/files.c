/* SPDX-License-Identifier: MIT */
#include "user/rt/files.h"

#include "abi/status.h"
#include "base/assert.h"
#include "user/rt/ledger.h"

static struct {
    const void *at; /* NULL: not mapped yet */
    uint64_t bytes;
} files[RT_FILE_COUNT];

const void *rt_file_map(uint32_t slot, uint64_t *bytes)
{
    ASSERT(slot >= RT_FILE_SLOT_FIRST && slot < RT_FILE_SLOT_FIRST + RT_FILE_COUNT);

    uint32_t number = slot - RT_FILE_SLOT_FIRST;
    uint64_t address = RT_FILES_BASE + number * MEMORY_BYTES_MAX;

    if (files[number].at == NULL &&
        rt_memory_map(slot, address, 0, &files[number].bytes) == STATUS_OK)
        files[number].at = (const void *)address;
    *bytes = files[number].at == NULL ? 0 : files[number].bytes;
    return files[number].at;
}
