/* SPDX-License-Identifier: MIT */
/*
 * scenarios_turn.c - a CPU turned over from one thread's context to another's (sched_turn_over),
 * against all else that may happen to the two and to the CPU.
 *
 * Thread 0 calls, thread 1 serves with a context of its own, or with one that it was lent before.
 * Who turns over waits; so each of these is a wake and a block in one, and must lose neither.  A
 * passive server turns from a caller to the next in its line by parting and borrowing: next-caller.
 */
#include "core/balance.h"
#include "tests/explorer/scenario_words.h"

#define LEAD_VNS (2 * PUSH_LEAD_NS) /* who is pushed is so far behind that it runs first */

const struct scenario turn_scenarios[] = {
    {
        .name = "turn-over-against-kill-of-caller",
        .goal = "CPU 1 kills the thread that turns CPU 0 over",
        .cpu_count = 2,
        .thread_count = 3,
        .op_ns = 700,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, TURN_OVER(1)),
                THREAD(BLOCKED, 0, ON(0), FREE, TURN_OVER(0)),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(0)),
            },
    },
    {
        .name = "turn-over-against-kill-of-server",
        .goal = "CPU 1 kills the thread that CPU 0 is turned over to, and tells the caller",
        .cpu_count = 2,
        .thread_count = 3,
        .op_ns = 700,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, TURN_OVER(1)),
                THREAD(BLOCKED, 0, ON(0), FREE, TURN_OVER(0)),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(1), WAKE(0)),
            },
    },
    {
        .name = "turn-over-against-cancel",
        .goal = "CPU 1 wakes the thread that turns CPU 0 over and is not answered",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, TURN_OVER(1)),
                THREAD(BLOCKED, 0, ON(0), FREE, BLOCK),
                THREAD(RUNNING, 1, ON(1), OWED, WAKE(0)),
            },
    },
    {
        .name = "turn-over-against-cancel-and-kill",
        .goal = "CPU 1 wakes the thread that turns CPU 0 over and is not answered, and kills it",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, TURN_OVER(1)),
                THREAD(BLOCKED, 0, ON(0), FREE, BLOCK),
                THREAD(RUNNING, 1, ON(1), OWED, WAKE(0)),
            },
        .externals = {[1] = {KILL(0)}},
    },
    {
        .name = "turn-over-against-wake",
        .goal = "CPU 1 wakes the thread that CPU 0 is turned over to",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, OWED, TURN_OVER(1)),
                THREAD(BLOCKED, 0, ANY, OWED, TURN_OVER(0)),
                THREAD(RUNNING, 1, ON(1), OWED, WAKE(1)),
            },
    },
    {
        .name = "turn-over-against-policy",
        .goal = "CPU 1 changes both threads that CPU 0 is turned over between",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, TURN_OVER(1)),
                THREAD(BLOCKED, 0, ON(0), FREE, TURN_OVER(0)),
                THREAD(RUNNING, 1, ON(1), OWED, WEIGHT(0, 9), WEIGHT(1, 9)),
            },
    },
    {
        .name = "turn-over-against-cancel-and-policy",
        .goal = "CPU 1 changes and wakes the thread that turns CPU 0 over",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, TURN_OVER(1)),
                THREAD(BLOCKED, 0, ON(0), FREE, {0}),
                THREAD(RUNNING, 1, ON(1), OWED, CLASS(0, BATCH), WAKE(0)),
            },
    },
    {
        .name = "turn-over-against-mask",
        .goal = "CPU 1 takes CPU 0 from the mask of the thread that it is turned over to",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, FREE, TURN_OVER(1)),
                THREAD(BLOCKED, 0, ANY, FREE, {0}),
                THREAD(RUNNING, 1, ON(1), OWED, MASK(1, ON(1))),
            },
    },
    {
        .name = "turn-over-against-post",
        .goal = "CPU 1 steals from CPU 0, then posts a fourth thread there, which is more urgent "
                "than who gets CPU 0 turned over",
        .cpu_count = 2,
        .thread_count = 5,
        .threads =
            {
                SHORT(RUNNING, 0, ON(0), FREE, TURN_OVER(1)),
                LONG(BLOCKED, 0, ON(0), FREE, {0}),
                THREAD(RUNNING, 1, ON(1), FREE, BLOCK),
                THREAD(BLOCKED, 0, ANY, OWED, WAKE(4)),
                THREAD(BLOCKED, 0, ON(0), OWED, {0}),
            },
        .externals = {[0] = {WAKE(3)}},
    },
    {
        .name = "turn-over-against-steal",
        .goal = "CPU 1 wakes the thread that turns CPU 0 over, and goes idle",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, OWED, TURN_OVER(1)),
                THREAD(BLOCKED, 0, ANY, FREE, {0}),
                THREAD(RUNNING, 1, ON(1), FREE, WAKE(0), BLOCK),
            },
    },
    {
        .name = "turn-over-against-push",
        .goal = "CPU 1 gives a thread to CPU 0 and wakes who turns that over",
        .cpu_count = 2,
        .thread_count = 4,
        .timer_count = 1,
        .timers_on = ON(1),
        .lead_vns = {[0] = LEAD_VNS},
        .externals = {[1] = {WAKE(0)}},
        .threads =
            {
                LONG(RUNNING, 0, ON(0), FREE, TURN_OVER(1)),
                SHORT(BLOCKED, 0, ON(0), FREE, TURN_OVER(0)),
                LONG(RUNNING, 1, ON(1), OWED, {0}),
                LONG(QUEUED, 1, ANY, OWED, {0}),
            },
    },
    {
        .name = "turn-over-beside-a-wake",
        .goal = "an interrupt of CPU 0 wakes a third thread there, and CPU 1 who turns over",
        .cpu_count = 2,
        .thread_count = 4,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, TURN_OVER(1)),
                THREAD(BLOCKED, 0, ON(0), FREE, TURN_OVER(0)),
                THREAD(RUNNING, 1, ON(1), OWED, WAKE(0)),
                THREAD(BLOCKED, 0, ON(0), OWED, {0}),
            },
        .externals = {[0] = {WAKE(3)}},
    },
    {
        .name = "turn-over-of-a-lent-context",
        .goal = "CPU 1 kills the root of a chain whose end turns CPU 0 over and back, and answers",
        .cpu_count = 2,
        .thread_count = 4,
        .op_ns = 700,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, TURN_OVER(2), HAND_BACK(0)),
                THREAD(BLOCKED, 0, ON(0), FREE, TURN_OVER(1)),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(0)),
            },
        .prepare = {LEND(1)},
    },
    {
        .name = "turn-over-of-a-dead-server",
        .goal = "CPU 1 kills the server that turned CPU 0 over on its caller's context",
        .cpu_count = 2,
        .thread_count = 4,
        .op_ns = 700,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, TURN_OVER(2), HAND_BACK(0)),
                THREAD(BLOCKED, 0, ON(0), FREE, TURN_OVER(1)),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(1), WAKE(0)),
            },
        .prepare = {LEND(1)},
    },
    {
        .name = "next-caller-against-kill-of-last",
        .goal = "a passive server answers one caller and serves the next from the line; CPU 1 "
                "kills the first",
        .cpu_count = 2,
        .thread_count = 4,
        .op_ns = 700,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, GO_HOME, BORROW(2), WAKE(0), HAND_BACK(2)),
                THREAD(BLOCKED, 0, ON(0), OWED, {0}),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(0)),
            },
        .prepare = {LEND(1)},
    },
    {
        .name = "next-caller-against-its-kill",
        .goal = "a passive server answers one caller and serves the next from the line; CPU 1 "
                "kills that",
        .cpu_count = 2,
        .thread_count = 4,
        .op_ns = 700,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, GO_HOME, BORROW(2), WAKE(0), HAND_BACK(2)),
                THREAD(BLOCKED, 0, ON(0), FREE, {0}),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(2)),
            },
        .prepare = {LEND(1)},
    },
    {
        .name = "two-turn-over",
        .goal = "threads of CPUs 0 and 1 turn over to the same one at once",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, TURN_OVER(2)),
                THREAD(RUNNING, 1, ON(1), FREE, TURN_OVER(2)),
                THREAD(BLOCKED, 0, ANY, FREE, TURN_OVER(0), TURN_OVER(1)),
            },
    },
};

const uint32_t turn_scenario_count = ARRAY_COUNT(turn_scenarios);
