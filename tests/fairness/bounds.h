/* SPDX-License-Identifier: MIT */
/*
 * bounds.h - what a row promises, from the design: H, B, E, and the wait.
 *
 *     B = 4 H + 2 * longest slice      H = 12 ms      E = 2^31 ns
 *     |lag| <= H + B, or twice that with unequal weights or stolen time
 *     wait <= (largest W / w while waiting) * longest slice + 2 (H + B), plus what was stolen
 */
#ifndef TESTS_FAIRNESS_BOUNDS_H
#define TESTS_FAIRNESS_BOUNDS_H

#include "tests/fairness/row.h"

struct world;

/* The longest slice of its groups. */
uint64_t bounds_slice_ns(const struct row *row);

uint64_t bounds_lag_ns(const struct world *w);

/* Of `thread`, which has waited for `wait_ns` where at most `queue_weight` competed. */
uint64_t bounds_wait_ns(const struct world *w, uint32_t thread, int64_t queue_weight,
                        uint64_t wait_ns);

/*
 * Migrations in 1000 s that any schedule needs for n equal hogs on m CPUs whose lags stay within
 * `lag_range_ns` (the largest minus the least); 0 where the bound says nothing.
 *
 * While the set of threads on a CPU stays the same, j of them share that CPU, so they gain or lose
 * |1/j - m/n| of a CPU on average, and one of them moves through its lag range within
 *     range / |1/j - m/n|.
 * So the CPU's set changes that often, and a migration changes two sets.  Let x_j CPUs have j
 * threads on average: sum x_j = m, sum j x_j = n.  Then
 *     migrations per second >= 1/2 min over x of sum x_j |1/j - m/n| / range,
 * a linear program whose optimum uses two sizes, one on each side of n/m: all pairs are tried.  It
 * is 0 iff m divides n.  (For exact equality in windows of length T, the forest of which threads
 * ran where has at most gcd(n, m) trees, so m - gcd(n, m) migrations per window: McNaughton,
 * Management Science 6(1), 1959, meets it with m - 1.)
 */
uint64_t bounds_migrations_milli(uint32_t n, uint32_t m, uint64_t lag_range_ns);

#endif /* TESTS_FAIRNESS_BOUNDS_H */
