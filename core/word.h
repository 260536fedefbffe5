/* SPDX-License-Identifier: MIT */
/*
 * word.h - a thread's state word and its transition table.
 *
 * State word: {state:4, DYING:1, WAKE_PENDING:1, cpu:12, other:12, POLICY:1, LENDER:1, gen:32}.
 * `cpu` is the owner of QUEUED, RUNNING, INBOX and the origin of MIGRATING; `other` is the target
 * of MIGRATING or the wake source of BLOCKED.  States change only by compare-and-swap along this
 * table; an empty cell is a bug of the caller, except that a wake first looks at the state
 * (core/wake.c):
 *
 *               POST      ATTACH    DISPATCH  REQUEUE   BLOCK     DETACH     EXIT  LEND     HAND
 *   NEW         INBOX     QUEUED    .         .         .         .          DEAD  .        .
 *   QUEUED      .         .         RUNNING   .         .         MIGRATING  DEAD  .        .
 *   RUNNING     .         .         .         QUEUED    BLOCKED   MIGRATING  DEAD  BLOCKED  .
 *   INBOX       .         QUEUED    .         .         .         .          DEAD  .        .
 *   MIGRATING   INBOX     QUEUED    .         .         .         .          DEAD  .        .
 *   BLOCKED     INBOX     QUEUED    .         .         .         .          DEAD  .        RUNNING
 *   THROTTLED   .         .         .         .         .         .          .     .        .
 *   DEAD        .         .         .         .         .         .          .     .        .
 *
 * LEND also sets LENDER: another thread executes on what this one paid with (core/lend.h), so it
 * cannot run and no wake attaches it; it is owned by whoever owns that other thread.
 *
 * A kill sets DYING in any state.  Who owns the state makes it DEAD at the next occasion: the
 * killer itself out of NEW and BLOCKED, whoever attaches, picks or decides in the others.
 *
 * A new weight or class sets POLICY in any state (core/policy.h), as does the doom of who lends to
 * it.  Who owns the state takes it over: whoever attaches, queues, picks or decides; what is DEAD
 * needs none.
 *
 * Pure: nothing here reads or writes memory; core/thread.h does.
 */
#ifndef CORE_WORD_H
#define CORE_WORD_H

#include "base/assert.h"

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
    THREAD_LEND,
    THREAD_HAND,
    THREAD_EVENT_COUNT
};

#define THREAD_ILLEGAL THREAD_STATE_COUNT

struct thread_word {
    enum thread_state state;
    uint32_t cpu;
    uint32_t other;
    bool dying;
    bool wake_pending;
    bool policy_pending;
    bool is_lender;
    uint32_t gen;
};

#define WORD_STATE_BITS 4u
#define WORD_STATE_MASK ((UINT64_C(1) << WORD_STATE_BITS) - 1)
#define WORD_DYING (UINT64_C(1) << 4)
#define WORD_WAKE_PENDING (UINT64_C(1) << 5)
#define WORD_POLICY (UINT64_C(1) << 30)
#define WORD_LENDER (UINT64_C(1) << 31) /* only of BLOCKED */
#define WORD_CPU_SHIFT 6u
#define WORD_OTHER_SHIFT 18u
#define WORD_CPU_MASK UINT64_C(0xfff)
#define WORD_FLAGS (WORD_DYING | WORD_WAKE_PENDING | WORD_POLICY)
#define WORD_GEN_SHIFT 32u

static inline uint64_t thread_word_pack(struct thread_word w)
{
    ASSERT(w.cpu <= WORD_CPU_MASK);
    ASSERT(w.other <= WORD_CPU_MASK);
    return (uint64_t)w.state | (w.dying ? WORD_DYING : 0) |
           (w.wake_pending ? WORD_WAKE_PENDING : 0) | (w.policy_pending ? WORD_POLICY : 0) |
           (w.is_lender ? WORD_LENDER : 0) | ((uint64_t)w.cpu << WORD_CPU_SHIFT) |
           ((uint64_t)w.other << WORD_OTHER_SHIFT) | ((uint64_t)w.gen << WORD_GEN_SHIFT);
}

/* Fields of a word as it is: who needs one of them does not unpack the rest. */
static inline enum thread_state word_state(uint64_t word)
{
    return (enum thread_state)(word & WORD_STATE_MASK);
}

