/* SPDX-License-Identifier: MIT */
/*
 * why.h - a thread's last reasons: what the scheduler did with it that it did not expect, and the
 * two numbers that were compared.
 *
 * What is news.  Placed elsewhere than where it ran last; migrated; preempted; not preempting with
 * the shorter slice; its lag cut.  Placed where it ran last, picked, kept: that is how it is most
 * of the time, and it is no news.  So the path of two threads that wake each other writes nothing
 * here.  A block that a wake undoes leaves its CLAMPED_LEAVING behind.
 *
 * A row of WHY_RECORD_COUNT records per thread, written in turn.  A record begins with its head
 *     {cursor:2, rule:8, subject slot + 1:21, subject gen:32}
 * which has no rule while the rest is written; the cursor, in record 0 only, is the record with the
 * newest reason.  Who reads head and time, the rest, and head and time again, and finds them the
 * same, has read one reason: two with the same head have not the same time.
 *
 *   W1  A record is written by whoever owns the thread's state, so by one at a time.
 *   W2  What why_read gives was written as it is; newest first, so times never rise.
 *   W3  Nothing in the core depends on what is in a row.
 *
 * Locks.  None, for reading: whoever writes a record for longer than WHY_READ_TRIES looks loses it
 *         for the reader.   Memory.  128 bytes a thread.   Cost.  O(1).
 */
#ifndef CORE_WHY_H
#define CORE_WHY_H

#include "abi/why.h"
#include "core/rq.h"

/* Why the running context must not go on unasked. */
enum pick_reason {
    PICK_NOT = 0,
    PICK_ASKED = 1,
    PICK_SHORTER = 2, /* a shorter slice woke, and is eligible */
    PICK_YIELDED = 3
};

struct why_record {
    struct port_atomic64 head;
    struct port_atomic64 time_ns;
    struct port_atomic64 a;
    struct port_atomic64 b;
};

struct why_row {
    struct why_record records[WHY_RECORD_COUNT];
} ALIGNED(64);

_Static_assert(sizeof(struct why_row) == 128, "the budget per thread");

/* Whose run queue it is, for who has nothing else at hand. */
static inline struct sched *rq_arena(const struct rq *rq)
{
    return (struct sched *)((uintptr_t)rq - rq->own_offset);
}

static inline struct why_row *why_row_of(const struct sched *s, uint32_t thread)
{
    ASSERT(thread < s->thread_count);
    return (struct why_row *)arena_at(s, s->why_offset) + thread;
}

/* Keep a reason of `thread`; the caller owns its state.  Its subject is the other thread in it. */
void why_note(struct sched *s, uint32_t thread, const struct why *why);

/* The same with a trace event, where no other event says it. */
void why_tell(struct sched *s, const struct rq *rq, uint32_t thread, const struct why *why);

/* `thread` moves from or to this CPU: the CPU's last reason, and the thread's. */
void why_migrated(struct sched *s, struct rq *rq, uint32_t thread, struct why why);

/* `previous`, queued here again, gives way to `next`, picked but queued yet; nobody is current. */
void why_gave_way(struct sched *s, const struct rq *rq, const struct thread *previous,
                  const struct thread *next, struct mono now);

/* A new thread has no reasons yet; its slot is the caller's. */
static inline void why_clear(struct sched *s, uint32_t thread)
{
    for (uint32_t i = 0; i < WHY_RECORD_COUNT; i++)
        port_note64(&why_row_of(s, thread)->records[i].head, 0);
}

/* `thread`, queued again, is picked although a shorter slice woke: who waits so is told why, if its
 * deadline is later.  Lock: rq.  O(STEAL_SCAN_MAX). */
void why_went_on(struct sched *s, const struct rq *rq, uint32_t thread, struct mono now);

/* The last reasons of the thread in this slot, newest first.  Any CPU.  Returns: how many. */
MUST_USE uint32_t why_read(const struct sched *s, uint32_t thread,
                           struct why reasons[WHY_RECORD_COUNT]);

#endif /* CORE_WHY_H */
