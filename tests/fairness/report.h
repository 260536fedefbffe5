/* SPDX-License-Identifier: MIT */
/* report.h - the table: one line for a row, with the verdict and what broke its promise. */
#ifndef TESTS_FAIRNESS_REPORT_H
#define TESTS_FAIRNESS_REPORT_H

#include "tests/fairness/world.h"

/* What a row came to. */
struct report {
    uint32_t error_ppm; /* worst share error of who always runs */
    uint32_t error_thread;
    int64_t lag_min_ns;
    int64_t lag_max_ns;
    uint64_t wait_max_ns;
    uint32_t wait_thread;
    int64_t over_max_ns; /* the worst wait against what is allowed for it ... */
    uint64_t over_wait_ns; /* ... which was so long */
    uint32_t spread_ppm; /* of equal sleepers: most minus least CPU time, over the average */
    int64_t gain_ppm;    /* of attackers over their entitlement, the best */
    uint64_t push_milli; /* a second, times 1000 */
    uint64_t steal_milli;
    uint64_t other_milli;
    uint64_t least_milli;
    uint32_t wasted_ppm;
};

struct report report_of(const struct world *w);

/* What a row claims, in a word. */
const char *report_claim(const struct row *row);

/* The columns' names, each line behind `margin`. */
void report_head(const char *margin);
/* Returns: the row keeps its promise. */
bool report_print(const struct world *w, const struct report *r);
/* A line for each thread. */
void report_threads(const struct world *w);

#endif /* TESTS_FAIRNESS_REPORT_H */
