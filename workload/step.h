/* SPDX-License-Identifier: MIT */
/*
 * step.h - what a workload's thread does next: one state machine for both engines.
 *
 * The engine (user/loadgen with real threads, sim/ with simulated ones) asks step_next for an
 * action, performs it, and asks again with the time at which it was complete.  What phases, loops,
 * timers, slack and activations mean is decided here and nowhere else; the engine knows only how to
 * run, sleep, lock and wait.
 *
 * Meaning (rt-app's, as its tutorial and its log say, where nothing else is stated):
 *   start       A thread starts at `start` + its offset (step_start_offset_ns) + its task's delay.
 *               If asked earlier, the first action is to sleep until then; no latency is counted.
 *               rt-app's threads leave a barrier together and share one start; here each has its
 *               own, else the offset itself would be a missed period.
 *   turn        One pass over a phase's events; completed, it is one activation (one line of
 *               rt-app's log).  A phase is `loop` turns, then comes the next phase; after the last
 *               one the task's `loop` counts and the first phase follows.
 *   CPUs        At the start of a turn whose phase wants other CPUs than are set: STEP_SET_MASK.
 *               The engine creates the thread with the task's mask.
 *   run         CPU time of the thread's own, see step_run_target.   runtime  wall time.
 *   timer       At first use its time is the thread's start.  Each use: next += period; slack =
 *               next - now.  Ahead: sleep until next.  Else the period was missed: no sleep, and a
 *               relative timer is set to now, an absolute one stays on its grid.
 *               Period 0 is accepted as in rt-app's own template: it never sleeps, and counts
 *               neither slack nor a miss, because there is nothing to be in time for.
 *   slack       One figure per turn that used a timer: the last timer's, or, with
 *               `cumulative_slack`, the sum.  Negative at a timer = one deadline miss.
 *   latency     How long after the instant asked for the thread went on.  A task that uses a timer
 *               counts its timer wakes only, as rt-app does; one that uses none counts its sleeps,
 *               which rt-app does not, so that its row is not empty.
 *   sync        Signal, then wait, with the mutex held, as rt-app's example files use it.  In a
 *               task that never locks that mutex: lock, signal, wait, unlock, as its tutorial says.
 *   suspend     Wait at the point of that name; resume wakes all who wait there.  rt-app does
 *               this with a condition and a mutex of that name, and where a file uses one of those
 *               too it is so here: lock, wait, unlock; and lock, broad, unlock.
 *   barrier     Its users are all threads of the tasks that name it: who comes last wakes the
 *               others and goes on.  It can be met at again at once.
 *   call        Wait at an endpoint for a server, and for its answer.   serve  Receive the call
 *               that waits longest, or wait for one; run; answer.  Who serves again next answers
 *               and receives in one; so an answer may wait for that action, no longer.
 *   mem         Write so many bytes to the buffer; a byte is 1 ns of CPU time.   memrun  Write to
 *               it for so much CPU time.  Both are a run that writes: STEP_TOUCH.
 *   yield       Give up the rest of the slice.
 *   fork        One more thread of a task starts now: its start is the instant of the fork and its
 *               task's delay.  The engine hands out the task's unstarted threads in order; when
 *               there are none left, the fork does nothing and the run's verdict says so.
 *   end         At `end` nothing happens any more: from then on the answer is STEP_DONE, and an
 *               action that was not complete before counts for nothing.
 *
 * Every action takes time in the engine, if only the thread's CPU time for a system call.  The
 * simulator must charge for it too: a workload may be nothing but resumes in a loop.
 *
 * Shared timers belong to all threads that name them.  Where threads really run at once, the engine
 * holds one lock of its own around step_next for each thread with step_uses_shared.  Nothing else
 * here is shared; a `struct step_thread` belongs to its thread.
 *
 * Freestanding; no allocation.  Cost: O(1) for each call.
 */
#ifndef WORKLOAD_STEP_H
#define WORKLOAD_STEP_H

#include "abi/result.h"
#include "workload/hist.h"
#include "workload/image.h"

/* How much of a run's overshoot, and of what calls cost between runs, the next run makes good. */
#define STEP_RUN_CARRY_NS_MAX UINT64_C(100000)

/*
 * Actions take no time of their own, but not for ever: a thread that does STEP_FREE_ACTIONS of them
 * in a row then spends STEP_TOLL_NS of CPU time, in both engines, so that a loop of resumes goes
 * equally fast in both and does not stop a simulated clock.
 */
#define STEP_FREE_ACTIONS 16u
#define STEP_TOLL_NS UINT64_C(16000)

