/* SPDX-License-Identifier: MIT */
/* rows_steady.c - threads that always run, with weights, sets, pins, slices, stolen time. */
#include "tests/fairness/row.h"

#define RESERVED(cpu, run_ms, period_ms) \
    {.name = "resv", .count = 1, .weight = WEIGHT_MAX, .mask = CPU(cpu), .is_interactive = true, \
     .flags = GROUP_UNMEASURED, .steps = {{STEP_RUN, MS(run_ms)}, {STEP_PERIOD, MS(period_ms)}}}
/* Of the CPUs cpu, cpu + 10, cpu + 20 ...: `percent` of every 10 ms. */
#define RAMP(percent, cpu) \
    {.name = "resv", .count = 1, .weight = WEIGHT_MAX, .mask = CPU(cpu), .copies = 6, \
     .shift = 10, .is_interactive = true, .flags = GROUP_UNMEASURED, \
     .steps = {{STEP_RUN, US(100) * (percent)}, {STEP_PERIOD, MS(10)}}}

#define SETS(n, most) \
    {{.name = "set", .count = (n), .weight = WEIGHT_UNIT, .weight_max = 3, .mask_cpus_max = (most)}}

static const struct row rows[] = {
    /* Weights. */
    {.name = "light", .about = "12 of weight 15 on 8: H is service, whatever the weight",
     .cpu_count = 8, .groups = {{.name = "light", .count = 12, .weight = 15}}},
    {.name = "heavy", .about = "12 of weight 16384 on 8", .cpu_count = 8,
     .groups = {{.name = "heavy", .count = 12, .weight = 16384}}},
    {.name = "mixed", .about = "8 of weight 1024, 8 of 15, 4 of 4096 on 8", .cpu_count = 8,
     .wait_more_ns = MS(250),
     .groups = {{.name = "hog", .count = 8},
                {.name = "light", .count = 8, .weight = 15},
                {.name = "big", .count = 4, .weight = 4096}}},
    {.name = "giant", .about = "weight 131072 and 11 of 1024 on 8", .cpu_count = 8,
     .groups = {{.name = "giant", .count = 1, .weight = WEIGHT_MAX}, {.name = "hog", .count = 11}}},
    {.name = "giant1", .about = "weight 1000 and 11 of 1 on 8", .cpu_count = 8,
     .groups = {{.name = "giant", .count = 1, .weight = 1000},
                {.name = "one", .count = 11, .weight = 1}}},
    {.name = "giants", .about = "2 of weight 51200, 8 hogs, 4 random sleepers on 8",
     .cpu_count = 8,
     .groups = {{.name = "giant", .count = 2, .weight = 50 * WEIGHT_UNIT},
                {.name = "hog", .count = 8},
                {.name = "sleeper", .count = 4,
                 .steps = {{STEP_RUN_RANDOM, MS(2)}, {STEP_SLEEP_RANDOM, MS(4)}}}}},
    {.name = "spin1", .about = "12 hogs and 64 spinners of weight 1 on 8", .cpu_count = 8,
     .groups = {{.name = "hog", .count = 12},
                {.name = "spin", .count = 64, .weight = 1, .flags = GROUP_UNMEASURED}}},

    /* Slices. */
    {.name = "slices", .about = "batch and normal hogs, interactive sleepers, 23 on 8",
     .cpu_count = 8,
     .groups = {{.name = "batch", .count = 10, .is_batch = true},
                {.name = "hog", .count = 5},
                {.name = "inter", .count = 8, .is_interactive = true, .flags = GROUP_SPREAD,
                 .steps = {{STEP_RUN, US(500)}, {STEP_PERIOD, MS(10)}}}}},
    {.name = "batch12on8", .about = "12 batch hogs on 8", .cpu_count = 8,
     .groups = {{.name = "batch", .count = 12, .is_batch = true}}},

    /* CPU sets. */
    {.name = "pins", .about = "10 pinned to CPU 0 and 7 free on 4", .cpu_count = 4,
     .groups = {{.name = "pin0", .count = 10, .mask = CPU(0)}, {.name = "free", .count = 7}}},
    {.name = "pin2", .about = "one pinned to each of 2, one free", .cpu_count = 2,
     .groups = {{.name = "pin0", .count = 1, .mask = CPU(0)},
                {.name = "pin1", .count = 1, .mask = CPU(1)},
                {.name = "free", .count = 1}}},
    {.name = "disjoint", .about = "10 on CPUs 0-3, 1 on 4, 5 on 5-7", .cpu_count = 8,
     .groups = {{.name = "low", .count = 10, .mask = 0x0f},
                {.name = "solo", .count = 1, .mask = 0x10},
                {.name = "high", .count = 5, .mask = 0xe0}}},
    {.name = "chain", .about = "24 on sets {k, k+1}, 7 sets on 8", .cpu_count = 8,
     .groups = {{.name = "pair", .count = 3, .mask = 0x3, .copies = 7, .shift = 1},
                {.name = "more", .count = 3, .mask = 0x30}}},
    {.name = "nested", .about = "sets of 1, 2, 4 and 8 CPUs inside each other, 20 on 8",
     .cpu_count = 8,
     .groups = {{.name = "one", .count = 4, .mask = 0x01},
                {.name = "two", .count = 4, .mask = 0x03},
                {.name = "four", .count = 5, .mask = 0x0f},
                {.name = "eight", .count = 7}}},
    {.name = "sets", .about = "24 of random sets of 1..4 and weights 1024 * 1..3 on 8",
     .cpu_count = 8,
     .groups = SETS(24, 4)},
    {.name = "sets2", .about = "drawn otherwise: few may go where too little is",
     .cpu_count = 8, .drawn_from = 2, .groups = SETS(24, 4)},
    {.name = "sets8", .about = "drawn otherwise: one of 24 may", .cpu_count = 8, .drawn_from = 8,
     .wait_more_ns = MS(20), .groups = SETS(24, 4)},
    {.name = "sets16", .about = "48 of random sets of 1..5 on 16", .cpu_count = 16,
     .groups = SETS(48, 5)},
    {.name = "sets64", .about = "200 of random sets of 1..8 on 64", .cpu_count = 64,
     .groups = SETS(200, 8)},
    {.name = "pairs64", .about = "96 on 32 sets of two of 64", .cpu_count = 64,
     .groups = {{.name = "pair", .count = 3, .mask = 0x3, .copies = 32, .shift = 2}}},
    {.name = "llc64", .about = "sets of 8, 20 free, 16 pinned to CPU 5, on 64", .cpu_count = 64,
     .groups = {{.name = "llc", .count = 10, .mask = 0xff, .copies = 8, .shift = 8},
                {.name = "llc2", .count = 5, .mask = 0xff00, .copies = 3, .shift = 16},
                {.name = "free", .count = 20},
                {.name = "pin5", .count = 16, .mask = CPU(5)}}},

    /* Reserved time, as long as nothing creates reserved contexts: a thread of the largest weight
     * and the shortest slice that runs so much of every period.  To the fair class it is not the
     * same, as it competes in V, so nothing is claimed. */
    {.name = "resv", .about = "90 % and 50 % of two CPUs reserved, 9 hogs on 4", .cpu_count = 4,
     .claim = CLAIM_NONE,
     .groups = {RESERVED(0, 9, 10), RESERVED(1, 25, 50), {.name = "hog", .count = 9}}},
    {.name = "resv2", .about = "90 % of a CPU reserved, 2 hogs on 2", .cpu_count = 2,
     .claim = CLAIM_NONE,
     .groups = {RESERVED(0, 9, 10), {.name = "hog", .count = 2}}},
    {.name = "resv100", .about = "90 of 100 ms of a CPU reserved, 2 hogs on 2", .cpu_count = 2,
     .claim = CLAIM_NONE,
     .groups = {RESERVED(0, 90, 100), {.name = "hog", .count = 2}}},
    {.name = "resvpin", .about = "80 % and 50 % reserved, 3 pinned, 6 free on 4", .cpu_count = 4,
     .claim = CLAIM_NONE,
     .groups = {RESERVED(0, 8, 10),
                RESERVED(1, 5, 10),
                {.name = "pin0", .count = 2, .mask = CPU(0)},
                {.name = "pin1", .count = 1, .mask = CPU(1)},
                {.name = "free", .count = 6}}},
    {.name = "resvsolo", .about = "80 % reserved, 1 pinned to the other CPU, 1 free, on 2",
     .cpu_count = 2, .claim = CLAIM_NONE,
     .groups = {RESERVED(0, 8, 10),
                {.name = "pin1", .count = 1, .mask = CPU(1)},
                {.name = "free", .count = 1}}},
    {.name = "resv64", .about = "0..81 % of the CPUs reserved, 80 hogs on 64",
     .cpu_count = 64, .claim = CLAIM_NONE,
     .groups = {RAMP(9, 3), RAMP(18, 6), RAMP(27, 9), RAMP(36, 2), RAMP(45, 5),
                RAMP(54, 8), RAMP(63, 1), RAMP(72, 4), RAMP(81, 7),
                {.name = "hog", .count = 80}}},

    /* Stolen time: interrupts that take the CPU from the thread that runs there.  Nobody claims a
     * share where it may be alone: a running thread is never moved. */
    {.name = "stolen", .about = "90 % and 50 % of two CPUs stolen, 9 hogs on 4", .cpu_count = 4,
     .claim = CLAIM_WAIT, .groups = {{.name = "hog", .count = 9}},
     .steals = {{0, MS(9), MS(10)}, {1, MS(25), MS(50)}}},
    {.name = "stolenpin", .about = "80 % and 50 % stolen, 3 pinned, 6 free on 4", .cpu_count = 4,
     .groups = {{.name = "pin0", .count = 2, .mask = CPU(0)},
                {.name = "pin1", .count = 1, .mask = CPU(1)},
                {.name = "free", .count = 6}},
     .steals = {{0, MS(8), MS(10)}, {1, MS(5), MS(10)}}},
    {.name = "stolen64", .about = "0..81 % stolen, 80 hogs on 64", .cpu_count = 64,
     .claim = CLAIM_WAIT, .groups = {{.name = "hog", .count = 80}}, .has_steal_ramp = true},
};

const struct row_table rows_steady = {rows, ARRAY_COUNT(rows)};
