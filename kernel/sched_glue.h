/* SPDX-License-Identifier: MIT */
/*
 * sched_glue.h - acting on the scheduler core's decisions: kicks, the hardware timer, switching.
 *
 * An entry into the kernel ends in glue_leave: it follows decisions until one of them names a
 * thread that may go on in user mode, or nobody.  A thread that waits in cap_enter is looked at
 * again whenever it is dispatched (kernel/enter.h), so a chain of switches without a user
 * instruction in between is possible; every link of it follows a wake.
 *
 * Time.  A system call's events carry the instant they happen at and belong to the thread.  All
 * events of one interrupt carry the instant of its entry, and what it took is the kernel's time.
 *
 * Locks: none may be held (asserted); the core takes its run queue locks.
 */
#ifndef KERNEL_SCHED_GLUE_H
#define KERNEL_SCHED_GLUE_H

#include "core/sched.h"
#include "kernel/cpu.h"

/* The machine's scheduler: `cpu_count` CPUs, `thread_count` slots.  Once; false: no memory. */
MUST_USE bool glue_init(uint32_t cpu_count, uint32_t thread_count);

struct sched *glue_sched(void);

/* This CPU comes into service; everything before was boot. */
void glue_cpu_start(void);

/* The instant of this event: see Time above. */
struct mono glue_now(void);

/* An interrupt begins on this CPU: before anything else is done. */
void glue_interrupt(void);

/* Wake a thread; none and stale references are ignored. */
void glue_wake(struct thread_ref ref, enum wake_source source);

/* The same for who has a thread and knows what time it is, in line; likewise glue_block_at, and
 * glue_leave_now behind it. */
void glue_wake_at(struct thread_ref ref, enum wake_source source, struct mono now);
void glue_block_at(enum wake_source source, struct mono now);
NORETURN void glue_leave_now(void);

/*
 * Calls (core/lend.h), each for the running thread.  glue_lend: `to` runs now, on its context;
 * glue_hand_back: `to`, its lender, does; false: nothing has changed.  glue_go_home: it goes on
 * with its own.  glue_borrow: it goes on with that of `from`, which waits; false: with its own.
 */
MUST_USE bool glue_lend(struct thread_ref to);
MUST_USE bool glue_hand_back(struct thread_ref to);
/* The same with LOCK_ENDPOINT held, in line; behind them, glue_leave_handed. */
MUST_USE bool glue_lend_now(struct thread_ref to);
MUST_USE bool glue_hand_back_now(struct thread_ref to);
/* `to`, with a context of its own, runs now, and the running thread waits (sched_turn_over). */
MUST_USE bool glue_turn_over_now(struct thread_ref to);
NORETURN void glue_leave_handed(void);
void glue_go_home(void);
MUST_USE bool glue_borrow(struct thread_ref from);

/* The running thread waits, gives up the rest of its request, or ends.  cpu->current is the next
 * one afterwards; a wake that came first leaves it where it is. */
void glue_block(enum wake_source source);
void glue_give_up(void);
void glue_exit(void);

/*
 * End a thread; none and stale references are ignored.  Who it was is taken down by its CPU, before
 * that leaves the kernel.
 * Returns: false: its queue was locked all the time; it ends when it is picked, or by another call.
 */
bool glue_kill(struct thread_ref ref);

/*
 * Give a thread another weight, or class.  Its CPU takes it over, at the latest when the thread is
 * next picked there.  STALE, BAD_ARGUMENT.
 */
enum status glue_set_weight(struct thread_ref ref, uint32_t weight);
enum status glue_set_class(struct thread_ref ref, enum latency_class class);

/* A decision that says whom to kick and whether to decide again, but not who runs. */
void glue_note(const struct decision *d);

/* The running thread's memory is about to be read, after others may have run here: its space
 * is loaded, and so kept. */
void glue_settle(void);

/* Take down whom kills have ended here so far, where this CPU may leave without looking again. */
void glue_reap(void);

/* Run what has been decided. */
NORETURN void glue_leave(void);

#endif /* KERNEL_SCHED_GLUE_H */
