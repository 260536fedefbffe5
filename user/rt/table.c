/* SPDX-License-Identifier: MIT */
#include "user/rt/table.h"

#include "user/rt/entry.h"

int64_t rt_cap_kind(uint32_t handle)
{
    return rt_call(CAP_TABLE, TABLE_KIND, handle, 0, 0);
}

int64_t rt_grant_create(uint32_t handle)
{
    return rt_call(CAP_TABLE, TABLE_GRANT_CREATE, handle, 0, 0);
}

int64_t rt_copy(uint32_t handle, uint32_t grant)
{
    return rt_call(CAP_TABLE, TABLE_COPY, handle, grant, 0);
}

int64_t rt_revoke(uint32_t grant)
{
    return rt_call(CAP_TABLE, TABLE_REVOKE, grant, 0, 0);
}

int64_t rt_cpus_read(uint32_t handle, struct cpumask *mask)
{
    return rt_call(handle, CPUS_READ, (uint64_t)mask, 0, 0);
}

int64_t rt_cpus_narrow(uint32_t handle, const struct cpumask *mask)
{
    return rt_call(handle, CPUS_NARROW, (uint64_t)mask, 0, 0);
}

int64_t rt_cpus_assign(uint32_t handle, const struct rt_thread_ref *ref,
                       const struct cpumask *mask)
{
    return rt_call(handle, CPUS_ASSIGN, ref->index, ref->gen, (uint64_t)mask);
}
