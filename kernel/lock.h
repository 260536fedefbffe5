/* SPDX-License-Identifier: MIT */
/*
 * lock.h - the kernel's locks and the order they are taken in.
 *
 * A CPU may take a lock only if its rank is above every rank it holds; so at most one of each rank,
 * and no cycle.  Asserted on every acquisition.  The core's run queue locks come below all of these
 * in the call graph: no kernel lock is held while the core is called (sched_glue.c asserts it).
 * Every hold is bounded: no lock is held across a wait, a user access that can fault, or a loop
 * without a named limit.
 */
#ifndef KERNEL_LOCK_H
#define KERNEL_LOCK_H

#include "base/assert.h"
#include "kernel/cpu.h"

/* From outermost to innermost; docs: kernel/README.md. */
enum lock_rank {
    LOCK_FAMILY,  /* who is whose child, reapers' queues, the end of processes */
    LOCK_THREAD,  /* a seat: how a thread ended and who joins it */
    LOCK_PROCESS, /* a process's seats, its state, who waits for its end */
    LOCK_ENDPOINT, /* who waits at an endpoint, and is served */
    LOCK_TABLE,   /* which slots of a capability table are free */
    LOCK_OBJECT,  /* what belongs to which process; who maps which memory object */
    LOCK_PARK,    /* a bucket of waiters */
    LOCK_TIMER,   /* a CPU's timers */
    LOCK_IRQ,     /* interrupt bindings and the lines' controllers */
    LOCK_SPACE,   /* a process's page tables */
    LOCK_QUIESCE, /* who waits for other CPUs to let go */
    LOCK_POOL,    /* free records of a pool */
    LOCK_FRAME,   /* physical frames */
    LOCK_CONSOLE  /* the console and the result stream */
};

struct lock {
    struct port_lock word;
};

static HOT void lock_take(struct lock *lock, enum lock_rank rank)
{
    struct cpu *cpu = cpu_this();

    ASSERT(cpu->held_ranks >> rank == 0);
    port_lock(&lock->word);
    cpu->held_ranks |= 1u << rank;
}

static HOT void lock_give(struct lock *lock, enum lock_rank rank)
{
    struct cpu *cpu = cpu_this();

    ASSERT((cpu->held_ranks & ~((1u << rank) - 1)) == 1u << rank); /* the innermost */
    cpu->held_ranks &= ~(1u << rank);
    port_unlock(&lock->word);
}

#endif /* KERNEL_LOCK_H */
