/* SPDX-License-Identifier: MIT */
/*
 * trace.h - the last scheduling events of each CPU, kept for a panic.
 *
 * A ring of TRACE_LAST_COUNT records per CPU, written by kernel_trace (the core's port_trace).
 * Locks: none; each CPU writes its own.  A panic reads those of CPUs that have stopped, and of
 * others as they are.
 */
#ifndef KERNEL_TRACE_H
#define KERNEL_TRACE_H

#include "base/types.h"

/* Print the last events of `cpu`, oldest first, past every lock; for a panic.  Returns how many. */
uint32_t trace_print_last(uint32_t cpu);

#endif /* KERNEL_TRACE_H */
