/* SPDX-License-Identifier: MIT */
/*
 * meter.h - what a row is judged by: lag, shares, waits, moves.
 *
 * Told of every thread that gets a CPU, waits or ends, it reads the fluid reference and the ledger
 * at those instants, at which lag has its extremes.  All counts from the start of the measurement.
 *
 *   ME1  lag = (reference - reference at the start) - (CPU time - CPU time at the start).
 *   ME2  A wait lasts from becoming runnable or giving way until the thread has a CPU again.
 *   ME3  The largest W of a wait is that of the queues it began and ended in, as read whenever
 *        somebody goes on or gives way there.
 */
#ifndef TESTS_FAIRNESS_METER_H
#define TESTS_FAIRNESS_METER_H

#include "base/types.h"

struct world;

struct meter_thread {
    uint32_t cpu; /* it has now, or had last */
    bool has_cpu;
    bool is_waiting;
    bool is_measured; /* it was there when the measurement began, or came later */
    bool was_there;   /* it was there when the measurement began */
    struct mono since; /* its wait */
    uint64_t wait_max_ns;
    int64_t over_max_ns; /* wait minus what is allowed, at most */
    uint64_t over_wait_ns; /* of that wait */
    uint32_t queue_cpu;  /* where this wait began */
    uint64_t cpu_zero_ns;
    uint64_t fluid_zero; /* in the fluid's unit */
    int64_t lag_min_ns;
    int64_t lag_max_ns;
    uint64_t got_ns;   /* final */
    uint64_t ideal_ns; /* final */
};

/* How much weight competed on a CPU, and when that was read: the last METER_READINGS times. */
#define METER_READINGS 1024u
struct meter_queue {
    uint64_t at_ns[METER_READINGS];
    int64_t weight[METER_READINGS];
    uint64_t count;
};

struct meter {
    struct meter_thread *threads;
    uint32_t *thread_on; /* each CPU */
    struct meter_queue *queues; /* of each CPU, on machines of up to 64 */
    bool is_on;          /* measuring */
    uint64_t move_count; /* a thread has another CPU than last time */
    uint64_t push_zero;
    uint64_t steal_zero;
    uint64_t wasted_zero_ns;
    uint64_t window_error_ppm; /* worst over any second, see meter_window */
    uint64_t *window_ns;       /* [instant][thread]: CPU time */
    uint64_t *window_ideal;
    uint32_t window_count;     /* readings so far */
};

void meter_init(struct world *w);
void meter_fini(struct world *w);

/* `thread` has `cpu` now: it goes on or it begins. */
void meter_has_cpu(struct world *w, uint32_t cpu, uint32_t thread);
/* `thread`, off its CPU or about to leave it, is runnable from `since` on; MONO_NEVER: from when it
 * is told so. */
void meter_waits(struct world *w, uint32_t thread, struct mono since);
void meter_ends(struct world *w, uint32_t thread);

/* The measurement begins; ends. */
void meter_begin(struct world *w);
void meter_end(struct world *w);

/* Every WINDOW_STEP_NS: compare the last second of each thread that always runs with the ideal. */
#define WINDOW_STEP_NS (100 * NS_PER_MS)
void meter_window(struct world *w);

#endif /* TESTS_FAIRNESS_METER_H */
