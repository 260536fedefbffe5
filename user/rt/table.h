/* SPDX-License-Identifier: MIT */
/*
 * table.h - the process's capabilities: copies, grants, kinds; and sets of CPUs (abi/cap.h).
 *
 * Results as in calls.h.  Handles are > 0.  A slot is given back with rt_release (ledger.h).
 */
#ifndef USER_RT_TABLE_H
#define USER_RT_TABLE_H

#include "base/cpumask.h"
#include "user/rt/ledger.h"
#include "user/rt/thread.h"

/* enum cap_kind, or a refusal. */
int64_t rt_cap_kind(uint32_t handle);

/* A new grant under that of `handle`.  Returns: a GRANT handle, or a refusal. */
MUST_USE int64_t rt_grant_create(uint32_t handle);

/* Copy `handle` through the grant `grant`; CAP_NONE: under its own.  Returns: a handle, or a
 * refusal. */
MUST_USE int64_t rt_copy(uint32_t handle, uint32_t grant);

/* All that was copied through `grant`, or through grants below it, is STALE when this returns. */
int64_t rt_revoke(uint32_t grant);

/* ---- Sets of CPUs: `handle` is a CPUS capability ---- */

int64_t rt_cpus_read(uint32_t handle, struct cpumask *mask);

/* Returns: a CPUS handle for what is in both, or a refusal. */
int64_t rt_cpus_narrow(uint32_t handle, const struct cpumask *mask);

/* A thread of this process may use what is in both. */
int64_t rt_cpus_assign(uint32_t handle, const struct rt_thread_ref *ref,
                       const struct cpumask *mask);

#endif /* USER_RT_TABLE_H */
