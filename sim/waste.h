/* SPDX-License-Identifier: MIT */
/*
 * waste.h - the integral of "this CPU is idle while a context it may run is queued elsewhere".
 *
 * An idle CPU's own queue is empty, so "elsewhere" is anywhere.  Contexts fall into classes of
 * equal CPU sets, and what counts is which classes have somebody queued:
 *     wasted_ns = sum over time of |idle CPUs in the union of those classes' sets|
 * A context in an inbox is not queued: whoever owns the inbox has been told.
 * Exact; recomputed only when a class or the idle set has changed and time goes on.
 *
 * Cost.  A change O(1); a step of time after one O(classes * words) at most.
 */
#ifndef SIM_WASTE_H
#define SIM_WASTE_H

#include "base/cpumask.h"
#include "base/types.h"

struct waste {
    const uint64_t *rows; /* class_count rows of `words` words; the caller's */
    uint32_t class_count;
    uint32_t words;
    uint32_t *queued; /* per class */
    uint32_t queued_count;
    uint32_t idle_count;
    uint64_t idle[CPUMASK_WORDS];
    bool has_changed;
    uint32_t wasting_count; /* CPUs wasting since `since` */
    struct mono since;
    uint64_t wasted_ns;
};

/* All CPUs busy, nothing queued, from `now` on.  False: no memory. */
MUST_USE bool waste_init(struct waste *w, const uint64_t *rows, uint32_t class_count,
                         uint32_t words, struct mono now);
void waste_fini(struct waste *w);

/* A context of `class` came into a queue, or left it. */
void waste_queued(struct waste *w, uint32_t class, bool is_queued);

/* `cpu` has nobody to run, or has again; saying it twice is harmless. */
void waste_idle(struct waste *w, uint32_t cpu, bool is_idle);

/* Everything said so far held until now; what is said next holds from `now` on. */
void waste_advance(struct waste *w, struct mono now);

#endif /* SIM_WASTE_H */
