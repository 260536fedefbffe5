/* SPDX-License-Identifier: MIT */
#include "sim/event.h"

#include "base/fixmul.h"

#include <stdlib.h>

#define CHILDREN 4u /* a flatter heap than a binary one: fewer cache lines on the way down */

bool event_queue_init(struct event_queue *q, uint32_t source_count, uint64_t seed)
{
    *q = (struct event_queue){.source_count = source_count, .seed = seed};
    q->heap = calloc(source_count, sizeof *q->heap);
    q->place = calloc(source_count, sizeof *q->place);
    if (q->heap != NULL && q->place != NULL)
        return true;
    event_queue_fini(q);
    return false;
}

void event_queue_fini(struct event_queue *q)
{
    free(q->heap);
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

static void put(struct event_queue *q, uint32_t index, struct event event)
{
    q->heap[index] = event;
    q->place[event.source] = index + 1;
}

/* Move `event` from the hole at `index` towards the root. */
static void rise(struct event_queue *q, uint32_t index, struct event event)
{
    while (index > 0) { /* bound: the heap's depth */
        uint32_t parent = (index - 1) / CHILDREN;

        if (!is_before(&event, &q->heap[parent]))
            break;
        put(q, index, q->heap[parent]);
        index = parent;
    }
    put(q, index, event);
}

static uint32_t least_child(const struct event_queue *q, uint32_t first)
{
    uint32_t least = first;

    for (uint32_t child = first + 1; child < first + CHILDREN && child < q->count; child++)
        if (is_before(&q->heap[child], &q->heap[least]))
            least = child;
    return least;
}

/* Move `event` from the hole at `index` away from the root. */
static void sink(struct event_queue *q, uint32_t index, struct event event)
{
    for (;;) { /* bound: the heap's depth */
        uint32_t first = index * CHILDREN + 1;

        if (first >= q->count)
            break;
        uint32_t child = least_child(q, first);

        if (!is_before(&q->heap[child], &event))
            break;
        put(q, index, q->heap[child]);
        index = child;
    }
    put(q, index, event);
}

static void remove_at(struct event_queue *q, uint32_t index)
{
    struct event last = q->heap[--q->count];

    q->place[q->heap[index].source] = 0;
    if (index == q->count)
        return;
    if (index > 0 && is_before(&last, &q->heap[(index - 1) / CHILDREN]))
        rise(q, index, last);
    else
        sink(q, index, last);
}

void event_set(struct event_queue *q, uint32_t source, struct mono at)
{
    ASSERT(source < q->source_count);
    uint32_t place = q->place[source];

    if (place == 0) {
        if (mono_is_never(at))
            return;
        rise(q, q->count++, (struct event){at, order_of(q->seed, q->set_count++), source, 0});
        return;
    }
    if (q->heap[place - 1].at.ns == at.ns)
        return;
    if (mono_is_never(at)) {
        remove_at(q, place - 1);
        return;
    }
    struct event moved = {at, order_of(q->seed, q->set_count++), source, 0};

    if (is_before(&moved, &q->heap[place - 1]))
        rise(q, place - 1, moved);
    else
        sink(q, place - 1, moved);
}

uint32_t event_take(struct event_queue *q)
{
    if (q->count == 0)
        return EVENT_SOURCE_NONE;
    uint32_t source = q->heap[0].source;

    remove_at(q, 0);
    return source;
}

void event_check(const struct event_queue *q)
{
    uint32_t set_count = 0;

    ASSERT(q->count <= q->source_count);
    for (uint32_t i = 0; i < q->count; i++) {
        ASSERT(q->heap[i].source < q->source_count);
        ASSERT(q->place[q->heap[i].source] == i + 1);
        ASSERT(i == 0 || is_before(&q->heap[(i - 1) / CHILDREN], &q->heap[i]));
    }
    for (uint32_t source = 0; source < q->source_count; source++)
        set_count += q->place[source] != 0;
    ASSERT(set_count == q->count);
}
