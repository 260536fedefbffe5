/* SPDX-License-Identifier: MIT */
/*
 * scenarios_poll.c - idle CPUs that poll (core/poll.h), against whoever has something for them; and
 * who is woken onto the CPU of the thread that wakes it (core/wake_policy.h).
 *
 * Each idle CPU begins to poll when a decision names nobody, and stops when the search chooses:
 * before, between or after the steps of the others.  If nothing came by then it halts.
 */
#include "tests/explorer/scenario_words.h"

const struct scenario poll_scenarios[] = {
    {
        .name = "poll-against-post",
        .goal = "CPU 0 wakes a thread of CPU 1, which stops polling to halt",
        .cpu_count = 2,
        .thread_count = 2,
        .has_polling = true,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, WAKE(1)),
                THREAD(BLOCKED, 1, ON(1), OWED, {0}),
            },
    },
    {
        .name = "poll-against-two-posts",
        .goal = "CPUs 0 and 2 each wake a thread of CPU 1, which stops polling to halt",
        .cpu_count = 3,
        .thread_count = 4,
        .has_polling = true,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, WAKE(2)),
                THREAD(RUNNING, 2, ON(2), OWED, WAKE(3)),
                THREAD(BLOCKED, 1, ON(1), OWED, {0}),
                THREAD(BLOCKED, 1, ON(1), OWED, {0}),
            },
    },
    {
        .name = "poll-begins-against-post",
        .goal = "CPU 1's thread blocks and is woken by CPU 0 while CPU 1 begins to poll",
        .cpu_count = 2,
        .thread_count = 2,
        .has_polling = true,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, WAKE(1)),
                THREAD(RUNNING, 1, ON(1), OWED, BLOCK),
            },
    },
    {
        .name = "poll-against-steal-hint",
        .goal = "CPU 0 has one thread too many and claims CPU 1, which stops polling to halt",
        .cpu_count = 2,
        .thread_count = 2,
        .has_polling = true,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, OWED, WAKE(1), YIELD),
                THREAD(BLOCKED, 0, ON(0), OWED, {0}),
            },
    },
    {
        .name = "poll-against-kill",
        .goal = "CPU 0 wakes a thread of CPU 1 and CPU 2 kills it, while CPU 1 stops polling",
        .cpu_count = 3,
        .thread_count = 3,
        .has_polling = true,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, WAKE(2)),
                THREAD(RUNNING, 2, ON(2), OWED, KILL(2)),
                THREAD(BLOCKED, 1, ON(1), OWED, {0}),
            },
    },
    {
        .name = "poll-against-ping-pong",
        .goal = "two CPUs wake each other's thread, block and poll in turn",
        .cpu_count = 2,
        .thread_count = 2,
        .has_polling = true,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, WAKE(1), BLOCK, WAKE(1), BLOCK),
                THREAD(BLOCKED, 1, ON(1), FREE, WAKE(0), BLOCK, WAKE(0), BLOCK),
            },
    },
    {
        .name = "poll-against-interrupt",
        .goal = "an interrupt of CPU 1 ends its polling and wakes one thread, CPU 0 another",
        .cpu_count = 2,
        .thread_count = 3,
        .has_polling = true,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, WAKE(1)),
                THREAD(BLOCKED, 1, ON(1), OWED, {0}),
                THREAD(BLOCKED, 1, ON(1), OWED, {0}),
            },
        .externals = {[1] = {WAKE(2)}},
    },
    {
        .name = "poll-against-widening",
        .goal = "CPU 0 lets its queued thread use CPU 1 too, which stops polling to halt",
        .cpu_count = 2,
        .thread_count = 2,
        .has_polling = true,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, MASK(1, ON(0) | ON(1)), YIELD),
                THREAD(QUEUED, 0, ON(0), OWED, {0}),
            },
    },
    {
        .name = "join-against-idle",
        .goal = "CPU 0's thread wakes one onto its own CPU and stays, while CPU 1, where that one "
                "ran last, goes idle",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, JOIN(2)),
                THREAD(RUNNING, 1, ON(1), FREE, BLOCK),
                THREAD(BLOCKED, 1, ANY, OWED, {0}),
            },
    },
    {
        .name = "join-against-kill",
        .goal = "CPU 0's thread wakes one onto its own CPU and ends, while CPU 1 kills that one",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, JOIN(2), EXIT),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(2)),
                THREAD(BLOCKED, 1, ANY, OWED, {0}),
            },
    },
};

const uint32_t poll_scenario_count = ARRAY_COUNT(poll_scenarios);
