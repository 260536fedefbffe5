/* SPDX-License-Identifier: MIT */
/*
 * sched.h - the scheduler as its embedder sees it: events go in, a decision comes out.
 *
 * The embedder owns clocks, timers, interrupts and contexts; the core owns who runs where.  An
 * embedder does, on CPU c with its own interrupts off:
 *
 *     reads now; calls one event function; acts on the decision:
 *         sends the kicks; if resched is set calls sched_decide before the CPU leaves the kernel;
 *         from the final decision: switches to `next` (none: idles), sets its timer to the earlier
 *         of `arm_at` and its own sleepers' instants; the timer alone if rearm is set.
 *     A timer at arm_at, a reschedule interrupt (sched_kicked) and a wake's resched all end in
 *     sched_decide.  Before the CPU waits for an interrupt, sched_decide has answered "none"; it
 *     may look by itself first, for a while (core/poll.h).
 *
 * Event functions of one CPU never run at the same time as each other; different CPUs' do.
 * No function allocates, blocks, reads a clock or waits for another CPU.
 */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include "abi/status.h"
#include "core/rq.h"

/* Where a wake comes from; the row of the wake policy. */
enum wake_source {
    WAKE_TIMER = 0,
    WAKE_PARK = 1,
    WAKE_JOIN = 2,
    WAKE_START = 3, /* the first wake of a new thread */
    WAKE_ENDPOINT = 4,
    WAKE_PROCESS = 5,
    WAKE_IRQ = 6, /* a device's interrupt */
    WAKE_SOURCE_COUNT
};

/*
 * What the embedder has to do.  `next` and `arm_at` count after an event that decides (block, give
 * up, exit, decide); after a wake, a kill or a policy call only what `resched` and `rearm` say.
 * The numbers behind `rule` are in the run queue's `why`.
 */
struct decision {
    struct thread_ref next; /* who runs on this CPU now; none: idle */
    struct mono arm_at;     /* next scheduling instant of this CPU, or MONO_NEVER */
    uint16_t kick[KICK_MAX];
    uint8_t kick_count;
    bool resched;    /* call sched_decide on this CPU before leaving the kernel */
    bool rearm;      /* a wake: who runs here goes on, but its next instant is arm_at now */
    bool has_reaped; /* threads ended by a kill wait in sched_take_reaped */
    enum status status; /* of the event itself */
    uint32_t rule;      /* enum why_rule */
};

/*
 * The three events of every switch, on the CPU of `rq`, each with its decision in *d: the embedder
 * that counts instructions calls these.  Of a wake's, next and arm_at are not written but as
 * `rearm` says.
 *
 * A wake returns true if all there is to do is to rearm: then d->arm_at is all there is in *d.
 * A block returns the slot of who runs now, alone, if there is nothing else to do: *d is not
 * written then; else SLOT_NONE.
 */
MUST_USE bool sched_wake_to(struct sched *s, struct rq *rq, struct thread_ref ref,
                            enum wake_source source, struct mono now, struct decision *d);
MUST_USE uint32_t sched_block_to(struct sched *s, struct rq *rq, enum wake_source source,
                                 struct mono now, struct decision *d);
void sched_decide_to(struct sched *s, struct rq *rq, struct mono now, struct decision *d);

/* What every event begins with; who decides writes the rest. */
static HOT void decision_begin(struct decision *d)
{
    d->kick_count = 0;
    d->resched = false;
    d->rearm = false;
    d->has_reaped = false;
    d->status = STATUS_OK;
}

static inline struct decision decision_empty(void)
{
    return (struct decision){.next = THREAD_REF_NONE, .arm_at = MONO_NEVER, .status = STATUS_OK};
}

/* Why this CPU did it, and the two numbers compared.  Field by field, as they are. */
static HOT void explain(struct rq *rq, struct why why)
{
    rq->why.rule = why.rule;
    rq->why.subject_slot = why.subject_slot;
    rq->why.subject_gen = why.subject_gen;
    rq->why.time_ns = why.time_ns;
    rq->why.a = why.a;
    rq->why.b = why.b;
}

static HOT void decision_explain(struct decision *d, struct rq *rq, struct why why)
{
    d->rule = why.rule;
    explain(rq, why);
}

struct thread_params {
    uint32_t weight; /* WEIGHT_MIN..WEIGHT_MAX */
    enum latency_class latency_class;
    uint32_t start_cpu;        /* where its first wake should look first */
    const uint64_t *mask;      /* mask_words words, or NULL: all CPUs */
};

/* Bytes of the arena for this machine, 0 if outside the limits. */
uint64_t sched_bytes(uint32_t cpu_count, uint32_t thread_count);

