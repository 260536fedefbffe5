/* SPDX-License-Identifier: MIT */
/*
 * rq.h - one CPU's run queue: who runs here, who waits here, and what the others may know of it.
 *
 *   R1  A thread is RUNNING(c) iff it is `current` of run queue c; QUEUED(c) iff its context is
 *       linked in `fair` or `reserved` of c.
 *   R2  W = sum of weights and S = sum of weight * (v - V0) over the FAIR contexts queued or
 *       running here (fair_check recomputes both).
 *   R3  Outside the lock, the overload bit of c is set whenever somebody is queued here, but for
 *       what a thief has queued until its decision that follows.  Anyone may set it (a poster
 *       to the inbox does); it is cleared only under this lock.
 *   R4  busy + idle + irq + kernel == since - started, to the nanosecond (account_check).
 *
 * Locks.  `lock` is a leaf; at most one is held; the owner CPU takes it, a thief only tries to.
 */
#ifndef CORE_RQ_H
#define CORE_RQ_H

#include "abi/why.h"
#include "base/fixmul.h"
#include "core/clock.h"
#include "core/eedq.h"
#include "core/sc.h"
#include "core/stat.h"
#include "core/thread.h"

/* What a CPU tells the others in one word: bits, and the class of who runs (0: nobody). */
#define PUBLISHED_IDLE 1u /* it waits for a reason to look (core/poll.h) */
#define PUBLISHED_SOLO 2u /* it runs somebody alone, without a timer */
#define PUBLISHED_CLASS_SHIFT 8u

/* By which rule the fair class picks (core/fair.h). */
enum fair_policy { FAIR_EEVDF = 0, FAIR_WFQ = 1 };

/* Why a CPU should look; POLLING is no reason: it looks for one by itself (core/poll.h). */
enum kick_reason { KICK_INBOX = 1, KICK_RESCHED = 2, KICK_STEAL_HINT = 4, KICK_POLLING = 8 };

/* What one window has shown so far: core/overload.h. */
struct overload {
    struct mono window_end;
    uint64_t least_wait_ns; /* of who ran in it; UINT64_MAX: nobody yet */
    int64_t behind_ns;      /* of the latest look for a push, in service */
    uint32_t look_count;
    uint32_t behind_count;
    uint32_t from_count; /* overloaded while so many are queued; UINT32_MAX: it is not */
    uint32_t reserved;
};

struct rq {
    struct port_lock lock;
    uint32_t cpu;        /* whose it is */
    uint64_t own_offset; /* of this record in the arena; like cpu it never changes */

    /* Guarded by lock.  These two lines and `fair` are all that a switch needs. */
    uint32_t current; /* thread slot, or SLOT_NONE: idle */
    uint32_t current_sc;
    uint64_t current_offset; /* where these two are in the arena; stale while idle */
    uint64_t current_sc_offset;
    uint32_t current_class; /* latency class of the running context, which its CPU alone changes */
    uint32_t need_pick;     /* enum pick_reason (core/why.h); 0: current may go on */
    uint32_t fair_policy;   /* enum fair_policy, the same everywhere; set before anybody runs */
    uint32_t class_count[LATENCY_CLASS_COUNT]; /* queued, not running */
    struct mono since ALIGNED(64);             /* up to here everything is accounted */
    struct mono stretch_start;                 /* since when current has the CPU */
    struct vtime v0;
    struct wide s;
    int64_t w;
    struct eedq reserved; /* of it, who is without such contexts reads only the count */

    uint64_t cpu_bit; /* in the words of its cluster; this and the next never change */
    uint64_t cluster_offset;
    int64_t clock_w;         /* w as published */
    struct mono next_check;  /* for a push; also until then `clock` may stay as it is */
    struct mono empty_since; /* the fair class has nobody since then; valid when w == 0 */
    struct eedq fair ALIGNED(64);

