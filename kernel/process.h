/* SPDX-License-Identifier: MIT */
/*
 * process.h - an address space, a table of capabilities, a ledger, threads; and how it ends.
 *
 *            process_make_step         process_end             process_end_step
 *     FREE -----> MAKING -----> LIVE -----------------> ENDING ----------------> GONE ---> FREE
 *                    |                                    ^                     (its maker lets go)
 *                    +------------------------------------+ could not be made
 *
 * A process ends by its last thread, by THREADS.END, by PROCESS.KILL, by a fault, with its session
 * (kernel/session.h), or with its parent, on whose ledger it lives.  From that instant no
 * capability of it is of use.  Then its
 * parent's reaper (kernel/reaper.h) ends its children and threads, waits until the last of them is
 * off every CPU and every queue, takes away what it shared and what it had, and gives its limits
 * back; only then those who WAIT are told.
 *
 *   PR1  What a process has is charged to its ledger, which is clear when it is GONE.
 *   PR2  Its address space is taken apart only when no thread lives and no CPU has it loaded.
 *   PR3  The state only moves along the figure; who moves it to ENDING says why, once.
 *
 * Locks: LOCK_FAMILY for kinship and reapers' queues, LOCK_PROCESS for the rest.
 */
#ifndef KERNEL_PROCESS_H
#define KERNEL_PROCESS_H

#include "base/cpumask.h"
#include "kernel/cap.h"
#include "kernel/pool.h"
#include "kernel/reaper.h"
#include "kernel/seat.h"
#include "kernel/session.h"
#include "kernel/vspace.h"
#include "kernel/work.h"

struct program;

enum process_phase {
    PHASE_THREADS = 0, /* kill them */
    PHASE_GATHER,      /* end its children and sessions; until they, all threads and its reaper
                        * are gone */
    PHASE_OBJECTS,     /* interrupt bindings, memory objects, mappings, CPU sets, grants */
    PHASE_REVOKED,     /* what others had through its grants */
    PHASE_LET_GO,      /* until no CPU has its address space loaded */
    PHASE_SPACE,
    PHASE_STORAGE,
    PHASE_TELL /* those who wait */
};

/* What a thread of it begins with.  0 of a field: nobody has set it. */
struct process_policy {
    uint32_t weight;
    uint32_t class_plus_1;
    bool has_cpus;
    struct cpumask cpus;
    uint32_t epoch; /* rises with each change */
};

struct process {
    /* Of the record, whoever uses it: who is late finds a lock and a list. */
    struct pool_node node;
    struct lock lock;
    struct list waiters; /* LOCK_PROCESS.  struct op.parked: who is told when it is GONE */
    struct session *session; /* constant while it exists: the one it is in */

    struct port_atomic32 state; /* enum process_state; the first field that a new use clears */

    /* Constant while it exists. */
    uint32_t service;       /* its number; 0: none */
    struct process *parent; /* NULL: the first */
    const struct program *program;
    struct cpumask cpus;              /* what its threads may use without POLICY */
    struct cap_process_params params; /* what it was asked to be */
    struct vspace space;
    struct resource_ledger ledger;
    struct cap_table caps;

    struct seats seats;

    /* Any CPU. */
    struct port_atomic32 live_count; /* threads, seats taken for threads, process_hold */
    struct port_atomic64 irq_ns;     /* of interrupts for its bindings (kernel/irq.h) */

    /* LOCK_PROCESS. */
    uint32_t waiter_count;
    struct cap_process_info info;
    struct process_policy policy;
    struct ledger left; /* by its reapers, and by its threads once it is GONE */
    uint32_t left_count;

    /* LOCK_OBJECT: what it owns. */
    struct list memories;
    struct list mappings;
    uint32_t mapping_count;
    struct list cpusets;
    struct list endpoints;
    struct list grants;
    struct list irqs;

    /* LOCK_FAMILY. */
    struct list children;
    struct list sibling;
    struct list sessions;   /* that it made */
    struct tally_member in_session;
    struct tally_member in_service;
    struct list reap_queue; /* struct reap_item: what its reaper has to do */
    uint32_t reap_count;
    struct uthread *reaper; /* NULL: it never had children, or it is gone */
    struct reap_item item;  /* in its parent's queue */
    uint32_t handle_slot;   /* in its parent's table */
    bool is_released;       /* that handle */
    bool is_told;           /* GONE, and whoever waited knows */
    bool is_paid;           /* its parent has the record's row of OBJECTS back; what bounds the
                               records then is that each has waiters left, and OPERATIONS those */
    bool is_reaper_ending;

    /* Of the worker that makes it, then of the reaper that ends it. */
    enum process_phase phase;
    bool had_grants;
    uint64_t cursor;
    uint32_t segment;
    struct work work;
};

