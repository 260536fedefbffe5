/* SPDX-License-Identifier: MIT */
/*
 * script.h - simulated threads: what a workload image's threads do on the machine.
 *
 * What comes next is decided by workload/step.h, as on the kernel.  Here is how an action is done:
 *
 *   run, runtime     spend CPU time until the thread's ledger, or the clock, has got there
 *   mem, memrun      as run: memory has no time of its own here
 *   yield            the core's sched_give_up
 *   sleep            block until a timer of the CPU it was on wakes it
 *   lock, unlock     the runtime's mutex: a word FREE, HELD or CONTENDED and a queue of parked
 *                    threads.  Unlock frees it and wakes the longest waiter, who tries again, so
 *                    somebody else may take it in between (barging).
 *   wait, signal     a condition: a sequence number and a queue.  Wait notes the number, unlocks,
 *                    parks if the number is still the same, locks.  Signal wakes the longest
 *                    waiter.
 *   barrier          counts who comes; the last wakes all and begins anew
 *   semaphore        post hands over to the longest waiter, or counts; wait takes or parks
 *   call, receive    sim/calls.h
 *   fork             wakes the task's next thread that never was, where the forking one is
 *   suspend, resume  a condition without a mutex, so without a gap in which a resume could come;
 *                    resume wakes everybody.
 *
 * Actions cost nothing, but not for ever: a thread that does STEP_FREE_ACTIONS of them in one
 * instant then spends STEP_TOLL_NS, else a loop of resumes would stop the clock.
 *
 *   SC1  A thread is in at most one queue, and it is in one iff `is_waiting`.
 *   SC2  A mutex is FREE iff it has no holder.
 */
#ifndef SIM_SCRIPT_H
#define SIM_SCRIPT_H

#include "sim/lag.h"
#include "workload/step.h"

#define SCRIPT_NAME_BYTES 24u

enum script_state {
    SCRIPT_NEXT,         /* ask step_next */
    SCRIPT_RUN,          /* until used_ns reaches target_ns */
    SCRIPT_RUNTIME,      /* until the clock reaches `until` */
    SCRIPT_SLEEP,        /* blocked until `until` */
    SCRIPT_LOCK,         /* begin to lock `mutex` */
    SCRIPT_LOCK_AGAIN,   /* it parked for `mutex` */
    SCRIPT_WAIT_UNLOCKED, /* it gave `mutex` back to wait at `object` */
    SCRIPT_BEGIN         /* begin `action` */
};

struct script_thread {
    struct step_thread step;
    enum script_state state;
    bool is_waiting;
    uint32_t next_waiting; /* in its queue */
    uint32_t object;
    uint32_t mutex;
    uint32_t seq;
    uint64_t target_ns;
    struct mono until;
    struct mono instant; /* of its latest actions, of which there were */
    uint32_t instant_count;
    uint32_t served;      /* whose call it has received and not answered, or MACHINE_THREAD_NONE */
    bool owes;            /* the answer is due before its next action, or with it */
    struct step_action action;
};

enum mutex_word { MUTEX_FREE, MUTEX_HELD, MUTEX_CONTENDED };

struct script_object {
    enum mutex_word word;
    uint32_t holder; /* of a mutex, or MACHINE_THREAD_NONE */
    uint32_t seq;    /* of a condition: counts its signals */
    uint32_t count;  /* of a semaphore: its value; of a barrier: who has come */
    bool has_receivers; /* of an endpoint: who waits there waits for calls */
    uint32_t first_waiting;
    uint32_t last_waiting;
};

struct script {
    const struct workload_image *image;
    struct machine *machine;
    struct lag lag;
    struct script_thread *threads;
    struct script_object *objects;
    uint32_t *forked; /* of each task, so many threads */
    struct step_shared shared;
    bool has_fork_error; /* a fork found no thread left */
    bool has_sync_error; /* a mutex was unlocked by somebody else than its holder */
};

/* Threads of `image` starting at `start` on `machine`, which has been set up.  False: no memory. */
MUST_USE bool script_init(struct script *s, const struct workload_image *image,
                          struct machine *machine, struct mono start, struct mono end);
void script_fini(struct script *s);

/* struct machine_program's go_on; `context` is the script. */
bool script_go_on(void *context, uint32_t cpu, uint32_t thread);

/* ---- For sim/calls.c ---- */

/* `thread` is the last of those who wait at `object`.  The first of them is no more; one does. */
void script_join(struct script *s, uint32_t thread, uint32_t object);
uint32_t script_take_first(struct script *s, uint32_t object);

/* The class of a mask of the image: its number, or the one behind the last for "all CPUs". */
uint32_t script_class_of(const struct workload_image *image, uint32_t mask);

/* "task", or "task-instance" where the task has several; cut to fit.  `context`: the image. */
void script_name(const void *context, uint32_t thread, char text[SCRIPT_NAME_BYTES]);

/* SC1, SC2; panics.  O(threads + objects). */
void script_check(const struct script *s);

#endif /* SIM_SCRIPT_H */
