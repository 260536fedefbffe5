/* SPDX-License-Identifier: MIT */
/*
 * load.h - one run of a workload image with real threads.
 *
 * Start.  Every thread is created first, thread i narrowed to the (i mod k)-th of the k CPUs it may
 *         use, so that both engines begin with the same placement (sim/sim.c does the same):
 *
 *     main                                      thread i
 *     spawn all, each on its one CPU      ->    count `ready`, park at `gate`
 *     choose `start`, open the gate       ->    count `asleep`, sleep until start + its offset
 *     LOAD_SETTLE_NS later: give each           ...
 *     thread its whole CPU set
 *     read the CPUs, sleep                      wake, read the own ledger, step_next ...
 *
 *         Threads that are there to be forked have a record and no more: the forking thread spawns
 *         them, on all their CPUs.
 * Course.  Threads do what workload/step.h says and end by themselves at `end`: every wait has that
 *         deadline.  Without a duration (`end` is MONO_NEVER) the run ends when all that started
 *         have ended, or when LOAD_STUCK_LOOKS looks in a row find every living thread waiting for
 *         another.  Calls have no deadline: at `end` main destroys the endpoints.
 *         Each process of the run does that for its own threads (processes.h).
 * Result.  A thread's figures are differences of its own telemetry record from its first instant to
 *         its last, the CPUs' from shortly before `start` to the end.
 *
 * Watch.  If snapshots were asked for, main wakes for each, reads the threads' figures so far and
 *         writes them.  That takes CPU time from the workload, so its table is not quite the same.
 *
 * Locks.  `shared_guard` around step_next for threads with shared timers (step.h asks for it); of a
 *         watched run, a thread's `guard` around all of step_next, outermost.  The words `gate`,
 *         `ready`, `asleep`, `started`, `ended`, `forked` and a thread's `has_started`,
 *         `wait_count`, `is_waiting`, `has_begun` and `has_ended` are atomic.  Everything else of a
 *         thread is its own until it has ended; `begin` does not change once it has begun.
 */
#ifndef USER_LOADGEN_LOAD_H
#define USER_LOADGEN_LOAD_H

#include "abi/stream.h"
#include "user/loadgen/processes.h"
#include "user/rt/barrier.h"
#include "user/rt/calls.h"
#include "user/rt/clock.h"
#include "user/rt/semaphore.h"
#include "workload/step.h"

#define LOAD_THREADS_MAX WORKLOAD_KERNEL_THREADS_MAX
_Static_assert(LOAD_THREADS_MAX < RT_THREADS_MAX, "main has a stack too");

/* Records of threads and objects: as many as the workload has, not as it might have. */
#define LOAD_RECORDS_BASE RT_FREE_BASE

/* What mem and memrun write to: one buffer for all threads, as nobody reads it. */
#define LOAD_BUFFER_BASE (LOAD_RECORDS_BASE + MEMORY_BYTES_MAX)
#define LOAD_TOUCH_BYTES 1024u /* between two PAUSEs; about 400 instructions */
_Static_assert(WORKLOAD_BUFFER_BYTES_MIN % LOAD_TOUCH_BYTES == 0, "a piece fits in");

#define LOAD_NOBODY UINT32_MAX

/* From opening the gate to `start`: time to put everybody to sleep and to widen the masks.  Idle
 * time costs nothing in the deterministic machine. */
#define LOAD_MARGIN_NS (50 * NS_PER_MS)
#define LOAD_MARGIN_THREAD_NS (200 * NS_PER_US)
/* From a thread's word that it goes to sleep until it surely does. */
#define LOAD_SETTLE_NS (2 * NS_PER_MS)
/* The CPUs are read so long before `start`, and a little more for each CPU. */
#define LOAD_READ_NS (100 * NS_PER_US)
#define LOAD_READ_CPU_NS (10 * NS_PER_US)
/* Looking for a standstill, when there is no duration. */
#define LOAD_LOOK_NS (250 * NS_PER_MS)
#define LOAD_STUCK_LOOKS 4u
/* Of a watched run: how long a process may take to note its threads' figures.  And children notice
 * the end so much later, when process 0 has read the CPUs. */
#define LOAD_NOTE_NS NS_PER_MS
#define LOAD_LATE_NS NS_PER_MS
/* Actions without a PAUSE, each with its system calls at most 2,500 instructions.  Not after each:
 * a PAUSE gives all other CPUs a turn in the deterministic machine, which makes actions slow. */
#define LOAD_UNPAUSED_MAX 4u

struct load_object {
    struct rt_mutex mutex; /* of a mutex */
    uint32_t holder;       /* of a mutex: thread number or LOAD_NOBODY */
    union {
        struct rt_waitlist waiters; /* of a condition or suspend point */
        struct rt_semaphore semaphore;
        struct rt_barrier barrier;
        struct { /* of an endpoint: handles of its process */
            uint32_t endpoint;
            uint32_t client;
        };
    };
};

