/* SPDX-License-Identifier: MIT */
#include "user/rt/session.h"

#include "user/rt/entry.h"

int64_t rt_session_create(void)
{
    return rt_call(CAP_SESSIONS, SESSIONS_CREATE, 0, 0, 0);
}

int64_t rt_session_logout(uint32_t handle)
{
    return rt_call(handle, SESSION_LOGOUT, 0, 0, 0);
}

int64_t rt_session_stat(uint32_t handle, struct cap_total_stat *stat)
{
    if (handle == CAP_NONE)
        return rt_call(CAP_SESSIONS, SESSIONS_STAT, (uint64_t)stat, 0, 0);
    return rt_call(handle, SESSION_STAT, (uint64_t)stat, 0, 0);
}

int64_t rt_service_stat(uint32_t service, struct cap_total_stat *stat)
{
    return rt_call(CAP_SESSIONS, SESSIONS_SERVICE_STAT, service, (uint64_t)stat, 0);
}
