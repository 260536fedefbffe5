/* SPDX-License-Identifier: MIT */
/*
 * lag.h - what each thread of a workload should have beside what it has, if all of them always run.
 *
 * Known for workloads of at most LAG_THREADS_MAX threads that only run (and yield) on the CPU set
 * of their task: their work does not depend on when they get it, so the reference of sim/fluid.h is
 * exact.  For any other workload nothing is said.  A thread is in the reference from its start to
 * its end.
 *
 * Kernel time is nobody's: the reference's clock is the machine's less the kernel time of an
 * average CPU.  Exact without interrupts' costs; with them it is off by how far one CPU's kernel
 * time is from the average.
 *
 *   LA1  lag = reference - CPU time, read when a thread gets a CPU and when it gives one up, which
 *        is where it is largest and least.
 *
 * Cost.  O(classes) a switch; one ideal_solve for each start and end of a thread.
 */
#ifndef SIM_LAG_H
#define SIM_LAG_H

#include "sim/fluid.h"
#include "sim/machine.h"
#include "workload/image.h"

#define LAG_THREADS_MAX 16384u /* each start is an ideal_solve */

struct lag_thread {
    bool has_joined;
    bool has_ended;
    int64_t min_ns; /* so far; 0 at its start */
    int64_t max_ns;
};

struct lag {
    bool is_known; /* else nothing below is set */
    const struct machine *machine;
    const struct workload_image *image;
    struct fluid fluid;
    struct event_queue starts; /* of threads that have not joined */
    struct lag_thread *threads;
    uint32_t *thread_on; /* each CPU, as far as was told */
};

/* Before the first event; the threads start from `start` on.  Returns: false without memory. */
MUST_USE bool lag_begin(struct lag *l, const struct workload_image *image,
                        const struct machine *machine, struct mono start);
void lag_fini(struct lag *l);

/* `thread` has `cpu`, anew or still, at the machine's instant. */
void lag_has_cpu(struct lag *l, uint32_t cpu, uint32_t thread);

/* `thread` ends. */
void lag_ends(struct lag *l, uint32_t thread);

/* Read everybody once more: the run is over. */
void lag_end(struct lag *l);

/* What `thread` should have. */
uint64_t lag_ideal_ns(const struct lag *l, uint32_t thread);

#endif /* SIM_LAG_H */
