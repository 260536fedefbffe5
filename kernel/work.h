/* SPDX-License-Identifier: MIT */
/*
 * work.h - operations too long for one kernel entry: steps between which interrupts are let in.
 *
 * Work belongs to the thread that asked for it: whenever that is dispatched, glue_leave has it do
 * steps, in its own time, until the work is done and the operation's record completes.  Nothing of
 * a step lives on the stack between steps, because an interrupt drops the stack.  A thread that is
 * killed in the middle leaves its record to its process's reaper (kernel/reaper.h), which ends the
 * work before the record is free.  The end of a process uses the same steps.
 *
 * Locks: none held between steps.
 */
#ifndef KERNEL_WORK_H
#define KERNEL_WORK_H

#include "abi/process.h"
#include "kernel/quiesce.h"
#include "kernel/vspace.h"

struct process;

enum work_kind {
    WORK_NONE = 0,
    WORK_SPAWN,         /* a process: process_make_step */
    WORK_MEMORY_CREATE, /* frames for a memory object, then its capability */
    WORK_MAP,           /* a mapping's pages */
    WORK_UNMAP,         /* a mapping's end */
    WORK_DESTROY,       /* a memory object's end: all its mappings, then its frames */
    WORK_REVOKE,        /* mappings, interrupt bindings and waits whose grant is dead */
    WORK_POLICY,        /* weight, class, CPU set of all threads of a process (kernel/walk.h) */
    WORK_STAT,          /* what they have used */
    WORK_TALLY,         /* what the processes of a session or service have (kernel/session.h) */
    WORK_END_ENDPOINT   /* who waits there, then its record */
};

enum work_turn {
    WORK_MORE,  /* another step can follow */
    WORK_AGAIN, /* somebody else is at it: another step later */
    WORK_WAIT,  /* the worker will be woken */
    WORK_DONE
};

/* Taking a mapping away. */
struct unmapping {
    uint32_t mapping; /* index, claimed; POOL_NONE: none at the moment */
    bool is_asked;    /* other CPUs have been asked to let go */
    uint64_t pages;   /* still to unmap, from below */
    uint32_t seats;   /* of the process, whose waits there have been ended */
    struct vspace_limbo limbo;
    struct quiesce quiesce;
};

struct work {
    enum work_kind kind;
    uint32_t object;  /* index in the pool of its kind */
    uint32_t mapping; /* being made */
    uint32_t slot;    /* reserved in `process`'s table for the result */
    uint32_t tables;  /* of a reservation */
    bool is_held;     /* MAP: `process` is another's, kept meanwhile as process_hold does */
    uint64_t cursor;
    struct process *process; /* for whom */
    struct thread_ref worker;
    struct unmapping unmapping;
    uint64_t to; /* STAT, TALLY: address in `process`'s space */
    struct cap_process_stat stat;
    int64_t status; /* of the completion, once done */
    uint64_t value;
};

/* Ready to be given a kind. */
void work_init(struct work *w, enum work_kind kind, struct process *process,
               struct thread_ref worker);

/* One bounded step. */
MUST_USE enum work_turn work_step(struct work *w);

/* Another thread goes on with it. */
void work_redirect(struct work *w, struct thread_ref worker);

#endif /* KERNEL_WORK_H */
