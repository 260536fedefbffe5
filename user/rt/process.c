/* SPDX-License-Identifier: MIT */
#include "user/rt/process.h"

#include "base/assert.h"
#include "user/rt/entry.h"

struct cap_process_params rt_process_params(uint32_t program, uint64_t argument,
                                            uint32_t thread_count)
{
    return (struct cap_process_params){
        .program = program,
        .latency_class = LATENCY_NORMAL,
        .argument = argument,
        .limits = {[LEDGER_THREADS] = thread_count,
                   [LEDGER_OPERATIONS] = (uint64_t)thread_count * RING_INFLIGHT_MAX},
    };
}

void rt_process_give(struct cap_process_params *params, uint32_t from, uint32_t slot,
                     uint32_t grant)
{
    ASSERT(params->gift_count < CAP_GIFTS_MAX);

    params->gifts[params->gift_count++] =
        (struct cap_gift){.from = from, .slot = slot, .grant = grant};
}

int64_t rt_process_spawn(const struct cap_process_params *params)
{
    return rt_call(CAP_SPAWNER, SPAWNER_SPAWN, (uint64_t)params, 0, 0);
}

int64_t rt_process_wait(uint32_t handle, int64_t *exit_status)
{
    struct ring_sqe entry = {.op = RING_OP_CALL, .cap = handle, .method = PROCESS_WAIT};
    uint64_t value = 0;
    int64_t end = rt_entry_do(&entry, &value);

    if (end >= 0 && exit_status != NULL)
        *exit_status = (int64_t)value;
    return end;
}

int64_t rt_process_kill(uint32_t handle)
{
    return rt_call(handle, PROCESS_KILL, 0, 0, 0);
}

int64_t rt_process_info(uint32_t handle, struct cap_process_info *info)
{
    return rt_call(handle, PROCESS_INFO, (uint64_t)info, 0, 0);
}

int64_t rt_process_stat(uint32_t handle, struct cap_process_stat *stat)
{
    if (handle == CAP_NONE)
        return rt_call(CAP_THREADS, THREADS_PROCESS_STAT, (uint64_t)stat, 0, 0);
    return rt_call(handle, PROCESS_STAT, (uint64_t)stat, 0, 0);
}

void rt_process_end(int64_t status)
{
    (void)rt_call(CAP_THREADS, THREADS_END, (uint64_t)status, 0, 0);
    syscall_exit(status);
}
