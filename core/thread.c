/* SPDX-License-Identifier: MIT */
#include "core/thread.h"
#include "core/sc.h"

_Static_assert(CPU_MAX <= WORD_CPU_MASK, "a CPU number fits its field");
_Static_assert(THREAD_STATE_COUNT <= (1u << WORD_STATE_BITS), "a state fits its field");
_Static_assert(sizeof(struct thread) + sizeof(struct sc) <= 192, "the budget per thread");

enum thread_state thread_next_state(enum thread_state state, enum thread_event event)
{
    /* An entry of 0 (THREAD_DEAD) stands for "illegal" except in the column EXIT. */
    static const uint8_t next[THREAD_STATE_COUNT][THREAD_EVENT_COUNT] = {
        [THREAD_NEW] = {[THREAD_POST] = THREAD_INBOX},
        [THREAD_QUEUED] = {[THREAD_DISPATCH] = THREAD_RUNNING, [THREAD_DETACH] = THREAD_MIGRATING},
        [THREAD_RUNNING] = {[THREAD_REQUEUE] = THREAD_QUEUED,
                            [THREAD_BLOCK] = THREAD_BLOCKED,
                            [THREAD_DETACH] = THREAD_MIGRATING},
        [THREAD_INBOX] = {[THREAD_ATTACH] = THREAD_QUEUED},
        [THREAD_MIGRATING] = {[THREAD_POST] = THREAD_INBOX, [THREAD_ATTACH] = THREAD_QUEUED},
        [THREAD_BLOCKED] = {[THREAD_POST] = THREAD_INBOX},
    };

    ASSERT(state < THREAD_STATE_COUNT);
    ASSERT(event < THREAD_EVENT_COUNT);
    if (event == THREAD_EXIT)
        return state == THREAD_DEAD || state == THREAD_THROTTLED ? THREAD_ILLEGAL : THREAD_DEAD;
    return next[state][event] != 0 ? (enum thread_state)next[state][event] : THREAD_ILLEGAL;
}

static bool try_swap(struct sched *s, uint32_t slot, struct thread_word *expected,
                     struct thread_word desired)
{
    uint64_t old = thread_word_pack(*expected);

    if (port_cas64(&thread_of(s, slot)->word, &old, thread_word_pack(desired)))
        return true;
    *expected = thread_word_unpack(old);
    return false;
}

/* The word after `event`: another state and owner, the same generation and flags. */
static uint64_t word_after(uint64_t word, enum thread_event event, uint32_t cpu, uint32_t other)
{
    enum thread_state state = (enum thread_state)(word & ((1u << WORD_STATE_BITS) - 1));
    enum thread_state next = thread_next_state(state, event);
    uint64_t kept = word & ((~UINT64_C(0) << WORD_GEN_SHIFT) | WORD_DYING | WORD_WAKE_PENDING);

    ASSERT(next != THREAD_ILLEGAL);
    ASSERT((cpu | other) <= WORD_CPU_MASK);
    if (state == THREAD_BLOCKED || state == THREAD_NEW)
        kept &= ~WORD_WAKE_PENDING; /* this very wake is being delivered */
    return kept | (uint64_t)next | ((uint64_t)cpu << WORD_CPU_SHIFT) |
           ((uint64_t)other << WORD_OTHER_SHIFT);
}

bool thread_try_change(struct sched *s, uint32_t slot, struct thread_word *expected,
                       enum thread_event event, uint32_t cpu, uint32_t other)
{
    uint64_t old = thread_word_pack(*expected);

    if (port_cas64(&thread_of(s, slot)->word, &old, word_after(old, event, cpu, other)))
        return true;
    *expected = thread_word_unpack(old);
    return false;
}

void thread_change(struct sched *s, uint32_t slot, enum thread_event event, uint32_t cpu,
                   uint32_t other)
{
    struct port_atomic64 *word = &thread_of(s, slot)->word;
    uint64_t old = port_load64(word);
    uint64_t owned = old & ((1u << WORD_STATE_BITS) - 1);

    for (unsigned turn = 0; turn < STATE_RETRY_MAX; turn++) {
        ASSERT((old & ((1u << WORD_STATE_BITS) - 1)) == owned); /* only flags may change */
        if (port_cas64(word, &old, word_after(old, event, cpu, other)))
            return;
    }
    UNREACHABLE(); /* each flag is set at most once per state, so the swap cannot keep failing */
}

