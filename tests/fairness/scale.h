/* SPDX-License-Identifier: MIT */
/* scale.h - the largest machine there is: that it runs, and how fast. */
#ifndef TESTS_FAIRNESS_SCALE_H
#define TESTS_FAIRNESS_SCALE_H

#include "base/types.h"

/*
 * `cpu_count` CPUs with SCALE_THREADS_EACH threads for each, half of them sleepers, for
 * `duration_ns` of simulated time (0: 400 ms) after all hogs have begun.  Prints memory and events
 * a second, and checks all laws at the end.
 */
void scale_run(uint32_t cpu_count, uint64_t duration_ns, uint64_t seed);

#endif /* TESTS_FAIRNESS_SCALE_H */
