/* SPDX-License-Identifier: MIT */
/*
 * fluid.h - the reference in time: what each thread has got by now on a machine divided at will.
 *
 * Purpose.  `lag` of a thread is what it should have minus what it has; this is the first of them.
 * Model.    Generalised processor sharing (Parekh and Gallager, IEEE/ACM ToN 1(3), 1993) with the
 *           rates of sim/ideal.h: at every instant the threads that have work here are served at
 *           the weighted max-min rates of that set.  Work arrives when it does in the schedule that
 *           is judged: a thread that always runs has work from its join to its leave; a sleeper
 *           brings so many ns with each wake.  So both serve the same work and only the order
 *           differs; a sleeper may be done here earlier or later than there.
 * Formula.  Each class (CPU set, weight) has a clock F, the service one of its threads would have
 *           had if it always had work: F' = rate.  A thread's service is F now - F at its join; a
 *           sleeper's work w that arrives at F is done when the clock shows F + w.  So an event
 *           costs the same however many threads there are.
 *
 *   FL1  clock_of is monotonic, and off by less than 2^-FLUID_SHIFT ns for each change of rates.
 *   FL2  count of a class == its threads that have work.
 *   FL3  Work ends at a whole nanosecond, at most one late; what is left of it is nobody's.
 *   FL4  A sleeper's service is at most the work that has arrived, and equal when it has none left.
 *
 * Cost.  A change of who has work: one ideal_solve, unless that set of counts is in the cache.
 */
#ifndef SIM_FLUID_H
#define SIM_FLUID_H

#include "sim/event.h"
#include "sim/ideal.h"

#define FLUID_SHIFT 20u /* clocks are in 2^-20 ns: 2.4 hours fit */

enum fluid_state { FLUID_ABSENT, FLUID_ALWAYS, FLUID_IDLE, FLUID_BUSY };

struct fluid_thread {
    enum fluid_state state;
    uint32_t class;
    uint64_t joined;     /* its class's clock when `served` was last settled */
    uint64_t served;     /* until then, in the clock's unit */
    uint64_t work_left;  /* BUSY: what was left then */
    uint64_t arrival_ns; /* work on its way, if its arrival is set */
};

struct fluid_class {
    uint64_t *mask;
    uint32_t weight;
    uint32_t count;
    uint64_t clock; /* at `since` */
    struct ideal_share rate;
    struct event_queue ends; /* of BUSY threads, by the clock at which each is done */
};

struct fluid_line; /* of the cache */

struct fluid {
    uint32_t thread_count;
    struct ideal_machine machine;
    struct fluid_thread *threads;
    struct fluid_class *classes;
    struct ideal_class *counted; /* the same classes, as ideal_solve wants them */
    uint32_t class_count;
    struct mono now;
    struct mono since; /* rates hold from here on, unless they are stale */
    bool is_stale;
    struct event_queue arrivals;
    struct fluid_line *cache;
    uint64_t solve_count; /* cache misses */
};

/* Nobody has work, from 0 ns on.  `machine` as in ideal.h; its array must stay.
 * Returns: false without memory. */
MUST_USE bool fluid_init(struct fluid *f, const struct ideal_machine *machine,
                         uint32_t thread_count);
void fluid_fini(struct fluid *f);

/* The class of that mask and weight, made if there is none; panics without memory. */
uint32_t fluid_class(struct fluid *f, const uint64_t *mask, uint32_t weight);

/* Time goes on to `now`, not before the last. */
void fluid_advance(struct fluid *f, struct mono now);

/* From now on `thread` always has work, or has none until fluid_work brings some. */
void fluid_join(struct fluid *f, uint32_t thread, uint32_t class, bool has_always);

/* It has no work any more, and what was left of it is gone. */
void fluid_leave(struct fluid *f, uint32_t thread);

/* It is of `class` from now on. */
void fluid_move(struct fluid *f, uint32_t thread, uint32_t class);

/* `thread` gets `work_ns` more at `at`, now or later; one arrival is on its way at most. */
void fluid_work(struct fluid *f, uint32_t thread, struct mono at, uint64_t work_ns);

/* What it has got by now, in 2^-FLUID_SHIFT ns. */
uint64_t fluid_served(const struct fluid *f, uint32_t thread);

/* FL2; panics.  O(threads). */
void fluid_check(const struct fluid *f);

#endif /* SIM_FLUID_H */
