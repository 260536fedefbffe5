/* SPDX-License-Identifier: MIT */
/*
 * uthread.h - the kernel's side of a thread: registers, ring, waiting operations, how it ended.
 *
 * The core's struct thread says when and where it runs; this record says what it is.  Records are
 * numbered within their process; the number (index) names the ring page and telemetry record, and
 * index + generation name the thread in the ABI.  A core slot may be reused as soon as its thread
 * has ended, a record only when the thread was joined, so there are as many slots as records.
 *
 *   UT1  While a thread lives, uthread_of_slot(ref.slot) is its record.
 *   UT2  A ring page once given to an index stays with it; the next thread there gets it zeroed.
 *        So ring pages are never unmapped, and at most THREADS_PER_PROCESS_MAX exist.
 */
#ifndef KERNEL_UTHREAD_H
#define KERNEL_UTHREAD_H

#include "abi/cap.h"
#include "core/sched.h"
#include "kernel/limits.h"
#include "kernel/op.h"

struct process;

#define UTHREAD_FPU_NONE UINT32_MAX

enum uthread_state { UTHREAD_UNUSED = 0, UTHREAD_LIVE, UTHREAD_ENDED };

/* The completion of an entry that came in registers. */
struct enter_answer {
    int64_t status;
    uint64_t value;
    bool is_there;
};

/* A wait in cap_enter, from the call until its result is known. */
struct enter {
    bool is_active;
    bool is_entry; /* the call brought one entry in registers and waits for its answer */
    struct enter_answer answer;
    uint32_t min_complete;
    struct mono deadline;
    struct timer timer;
};

struct uthread {
    struct arch_context context;
    uint8_t fpu[ARCH_FPU_BYTES] ALIGNED(64);

    /* Of the CPU that runs the thread; between two CPUs the core's state word hands them over. */
    struct ring ring;
    uint32_t free_ops; /* bits: records that are FREE */
    uint32_t fpu_cpu;  /* the CPU whose registers hold the FPU state, if it is nobody else's */
    bool should_yield;
    uint8_t wait_source; /* enum wake_source: of the last operation that waits */
    struct enter enter;

    /* Written at spawn, constant while the thread lives. */
    struct thread_ref ref;
    uint32_t index;
    struct process *process;

    /* Any CPU. */
    struct port_atomic32 done; /* bits: records to be collected */
    struct op ops[RING_INFLIGHT_MAX];

    /* LOCK_THREAD. */
    struct lock lock;
    uint32_t gen;
    uint32_t state; /* enum uthread_state */
    int64_t exit_status;
    struct op *joiner;

    /* LOCK_PROCESS. */
    struct uthread *next_unused;
} ALIGNED(64);

/* How the ABI names a thread. */
struct uthread_name {
    uint32_t index;
    uint32_t gen;
};

struct uthread_start {
    uint64_t entry;
    uint64_t stack;
    uint64_t arguments[2];
    bool is_first; /* registers: both arguments, index; else: arguments[0], index, generation */
};

/* The record of the live thread in a core slot, or NULL. */
struct uthread *uthread_of_slot(uint32_t slot);

/*
 * Make a thread of `process` and start it.  Refusals: NO_SLOT, NO_MEMORY, and those of
 * sched_thread_create; nothing is left behind then.
 */
MUST_USE enum status uthread_spawn(struct process *process, const struct uthread_start *start,
                                   const struct thread_params *params, struct uthread_name *name);

/* The core's reference of the thread of this index and generation.  STALE: it has ended, or never
 * existed. */
MUST_USE enum status uthread_ref(struct process *process, uint64_t index, uint64_t gen,
                                 struct thread_ref *ref);

/*
 * Let `op`, a PENDING record of `t`, wait for the end of the thread named.
 * Returns: OK: it waits; or the end has come already, which the record then says.
 * Refusals: STALE, BUSY (somebody waits already), WOULD_DEADLOCK.
 */
MUST_USE enum status uthread_join(struct uthread *t, struct op *op, uint64_t index, uint64_t gen);

/* `t` ends: its operation `op` does not wait for the thread op->key any more. */
void uthread_join_cancel(struct uthread *t, struct op *op);

/* The running thread ends.  Its joiner is woken; the process's last thread ends the machine. */
NORETURN void uthread_exit(struct uthread *t, int64_t status);

#endif /* KERNEL_UTHREAD_H */
