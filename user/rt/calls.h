/* SPDX-License-Identifier: MIT */
/*
 * calls.h - the kernel's operations as typed functions, each one entry in registers (entry.h) and
 * one system call.
 *
 * Results are int64_t: `enum status`, or the operation's own figure >= 0 (abi/ring.h, abi/cap.h).
 * Where a refusal can only be a bug of the runtime, the function asserts instead of returning it.
 */
#ifndef USER_RT_CALLS_H
#define USER_RT_CALLS_H

#include "abi/sched.h"
#include "base/cpumask.h"
#include "user/rt/thread.h"

/* ---- Waiting ---- */

/* STATUS_OK unparked, STATUS_VALUE_CHANGED, STATUS_EXPIRED.  Spurious returns are possible where
 * other code parks on the same address: check again. */
int64_t rt_park(const uint32_t *word, uint32_t expected, uint64_t deadline_ns);

/* Wake at most `count`, the longest waiting first.  Returns how many. */
int64_t rt_unpark(const uint32_t *word, uint32_t count);

int64_t rt_sleep_until(uint64_t at_ns);
void rt_yield(void);

/* ---- Console ---- */

/* Any length; in pieces of CONSOLE_WRITE_BYTES_MAX.  A process without a console writes nothing;
 * for a result that is a refusal. */
void rt_console_write(const char *text, size_t bytes);
MUST_USE int64_t rt_result_write(const void *data, size_t bytes);

/* ---- Machine ---- */

uint32_t rt_cpu_count(void);
MUST_USE int64_t rt_cpu_stat(uint32_t cpu, struct cap_cpu_stat *stat);
MUST_USE int64_t rt_machine_stat(struct cap_machine_stat *stat);
bool rt_conservation_holds(void);

/* Ends the machine.  A process without POWER faults here. */
NORETURN void rt_power_off(bool is_failure);

/* ---- Policy ---- */

MUST_USE int64_t rt_set_weight(const struct rt_thread_ref *ref, uint32_t weight);
MUST_USE int64_t rt_set_class(const struct rt_thread_ref *ref, enum latency_class latency_class);
/* All threads of the process, and those to come; `process` is a PROCESS handle, or CAP_NONE for the
 * caller's own. */
MUST_USE int64_t rt_set_process_policy(uint32_t process, const struct cap_process_policy *policy);
MUST_USE int64_t rt_set_mask(const struct rt_thread_ref *ref, const struct cpumask *mask);

#endif /* USER_RT_CALLS_H */
