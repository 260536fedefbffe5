/* SPDX-License-Identifier: MIT */
/*
 * thread.h - who executes: the thread record, its one state word, its ledger.
 *
 * Its state word and the table of what may become what: core/word.h.
 *
 *   T1  gen of a slot never goes down; a slot whose gen would wrap is retired for good.
 *   T2  LINKED_QUEUE is set iff the thread's context is in some run queue's eedq.
 *   T3  LINKED_INBOX is set iff the thread is in some inbox; then its state is INBOX.
 *   T4  LINKED_REAPED is set iff the thread is DEAD by a kill and not yet released.
 *
 * Locks.  The word is lock-free.  `sc` and the ledger belong to whoever owns the state:
 *         the CPU named in the word (under its run queue's lock when QUEUED), or the CPU that won
 *         the swap out of BLOCKED, NEW or MIGRATING.
 */
#ifndef CORE_THREAD_H
#define CORE_THREAD_H

#include "core/arena.h"
#include "core/word.h"

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

static inline void ledger_add(struct ledger *to, const struct ledger *more)
{
    to->runtime_ns += more->runtime_ns;
    to->switch_count += more->switch_count;
    to->preempt_count += more->preempt_count;
    to->block_count += more->block_count;
    to->migration_count += more->migration_count;
}

static inline void ledger_subtract(struct ledger *from, const struct ledger *less)
{
    from->runtime_ns -= less->runtime_ns;
    from->switch_count -= less->switch_count;
    from->preempt_count -= less->preempt_count;
    from->block_count -= less->block_count;
    from->migration_count -= less->migration_count;
}

enum thread_linked { LINKED_QUEUE = 1, LINKED_INBOX = 2, LINKED_REAPED = 4 };

struct thread {
    struct port_atomic64 word;
    struct port_atomic32 linked;    /* enum thread_linked bits */
    struct port_atomic32 link_next; /* next in the inbox, or on the free list */
    struct port_atomic32 sc;        /* the context it runs on; its owner's (thread_sc) */
    struct port_atomic32 last_cpu;  /* where it ran last, or should start: a hint to its waker */
    struct ledger ledger;
};

static inline struct thread *thread_of(const struct sched *s, uint32_t slot)
{
    ASSERT(slot < s->thread_count);
    return (struct thread *)arena_at(s, s->thread_offset) + slot;
}

/* The context it runs on.  Its owner says so; anybody else learns which it was a moment ago. */
static inline uint32_t thread_sc(const struct thread *t)
{
    return port_peek32(&t->sc);
}

static inline void thread_set_sc(struct thread *t, uint32_t sc)
{
    port_store32(&t->sc, sc);
}

/* The CPU mask of `slot`: mask_words words. */
static inline struct port_atomic64 *mask_of(const struct sched *s, uint32_t slot)
{
    ASSERT(slot < s->thread_count);
    return (struct port_atomic64 *)arena_at(s, s->mask_offset) + (uint64_t)slot * s->mask_words;
}

/* ---- The state word ---- */

/* The word now. */
static inline uint64_t thread_word_load(const struct thread *t)
{
    return port_load64(&t->word);
}

static inline struct thread_word thread_word_read(const struct sched *s, uint32_t slot)
{
    return thread_word_unpack(thread_word_load(thread_of(s, slot)));
}

/*
 * Swap the word from `*expected` along `event` to owner `cpu` and `other`, keeping gen, DYING and
 * POLICY; WAKE_PENDING is kept too, except that what follows BLOCKED or NEW begins without it.
 * Returns: false when the word was not *expected any more; *expected is then what it is.
 */
MUST_USE static inline bool thread_try_change(struct thread *t, uint64_t *expected,
                                              enum thread_event event, uint32_t cpu,
                                              uint32_t other)
{
    return port_cas64(&t->word, expected, thread_word_after(*expected, event, cpu, other));
}

/* The same for the owner of the state: only flags can change under it, so it cannot fail.
 * Returns: the word it is now. */
