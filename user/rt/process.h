/* SPDX-License-Identifier: MIT */
/*
 * process.h - processes: making them, waiting for their end, ending them (abi/cap.h).
 *
 * Results as in calls.h.  A process's handle is kept until rt_release (ledger.h).
 */
#ifndef USER_RT_PROCESS_H
#define USER_RT_PROCESS_H

#include "abi/ring.h"
#include "abi/sched.h"
#include "user/rt/ledger.h"

/*
 * What a process of program `program` with `thread_count` threads needs anyhow: the default weight,
 * LATENCY_NORMAL (0 is LATENCY_BATCH, which takes POLICY), and the operations of its threads.  The
 * other limits are 0 and there are no gifts: they are the caller's to say.
 */
MUST_USE struct cap_process_params rt_process_params(uint32_t program, uint64_t argument,
                                                     uint32_t thread_count);

/* One gift more, of at most CAP_GIFTS_MAX: a copy of `from` in `slot`, through `grant` unless that
 * is CAP_NONE. */
void rt_process_give(struct cap_process_params *params, uint32_t from, uint32_t slot,
                     uint32_t grant);

/* Start a process of the boot archive's program params->program.  Returns: a PROCESS handle > 0, or
 * a refusal with nothing done. */
MUST_USE int64_t rt_process_spawn(const struct cap_process_params *params);

/* Wait until it has ended.  Returns: enum process_end with its exit status in *exit_status, if not
 * NULL; or a refusal. */
int64_t rt_process_wait(uint32_t handle, int64_t *exit_status);

int64_t rt_process_kill(uint32_t handle);
int64_t rt_process_info(uint32_t handle, struct cap_process_info *info);

/* What the threads of a process have used; `handle` may be CAP_NONE for the caller's own. */
int64_t rt_process_stat(uint32_t handle, struct cap_process_stat *stat);

/* End the calling process, all threads of it; without a THREADS capability only the caller. */
NORETURN void rt_process_end(int64_t status);

#endif /* USER_RT_PROCESS_H */