    struct vtime v_ended; /* the latest v with which somebody ended here in debt */
    uint32_t reaped_head; /* threads a kill ended, for the embedder to clean up */
    uint32_t steal_from;  /* where the next search for work begins; its CPU's alone */
    uint32_t taken_window, taken_count, lost_window, lost_count; /* core/balance.h, Budgets */
    struct mono started;
    uint64_t excluded_ns; /* interrupt time inside the open interval */
    uint64_t busy_ns;
    uint64_t idle_ns;
    uint64_t kernel_ns; /* boot, and intervals that may not be charged */
    uint64_t irq_ns;
    uint64_t retired_ns;      /* runtime of threads that ended here, */
    uint64_t retired_paid_ns; /* and what their home contexts had paid for */
    uint32_t push_cursor;     /* whose turn it is to be pushed */
    uint32_t push_sample;     /* how many CPUs were sampled */
    struct overload overload;
    struct rq_stat stat;
    struct ledger exited; /* of the last thread that ended here by itself; its CPU's alone */
    struct why why;       /* of the last event or decision on this CPU; its CPU's alone */

    /* Written by other CPUs. */
    struct port_atomic32 inbox_head ALIGNED(64);
    struct port_atomic32 kick_pending; /* enum kick_reason bits; not 0: it will look */

    /* Written by this CPU (`clock` by who holds the lock), read by the others. */
    struct port_atomic32 published ALIGNED(64);
    struct clock_page clock;
} ALIGNED(64);

static inline struct rq *rq_of(const struct sched *s, uint32_t cpu)
{
    ASSERT(cpu < s->cpu_count);
    return (struct rq *)arena_at(s, s->rq_offset) + cpu;
}

static inline struct cluster *rq_cluster(const struct sched *s, const struct rq *rq)
{
    return arena_at(s, rq->cluster_offset);
}

/* The records of current and of the context it runs on; the CPU must not be idle. */
static inline struct thread *rq_current_thread(struct sched *s, const struct rq *rq)
{
    ASSERT(rq->current != SLOT_NONE);
    return arena_at(s, rq->current_offset);
}

static inline struct sc *rq_current_sc(const struct sched *s, const struct rq *rq)
{
    ASSERT(rq->current != SLOT_NONE);
    return arena_at(s, rq->current_sc_offset);
}

/* All there is to know of who runs here. */
struct current {
    uint32_t thread;
    struct thread *t;
    struct sc *c;
};

static inline struct current rq_current(struct sched *s, const struct rq *rq)
{
    struct current who = {.thread = rq->current};

    ASSERT(who.thread != SLOT_NONE);
    who.t = arena_at(s, rq->current_offset);
    who.c = arena_at(s, rq->current_sc_offset);
    return who;
}

/* An idle run queue whose time starts at `now`. */
void rq_init(struct sched *s, uint32_t cpu, struct mono now);

/* Threads queued here, not running. */
static inline uint32_t rq_queued_count(const struct rq *rq)
{
    return rq->fair.count + rq->reserved.count;
}

/* Threads running here: 0 or 1. */
static inline uint32_t rq_running_count(const struct rq *rq)
{
    return rq->current != SLOT_NONE ? 1 : 0;
}

/*
 * Take a thread in, from INBOX(cpu) or MIGRATING: its context is placed on this clock and linked.
 * A DYING one is reaped instead.
 * Sets need_pick when it preempts current.  The owner (`by` == cpu) charges current first, so that
 * true v are compared; a thief that attaches on a victim's behalf must not, and compares with a V
 * that is at most one stretch old.  Lock: rq.  Cost: O(log n).
 */
void rq_attach(struct sched *s, struct rq *rq, uint32_t thread, uint32_t by, struct mono now);

/* The same for a thread of context `c` whose state is QUEUED(this CPU) already, and without the
 * charge: the owner has done that.  _seldom: not in line. */
