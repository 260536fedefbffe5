/* SPDX-License-Identifier: MIT */
#include "sim/event.h"

#include "base/assert.h"
#include "base/fixmul.h"
#include "sim/memory.h"

#include <stdlib.h>

#define CHILDREN 4u /* a flatter heap than a binary one: fewer cache lines on the way down */
#define LINE_BYTES 64u
/* Entries before the root, so that each group of siblings begins a cache line. */
#define PAD (CHILDREN - 1)

static const struct event never = {
    .at = {INT64_MAX}, .order = UINT64_MAX, .source = EVENT_SOURCE_NONE};

static bool heap_init(struct event_heap *h, uint32_t capacity)
{
    size_t bytes = ((size_t)PAD + capacity + CHILDREN) * sizeof *h->events;

    h->memory = memory_aligned(LINE_BYTES, bytes);
    if (h->memory == NULL)
        return false;
    h->events = (struct event *)h->memory + PAD;
    h->events[0] = never;
    return true;
}

bool event_queue_init(struct event_queue *q, uint32_t often_count, uint32_t source_count,
                      uint64_t seed)
{
    ASSERT(often_count <= source_count);
    *q = (struct event_queue){.first_at = MONO_NEVER,
                              .first_source = EVENT_SOURCE_NONE,
                              .often_count = often_count,
                              .source_count = source_count,
                              .seed = seed};
    q->place = memory_zeroed(source_count, sizeof *q->place);
    if (q->place != NULL && heap_init(&q->heaps[EVENT_OFTEN], often_count) &&
        heap_init(&q->heaps[EVENT_SELDOM], source_count - often_count))
        return true;
    event_queue_fini(q);
    return false;
}

void event_queue_fini(struct event_queue *q)
{
    for (uint32_t i = 0; i < EVENT_KINDS; i++)
        free(q->heaps[i].memory);
    free(q->place);
    *q = (struct event_queue){0};
}

/*
 * A bijection on 64 bits for each seed: xor-shifts and odd multipliers are invertible (the
 * finalizer of MurmurHash3, Appleby).  So two numbers never become one and there are no ties.
 */
