/* SPDX-License-Identifier: MIT */
#include "user/rt/process.h"

#include "user/rt/entry.h"

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
