/* SPDX-License-Identifier: MIT */
/*
 * thread.h - who executes: the thread record, its one state word, its ledger.
 *
 * State word: {state:4, DYING:1, WAKE_PENDING:1, cpu:12, other:12, gen:32}.  `cpu` is the owner
 * of QUEUED, RUNNING, INBOX and the origin of MIGRATING; `other` is the target of MIGRATING or the
 * wake source of BLOCKED.  It changes only by compare-and-swap along this table; an empty cell is a
 * bug of the caller, except that a wake first looks at the state (core/wake.c):
 *
 *               POST      ATTACH    DISPATCH  REQUEUE   BLOCK     DETACH     EXIT
 *   NEW         INBOX     .         .         .         .         .          DEAD
 *   QUEUED      .         .         RUNNING   .         .         MIGRATING  DEAD
 *   RUNNING     .         .         .         QUEUED    BLOCKED   MIGRATING  DEAD
 *   INBOX       .         QUEUED    .         .         .         .          DEAD
 *   MIGRATING   INBOX     QUEUED    .         .         .         .          DEAD
 *   BLOCKED     INBOX     .         .         .         .         .          DEAD
 *   THROTTLED   .         .         .         .         .         .          .
 *   DEAD        .         .         .         .         .         .          .
 *
 * A kill sets DYING in any state.  Who owns the state makes it DEAD at the next occasion: the
 * killer itself out of NEW and BLOCKED, whoever attaches, picks or decides in the others.
 *
 *   T1  gen of a slot never goes down; a slot whose gen would wrap is retired for good.
 *   T2  LINKED_QUEUE is set iff the thread's context is in some run queue's eedq.
 *   T3  LINKED_INBOX is set iff the thread is in some inbox; then its state is INBOX.  (INBOX(c)
 *       without the bit lasts only while CPU c attaches a thread that it has woken itself.)
 *   T4  LINKED_REAPED is set iff the thread is DEAD by a kill and not yet released.
 *
 * Locks.  The word is lock-free.  `sc` and the ledger belong to whoever owns the state:
 *         the CPU named in the word (under its run queue's lock when QUEUED), or the CPU that won
 *         the swap out of BLOCKED, NEW or MIGRATING.
 */
#ifndef CORE_THREAD_H
#define CORE_THREAD_H

#include "core/arena.h"

enum thread_state {
    THREAD_DEAD = 0, /* so that a zeroed arena holds dead threads */
    THREAD_NEW,
    THREAD_QUEUED,
    THREAD_RUNNING,
    THREAD_INBOX,
    THREAD_MIGRATING,
    THREAD_BLOCKED,
    THREAD_THROTTLED,
    THREAD_STATE_COUNT
};

enum thread_event {
    THREAD_POST,
    THREAD_ATTACH,
    THREAD_DISPATCH,
    THREAD_REQUEUE,
    THREAD_BLOCK,
    THREAD_DETACH,
    THREAD_EXIT,
    THREAD_EVENT_COUNT
};

#define THREAD_ILLEGAL THREAD_STATE_COUNT

struct thread_ref {
    uint32_t slot;
    uint32_t gen;
};

#define THREAD_REF_NONE ((struct thread_ref){SLOT_NONE, 0})

static inline bool thread_ref_is_none(struct thread_ref ref)
{
    return ref.slot == SLOT_NONE;
}

/* The ledger of record: one per thread, written by account_charge and the event that counts. */
struct ledger {
    uint64_t runtime_ns;
    uint64_t switch_count;
    uint64_t preempt_count;
    uint64_t block_count;
    uint64_t migration_count;
};

enum thread_linked { LINKED_QUEUE = 1, LINKED_INBOX = 2, LINKED_REAPED = 4 };

struct thread {
    struct port_atomic64 word;
    struct port_atomic32 linked;    /* enum thread_linked bits */
    struct port_atomic32 link_next; /* next in the inbox, or on the free list */
    uint32_t sc;                    /* the context it runs on */
    struct port_atomic32 last_cpu;  /* where it ran last, or should start: a hint to its waker */
    struct ledger ledger;
};

static inline struct thread *thread_of(const struct sched *s, uint32_t slot)
{
    ASSERT(slot < s->thread_count);
    return (struct thread *)arena_at(s, s->thread_offset) + slot;
}

/* The CPU mask of `slot`: mask_words words. */
static inline struct port_atomic64 *mask_of(const struct sched *s, uint32_t slot)
{
    ASSERT(slot < s->thread_count);
    return (struct port_atomic64 *)arena_at(s, s->mask_offset) + (uint64_t)slot * s->mask_words;
}

/* ---- The state word ---- */