void rq_admit(struct sched *s, struct rq *rq, struct thread *t, struct sc *c, struct mono now);
void rq_admit_seldom(struct sched *s, struct rq *rq, struct thread *t, struct sc *c,
                     struct mono now);

/*
 * End a thread that is DYING and that this CPU owns in the state it is in: it becomes DEAD, its
 * context leaves the queue or the CPU, and it waits in the reaped list.  Lock: rq.
 */
void rq_reap_queued(struct sched *s, struct rq *rq, uint32_t thread, struct mono now);
void rq_reap_current(struct sched *s, struct rq *rq, struct mono now);
/* The same for one in no queue and not current, or made DEAD by the caller. */
void rq_reap_loose(struct sched *s, struct rq *rq, uint32_t thread, struct mono now);

/* `t`, with its home context, has ended here: what it used, and paid, stays in the accounts. */
void rq_retire(struct rq *rq, const struct thread *t, struct sc *home);

/* Unlink a queued thread and make it MIGRATING(this CPU, target): nobody's until attached or
 * posted. */
void rq_detach(struct sched *s, struct rq *rq, uint32_t thread, uint32_t target, struct mono now);

/* Put current back into the queue, saved; the CPU has no current then.  Returns: its word now. */
uint64_t rq_requeue_current(struct sched *s, struct rq *rq);

/* Take current off without queueing it, saved: it blocks, moves to another CPU or ends.  Its
 * context leaves the sums.  Returns: the context. */
struct sc *rq_remove_current(struct sched *s, struct rq *rq, struct mono now, bool moves);
/* The same for who knows current. */
void rq_remove(struct sched *s, struct rq *rq, struct current who, struct mono now, bool moves);

/* `who` is current from now on, on the context of slot `sc`. */
void rq_set_current(struct rq *rq, struct current who, uint32_t sc);

/* Undo rq_remove_current within the same critical section. */
void rq_restore_current(struct sched *s, struct rq *rq, uint32_t thread);

/* The queued context that should run now by the dispatch order, left queued; SLOT_NONE when there
 * is none.  A FAIR queue that is not empty always has one. */
MUST_USE uint32_t rq_pick(const struct sched *s, const struct rq *rq);

/* Make the queued `thread`, whose record is `t`, RUNNING and current; the CPU has no current.
 * Returns: its word now. */
uint64_t rq_dispatch(struct sched *s, struct rq *rq, uint32_t thread, struct thread *t,
                     struct mono now);

/* The same for the only thread queued, whose context is `c`. */
uint64_t rq_dispatch_only(struct sched *s, struct rq *rq, struct thread *t, struct sc *c,
                          struct mono now);

/* Until when current may keep the CPU: the shorter of its slice and the shortest queued one. */
struct mono rq_protect_end(const struct rq *rq);

/* The same, but at most PUSH_CHECK_NS after it got the CPU: until then no decision is needed. */
struct mono rq_look_at(const struct rq *rq);

/* How long somebody queued here waits at most while nobody else comes: a slice of each. */
uint64_t rq_latency_bound_ns(const struct rq *rq);

/*
 * Set or clear the overload bit by R3.  Lock: rq.
 * Returns: true if it was cleared and set again because somebody posted meanwhile.  Who went idle
 * in between has not seen that entry, so the owner must look at its inbox again (a thief kicks it).
 */
bool rq_publish_overload(struct sched *s, struct rq *rq);

/* The same, when somebody is queued, or nobody. */
void rq_publish_queued(struct sched *s, struct rq *rq);
bool rq_publish_empty(struct sched *s, struct rq *rq);

/* R1 of who is linked or current here, R2..R4; panics on the first violation.  Lock: rq.
 * O(threads queued here). */
void rq_check(const struct sched *s, uint32_t cpu);

/* The rest of R1: who says it is queued or running is.  Only while nothing changes.  O(threads). */
void rq_check_threads(const struct sched *s);

#endif /* CORE_RQ_H */
