/* SPDX-License-Identifier: MIT */
/*
 * scenario_words.h - the words that scenarios are written in.
 *
 * A line of a thread: where it starts, on which CPU, which CPUs it may use (ANY or a mask), whether
 * a wake is owed to it (then it must not be blocked at an end), its program.  LONG is of the batch
 * class, SHORT of the interactive one.
 */
#ifndef TESTS_EXPLORER_SCENARIO_WORDS_H
#define TESTS_EXPLORER_SCENARIO_WORDS_H

#include "tests/explorer/scenarios.h"

/* It would take these braces for blocks. */
/* clang-format off */
#define ANY UINT64_C(0)
#define ON(cpu) (UINT64_C(1) << (cpu))
#define OWED false
#define FREE true
#define WAKE(index) {.kind = OP_WAKE, .thread = (index)}
#define JOIN(index) {.kind = OP_JOIN, .thread = (index)}
#define BLOCK {.kind = OP_BLOCK}
#define YIELD {.kind = OP_YIELD}
#define READ_CLOCK(of) {.kind = OP_READ_CLOCK, .value = (of)}
#define LEND(index) {.kind = OP_LEND, .thread = (index)}
#define HAND_BACK(index) {.kind = OP_HAND_BACK, .thread = (index)}
#define TURN_OVER(index) {.kind = OP_TURN_OVER, .thread = (index)}
#define GO_HOME {.kind = OP_GO_HOME}
#define BORROW(index) {.kind = OP_BORROW, .thread = (index)}
#define BORROW_BLOCK(index) {.kind = OP_BORROW_BLOCK, .thread = (index)}
#define EXIT {.kind = OP_EXIT}
#define KILL(index) {.kind = OP_KILL, .thread = (index)}
#define MASK(index, cpus) {.kind = OP_MASK, .thread = (index), .mask = (cpus)}
#define WEIGHT(index, to) {.kind = OP_WEIGHT, .thread = (index), .value = (to)}
#define CLASS(index, to) {.kind = OP_CLASS, .thread = (index), .value = LATENCY_##to}
#define THREAD(start, cpu, mask, owed, ...) \
    {START_##start, cpu, mask, LATENCY_NORMAL, owed, {__VA_ARGS__}}
#define SHORT(start, cpu, mask, owed, ...) \
    {START_##start, cpu, mask, LATENCY_INTERACTIVE, owed, {__VA_ARGS__}}
#define LONG(start, cpu, mask, owed, ...) \
    {START_##start, cpu, mask, LATENCY_BATCH, owed, {__VA_ARGS__}}
/* clang-format on */

#endif /* TESTS_EXPLORER_SCENARIO_WORDS_H */