static inline uint32_t word_cpu(uint64_t word)
{
    return (uint32_t)((word >> WORD_CPU_SHIFT) & WORD_CPU_MASK);
}

static inline uint32_t word_gen(uint64_t word)
{
    return (uint32_t)(word >> WORD_GEN_SHIFT);
}

/* Is it of that generation, in `state`, no lender, without a new policy to be taken over?  One
 * comparison. */
static inline bool word_is_settled(uint64_t word, uint32_t gen, enum thread_state state)
{
    uint64_t mask = ~UINT64_C(0) << WORD_GEN_SHIFT | WORD_STATE_MASK | WORD_POLICY | WORD_LENDER;
    bool is_settled = (word & mask) == ((uint64_t)gen << WORD_GEN_SHIFT | (uint64_t)state);

    if (is_settled && word_state(word) != state)
        __builtin_unreachable(); /* so that the compiler knows the state behind it, too */
    return is_settled;
}

static inline struct thread_word thread_word_unpack(uint64_t word)
{
    return (struct thread_word){
        .state = word_state(word),
        .cpu = word_cpu(word),
        .other = (uint32_t)((word >> WORD_OTHER_SHIFT) & WORD_CPU_MASK),
        .dying = (word & WORD_DYING) != 0,
        .wake_pending = (word & WORD_WAKE_PENDING) != 0,
        .policy_pending = (word & WORD_POLICY) != 0,
        .is_lender = (word & WORD_LENDER) != 0,
        .gen = word_gen(word),
    };
}

/* The table above by columns: where `event` leads, and from which states (as bits) it may. */
static inline enum thread_state thread_next_state(enum thread_state state, enum thread_event event)
{
    static const struct {
        uint8_t to;
        uint8_t from;
    } column[THREAD_EVENT_COUNT] = {
        [THREAD_POST] = {THREAD_INBOX,
                         1u << THREAD_NEW | 1u << THREAD_MIGRATING | 1u << THREAD_BLOCKED},
        [THREAD_ATTACH] = {THREAD_QUEUED, 1u << THREAD_NEW | 1u << THREAD_INBOX |
                                              1u << THREAD_MIGRATING | 1u << THREAD_BLOCKED},
        [THREAD_DISPATCH] = {THREAD_RUNNING, 1u << THREAD_QUEUED},
        [THREAD_REQUEUE] = {THREAD_QUEUED, 1u << THREAD_RUNNING},
        [THREAD_BLOCK] = {THREAD_BLOCKED, 1u << THREAD_RUNNING},
        [THREAD_DETACH] = {THREAD_MIGRATING, 1u << THREAD_QUEUED | 1u << THREAD_RUNNING},
        [THREAD_EXIT] = {THREAD_DEAD, 0xffu & ~(1u << THREAD_DEAD | 1u << THREAD_THROTTLED)},
        [THREAD_LEND] = {THREAD_BLOCKED, 1u << THREAD_RUNNING},
        [THREAD_HAND] = {THREAD_RUNNING, 1u << THREAD_BLOCKED},
    };

    ASSERT(event < THREAD_EVENT_COUNT);
    return ((uint32_t)column[event].from >> state & 1u) != 0
               ? (enum thread_state)column[event].to
               : THREAD_ILLEGAL;
}

/* The word after `event`: another state and owner, the same generation and flags. */
static HOT uint64_t thread_word_after(uint64_t word, enum thread_event event, uint32_t cpu,
                                         uint32_t other)
{
    enum thread_state next = thread_next_state(word_state(word), event);
    uint64_t kept = word & ((~UINT64_C(0) << WORD_GEN_SHIFT) | WORD_FLAGS);

    ASSERT(next != THREAD_ILLEGAL);
    ASSERT((cpu | other) <= WORD_CPU_MASK);
    if (word_state(word) == THREAD_NEW || word_state(word) == THREAD_BLOCKED)
        kept &= ~WORD_WAKE_PENDING; /* this very wake is being delivered */
    if (event == THREAD_LEND)
        kept |= WORD_LENDER;
    return kept | (uint64_t)next | ((uint64_t)cpu << WORD_CPU_SHIFT) |
           ((uint64_t)other << WORD_OTHER_SHIFT);
}

#endif /* CORE_WORD_H */