bool thread_try_mark(struct sched *s, uint32_t slot, struct thread_word *expected,
                     bool wake_pending)
{
    struct thread_word desired = *expected;

    desired.wake_pending = wake_pending;
    return try_swap(s, slot, expected, desired);
}

bool thread_try_doom(struct sched *s, uint32_t slot, struct thread_word *expected)
{
    struct thread_word desired = *expected;

    desired.dying = true;
    return try_swap(s, slot, expected, desired);
}

bool thread_ref_is_live(const struct sched *s, struct thread_ref ref)
{
    if (ref.slot >= s->thread_count)
        return false;
    struct thread_word word = thread_word_read(s, ref.slot);

    return word.gen == ref.gen && word.state != THREAD_DEAD;
}

struct thread_ref thread_ref_of(const struct sched *s, uint32_t slot)
{
    return (struct thread_ref){slot, thread_word_read(s, slot).gen};
}

struct thread_ref thread_create(struct sched *s)
{
    uint32_t slot = arena_slot_take(s);

    if (slot == SLOT_NONE)
        return THREAD_REF_NONE;
    struct thread *t = thread_of(s, slot);
    struct thread_word word = thread_word_read(s, slot);

    ASSERT(word.state == THREAD_DEAD);
    ASSERT(port_load32(&t->linked) == 0);
    ASSERT(word.gen != UINT32_MAX); /* T1: such a slot was retired */
    t->sc = slot;
    port_store32(&t->last_cpu, 0);
    t->ledger = (struct ledger){0};
    word = (struct thread_word){.state = THREAD_NEW, .gen = word.gen + 1};
    port_store64(&t->word, thread_word_pack(word));
    return (struct thread_ref){slot, word.gen};
}

void thread_release(struct sched *s, uint32_t slot)
{
    struct thread_word word = thread_word_read(s, slot);

    ASSERT(word.state == THREAD_DEAD);
    ASSERT(port_load32(&thread_of(s, slot)->linked) == 0);
    if (word.gen != UINT32_MAX)
        arena_slot_give(s, slot);
}

void thread_link(struct sched *s, uint32_t slot, enum thread_linked bit)
{
    uint32_t old = port_or32(&thread_of(s, slot)->linked, (uint32_t)bit);

    ASSERT((old & (uint32_t)bit) == 0);
}

void thread_unlink(struct sched *s, uint32_t slot, enum thread_linked bit)
{
    uint32_t old = port_load32(&thread_of(s, slot)->linked);

    for (unsigned turn = 0; turn < STATE_RETRY_MAX; turn++) {
        ASSERT((old & (uint32_t)bit) != 0);
        if (port_cas32(&thread_of(s, slot)->linked, &old, old & ~(uint32_t)bit))
            return;
    }
    UNREACHABLE();
}

bool thread_allows(const struct sched *s, uint32_t slot, uint32_t cpu)
{
    return (thread_mask_word(s, slot, cpu / CLUSTER_CPUS) >> (cpu % CLUSTER_CPUS)) & 1u;
}

uint64_t thread_mask_word(const struct sched *s, uint32_t slot, uint32_t cluster)
{
    ASSERT(cluster < s->mask_words);
    return port_load64(mask_of(s, slot) + cluster);
}

uint32_t thread_mask_first(const struct sched *s, uint32_t slot)
{
    for (uint32_t cluster = 0; cluster < s->mask_words; cluster++) {
        uint64_t word = thread_mask_word(s, slot, cluster);

        if (word != 0)
            return cluster * CLUSTER_CPUS + bits_lowest(word);
    }
    UNREACHABLE();
}

void thread_mask_set(struct sched *s, uint32_t slot, const uint64_t *row)
{
    ASSERT(!cpumask_is_empty(row, s->mask_words));
    for (uint32_t cluster = 0; cluster < s->mask_words; cluster++)
        port_store64(mask_of(s, slot) + cluster, row[cluster]);
}