struct load_thread {
    uint32_t number;
    struct rt_thread_ref ref;
    struct step_thread step;
    struct rt_usage begin; /* when its part of the run began */
    struct rt_usage end;   /* when it ended, or before its latest wait for another thread */
    struct mono ended_at;
    uint32_t wait_count;   /* waits for another thread so far */
    uint32_t is_waiting;   /* in such a wait now */
    bool has_blocked;      /* its latest wait or yield was one: time passed */
    uint32_t process;      /* in which it began */
    uint32_t touch_at;     /* where in the buffer it writes next */
    bool owes;             /* the answer is due before its next action, or with it */
    bool is_forked;        /* not there from the start */
    bool has_started;      /* `ref` is valid */
    bool is_joined;
    struct mono forked_at;
    struct rt_mutex guard; /* of `step`, where the run is watched */
    struct rt_thread_ref self; /* `ref`, for others, who may look before who made it has it */
    bool has_begun;        /* `begin`, `self` and `step` are valid */
    bool has_ended;        /* so is `end` */
    uint32_t unpaused;     /* actions since its latest PAUSE */
    uint32_t free_actions; /* actions since it last spent time or paid */
    uint64_t paid_ns;      /* the reading of its ledger up to which it has paid */
};

struct load {
    struct workload_image image;
    uint32_t process; /* which of the image's this one is */
    uint32_t thread_count;
    uint32_t cpu_count;
    struct cpumask cpus; /* that threads of this process may use */
    struct mono start;
    struct mono end; /* or MONO_NEVER; the duration until `start` is known */
    uint32_t gate;   /* enum load_gate */
    uint32_t start_count; /* own threads that start with the workload */
    uint32_t started;     /* these, and those that were forked */
    uint32_t ready;
    uint32_t asleep;
    uint32_t ended;
    struct rt_mutex shared_guard;
    struct step_shared shared;
    struct load_board *board;    /* at LOAD_RECORDS_BASE; what follows lies behind it */
    struct load_thread *threads; /* `thread_count` of them, all processes' */
    struct load_object *objects; /* the image's */
    struct stream_thread *rows;  /* of a watched run: each thread's figures so far */
    uint32_t *forked;            /* of each task: forks so far */
    uint32_t histogram_us;       /* 0: nobody asked for exact latencies */
    uint64_t watch_ns;           /* 0: nobody asked for snapshots */
    uint32_t *counts;            /* `histogram_us` for each thread */
    struct cap_cpu_stat cpus_before[CPU_MAX];
    struct cap_cpu_stat cpus_after[CPU_MAX];
    bool cpu_is_known[CPU_MAX]; /* both readings were answered */
};

/* The one run of this program. */
extern struct load load;

/* Is it this process's thread? */
static inline bool load_is_own(uint32_t thread)
{
    return workload_image_process_of(&load.image, thread) == load.process;
}

/* ---- main.c ---- */

/* Of all that lies at LOAD_RECORDS_BASE. */
uint64_t load_records_bytes(void);

/* ---- start.c ---- */

/* The CPUs of mask number `mask` (or WORKLOAD_INDEX_NONE) that it may use; may be empty. */
struct cpumask load_cpus_of(uint32_t mask);

/*
 * Process 0: start the others, create the own threads, and bring all to sleep before `start`.
 * Returns: false when one could not be created; the console says which, the verdict fails and those
 * that were created have ended.
 */
MUST_USE bool load_start(const struct load_gifts *gifts);

/* Its steps, for each process.  Create the own threads, and wait until they are at the gate; false:
 * one could not be. */
MUST_USE bool load_gather(void);

/* The run begins at `start`. */
void load_set_start(struct mono start);

/* Let them go to sleep there, and then give each its whole CPU set. */
void load_place(void);

/* Or end those there are. */
void load_send_home(void);

/* The parameters of thread `t`, with the CPUs it may use; false if there are none. */
MUST_USE bool load_params(const struct load_thread *t, struct cap_thread_params *params);

/* ---- thread.c ---- */

/* What each thread runs; `argument` is its struct load_thread. */
int64_t load_thread_run(void *argument);

/* Around a wait for another thread, which ended with `status`.  Returns: the run goes on. */
void load_wait_begin(struct load_thread *t);
MUST_USE bool load_wait_end(struct load_thread *t, enum status status);

/* ---- course.c ---- */

/* Wait for the run's end.  Process 0 reads the CPUs before and after, and waits for the others. */
void load_follow(void);

/* b - a of two readings of a counter; unknown if it fell, which a sound counter never does. */
static inline int64_t load_rise(uint64_t a, uint64_t b)
{
    return b >= a && b - a <= (uint64_t)INT64_MAX ? (int64_t)(b - a) : RESULT_UNKNOWN;
}

/* ---- watch.c ---- */

/* When the next snapshot is due; MONO_NEVER: none will be. */
struct mono load_snapshot_at(void);

/* Note the own threads' figures, write all (process 0), and choose the next.  Only the main thread,
 * once load_follow has read the CPUs. */
void load_write_snapshot(void);

/* ---- outcome.c ---- */

/* The difference of two readings of a CPU. */
void load_cpu_row(struct result_cpu *row, const struct cap_cpu_stat *a,
                  const struct cap_cpu_stat *b);

/* Of a record whose own is still 0.  With a PAUSE for each piece: it may be long. */
uint64_t load_checksum(const void *record, size_t bytes);

/* Write abi/result.h to the result stream.  `has_run` false: nothing was measured.
 * Returns: false when there is no stream to write to. */
MUST_USE bool load_write_result(bool has_run);

/* ---- histograms.c ---- */

/* Write the histograms' record of abi/stream.h, if it was asked for.  Returns: as above. */
MUST_USE bool load_write_histograms(void);

/* Add bits of enum result_verdict. */
static inline void load_fail(uint32_t bits)
{
    (void)__atomic_fetch_or(&load.board->failed, bits, __ATOMIC_RELAXED);
}

#endif /* USER_LOADGEN_LOAD_H */