static HOT uint64_t thread_change(struct thread *t, enum thread_event event, uint32_t cpu,
                                     uint32_t other)
{
    uint64_t old = port_load64(&t->word);
    enum thread_state owned = word_state(old);

    for (unsigned turn = 0; turn < STATE_RETRY_MAX; turn++) {
        uint64_t next = thread_word_after(old, event, cpu, other);

        if (port_cas64(&t->word, &old, next))
            return next;
        ASSERT(word_state(old) == owned); /* only flags may change */
    }
    UNREACHABLE(); /* each flag is set at most once per state, so the swap cannot keep failing */
}

/* Set or clear WAKE_PENDING if the word still equals *expected; as thread_try_change. */
MUST_USE static inline bool thread_try_mark(struct thread *t, uint64_t *expected,
                                            bool wake_pending)
{
    uint64_t desired = *expected & ~WORD_WAKE_PENDING;

    return port_cas64(&t->word, expected, wake_pending ? desired | WORD_WAKE_PENDING : desired);
}

/* Set DYING, for good, if the word still equals *expected; as thread_try_change. */
MUST_USE static inline bool thread_try_doom(struct thread *t, uint64_t *expected)
{
    return port_cas64(&t->word, expected, *expected | WORD_DYING);
}

/* Set POLICY if the word still equals *expected; as thread_try_change. */
MUST_USE static inline bool thread_try_mark_policy(struct thread *t, uint64_t *expected)
{
    return port_cas64(&t->word, expected, *expected | WORD_POLICY);
}

static inline bool thread_is_dying(const struct thread *t)
{
    return (thread_word_load(t) & WORD_DYING) != 0;
}

/* Has it to be seen to before it goes on: killed, or of a new policy? */
static inline bool thread_needs_care(const struct thread *t)
{
    return (thread_word_load(t) & (WORD_DYING | WORD_POLICY)) != 0;
}

/* ---- Slots and references ---- */

/* Is `ref` the live thread of its slot?  Stale is an ordinary answer. */
bool thread_ref_is_live(const struct sched *s, struct thread_ref ref);

/* The live reference of `slot`, whatever its state. */
static inline struct thread_ref thread_ref_of(const struct sched *s, uint32_t slot)
{
    return (struct thread_ref){slot, word_gen(thread_word_load(thread_of(s, slot)))};
}

/* Take a slot and make a NEW thread in it; THREAD_REF_NONE when none is free. */
MUST_USE struct thread_ref thread_create(struct sched *s);

/* Give the slot of a DEAD thread back when nothing links it any more. */
void thread_release(struct sched *s, uint32_t slot);

/* Note that a structure holds the thread, or does not any more.  Only who owns the state calls, so
 * the bits need no locked operation; the swap or the unlock that hands the state on comes later. */
static inline void thread_link(struct thread *t, enum thread_linked bit)
{
    uint32_t old = port_load32(&t->linked);

    ASSERT((old & (uint32_t)bit) == 0);
    port_store32(&t->linked, old | (uint32_t)bit);
}

static inline void thread_unlink(struct thread *t, enum thread_linked bit)
{
    uint32_t old = port_load32(&t->linked);

    ASSERT((old & (uint32_t)bit) != 0);
    port_store32(&t->linked, old & ~(uint32_t)bit);
}

/* ---- CPU masks ---- */

static inline uint64_t thread_mask_word(const struct sched *s, uint32_t slot, uint32_t cluster)
{
    ASSERT(cluster < s->mask_words);
    return port_load64(mask_of(s, slot) + cluster);
}

static inline bool thread_allows(const struct sched *s, uint32_t slot, uint32_t cpu)
{
    return (thread_mask_word(s, slot, cpu / CLUSTER_CPUS) >> (cpu % CLUSTER_CPUS)) & 1u;
}

/* The lowest CPU of the mask; a mask is never empty. */
uint32_t thread_mask_first(const struct sched *s, uint32_t slot);
/* How many CPUs the mask has besides `except`, and the `nth` of them: CPU_NONE if there are no
 * more, as the mask may become narrower at any time. */
uint32_t thread_mask_count(const struct sched *s, uint32_t slot, uint32_t except);
uint32_t thread_mask_nth(const struct sched *s, uint32_t slot, uint32_t except, uint32_t nth);
/* Replace the mask by `row` (mask_words words, not empty). */
void thread_mask_set(struct sched *s, uint32_t slot, const uint64_t *row);

#endif /* CORE_THREAD_H */
