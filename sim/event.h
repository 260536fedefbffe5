/* SPDX-License-Identifier: MIT */
/*
 * event.h - what happens when: at most one pending instant for each source.
 *
 * A source is a number: a CPU's timer, a CPU's interrupt under way, a sleeper (sim/machine.h says
 * which).  Setting a source that is already set moves it, so nothing stale is ever in the queue.
 *
 * Order.  By time, then by the order in which the instants were set.  With a seed other than 0 the
 *         second part is permuted: the setting number goes through a bijection keyed by the seed,
 *         so equal instants come in another order, the same one on every machine.
 *
 *   E1  In each heap events[i] is not before its parent; no two entries are equal in (time, order).
 *   E2  place[s] == i + 1 iff events[i].source == s in its heap; 0 for a source that is not set.
 *   E3  `first_at` and `first_source` are of the earlier of the two roots.
 *   E4  What is behind the last entry, up to the end of its group of siblings, is never.
 *
 * Shape.  Two heaps with four children per node, whose siblings share two cache lines.  The sources
 *         below `often_count` have one of their own: a CPU's timer is set at every switch, and is
 *         not to climb past a million sleepers then.
 * Cost.   O(log n); clearing or keeping is O(1).
 */
#ifndef SIM_EVENT_H
#define SIM_EVENT_H

#include "base/types.h"

#define EVENT_SOURCE_NONE UINT32_MAX

struct event {
    struct mono at;
    uint64_t order;
    uint32_t source;
    uint32_t reserved;
};

enum event_kind { EVENT_OFTEN, EVENT_SELDOM, EVENT_KINDS };

struct event_heap {
    void *memory;
    struct event *events; /* in it */
    uint32_t count;
};

struct event_queue {
    struct mono first_at;  /* MONO_NEVER: nothing is set */
    uint32_t first_source; /* EVENT_SOURCE_NONE then */
    struct event_heap heaps[EVENT_KINDS];
    uint32_t *place;
    uint32_t often_count;
    uint32_t source_count;
    uint64_t set_count;
    uint64_t seed;
};

/* An empty queue for sources 0..source_count-1, those below `often_count` apart.  False: no
 * memory. */
MUST_USE bool event_queue_init(struct event_queue *q, uint32_t often_count, uint32_t source_count,
                               uint64_t seed);
void event_queue_fini(struct event_queue *q);

/* Source `source` happens at `at` and at no other instant; MONO_NEVER clears it.  A source that is
 * set to the instant it has already keeps its place among equals. */
void event_set(struct event_queue *q, uint32_t source, struct mono at);

static inline bool event_is_set(const struct event_queue *q, uint32_t source)
{
    return q->place[source] != 0;
}

static inline bool event_is_empty(const struct event_queue *q)
{
    return q->heaps[EVENT_OFTEN].count + q->heaps[EVENT_SELDOM].count == 0;
}

/* The instant of the next event, or MONO_NEVER. */
static inline struct mono event_next_at(const struct event_queue *q)
{
    return q->first_at;
}

/* Its source, or EVENT_SOURCE_NONE. */
static inline uint32_t event_next_source(const struct event_queue *q)
{
    return q->first_source;
}

/* Take the next event's source out, or EVENT_SOURCE_NONE. */
uint32_t event_take(struct event_queue *q);

/* E1 to E4; panics.  O(n). */
void event_check(const struct event_queue *q);

#endif /* SIM_EVENT_H */
