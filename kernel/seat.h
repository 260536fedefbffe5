/* SPDX-License-Identifier: MIT */
/*
 * seat.h - a thread's place in its process: its index, with the ring page, the telemetry record and
 * the generation that go with the index; then how the thread ended, until somebody has joined it.
 *
 *               seat_take        seat_occupy        seat_end            seat_join, detach
 *     UNUSED ------------> TAKEN -----------> LIVE ----------> ENDED ------------------> UNUSED
 *                            | seat_untake             (at once if somebody waits, or detached)
 *                            +------------> UNUSED
 *
 *   ST1  While a seat is LIVE its `thread` is the thread's record, or the thread is on its way out
 *        past seat_end.
 *   ST2  A ring page once given to an index stays with it; the next thread there finds its header
 *        zeroed.  So ring pages are never unmapped while the process lives.
 *   ST3  live_count of the process == seats TAKEN, LIVE, or LIVE until process_thread_gone, and
 *        those who hold it (process_hold), as a walk over the seats does (kernel/walk.h).
 *   ST4  Every thread that ever sat here is either `thread` or counted in `left`.
 *
 * Memory: pages of seats, rings and telemetry are charged to the process when an index is first
 * used; all that taking a seat needs is reserved before anything of it is made.
 * Locks: LOCK_PROCESS for taking and giving, LOCK_THREAD of the seat for the rest.
 */
#ifndef KERNEL_SEAT_H
#define KERNEL_SEAT_H

#include "abi/status.h"
#include "core/thread.h"
#include "kernel/limits.h"
#include "kernel/lock.h"

struct op;
struct process;
struct ring_page;
struct telemetry_record;
struct uthread;

enum seat_state { SEAT_UNUSED = 0, SEAT_TAKEN, SEAT_LIVE, SEAT_ENDED };

struct seat {
    /* Constant once there. */
    struct ring_page *ring;
    uint32_t index;

    /* LOCK_THREAD. */
    struct lock lock;
    uint32_t gen;
    uint8_t state; /* enum seat_state */
    bool is_detached;
    bool was_killed;
    struct uthread *thread; /* while LIVE */
    struct op *joiner;
    int64_t exit_status;
    struct ledger left; /* by the threads that sat here and ended */

    /* LOCK_PROCESS. */
    struct seat *next_unused;
};

#define SEATS_PER_PAGE ((uint32_t)(ARCH_PAGE_BYTES / sizeof(struct seat)))
#define SEAT_PAGES_MAX ((THREADS_PER_PROCESS_MAX + SEATS_PER_PAGE - 1) / SEATS_PER_PAGE)
#define TELEMETRY_PER_PAGE (ARCH_PAGE_BYTES / TELEMETRY_RECORD_BYTES)
#define TELEMETRY_PAGES ((THREADS_PER_PROCESS_MAX + TELEMETRY_PER_PAGE) / TELEMETRY_PER_PAGE)

struct seats {
    struct seat *pages[SEAT_PAGES_MAX];
    struct telemetry_record *telemetry[TELEMETRY_PAGES];
    struct seat *unused;  /* LOCK_PROCESS: seats that were used before, last first */
    uint32_t fresh_index; /* LOCK_PROCESS: seats from here on were never used */
};

/* How the ABI names a thread. */
struct thread_name {
    uint32_t index;
    uint32_t gen;
};

/*
 * A seat for a new thread of a process that is MAKING or LIVE, with its ring page and telemetry
 * record; counted as live.  STALE: the process has ended.  LEDGER_FULL, NO_SLOT, NO_MEMORY.
 */
MUST_USE enum status seat_take(struct process *process, struct seat **seat);

/* The thread could not be made. */
void seat_untake(struct process *process, struct seat *seat);

/* `t` has the seat now.  Returns its name. */
struct thread_name seat_occupy(struct seat *seat, struct uthread *t);

/*
 * Its thread is as good as gone: its joiner is answered, the seat becomes free or waits to be
 * joined.  Returns whom to wake, or none.
 */
MUST_USE struct thread_ref seat_end(struct process *process, struct seat *seat, int64_t exit_status,
                                    bool was_killed);

/* The thread that sat there is gone, with so much more than it had at seat_end. */
void seat_settle(struct seat *seat, const struct ledger *more);

/* What was used here: what is left behind and, if a thread lives here, what it has until now. */
struct seat_use {
    struct ledger used;
    uint32_t ended_count;
    bool is_live;
};
struct seat_use seat_use(struct seat *seat);

/* The seat of an index that was ever used, or NULL. */
struct seat *seat_of(const struct process *process, uint64_t index);

/* The core's reference of the thread of this name.  STALE: it has ended, or never existed. */
MUST_USE enum status seat_ref(const struct process *process, uint64_t index, uint64_t gen,
                              struct thread_ref *ref);

/* The same, and the seat stays locked, so that the thread keeps its reference; NULL for STALE.  The
 * core may be called meanwhile: it takes no lock of the kernel's. */
struct seat *seat_hold(const struct process *process, uint64_t index, uint64_t gen,
                       struct thread_ref *ref);
void seat_let_go(struct seat *seat);

/* If `ref` lives in the seat of that index, its name is in *name.  Returns: it does. */
bool seat_name(const struct process *process, uint64_t index, struct thread_ref ref,
               struct thread_name *name);

/*
 * Let `op`, a PENDING record of a thread of the process, wait for the end of the thread named.
 * Returns: OK: it waits; or the end has come already, which the record then says.
 * Refusals: STALE, BUSY (somebody waits already, or it is detached).
 */
MUST_USE enum status seat_join(struct process *process, struct op *op, uint64_t index,
                               uint64_t gen);

/* `op` does not wait for the thread op->key any more. */
void seat_join_cancel(struct process *process, struct op *op);

/* Nobody will join it.  STALE, BUSY. */
MUST_USE enum status seat_detach(struct process *process, uint64_t index, uint64_t gen);

/* What all seats have once no thread is left: what was left behind, and by how many. */
struct seat_use seats_sum(const struct process *process);

/* Give the pages back, the process being gone. */
void seats_fini(struct process *process);

#endif /* KERNEL_SEAT_H */
