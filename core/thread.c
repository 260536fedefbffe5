/* SPDX-License-Identifier: MIT */
#include "core/thread.h"
#include "core/sc.h"
#include "core/why.h"

_Static_assert(CPU_MAX <= WORD_CPU_MASK, "a CPU number fits its field");
_Static_assert(THREAD_STATE_COUNT <= (1u << WORD_STATE_BITS), "a state fits its field");
_Static_assert(sizeof(struct thread) + sizeof(struct sc) <= 192, "the budget per thread");
_Static_assert(THREAD_STATE_COUNT <= 8, "states are bits of a byte in thread_next_state");

bool thread_ref_is_live(const struct sched *s, struct thread_ref ref)
{
    if (ref.slot >= s->thread_count)
        return false;
    struct thread_word word = thread_word_read(s, ref.slot);

    return word.gen == ref.gen && word.state != THREAD_DEAD;
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
    thread_set_sc(t, slot);
    port_store32(&t->last_cpu, 0);
    t->ledger = (struct ledger){0};
    why_clear(s, slot);
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

uint32_t thread_mask_first(const struct sched *s, uint32_t slot)
{
    for (uint32_t cluster = 0; cluster < s->mask_words; cluster++) {
        uint64_t word = thread_mask_word(s, slot, cluster);

        if (word != 0)
            return cluster * CLUSTER_CPUS + bits_lowest(word);
    }
    UNREACHABLE();
}

/* That word of the mask, without `except`. */
static uint64_t others_of(const struct sched *s, uint32_t slot, uint32_t cluster, uint32_t except)
{
    uint64_t word = thread_mask_word(s, slot, cluster);

    return except / CLUSTER_CPUS == cluster ? word & ~(UINT64_C(1) << (except % CLUSTER_CPUS))
                                            : word;
}

uint32_t thread_mask_count(const struct sched *s, uint32_t slot, uint32_t except)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < s->mask_words; i++)
        count += bits_count(others_of(s, slot, i, except));
    return count;
}

uint32_t thread_mask_nth(const struct sched *s, uint32_t slot, uint32_t except, uint32_t nth)
{
    for (uint32_t i = 0; i < s->mask_words; i++) {
        uint64_t word = others_of(s, slot, i, except);
        uint32_t count = bits_count(word);

        if (nth < count)
            return i * CLUSTER_CPUS + bits_nth(word, nth);
        nth -= count;
    }
    return CPU_NONE;
}

void thread_mask_set(struct sched *s, uint32_t slot, const uint64_t *row)
{
    ASSERT(!cpumask_is_empty(row, s->mask_words));
    /* First wider, so that it is empty at no time; words change one by one. */
    for (uint32_t cluster = 0; s->mask_words > 1 && cluster < s->mask_words; cluster++)
        (void)port_or64(mask_of(s, slot) + cluster, row[cluster]);
    for (uint32_t cluster = 0; cluster < s->mask_words; cluster++)
        port_store64(mask_of(s, slot) + cluster, row[cluster]);
}
