/* SPDX-License-Identifier: MIT */
/*
 * session.h - sessions: making them, logging them out; what those of one, or of a service, have
 * used (abi/session.h).
 *
 * Results as in calls.h.  A process is started in one by rt_process_spawn.
 */
#ifndef USER_RT_SESSION_H
#define USER_RT_SESSION_H

#include "user/rt/process.h"

/* Returns: a SESSION handle > 0, kept until rt_release; or a refusal. */
MUST_USE int64_t rt_session_create(void);

/* None of its processes is left when this returns; of one's own session it does not return. */
int64_t rt_session_logout(uint32_t handle);

/* What its processes have used; `handle` may be CAP_NONE for the caller's own session. */
int64_t rt_session_stat(uint32_t handle, struct cap_total_stat *stat);

/* The same of the n-th service of the manifest, from 1; 0: of processes that belong to none. */
int64_t rt_service_stat(uint32_t service, struct cap_total_stat *stat);

#endif /* USER_RT_SESSION_H */
