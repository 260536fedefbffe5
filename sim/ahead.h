/* SPDX-License-Identifier: MIT */
/*
 * ahead.h - have what the next event will read brought into the caches while this one is handled.
 *
 * On a machine of a million threads that is in none of them: a thread's record, its context and its
 * CPU set lie in hundreds of MiB, and whose turn it is jumps about.  The queue of events says who
 * is next; if this event sets an earlier one, it was in vain.  Decides nothing.
 */
#ifndef SIM_AHEAD_H
#define SIM_AHEAD_H

#include "sim/source.h"

#define AHEAD_LINE_BYTES 64u
#define AHEAD_THREADS_MIN 4096u /* fewer are in the caches anyway */

static inline void ahead_lines(const void *at, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += AHEAD_LINE_BYTES) /* bound: the largest record */
        __builtin_prefetch((const char *)at + i);
}

static inline void ahead_thread(const struct machine *m, uint32_t thread)
{
    ahead_lines(&m->threads[thread], sizeof m->threads[thread]);
    ahead_lines(thread_of(m->sched, thread), sizeof(struct thread));
    ahead_lines(sc_of(m->sched, thread), sizeof(struct sc));
    ahead_lines(mask_of(m->sched, thread), m->sched->mask_words * sizeof(uint64_t));
}

/* For the event that comes next; call it when this one has been taken. */
static inline void ahead_fetch(const struct machine *m)
{
    uint32_t source = event_next_source(&m->events);
    uint32_t first_sleeper = source_of_sleeper(m, 0);

    if (m->config.thread_count < AHEAD_THREADS_MIN || source == EVENT_SOURCE_NONE)
        return;
    if (source >= first_sleeper) {
        ahead_thread(m, source - first_sleeper);
        return;
    }
    uint32_t cpu = source / CPU_SOURCES;

    ahead_lines(rq_of(m->sched, cpu), sizeof(struct rq));
    if (m->cpus[cpu].thread != MACHINE_THREAD_NONE)
        ahead_thread(m, m->cpus[cpu].thread);
}

#endif /* SIM_AHEAD_H */