/* Make a machine of idle CPUs in zeroed memory.  A CPU is accounted from sched_cpu_start on. */
void sched_init(struct sched *s, uint32_t cpu_count, uint32_t thread_count, struct mono now);

/* CPU `cpu` comes into service; time before counts as nothing, boot time up to `now` as kernel. */
void sched_cpu_start(struct sched *s, uint32_t cpu, struct mono booted_at, struct mono now);

/* ---- Threads ---- */

/* Make a NEW thread; sched_wake(WAKE_START) lets it run.  Refusals: BAD_ARGUMENT, NO_SLOT,
 * OUTSIDE_MASK.  Any CPU. */
MUST_USE enum status sched_thread_create(struct sched *s, const struct thread_params *params,
                                         struct thread_ref *ref);

/*
 * Wake `ref` from `cpu`.  A thread that is not blocked keeps the wake: its next block returns at
 * once.  A stale reference is refused STALE.  At most one kick.  One that is queued here without
 * taking the CPU from who runs needs no decision: rearm says so.
 */
MUST_USE struct decision sched_wake(struct sched *s, uint32_t cpu, struct thread_ref ref,
                                    enum wake_source source, struct mono now);

/*
 * The current thread of `cpu` waits.  Its registers must be saved (the port saves the rest).  If a
 * wake is pending, or it was killed, it does not block: it stays runnable, and next is as usual who
 * runs here now.
 */
MUST_USE struct decision sched_block(struct sched *s, uint32_t cpu, enum wake_source source,
                                     struct mono now);

/* The current thread gives up the rest of its request. */
MUST_USE struct decision sched_give_up(struct sched *s, uint32_t cpu, struct mono now);

/* The current thread ends; its slot is free once nothing links it. */
MUST_USE struct decision sched_exit(struct sched *s, uint32_t cpu, struct mono now);

/*
 * End `ref`, whatever it does.  It is DEAD at once if it waits or was never started, else as soon
 * as its CPU notices, for which that is kicked; nothing waits for it.  Killing twice is harmless.
 * Refusals: STALE; BUSY when it is queued on a CPU whose lock was taken: it will be ended when it
 * is picked, or by another call.
 */
MUST_USE struct decision sched_kill(struct sched *s, uint32_t cpu, struct thread_ref ref,
                                    struct mono now);

/*
 * The next thread that a kill ended on `cpu`, or THREAD_REF_NONE.  It runs nowhere and is in no
 * queue.  The embedder takes down what it keeps for it, then gives the slot back by
 * sched_release.
 */
MUST_USE struct thread_ref sched_take_reaped(struct sched *s, uint32_t cpu);
void sched_release(struct sched *s, struct thread_ref ref);

/* ---- CPU events ---- */

/* A reschedule interrupt arrived on `cpu`; sched_decide must follow. */
void sched_kicked(struct sched *s, uint32_t cpu);

/* Decide who runs on `cpu` from `now` on. */
MUST_USE struct decision sched_decide(struct sched *s, uint32_t cpu, struct mono now);

/* ---- Policy: the caller has checked the authority ---- */

/* By which rule the fair class picks: EEVDF unless this is called, before the first wake. */
void sched_set_fair_policy(struct sched *s, enum fair_policy policy);

/*
 * Give any thread another weight or class.  Who owns its state takes it over (core/policy.h): at
 * once if it is queued; by the decision that resched or a kick asks for if it runs; else as soon as
 * it is queued.  Of two that ask for the same at the same time the later wins.  Refusals: STALE,
 * BAD_ARGUMENT; BUSY when it is queued on a CPU whose lock was taken: it will be taken over when
 * the thread is picked, or by another call.
 */
MUST_USE struct decision sched_set_weight(struct sched *s, uint32_t cpu, struct thread_ref ref,
                                          uint32_t weight, struct mono now);
MUST_USE struct decision sched_set_class(struct sched *s, uint32_t cpu, struct thread_ref ref,
                                         enum latency_class class, struct mono now);
/* Who runs on a CPU that the mask lacks leaves it at the next decision there, for which resched or
 * a kick asks; who is queued there leaves when it is picked or stolen. */
MUST_USE struct decision sched_set_mask(struct sched *s, uint32_t cpu, struct thread_ref ref,
                                        const uint64_t *mask, struct mono now);

/* ---- Reading ---- */

/* The ledger of a live thread, charged up to the last event of its CPU. */
MUST_USE enum status sched_ledger(const struct sched *s, struct thread_ref ref,
                                  struct ledger *ledger);

/* Everything that must hold between events, over the whole machine; panics.  O(threads); only while
 * no other CPU is inside the core. */
void sched_check(const struct sched *s);

#endif /* CORE_SCHED_H */
