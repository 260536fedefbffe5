/* SPDX-License-Identifier: MIT */
#include "core/arena.h"
#include "core/rq.h"
#include "core/thread.h"

#define LINE_BYTES 64u
#define TAG_SHIFT 32u

_Static_assert(sizeof(struct thread) + sizeof(struct sc) <= THREAD_BYTES_MAX,
               "a thread and its home context take three lines");

struct layout {
    uint64_t rq, thread, sc, mask, end;
};

static struct layout layout_of(uint32_t cpu_count, uint32_t thread_count)
{
    uint64_t mask_bytes = (uint64_t)cpumask_words_for(cpu_count) * sizeof(struct port_atomic64);
    struct layout at;

    at.rq = bits_round_up(sizeof(struct sched), LINE_BYTES);
    at.thread = bits_round_up(at.rq + (uint64_t)cpu_count * sizeof(struct rq), LINE_BYTES);
    at.sc = bits_round_up(at.thread + (uint64_t)thread_count * sizeof(struct thread), LINE_BYTES);
    at.mask = bits_round_up(at.sc + (uint64_t)thread_count * sizeof(struct sc), LINE_BYTES);
    at.end = bits_round_up(at.mask + thread_count * mask_bytes, LINE_BYTES);
    return at;
}

uint64_t arena_bytes(uint32_t cpu_count, uint32_t thread_count)
{
    if (cpu_count == 0 || cpu_count > CPU_MAX)
        return 0;
    if (thread_count == 0 || thread_count > THREAD_COUNT_MAX)
        return 0;
    return layout_of(cpu_count, thread_count).end;
}

void arena_init(struct sched *s, uint32_t cpu_count, uint32_t thread_count)
{
    ASSERT(arena_bytes(cpu_count, thread_count) != 0);
    ASSERT((uintptr_t)s % LINE_BYTES == 0);

    struct layout at = layout_of(cpu_count, thread_count);

    s->bytes = at.end;
    s->rq_offset = at.rq;
    s->thread_offset = at.thread;
    s->sc_offset = at.sc;
    s->mask_offset = at.mask;
    s->cpu_count = cpu_count;
    s->thread_count = thread_count;
    s->mask_words = cpumask_words_for(cpu_count);
    port_store64(&s->free_slots, SLOT_NONE);
    for (uint32_t slot = thread_count; slot-- > 0;) /* so that slot 0 is taken first */
        arena_slot_give(s, slot);
    arena_check(s);
}

uint32_t arena_slot_take(struct sched *s)
{
    uint64_t head = port_load64(&s->free_slots);

    for (;;) { /* bound: another CPU made progress each time the swap fails */
        uint32_t slot = (uint32_t)head;

        if (slot == SLOT_NONE)
            return SLOT_NONE;
        uint64_t tag = (head >> TAG_SHIFT) + 1;
        uint64_t next = port_load32(&thread_of(s, slot)->link_next);

        if (port_cas64(&s->free_slots, &head, (tag << TAG_SHIFT) | next))
            return slot;
    }
}

void arena_slot_give(struct sched *s, uint32_t slot)
{
    uint64_t head = port_load64(&s->free_slots);

    ASSERT(slot < s->thread_count);
    for (;;) { /* bound: another CPU made progress each time the swap fails */
        uint64_t tag = (head >> TAG_SHIFT) + 1;

        port_store32(&thread_of(s, slot)->link_next, (uint32_t)head);
        if (port_cas64(&s->free_slots, &head, (tag << TAG_SHIFT) | slot))
            return;
    }
}

/* A2: the free list holds exactly the dead slots that are not retired, each once. */
static void free_list_check(const struct sched *s)
{
    uint32_t listed_count = 0;
    uint32_t free_count = 0;

    for (uint32_t slot = (uint32_t)port_load64(&s->free_slots); slot != SLOT_NONE;) {
        const struct thread *t = thread_of(s, slot);

        ASSERT(thread_word_read(s, slot).state == THREAD_DEAD);
        ASSERT(port_load32(&t->linked) == 0);
        ASSERT(++listed_count <= s->thread_count);
        slot = port_load32(&t->link_next);
    }
    for (uint32_t slot = 0; slot < s->thread_count; slot++) {
        struct thread_word word = thread_word_read(s, slot);

        free_count += word.state == THREAD_DEAD && word.gen != UINT32_MAX &&
                      port_load32(&thread_of(s, slot)->linked) == 0;
    }
    ASSERT(listed_count == free_count);
}

void arena_check(const struct sched *s)
{
    ASSERT(s->rq_offset % LINE_BYTES == 0);
    ASSERT(s->thread_offset % LINE_BYTES == 0);
    ASSERT(s->sc_offset % LINE_BYTES == 0);
    ASSERT(s->mask_offset % LINE_BYTES == 0);
    ASSERT(s->rq_offset >= sizeof(struct sched));
    ASSERT(s->thread_offset >= s->rq_offset + s->cpu_count * sizeof(struct rq));
    ASSERT(s->sc_offset >= s->thread_offset + s->thread_count * sizeof(struct thread));
    ASSERT(s->mask_offset >= s->sc_offset + s->thread_count * sizeof(struct sc));
    ASSERT(s->bytes >= s->mask_offset);
    ASSERT(s->mask_words == cpumask_words_for(s->cpu_count));
    free_list_check(s);
}
