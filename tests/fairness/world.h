/* SPDX-License-Identifier: MIT */
/*
 * world.h - a row at work: the simulator's machine, the fluid reference beside it, the meter.
 *
 * All threads are made at 0, as if thread i of a group had last run on the (i mod k)-th of its k
 * CPUs, and are woken from 1 ms on.  Interrupts cost nothing here unless the row steals time, so
 * that the ideal is exact; a kick still takes its way.
 */
#ifndef TESTS_FAIRNESS_WORLD_H
#define TESTS_FAIRNESS_WORLD_H

#include "base/cpumask.h"
#include "base/prng.h"
#include "sim/fluid.h"
#include "sim/machine.h"
#include "tests/fairness/meter.h"
#include "tests/fairness/row.h"

#define WORLD_START_NS MS(1)
#define WORLD_CLASSES_MAX 1024u

struct world_thread {
    const struct row_group *group;
    uint32_t group_index;
    uint32_t partner;     /* of STEP_CALL, or MACHINE_THREAD_NONE */
    uint64_t own_mask;    /* what it may use of the CPUs that are there */
    uint32_t weight;
    uint32_t step;
    bool has_begun;
    bool has_ended;
    bool must_exit;
    bool always_runs;     /* in the reference it always has work */
    bool is_running;      /* inside a run step */
    uint64_t run_goal_ns; /* CPU time at which that ends */
    uint64_t period_ns;   /* instant of the last STEP_PERIOD, or of its start */
    struct prng prng;
};

struct world {
    const struct row *row;
    struct machine machine;
    struct fluid fluid;
    struct meter meter;
    struct world_thread *threads;
    uint32_t thread_count;
    uint64_t *masks; /* the CPU sets that occur: rows of `words` words */
    uint32_t mask_count;
    uint32_t words;
    uint64_t online; /* CPUs that have not left, on machines of up to 64 */
    uint64_t *capacity; /* of each CPU in thousandths, or NULL */
    struct event_queue agenda; /* what happens from outside, see agenda.c */
    uint32_t turn;      /* of EVENT_ROTATE */
    uint32_t next_late[ROW_GROUPS_MAX]; /* of each group, threads before this one have begun */
    uint64_t warm_ns;
    uint64_t end_ns;
    struct prng prng;
};

/* Set up `row`; `duration_ns` 0: the row's.  Panics without memory. */
void world_init(struct world *w, const struct row *row, uint64_t duration_ns, uint64_t seed);
void world_fini(struct world *w);

/* From 0 to the end; then the meter is final. */
void world_run(struct world *w);

/* ---- Between the files of this folder ---- */

/* The row's CPUs as a set; all 64 bits on a machine of more. */
static inline uint64_t world_cpus(const struct row *row)
{
    return row->cpu_count < 64 ? CPU(row->cpu_count) - 1 : UINT64_MAX;
}

/* The class of machine_set_mask for `mask`, of the CPUs that are there; it must occur. */
uint32_t world_mask(const struct world *w, uint64_t mask);

/* `thread` begins its program, woken at `at`. */
void world_begin(struct world *w, uint32_t thread, struct mono at);

/* The set of `thread`, or which CPUs are there, has changed: tell the machine, from `cpu`, and the
 * fluid, unless it attacks: then its entitlement stays. */
void world_apply_mask(struct world *w, uint32_t cpu, uint32_t thread);

/* Its class in the reference. */
uint32_t world_fluid_class(struct world *w, uint32_t thread);

/* struct machine_program's go_on. */
bool program_go_on(void *world, uint32_t cpu, uint32_t thread);

/* The next thread of the group, which is late, begins, forked on `cpu`; nothing if all have. */
void world_start_next(struct world *w, uint32_t group_index, uint32_t cpu);

/* The instants of the row's events and steals; then world_run asks for what is due at m->now. */
void agenda_init(struct world *w);
void agenda_act(struct world *w, uint32_t source);

/* Share of `cpu` that the row takes away, in thousandths. */
uint32_t agenda_stolen_permille(const struct row *row, uint32_t cpu);

#endif /* TESTS_FAIRNESS_WORLD_H */
