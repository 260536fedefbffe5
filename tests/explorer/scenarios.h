/* SPDX-License-Identifier: MIT */
/* scenarios.h - the tables of what is explored. */
#ifndef TESTS_EXPLORER_SCENARIOS_H
#define TESTS_EXPLORER_SCENARIOS_H

#include "tests/explorer/machine.h"

/* scenarios.c: wakes, idle CPUs, masks, kills, policies. */
extern const struct scenario wake_scenarios[];
extern const uint32_t wake_scenario_count;

/* scenarios_move.c: what fairness across CPUs moves, and the clocks it compares. */
extern const struct scenario move_scenarios[];
extern const uint32_t move_scenario_count;

/* scenarios_poll.c: idle CPUs that poll, against what is done for them. */
extern const struct scenario poll_scenarios[];
extern const uint32_t poll_scenario_count;

/* scenarios_lend.c: contexts lent over calls. */
extern const struct scenario lend_scenarios[];
extern const uint32_t lend_scenario_count;

/* scenarios_turn.c: CPUs turned over to another context. */
extern const struct scenario turn_scenarios[];
extern const uint32_t turn_scenario_count;

#endif /* TESTS_EXPLORER_SCENARIOS_H */