static uint64_t order_of(uint64_t seed, uint64_t number)
{
    if (seed == 0)
        return number;
    number ^= seed;
    number = (number ^ (number >> 33)) * UINT64_C(0xff51afd7ed558ccd);
    number = (number ^ (number >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
    return number ^ (number >> 33);
}

/* One number for both: instants begin at 0 and end before MONO_NEVER, so they do not wrap. */
static wide_uint rank_of(const struct event *event)
{
    return (wide_uint)event->at.ns << 64 | event->order;
}

static bool is_before(const struct event *a, const struct event *b)
{
    return rank_of(a) < rank_of(b);
}

static struct event_heap *heap_of(struct event_queue *q, uint32_t source)
{
    return &q->heaps[source < q->often_count ? EVENT_OFTEN : EVENT_SELDOM];
}

static void put(struct event_queue *q, struct event_heap *h, uint32_t index, struct event event)
{
    h->events[index] = event;
    q->place[event.source] = index + 1;
}

/* Move `event` from the hole at `index` towards the root. */
static void rise(struct event_queue *q, struct event_heap *h, uint32_t index, struct event event)
{
    while (index > 0) { /* bound: the heap's depth */
        uint32_t parent = (index - 1) / CHILDREN;

        if (!is_before(&event, &h->events[parent]))
            break;
        put(q, h, index, h->events[parent]);
        index = parent;
    }
    put(q, h, index, event);
}

/* Of the siblings from `first` on; without a branch, as none could be foretold. */
static uint32_t least_child(const struct event_heap *h, uint32_t first)
{
    const struct event *e = &h->events[first];
    uint32_t one = is_before(&e[1], &e[0]);
    uint32_t other = 2 + is_before(&e[3], &e[2]);

    return first + (is_before(&e[other], &e[one]) ? other : one);
}

/* Move `event` from the hole at `index` away from the root. */
static void sink(struct event_queue *q, struct event_heap *h, uint32_t index, struct event event)
{
    for (;;) { /* bound: the heap's depth */
        uint32_t first = index * CHILDREN + 1;

        if (first >= h->count)
            break;
        uint32_t child = least_child(h, first);

        if (!is_before(&h->events[child], &event))
            break;
        put(q, h, index, h->events[child]);
        index = child;
    }
    put(q, h, index, event);
}

/* Where it goes from `index`. */
static void move(struct event_queue *q, struct event_heap *h, uint32_t index, struct event event)
{
    if (index > 0 && is_before(&event, &h->events[(index - 1) / CHILDREN]))
        rise(q, h, index, event);
    else
        sink(q, h, index, event);
}

static void add(struct event_queue *q, struct event_heap *h, struct event event)
{
    uint32_t index = h->count++;

    if (index % CHILDREN == 1) /* the first of its siblings: E4 */
        for (uint32_t i = 1; i < CHILDREN; i++)
            h->events[index + i] = never;
    rise(q, h, index, event);
}

static void remove_at(struct event_queue *q, struct event_heap *h, uint32_t index)
{
    uint32_t end = --h->count;
    struct event last = h->events[end];

    q->place[h->events[index].source] = 0;
    h->events[end] = never;
    if (index != end)
        move(q, h, index, last);
}

static void note_first(struct event_queue *q)
{
    const struct event *often = &q->heaps[EVENT_OFTEN].events[0];
    const struct event *seldom = &q->heaps[EVENT_SELDOM].events[0];

    const struct event *first = is_before(often, seldom) ? often : seldom;

    q->first_at = first->at;
    q->first_source = first->source;
}

static void set(struct event_queue *q, uint32_t source, struct mono at)
{
    struct event_heap *h = heap_of(q, source);
    uint32_t place = q->place[source];

    if (place == 0) {
        if (!mono_is_never(at))
            add(q, h, (struct event){at, order_of(q->seed, q->set_count++), source, 0});
        return;
    }
    if (h->events[place - 1].at.ns == at.ns)
        return;
    if (mono_is_never(at))
        remove_at(q, h, place - 1);
    else
        move(q, h, place - 1, (struct event){at, order_of(q->seed, q->set_count++), source, 0});
}

void event_set(struct event_queue *q, uint32_t source, struct mono at)
{
    ASSERT(source < q->source_count);
    set(q, source, at);
    note_first(q);
}

uint32_t event_take(struct event_queue *q)
{
    uint32_t source = q->first_source;

    if (source == EVENT_SOURCE_NONE)
        return source;
    remove_at(q, heap_of(q, source), 0);
    note_first(q);
    return source;
}

static void check_heap(const struct event_queue *q, enum event_kind kind)
{
    const struct event_heap *h = &q->heaps[kind];
    uint32_t end = h->count;

    for (uint32_t i = 0; i < h->count; i++) {
        uint32_t source = h->events[i].source;

        ASSERT(source < q->source_count);
        ASSERT((source < q->often_count) == (kind == EVENT_OFTEN));
        ASSERT(q->place[source] == i + 1);
        ASSERT(i == 0 || is_before(&h->events[(i - 1) / CHILDREN], &h->events[i]));
    }
    for (; end % CHILDREN != 1 && end != 0; end++)
        ASSERT(h->events[end].order == never.order);
}

void event_check(const struct event_queue *q)
{
    uint32_t set_count = 0;
    struct event_queue again = *q;

    for (enum event_kind kind = 0; kind < EVENT_KINDS; kind++)
        check_heap(q, kind);
    for (uint32_t source = 0; source < q->source_count; source++)
        set_count += q->place[source] != 0;
    ASSERT(set_count == q->heaps[EVENT_OFTEN].count + q->heaps[EVENT_SELDOM].count);
    note_first(&again);
    ASSERT(again.first_at.ns == q->first_at.ns);
    ASSERT(again.first_source == q->first_source);
}
