/* SPDX-License-Identifier: MIT */
#include "user/rt/ledger.h"

#include "user/rt/entry.h"
#include "user/rt/print.h"

int64_t rt_ledger_read(struct ledger_account *account)
{
    return rt_call(CAP_LEDGER, LEDGER_READ, (uint64_t)account, 0, 0);
}

void rt_ledger_print(void)
{
    static const char *const names[] = {
#define LEDGER_NAME(name, number, word, what) [number] = word,
        LEDGER_TABLE(LEDGER_NAME)
#undef LEDGER_NAME
    };
    struct ledger_account account;
    struct rt_line line;

    if (rt_ledger_read(&account) != STATUS_OK)
        return;
    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++) {
        const struct ledger_row *row = &account.rows[i];

        rt_line_begin(&line);
        fmt_text(&line.f, names[i]);
        fmt_text(&line.f, ": ");
        fmt_u64(&line.f, row->used + row->reserved, 1, ' ');
        fmt_text(&line.f, " of ");
        fmt_u64(&line.f, row->limit, 1, ' ');
        rt_line_end(&line);
    }
}

int64_t rt_ledger_fail_after(uint64_t n)
{
    return rt_call(CAP_LEDGER, LEDGER_FAIL_AFTER, n, 0, 0);
}

int64_t rt_memory_create(uint64_t bytes)
{
    return rt_call(CAP_LEDGER, LEDGER_MEMORY_CREATE, bytes, 0, 0);
}

int64_t rt_memory_destroy(uint32_t handle)
{
    return rt_call(CAP_LEDGER, LEDGER_MEMORY_DESTROY, handle, 0, 0);
}

int64_t rt_memory_map(uint32_t handle, uint64_t address, uint32_t flags, uint64_t *bytes)
{
    struct ring_sqe entry = {
        .op = RING_OP_CALL,
        .cap = handle,
        .method = MEMORY_MAP,
        .args = {address, flags},
    };

    return rt_entry_do(&entry, bytes);
}

int64_t rt_memory_map_for(uint32_t process, uint32_t handle, uint64_t address, uint32_t flags)
{
    return rt_call(handle, MEMORY_MAP, address, flags, process);
}

int64_t rt_memory_unmap(uint32_t handle, uint64_t address)
{
    return rt_call(handle, MEMORY_UNMAP, address, 0, 0);
}

int64_t rt_memory_info(uint32_t handle, uint64_t *bytes)
{
    struct ring_sqe entry = {.op = RING_OP_CALL, .cap = handle, .method = MEMORY_INFO};

    return rt_entry_do(&entry, bytes);
}

int64_t rt_memory_to_view(uint32_t handle)
{
    return rt_call(handle, MEMORY_TO_VIEW, 0, 0, 0);
}

int64_t rt_release(uint32_t handle)
{
    struct ring_sqe entry = {.op = RING_OP_RELEASE, .cap = handle};

    return rt_entry_do(&entry, NULL);
}