extern struct pool process_pool;

/* At boot.  false: no memory. */
MUST_USE bool process_init(void);

static inline enum process_state process_state(const struct process *process)
{
    return (enum process_state)port_load32(&process->state);
}

/* Is what it holds of use?  Not from the instant it begins to end, or its session is logged out. */
static HOT bool process_has_authority(const struct process *process)
{
    return process_state(process) == PROCESS_LIVE && session_is_live(process->session);
}

struct process *process_at(uint32_t index);

/* The process as it is now, for who keeps it from being another's meanwhile. */
static inline struct pool_ref process_ref(const struct process *process)
{
    return pool_ref_of(&process_pool, pool_index(&process_pool, process));
}

/* ---- Making (process_make.c) ---- */

/*
 * Take a record for what `params` ask, and from the parent's ledger all it will use.  `session`:
 * what params->session names, or index POOL_NONE for the parent's.
 * Refusals: BAD_ARGUMENT, LEDGER_FULL, NO_SLOT, STALE (the session is logged out).
 */
MUST_USE enum status process_begin(struct process *parent, const struct cap_process_params *params,
                                   struct pool_ref session, struct process **process);

/*
 * A step of making it, until its first thread runs; its gifts are looked up in the parent's table.
 * A refusal ends it: later steps take back what was made.
 * Returns: DONE, with w->status a handle or the refusal.
 */
MUST_USE enum work_turn process_make_step(struct work *w);

/* What the first process holds. */
struct boot_gift {
    uint32_t slot;
    struct cap_ref ref;
};

/* Make it whole, at boot.  Returns NULL, or what is wrong in a few words. */
MUST_USE const char *process_make_first(const struct boot_gift *gifts, uint32_t gift_count,
                                        const uint64_t limits[LEDGER_RESOURCE_COUNT]);

/* ---- Threads ---- */

/* One thread more is counted as living.  Under LOCK_PROCESS. */
void process_count_live(struct process *process);

/* A thread is off every CPU and queue, or could not be made.  The last one ends the process. */
void process_thread_gone(struct process *process);

/* The running thread of a process notes how its first thread ended. */
void process_note_exit(struct process *process, int64_t status);

/*
 * Keep the process of `ref` from being taken apart, until process_thread_gone, as if it had one
 * thread more.  Returns: STATUS_OK; STALE: it is another's; BUSY: no thread of it is left.
 */
MUST_USE enum status process_hold(struct pool_ref ref);
/* The same for who is to do something with what it is while it lives: STALE where none is left. */
MUST_USE enum status process_hold_living(struct pool_ref ref);

/* What its threads begin with now; change it in those fields that are set. */
struct process_policy process_policy(struct process *process);
void process_set_policy(struct process *process, const struct process_policy *policy);

/* A thread of it has left so much behind, for good. */
void process_leave(struct process *process, const struct ledger *left, uint32_t thread_count);

/* ---- Ending (process_end.c) ---- */

/*
 * It ends, for this reason if for no earlier one.  Any CPU, any number of times.  The first is for
 * who keeps it from being gone, as a thread of it does; the second for who has a reference only.
 */
void process_end(struct process *process, enum process_end end, int64_t exit_status);
void process_kill(struct pool_ref ref);

/* It ends because of a fault of the running thread. */
void process_end_by_fault(struct process *process, const struct arch_fault *fault, uint32_t thread,
                          uint64_t pc);

/* A step of its end, by `worker`.  DONE: it is GONE.  *is_parked: nothing to do until the reaper
 * is given it again. */
MUST_USE enum work_turn process_end_step(struct process *process, struct thread_ref worker,
                                         bool *is_parked);

/* Another thread does those steps from now on. */
void process_redirect(struct process *process, struct thread_ref worker);

/*
 * Let `op`, a PENDING record, wait for its end with the capability `cap`.
 * Returns: OK: it waits, or it was GONE already, which the record then says; STALE: `cap` is dead.
 */
MUST_USE enum status process_wait(struct process *process, struct op *op,
                                  const struct cap_ref *cap);

/* `op` does not wait any more. */
void process_wait_cancel(struct op *op);

/* Complete with STALE some waits for the record `index` whose grant is dead.  Returns: none is
 * left. */
MUST_USE bool process_drop_waiters(uint32_t index);

/* The maker lets go of the handle in `slot`. */
void process_release(struct process *parent, struct pool_ref ref, uint32_t slot);

/* STALE: it is gone, and its record another's. */
MUST_USE enum status process_read_info(struct pool_ref ref, struct cap_process_info *info);

#endif /* KERNEL_PROCESS_H */
