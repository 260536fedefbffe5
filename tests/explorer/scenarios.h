/* SPDX-License-Identifier: MIT */
/* scenarios.h - the table of what is explored. */
#ifndef TESTS_EXPLORER_SCENARIOS_H
#define TESTS_EXPLORER_SCENARIOS_H

#include "tests/explorer/machine.h"

extern const struct scenario scenarios[];
extern const uint32_t scenario_count;

#endif /* TESTS_EXPLORER_SCENARIOS_H */
