/* SPDX-License-Identifier: MIT */
/*
 * telemetry.h - the read-only page of numbers every process sees (abi/sched.h).
 *
 * A record is written by the CPU that runs its thread, nobody else; readers look at `seq` before
 * and after.  No locks.
 */
#ifndef KERNEL_TELEMETRY_H
#define KERNEL_TELEMETRY_H

#include "abi/sched.h"
#include "abi/status.h"
#include "base/types.h"

struct process;
struct uthread;

/* Make the region of `process` and map it.  NO_MEMORY. */
MUST_USE enum status telemetry_init(struct process *process, uint32_t cpu_count);

/* A new thread has this record: everything zero but the generation. */
void telemetry_begin(struct uthread *t);

/* `t` is about to run on this CPU: its ledger up to the last charge, and when that was. */
void telemetry_publish(struct uthread *t);

/*
 * `t`, running here, ends at `now`: the record keeps its final numbers until the index is reused,
 * runtime_ns being all of it.  Returns that runtime.
 */
uint64_t telemetry_end(struct uthread *t, struct mono now);

#endif /* KERNEL_TELEMETRY_H */
