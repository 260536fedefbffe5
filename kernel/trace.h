/* SPDX-License-Identifier: MIT */
/*
 * trace.h - the last scheduling events of each CPU, kept for a panic.
 *
 * A ring of TRACE_LAST_COUNT records per CPU, written by kernel_trace (the core's port_trace).
 * Locks: none; each CPU writes its own.  A panic reads the others' as they are.
 */
#ifndef KERNEL_TRACE_H
#define KERNEL_TRACE_H

#include "base/types.h"

/* Print this CPU's last events, oldest first, past every lock.  For a panic. */
void trace_print_last(void);

#endif /* KERNEL_TRACE_H */
