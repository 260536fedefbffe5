/* SPDX-License-Identifier: MIT */
/*
 * ideal.h - what every thread would get on a machine that divides its CPUs at will: the reference.
 *
 * Purpose.  Fairness of a schedule is measured against something that knows the whole machine.
 * Model.    Threads that always want to run, in classes of equal CPU set and weight.  CPU k has
 *           capacity c_k of the `unit` that one whole CPU has in the interval (the rest of it is
 *           somebody else's).  A thread runs on one CPU at a time, so it gets at most one unit.
 * Formula.  Weighted max-min: no thread's service over weight can grow without shrinking one that
 *           is as small or smaller.  Services x are feasible iff for every set A of threads
 *           x(A) <= c(CPUs of A) and each x <= unit (max-flow, min-cut; a fluid assignment can be
 *           cut into a schedule: Birkhoff, von Neumann).  These sets form a polymatroid, so the
 *           max-min vector exists, is unique, and is found by filling (Megiddo, "Optimal flows in
 *           networks with multiple sources and sinks", Math. Programming 7, 1974):
 *             raise one level l, x = min(unit, w * l), until a set A is tight; A keeps its shares,
 *             A and its CPUs leave, go on with the rest.
 *           The level of a step comes from above: a minimum cut at a level that is too high names a
 *           set, and the level at which that set is tight is the next one to try (Dinkelbach).
 * Exact.    All numbers are integers or fractions of them; a level is (capacity - capped threads *
 *           unit) / sum of weights.
 *
 *   I1  The shares times counts sum up to at most the capacity of the machine, and of every set's
 *       CPUs.
 *   I2  A thread of greater share over weight than another, below one unit, shares no CPU with it
 *       that it could give away.
 *
 * Overflow.  unit <= 2^36, weights <= 2^17, threads <= 2^20, CPUs <= 2^10: shares fit 64 bits, and
 *            what flows, scaled by a level's denominator, 2^84.
 * Cost.      O(levels * cuts * classes * CPU groups * paths); CPUs that the same classes may use
 *            are one group.  64 CPUs with one class: below a microsecond a CPU.
 */
#ifndef SIM_IDEAL_H
#define SIM_IDEAL_H

#include "base/types.h"

#define IDEAL_UNIT_MAX (UINT64_C(1) << 36)

/* `count` threads of `weight` each, that may use the CPUs of `mask` (words for all CPUs). */
struct ideal_class {
    const uint64_t *mask;
    uint32_t weight; /* 1..2^17 */
    uint32_t count;  /* 0: nobody; its share is then 0 */
};

struct ideal_machine {
    uint32_t cpu_count;
    uint64_t unit;            /* what one whole CPU gives in the interval */
    const uint64_t *capacity; /* of each CPU, 0..unit; NULL: all are whole */
};

/* What one thread gets in the interval: num / den units of `unit`, in lowest terms. */
struct ideal_share {
    uint64_t num;
    uint64_t den;
};

/* Fill `shares`, one for each class.  Returns: false without memory. */
MUST_USE bool ideal_solve(const struct ideal_machine *machine, const struct ideal_class *classes,
                          uint32_t class_count, struct ideal_share *shares);

#endif /* SIM_IDEAL_H */
