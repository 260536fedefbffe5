/* SPDX-License-Identifier: MIT */
/*
 * process.h - an address space, a capability table, a table of threads.
 *
 * There is one process in this version: the first program of the boot archive.  When its last
 * thread ends, or one faults, the machine ends with it.
 */
#ifndef KERNEL_PROCESS_H
#define KERNEL_PROCESS_H

#include "abi/cap.h"
#include "kernel/archive.h"
#include "kernel/uthread.h"
#include "kernel/vspace.h"

struct process {
    struct vspace space;
    uint8_t caps[CAP_SLOT_COUNT];       /* enum cap_kind; fixed at start */
    struct uthread *threads;            /* THREADS_PER_PROCESS_MAX records */
    struct telemetry_record *telemetry; /* record 0 is the header */

    /* LOCK_PROCESS. */
    struct lock lock;
    struct uthread *unused; /* records that were used before, last first */
    uint32_t fresh_index;   /* records from here on were never used */
    uint32_t live_count;
    int64_t first_status; /* how the first thread ended */
};

/* Make the process of a checked archive, everything but its threads.  Returns NULL, or what is
 * wrong in a few words. */
MUST_USE const char *process_load(struct process *process, const struct archive *archive,
                                  uint32_t cpu_count);

/* Start its first thread, as abi/bootinfo.h says; call once, after process_load. */
MUST_USE enum status process_start(struct process *process);

/* A record nobody uses, counted as live; NULL: all are in use. */
MUST_USE struct uthread *process_take_record(struct process *process);

/* A record whose thread could not be made. */
void process_untake_record(struct process *process, struct uthread *t);

/* A record whose thread has ended and was joined.  The caller may hold its LOCK_THREAD. */
void process_give_record(struct process *process, struct uthread *t);

/* A thread ended.  Returns: it was the last. */
MUST_USE bool process_thread_ended(struct process *process, const struct uthread *t,
                                   int64_t status);

#endif /* KERNEL_PROCESS_H */
