/* SPDX-License-Identifier: MIT */
/*
 * rows_attacks.c - programs that try to get more than a thread that always runs is entitled to.
 *
 * The field of "slow" rows: CPU 0 belongs to 10 pinned hogs, so that its clock runs slowly; 6
 * victims on CPUs 1-3 and the attacker, who may run anywhere.  "fast": 9 victims on 4 CPUs.
 * --sweep tries every family with ATTACK_RUN_NS and ATTACK_SLEEP_NS replaced by others.
 */
#include "tests/fairness/attacks.h"

#define ALL UINT64_MAX
#define NOT_0 UINT64_C(0xe)
#define X ATTACK_RUN_NS
#define Y ATTACK_SLEEP_NS
#define W US(250)
#define COMMON .cpu_count = 4, .claim = CLAIM_GAIN, .duration_ns = MS(38000)
#define SLOW {.name = "pin0", .count = 10, .mask = CPU(0)}, \
             {.name = "victim", .count = 6, .mask = NOT_0}
#define FAST {.name = "victim", .count = 9}
#define ATTACKER(...) {.name = "attacker", .count = 1, .flags = GROUP_ATTACKS, \
                       .steps = {__VA_ARGS__}}
/* One family in both fields. */
#define FAMILY(text, what, ...) \
    {.name = text "-slow", .about = what, COMMON, .groups = {SLOW, ATTACKER(__VA_ARGS__)}}, \
    {.name = text "-fast", .about = what, COMMON, .groups = {FAST, ATTACKER(__VA_ARGS__)}}

static const struct row rows[] = {
    FAMILY("a-visit", "run, sleep with the set of CPU 0, come back",
           {STEP_MASK, ALL}, {STEP_RUN, X}, {STEP_MASK, CPU(0)}, {STEP_SLEEP, Y}),
    FAMILY("a-nap", "run, sleep", {STEP_RUN, X}, {STEP_SLEEP, Y}),
    FAMILY("a-touch", "run, then a little on CPU 0, sleep, come back",
           {STEP_MASK, NOT_0}, {STEP_RUN, X}, {STEP_MASK, CPU(0)}, {STEP_RUN, W}, {STEP_SLEEP, Y},
           {STEP_MASK, ALL}),
    FAMILY("a-hop", "run pinned to CPU 1 and to CPU 2 in turn",
           {STEP_MASK, CPU(1)}, {STEP_RUN, X}, {STEP_MASK, CPU(2)}, {STEP_RUN, X}),
    FAMILY("a-hopnap", "the same with a sleep before each hop",
           {STEP_MASK, CPU(1)}, {STEP_RUN, X}, {STEP_SLEEP, Y}, {STEP_MASK, CPU(2)}, {STEP_RUN, X},
           {STEP_SLEEP, Y}),
    FAMILY("a-via", "hop from CPU 1 to CPU 2 asleep on CPU 0",
           {STEP_MASK, CPU(1)}, {STEP_RUN, X}, {STEP_MASK, CPU(0)}, {STEP_SLEEP, Y},
           {STEP_MASK, CPU(2)}, {STEP_RUN, X}, {STEP_MASK, CPU(0)}, {STEP_SLEEP, Y}),
    FAMILY("a-pass", "hop from CPU 1 to CPU 2 through the set of CPU 0",
           {STEP_MASK, CPU(1)}, {STEP_RUN, X}, {STEP_MASK, CPU(0)}, {STEP_MASK, CPU(2)},
           {STEP_RUN, X}),
    FAMILY("a-yield", "run, give up, run", {STEP_RUN, X}, {STEP_YIELD, 0}),
    FAMILY("a-shy", "sleep before a slice is over, so that nobody sees it run",
           {STEP_RUN, US(2900)}, {STEP_SLEEP, US(10)}),
    FAMILY("a-shyhop", "the same, on another CPU each time",
           {STEP_RUN, US(2900)}, {STEP_SLEEP, US(10)}, {STEP_MASK, CPU(1)}, {STEP_RUN, US(2900)},
           {STEP_SLEEP, US(10)}, {STEP_MASK, CPU(2)}),
    FAMILY("a-weight", "half the weight while it sleeps, all while it runs",
           {STEP_RUN, X}, {STEP_WEIGHT, WEIGHT_UNIT / 2}, {STEP_SLEEP, Y},
           {STEP_WEIGHT, WEIGHT_UNIT}),
    FAMILY("a-weight1", "weight 1 for an instant while it runs",
           {STEP_RUN, X}, {STEP_WEIGHT, 1}, {STEP_WEIGHT, WEIGHT_UNIT}),
    FAMILY("a-weighhop", "weight 1 while it hops",
           {STEP_MASK, CPU(1)}, {STEP_RUN, X}, {STEP_WEIGHT, 1}, {STEP_MASK, CPU(2)},
           {STEP_RUN, US(10)}, {STEP_WEIGHT, WEIGHT_UNIT}, {STEP_RUN, X}),

    {.name = "a-mate", .about = "a partner pinned to CPU 0 wakes it there", COMMON,
     .groups = {SLOW,
                {.name = "attacker", .count = 1, .flags = GROUP_ATTACKS | GROUP_CALLS,
                 .steps = {{STEP_RUN, X}, {STEP_CALL, 0}}},
                {.name = "mate", .count = 1, .mask = CPU(0), .is_interactive = true,
                 .flags = GROUP_PARTNER | GROUP_UNMEASURED,
                 .steps = {{STEP_RUN, W}, {STEP_CALL, 0}}}}},
    {.name = "a-fork", .about = "run, fork, exit: each child a new thread", COMMON,
     .groups = {FAST,
                {.name = "first", .count = 1, .flags = GROUP_ATTACKS | GROUP_TOGETHER,
                 .steps = {{STEP_RUN, US(1400)}, {STEP_FORK, 0}, {STEP_EXIT, 0}}},
                {.name = "attacker", .count = 60000,
                 .flags = GROUP_ATTACKS | GROUP_TOGETHER | GROUP_LATE,
                 .steps = {{STEP_RUN, US(1400)}, {STEP_NEXT, 0}, {STEP_EXIT, 0}}}}},
    {.name = "a-split", .about = "8 threads that nap in turn: 8 shares, no more", COMMON,
     .groups = {FAST,
                {.name = "attacker", .count = 8, .flags = GROUP_ATTACKS | GROUP_TOGETHER,
                 .steps = {{STEP_RUN, MS(1)}, {STEP_SLEEP, US(100)}}}}},
    {.name = "a-spin1", .about = "an attacker with 32 spinners of weight 1", COMMON,
     .groups = {FAST,
                {.name = "attacker", .count = 1, .flags = GROUP_ATTACKS},
                {.name = "spin", .count = 32, .weight = 1, .flags = GROUP_UNMEASURED}}},
    {.name = "a-inter", .about = "an interactive slice, run less than it", COMMON,
     .groups = {FAST,
                {.name = "attacker", .count = 1, .is_interactive = true, .flags = GROUP_ATTACKS,
                 .steps = {{STEP_RUN, US(290)}, {STEP_SLEEP, US(5)}}}}},
};

const struct row_table rows_attacks = {rows, ARRAY_COUNT(rows)};
