/* SPDX-License-Identifier: MIT */
/*
 * uthread.h - the kernel's side of a thread: registers, ring, waiting operations, unfinished work.
 *
 * The core's struct thread says when and where it runs; this record says what it is.  There is one
 * record for each of the core's slots, and it lives as long as the slot is taken; what must be
 * known of a thread afterwards is in its seat (kernel/seat.h).
 *
 *   UT1  While a thread lives, uthread_of_slot(ref.slot) is its record.
 *   UT2  When a record's slot is given back, no timer, bucket, list or seat links to it, and its
 *        operations are all FREE.
 *
 * A thread ends by itself (uthread_exit), or is taken down on the CPU that found it killed
 * (uthread_reaped): then no CPU runs it and no queue of the core's holds it.
 */
#ifndef KERNEL_UTHREAD_H
#define KERNEL_UTHREAD_H

#include "core/sched.h"
#include "kernel/limits.h"
#include "kernel/message.h"
#include "kernel/op.h"
#include "kernel/reaper.h"
#include "kernel/seat.h"
#include "kernel/work.h"

struct process;
struct process_policy;

#define UTHREAD_FPU_NONE UINT32_MAX

/* The completion of an entry that came in registers. */
struct enter_answer {
    int64_t status;
    uint64_t value;
    bool is_there;
    bool has_words; /* those of enter.words follow the value */
};

/* A fault that the thread's fault endpoint is told of (abi/fault.h), but for the place. */
struct fault_record {
    uint64_t what;
    uint64_t address;
    uint64_t cookie;
};

/* A wait in cap_enter, from the call until its result is known; or in a fault. */
struct enter {
    bool is_active;
    bool is_entry; /* the call brought one entry in registers and waits for its answer */
    bool is_held;  /* not for completions alone: entries wait behind one whose work is not done, */
    bool is_fault; /* or it is no call, but a fault (kernel/fault.h) */
    struct enter_answer answer;
    uint64_t words[MESSAGE_REGISTERS - 1]; /* of a message; whoever passes it writes them */
    union {
        struct { /* a call without an entry */
            uint32_t min_complete;
            struct mono deadline;
        };
        struct fault_record fault;
    };
    struct timer timer;
};

/* A thread's fault endpoint. */
struct fault_handler {
    struct cap_ref client; /* of kind CAP_KIND_EMPTY: it has none */
    uint64_t cookie;
};

struct uthread {
    struct arch_context context;
    uint8_t fpu[ARCH_FPU_BYTES] ALIGNED(64);

    /* Of the CPU that runs the thread; between two CPUs the core's state word hands them over. */
    struct ring ring;
    uint32_t free_ops; /* bits: records that are FREE */
    uint32_t fpu_cpu;  /* the CPU whose registers hold the FPU state, if it is nobody else's */
    bool should_yield;
    bool has_work; /* steps come before anything else; then enter.is_active, too */
    bool is_reaper;
    uint8_t wait_source; /* enum wake_source: of the last operation that waits */
    uint32_t waits;      /* a reaper: items in a row that could only wait */
    struct enter enter;
    struct op *work_op; /* completes when the work is done */

    /* LOCK_ENDPOINT of that endpoint; only its own receiving sets them. */
    struct op *serving; /* the call it has received and not answered, or NULL */
    uint32_t serving_endpoint;
    struct work work;

    /* Written at its making, constant while the thread lives. */
    struct thread_ref ref;
    uint32_t index;
    uint32_t gen;
    struct process *process;
    struct seat *seat; /* NULL: a reaper */
    struct telemetry_record *telemetry;

    /* Any CPU. */
    struct port_atomic32 done; /* bits: records to be collected */
    struct op ops[RING_INFLIGHT_MAX];

    /* LOCK_FAMILY. */
    struct reap_item item; /* a record whose work must be done before it is taken down */

    /* LOCK_THREAD of the seat. */
    struct fault_handler fault;
} ALIGNED(64);

struct uthread_start {
    uint64_t entry;
    uint64_t stack;
    uint64_t argument; /* then its index, its generation */
    struct fault_handler fault;
};

/* Make the records.  At boot; false: no memory. */
MUST_USE bool uthread_init(void);

/* The record of a core slot. */
struct uthread *uthread_of_slot(uint32_t slot);

/*
 * Make a thread of `process`; a wake for *ref lets it run.  Refusals: LEDGER_FULL, NO_SLOT, STALE
 * (the process ends), and those of sched_thread_create.
 */
MUST_USE enum status uthread_create(struct process *process, const struct uthread_start *start,
                                    const struct thread_params *params, struct thread_name *name,
                                    struct thread_ref *ref);

/* The same for a reaper, whose record is all it has. */
MUST_USE enum status uthread_create_reaper(struct process *process, struct uthread **reaper);

/* The core's reference of the thread in this seat.  false: none lives there. */
MUST_USE bool uthread_ref_at(struct seat *seat, struct thread_ref *ref);

/*
 * Set the CPU set of the thread of this name.  Its seat is locked meanwhile, so that the thread
 * stays who it is.  STALE, OUTSIDE_MASK.
 */
MUST_USE enum status uthread_set_mask(const struct process *process, uint64_t index, uint64_t gen,
                                      const struct cpumask *mask);

/* Give the thread in this seat, if any, what is set in `policy`. */
void uthread_apply(struct seat *seat, const struct process_policy *policy);

/* A thread up to now: what is open on the CPU that runs it is its.  STALE: another has its slot. */
struct uthread_reading {
    struct ledger ledger;
    uint32_t cpu;
    bool is_running;
};
MUST_USE enum status uthread_read(struct thread_ref ref, struct uthread_reading *reading);

/* What `t` was charged so far. */
struct ledger uthread_ledger(const struct uthread *t);

/* What threads in seats `first` to `first + count - 1` wait for in [virt, virt + bytes) ends, as
 * park_end says; they are woken. */
void uthread_end_parks(const struct process *process, uint32_t first, uint32_t count,
                       uint64_t virt, uint64_t bytes);

/* The running thread ends.  Its joiner is woken; the last of its process ends that.  uthread_end:
 * the same inside glue_leave, which goes on with whoever is current then. */
NORETURN void uthread_exit(struct uthread *t, int64_t status);
void uthread_end(struct uthread *t, int64_t status);

/* `t` has been ended by a kill: it is taken down, or its process's reaper will do that once its
 * work is done. */
void uthread_reaped(struct uthread *t);

/* Everything that belonged to the killed thread `t` is given back, its slot last. */
void uthread_take_down(struct uthread *t);

/* `t`, the running thread, has begun the work in t->work; `op` completes with its end. */
void uthread_begin_work(struct uthread *t, struct op *op);

/* A step of the running thread's work.  It may have to wait, or be done, afterwards. */
void uthread_work(struct uthread *t);

#endif /* KERNEL_UTHREAD_H */