enum step_kind {
    STEP_RUN,         /* spend `ns` of the thread's own CPU time: until step_run_target */
    STEP_TOUCH,       /* the same, writing to the buffer meanwhile */
    STEP_RUNTIME,     /* spend CPU time until the clock says `at` */
    STEP_SLEEP_UNTIL, /* sleep until `at`; complete at once if that is past */
    STEP_LOCK,        /* object: a mutex, not held by this thread */
    STEP_UNLOCK,      /* object: a mutex, held by this thread */
    STEP_WAIT,        /* object: a condition; release `mutex`, wait, take it again */
    STEP_SIGNAL,      /* object: a condition; wake the longest waiter, if any */
    STEP_BROADCAST,   /* object: a condition or suspend point; wake all who wait now, if any */
    STEP_SUSPEND,     /* object: a suspend point; wait there */
    STEP_BARRIER,     /* object: a barrier; wait until its `users` are there */
    STEP_SEM_WAIT,    /* object: a semaphore; take one, or wait for one */
    STEP_SEM_POST,    /* object: a semaphore; the longest waiter has one, or it keeps one more */
    STEP_CALL,        /* object: an endpoint; call, and wait for the answer */
    STEP_RECEIVE,     /* object: an endpoint; wait for a call */
    STEP_ANSWER,      /* object: the endpoint; answer it, at the latest before what comes next */
    STEP_YIELD,       /* give up the rest of the slice */
    STEP_FORK,        /* object: number of a task; start the next of its threads that never was */
    STEP_SET_MASK,    /* object: number of a mask, or WORKLOAD_INDEX_NONE = all CPUs */
    STEP_DONE         /* the thread ends; asked again, the same answer */
};

struct step_action {
    enum step_kind kind;
    uint32_t object; /* number in the image's objects (STEP_SET_MASK: masks) */
    uint32_t mutex;  /* STEP_WAIT */
    uint32_t line;   /* of the event in the file; 0 if the action is not an event */
    uint64_t ns;     /* STEP_RUN, STEP_TOUCH; else 0 */
    struct mono at;  /* STEP_RUNTIME, STEP_SLEEP_UNTIL */
};

struct step_timer {
    struct mono next;
    bool is_started;
};

/* The timers that threads share; all zero at the start. */
struct step_shared {
    struct step_timer timers[WORKLOAD_SHARED_TIMERS_MAX];
};

/* What step_next has to do when the action under way is complete. */
enum step_pending {
    STEP_PENDING_NONE,  /* not an event's end: start, change of CPUs, one of an event's parts */
    STEP_PENDING_EVENT, /* an event */
    STEP_PENDING_WAKE   /* an event; the wake latency from `wake_at` counts */
};

struct step_thread {
    const struct workload_image *image;
    const struct workload_task *task;
    struct mono start;    /* its own: offset and delay included */
    struct mono end;
    struct mono wake_at;
    enum step_pending pending;
    uint32_t phase;       /* below task->phase_count; equal: done */
    uint32_t event;       /* of the phase: under way, or next */
    uint32_t part;        /* of an event that is several actions: those begun so far */
    uint32_t phase_turns; /* completed turns of this phase's loop */
    uint32_t task_turns;  /* completed turns of the task's loop */
    uint32_t mask;        /* the CPU set it has */
    bool has_turn_slack;  /* this turn used a timer */
    int64_t turn_slack_ns;
    uint64_t run_target_ns;
    uint64_t activations;
    uint64_t deadline_misses;
    uint64_t slack_count;
    int64_t slack_min_ns;
    int64_t slack_sum_ns; /* stops at the ends of its range */
    struct step_timer timers[WORKLOAD_UNIQUE_TIMERS_MAX];
    struct hist wake_latency;
};

/* How long after the workload's start `thread` starts, its task's delay not included. */
uint64_t step_start_offset_ns(const struct workload_image *image, uint32_t thread);

/* Begin `thread` of `image`, which must stay.  `end` may be MONO_NEVER. */
void step_init(struct step_thread *t, const struct workload_image *image, uint32_t thread,
               struct mono start, struct mono end);

/* The same for a thread that was forked at `now`. */
void step_init_forked(struct step_thread *t, const struct workload_image *image, uint32_t thread,
                      struct mono now, struct mono end);

/* Does this thread name a shared timer?  Then step_next needs the engine's lock (see above). */
bool step_uses_shared(const struct step_thread *t);

/* The action under way (if any) was complete at `now`, which never goes back: what is next? */
MUST_USE struct step_action step_next(struct step_thread *t, struct step_shared *shared,
                                      struct mono now);

/*
 * The ledger reading at which a STEP_RUN or STEP_TOUCH of `ns` ends, for a thread whose ledger now
 * reads `ledger_ns`.  Call once, when the run begins.
 *
 * A run ends at the first look at the ledger behind its target, in the deterministic machine up to
 * 25 us late.  So the next run starts counting at the previous target, not at the ledger: the
 * overshoot, and the thread's own overhead between the runs, is taken off, up to
 * STEP_RUN_CARRY_NS_MAX.  N runs then cost the sum of their durations, not N overshoots more.
 */
uint64_t step_run_target(struct step_thread *t, uint64_t ledger_ns, uint64_t ns);

/*
 * Write activations, wake_latency_*, slack_* and deadline_misses of `result`; the other fields are
 * the engine's.  What was never measured is RESULT_UNKNOWN: slack and misses without a timer.
 */
void step_result(const struct step_thread *t, struct result_thread *result);

#endif /* WORKLOAD_STEP_H */
