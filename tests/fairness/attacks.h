/* SPDX-License-Identifier: MIT */
/*
 * attacks.h - many attacks in turn: the families with other numbers, and programs drawn at random.
 */
#ifndef TESTS_FAIRNESS_ATTACKS_H
#define TESTS_FAIRNESS_ATTACKS_H

#include "tests/fairness/row.h"

#define ATTACK_RUN_NS MS(20)
#define ATTACK_SLEEP_NS US(251) /* no other step has this number */

/* Every family of rows_attacks with 7 run times and 6 sleep times.  Returns: no gain above 5 %, and
 * nobody else waits beyond the bound. */
bool attacks_sweep(uint64_t duration_ns, uint64_t seed);

/* `count` programs of at most 7 steps (run, sleep, CPU set), drawn from `seed`, each with and
 * without a slow CPU.  Each line begins with `margin`.  Returns: the same. */
bool attacks_random(uint64_t count, uint64_t duration_ns, uint64_t seed, const char *margin);

#endif /* TESTS_FAIRNESS_ATTACKS_H */