struct thread_word {
    enum thread_state state;
    uint32_t cpu;
    uint32_t other;
    bool dying;
    bool wake_pending;
    uint32_t gen;
};

#define WORD_STATE_BITS 4u
#define WORD_DYING (UINT64_C(1) << 4)
#define WORD_WAKE_PENDING (UINT64_C(1) << 5)
#define WORD_CPU_SHIFT 6u
#define WORD_OTHER_SHIFT 18u
#define WORD_CPU_MASK UINT64_C(0xfff)
#define WORD_GEN_SHIFT 32u

static inline uint64_t thread_word_pack(struct thread_word w)
{
    ASSERT(w.cpu <= WORD_CPU_MASK);
    ASSERT(w.other <= WORD_CPU_MASK);
    return (uint64_t)w.state | (w.dying ? WORD_DYING : 0) |
           (w.wake_pending ? WORD_WAKE_PENDING : 0) | ((uint64_t)w.cpu << WORD_CPU_SHIFT) |
           ((uint64_t)w.other << WORD_OTHER_SHIFT) | ((uint64_t)w.gen << WORD_GEN_SHIFT);
}

static inline struct thread_word thread_word_unpack(uint64_t word)
{
    return (struct thread_word){
        .state = (enum thread_state)(word & ((1u << WORD_STATE_BITS) - 1)),
        .cpu = (uint32_t)((word >> WORD_CPU_SHIFT) & WORD_CPU_MASK),
        .other = (uint32_t)((word >> WORD_OTHER_SHIFT) & WORD_CPU_MASK),
        .dying = (word & WORD_DYING) != 0,
        .wake_pending = (word & WORD_WAKE_PENDING) != 0,
        .gen = (uint32_t)(word >> WORD_GEN_SHIFT),
    };
}

/* The table above: the state after `event`, or THREAD_ILLEGAL. */
enum thread_state thread_next_state(enum thread_state state, enum thread_event event);

/* The word now. */
static inline struct thread_word thread_word_read(const struct sched *s, uint32_t slot)
{
    return thread_word_unpack(port_load64(&thread_of(s, slot)->word));
}

/*
 * Swap the word from `*expected` along `event` to owner `cpu` and `other`, keeping gen and DYING;
 * WAKE_PENDING is kept too, except that POST out of BLOCKED or NEW begins without it.
 * Returns: false when the word was not *expected any more; *expected is then what it is.
 */
MUST_USE bool thread_try_change(struct sched *s, uint32_t slot, struct thread_word *expected,
                                enum thread_event event, uint32_t cpu, uint32_t other);

/* The same for the owner of the state: only flags can change under it, so it cannot fail. */
void thread_change(struct sched *s, uint32_t slot, enum thread_event event, uint32_t cpu,
                   uint32_t other);

/* Set or clear WAKE_PENDING if the word still equals *expected; as thread_try_change. */
MUST_USE bool thread_try_mark(struct sched *s, uint32_t slot, struct thread_word *expected,
                              bool wake_pending);

/* Set DYING, for good, if the word still equals *expected; as thread_try_change. */
MUST_USE bool thread_try_doom(struct sched *s, uint32_t slot, struct thread_word *expected);

static inline bool thread_is_dying(const struct sched *s, uint32_t slot)
{
    return thread_word_read(s, slot).dying;
}

/* ---- Slots and references ---- */

/* Is `ref` the live thread of its slot?  Stale is an ordinary answer. */
bool thread_ref_is_live(const struct sched *s, struct thread_ref ref);

/* The live reference of `slot`, whatever its state. */
struct thread_ref thread_ref_of(const struct sched *s, uint32_t slot);

/* Take a slot and make a NEW thread in it; THREAD_REF_NONE when none is free. */
MUST_USE struct thread_ref thread_create(struct sched *s);

/* Give the slot of a DEAD thread back when nothing links it any more. */
void thread_release(struct sched *s, uint32_t slot);

void thread_link(struct sched *s, uint32_t slot, enum thread_linked bit);
void thread_unlink(struct sched *s, uint32_t slot, enum thread_linked bit);

/* ---- CPU masks ---- */

bool thread_allows(const struct sched *s, uint32_t slot, uint32_t cpu);
uint64_t thread_mask_word(const struct sched *s, uint32_t slot, uint32_t cluster);
/* The lowest CPU of the mask; a mask is never empty. */
uint32_t thread_mask_first(const struct sched *s, uint32_t slot);
/* Replace the mask by `row` (mask_words words, not empty). */
void thread_mask_set(struct sched *s, uint32_t slot, const uint64_t *row);

#endif /* CORE_THREAD_H */
