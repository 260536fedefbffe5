/* SPDX-License-Identifier: MIT */
/*
 * telemetry.h - the read-only pages of numbers every process sees (abi/sched.h).
 *
 * A record is written by the CPU that runs its thread, or takes it down, nobody else; readers look
 * at `seq` before and after.  A reaper has none.  No locks.
 */
#ifndef KERNEL_TELEMETRY_H
#define KERNEL_TELEMETRY_H

#include "abi/sched.h"
#include "base/types.h"

struct cpu;
struct process;
struct uthread;

/* Fill in the header, once its page is there. */
void telemetry_describe(struct process *process);

/* A new thread has this record: everything zero but the generation. */
void telemetry_begin(struct uthread *t);

/* `t` is about to run on `cpu`, which is this one: its ledger up to the last charge, and when that
 * was. */
void telemetry_publish(const struct cpu *cpu, struct uthread *t);

/* `t`, running here, ends at `now`: the record keeps its final numbers until the index is used
 * again, runtime_ns being all of it. */
void telemetry_end(struct uthread *t, struct mono now);

/* The same for a thread that a kill has ended. */
void telemetry_final(struct uthread *t);

#endif /* KERNEL_TELEMETRY_H */
