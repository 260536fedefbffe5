/* SPDX-License-Identifier: MIT */
/*
 * scenarios_move.c - what fairness across CPUs moves, against all else that may happen to it.
 *
 * In those of a push CPU 0 has somebody queued and CPU 1, or the last one, leads by more than H.
 * The set-up ends when CPU 0's next check is due, so its armed instant is here: whenever the search
 * takes it, thread 2 is given away.  In those of a steal by half CPU 0 has three queued.
 */
#include "core/balance.h"
#include "tests/explorer/scenario_words.h"

#define LEAD_VNS (2 * PUSH_LEAD_NS) /* who comes is so far behind that it runs first */
#define SHORT_LEAD_VNS (PUSH_LEAD_NS + NS_PER_MS) /* who comes waits */
#define DUE_NS PUSH_CHECK_NS

const struct scenario move_scenarios[] = {
    {
        .name = "push-against-steal",
        .goal = "CPU 1 goes idle and steals the thread that CPU 0 gives it",
        .cpu_count = 2,
        .thread_count = 3,
        .timer_count = 1,
        .lead_vns = {[1] = LEAD_VNS},
        .late_ns = DUE_NS,
        .threads =
            {
                LONG(RUNNING, 0, ON(0), OWED, {0}),
                LONG(RUNNING, 1, ON(1), FREE, BLOCK),
                LONG(QUEUED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "push-against-thief",
        .goal = "CPU 2 goes idle and steals while CPU 0 gives the same thread to CPU 1",
        .cpu_count = 3,
        .thread_count = 4,
        .timer_count = 1,
        .lead_vns = {[1] = LEAD_VNS},
        .late_ns = DUE_NS,
        .threads =
            {
                LONG(RUNNING, 0, ON(0), OWED, {0}),
                LONG(RUNNING, 1, ON(1), OWED, {0}),
                LONG(QUEUED, 0, ANY, OWED, {0}),
                LONG(RUNNING, 2, ON(2), FREE, BLOCK),
            },
    },
    {
        .name = "push-against-mask",
        .goal = "CPU 1 takes itself from the mask of the thread that CPU 0 gives it, and goes "
                "idle",
        .cpu_count = 2,
        .thread_count = 3,
        .timer_count = 1,
        .lead_vns = {[1] = LEAD_VNS},
        .late_ns = DUE_NS,
        .threads =
            {
                LONG(RUNNING, 0, ON(0), OWED, {0}),
                LONG(RUNNING, 1, ON(1), FREE, MASK(2, ON(0)), BLOCK),
                LONG(QUEUED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "push-against-widening",
        .goal = "an interrupt lets a queued thread use idle CPU 1 too, and a check gives it away",
        .cpu_count = 2,
        .thread_count = 2,
        .timer_count = 1,
        .lead_vns = {[1] = LEAD_VNS},
        .late_ns = DUE_NS,
        .threads =
            {
                LONG(RUNNING, 0, ON(0), OWED, MASK(1, ON(0) | ON(1))),
                LONG(QUEUED, 0, ON(0), OWED, {0}),
            },
    },
    {
        .name = "push-against-kill",
        .goal = "CPU 1 kills the thread that CPU 0 puts into its inbox",
        .cpu_count = 2,
        .thread_count = 4,
        .timer_count = 1,
        .lead_vns = {[1] = SHORT_LEAD_VNS},
        .late_ns = DUE_NS,
        .threads =
            {
                LONG(RUNNING, 0, ON(0), OWED, {0}),
                LONG(RUNNING, 1, ON(1), OWED, KILL(2)),
                LONG(QUEUED, 0, ANY, OWED, {0}),
                LONG(QUEUED, 1, ON(1), OWED, {0}),
            },
    },
    {
        .name = "push-against-its-exit",
        .goal = "the thread that CPU 0 gave away ends on CPU 1 while CPU 0 wakes it",
        .cpu_count = 2,
        .thread_count = 3,
        .timer_count = 1,
        .lead_vns = {[1] = LEAD_VNS},
        .late_ns = DUE_NS,
        .threads =
            {
                LONG(RUNNING, 0, ON(0), OWED, WAKE(2)),
                LONG(RUNNING, 1, ON(1), FREE, BLOCK),
                LONG(QUEUED, 0, ANY, OWED, EXIT),
            },
    },
    {
        .name = "push-against-kill-of-current",
        .goal = "CPU 0 kills who runs on CPU 1 and gives that CPU a thread",
        .cpu_count = 2,
        .thread_count = 3,
        .timer_count = 1,
        .lead_vns = {[1] = LEAD_VNS},
        .late_ns = DUE_NS,
        .threads =
            {
                LONG(RUNNING, 0, ON(0), OWED, KILL(1)),
                LONG(RUNNING, 1, ON(1), OWED, {0}),
                LONG(QUEUED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "push-against-exits",
        .goal = "CPU 0 gives a thread away as another ends there, and so does CPU 1's",
        .cpu_count = 2,
        .thread_count = 4,
        .lead_vns = {[1] = LEAD_VNS},
        .late_ns = DUE_NS,
        .threads =
            {
                LONG(RUNNING, 0, ON(0), OWED, EXIT),
                LONG(RUNNING, 1, ON(1), OWED, EXIT),
                LONG(QUEUED, 0, ON(0), OWED, {0}),
                LONG(QUEUED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "push-against-local-wake",
        .goal = "an interrupt on CPU 1 queues a thread there while CPU 0 gives it another",
        .cpu_count = 2,
        .thread_count = 4,
        .timer_count = 1,
        .lead_vns = {[1] = LEAD_VNS},
        .late_ns = DUE_NS,
        .threads =
            {
                LONG(RUNNING, 0, ON(0), OWED, {0}),
                LONG(RUNNING, 1, ON(1), OWED, {0}),
                LONG(QUEUED, 0, ANY, OWED, {0}),
                LONG(BLOCKED, 1, ON(1), OWED, {0}),
            },
        .externals = {[1] = {WAKE(3)}},
    },
    {
        .name = "push-against-post",
        .goal = "CPU 2 wakes a thread of CPU 1 while CPU 0 gives it another",
        .cpu_count = 3,
        .thread_count = 5,
        .timer_count = 1,
        .lead_vns = {[1] = LEAD_VNS},
        .late_ns = DUE_NS,
        .threads =
            {
                LONG(RUNNING, 0, ON(0), OWED, {0}),
                LONG(RUNNING, 1, ON(1), OWED, {0}),
                LONG(QUEUED, 0, ON(0) | ON(1), OWED, {0}),
                LONG(RUNNING, 2, ON(2), OWED, WAKE(4)),
                LONG(BLOCKED, 1, ON(1), OWED, {0}),
            },
    },
    {
        .name = "push-against-push",
        .goal = "CPUs 0 and 1 each give a thread to CPU 2",
        .cpu_count = 3,
        .thread_count = 5,
        .timer_count = 1,
        .lead_vns = {[2] = LEAD_VNS},
        .late_ns = DUE_NS,
        .threads =
            {
                LONG(RUNNING, 0, ON(0), OWED, {0}),
                LONG(RUNNING, 1, ON(1), OWED, {0}),
                LONG(QUEUED, 0, ON(0) | ON(2), OWED, {0}),
                LONG(QUEUED, 1, ON(1) | ON(2), OWED, {0}),
                LONG(RUNNING, 2, ON(2), OWED, {0}),
            },
    },
    {
        .name = "checks-on-both-sides",
        .goal = "CPUs 0 and 1 look for somebody to give away at the same time, CPU 1 is ahead",
        .cpu_count = 2,
        .thread_count = 4,
        .timer_count = 1,
        .lead_vns = {[1] = LEAD_VNS},
        .late_ns = DUE_NS,
        .threads =
            {
                LONG(RUNNING, 0, ON(0), OWED, {0}),
                LONG(RUNNING, 1, ON(1), OWED, {0}),
                LONG(QUEUED, 0, ANY, OWED, {0}),
                LONG(QUEUED, 1, ANY, OWED, {0}),
            },
    },
    {
        .name = "push-against-solo",
        .goal = "CPU 1 hands over to its last thread, without a timer, while CPU 0 gives it one",
        .cpu_count = 2,
        .thread_count = 4,
        .timer_count = 1,
        .lead_vns = {[1] = LEAD_VNS},
        .late_ns = DUE_NS,
        .threads =
            {
                LONG(RUNNING, 0, ON(0), OWED, {0}),
                LONG(RUNNING, 1, ON(1), FREE, BLOCK),
                LONG(QUEUED, 0, ANY, OWED, {0}),
                LONG(QUEUED, 1, ON(1), OWED, {0}),
            },
    },
    {
        .name = "push-against-hand-over",
        .goal = "CPU 1 wakes a thread, blocks and hands over to it while CPU 0 gives it another",
        .cpu_count = 2,
        .thread_count = 4,
        .timer_count = 1,
        .timers_on = ON(0),
        .lead_vns = {[1] = LEAD_VNS},
        .apart_ns = NS_PER_MS,
        .late_ns = DUE_NS - 2 * NS_PER_MS, /* so that CPU 1 may still hand over */
        .threads =
            {
                LONG(RUNNING, 0, ON(0), OWED, {0}),
                LONG(RUNNING, 1, ON(1), FREE, WAKE(3), BLOCK),
                LONG(QUEUED, 0, ANY, OWED, {0}),
                LONG(BLOCKED, 1, ON(1), FREE, {0}),
            },
    },
    {
        .name = "push-and-move",
        .goal = "CPU 0 sends its running thread away for its mask and gives one away at once",
        .cpu_count = 2,
        .thread_count = 4,
        .lead_vns = {[1] = LEAD_VNS},
        .late_ns = DUE_NS,
        .threads =
            {
                LONG(RUNNING, 0, ANY, OWED, {0}),
                LONG(RUNNING, 1, ON(1), FREE, MASK(0, ON(1)), BLOCK),
                LONG(QUEUED, 0, ON(0), OWED, {0}),
                LONG(QUEUED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "push-against-its-block",
        .goal = "the thread that CPU 0 gave away blocks on CPU 1 while CPU 0 wakes it",
        .cpu_count = 2,
        .thread_count = 3,
        .timer_count = 1,
        .lead_vns = {[1] = LEAD_VNS},
        .late_ns = DUE_NS,
        .threads =
            {
                LONG(RUNNING, 0, ON(0), OWED, WAKE(2)),
                LONG(RUNNING, 1, ON(1), OWED, {0}),
                LONG(QUEUED, 0, ANY, OWED, BLOCK),
            },
    },
    {
        .name = "push-against-mask-and-thief",
        .goal = "CPU 1 narrows the mask of the thread that CPU 0 gives it and CPU 2 steals",
        .cpu_count = 3,
        .thread_count = 4,
        .timer_count = 1,
        .timers_on = ON(0),
        .lead_vns = {[1] = LEAD_VNS},
        .late_ns = DUE_NS,
        .threads =
            {
                LONG(RUNNING, 0, ON(0), OWED, {0}),
                LONG(RUNNING, 1, ON(1), OWED, MASK(2, ON(2))),
                LONG(QUEUED, 0, ANY, OWED, {0}),
                LONG(RUNNING, 2, ON(2), FREE, BLOCK),
            },
    },
    {
        .name = "push-against-kill-and-thief",
        .goal = "CPU 1 kills the thread that CPU 0 gives it and CPU 2 steals",
        .cpu_count = 3,
        .thread_count = 4,
        .timer_count = 1,
        .timers_on = ON(0),
        .lead_vns = {[1] = LEAD_VNS},
        .late_ns = DUE_NS,
        .threads =
            {
                LONG(RUNNING, 0, ON(0), OWED, {0}),
                LONG(RUNNING, 1, ON(1), OWED, KILL(2)),
                LONG(QUEUED, 0, ANY, OWED, {0}),
                LONG(RUNNING, 2, ON(2), FREE, BLOCK),
            },
    },
    {
        .name = "push-against-half-steal",
        .goal = "CPU 2 steals two of three while CPU 0 gives one of them to CPU 1",
        .cpu_count = 3,
        .thread_count = 6,
        .timer_count = 1,
        .timers_on = ON(0),
        .lead_vns = {[1] = LEAD_VNS},
        .late_ns = DUE_NS,
        .threads =
            {
                LONG(RUNNING, 0, ON(0), OWED, {0}),
                LONG(RUNNING, 1, ON(1), OWED, {0}),
                LONG(QUEUED, 0, ANY, OWED, {0}),
                LONG(RUNNING, 2, ON(2), FREE, BLOCK),
                LONG(QUEUED, 0, ANY, OWED, {0}),
                LONG(QUEUED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "half-steal-against-mask",
        .goal = "CPU 1 steals two of three while CPU 0 keeps one of them and sends one away",
        .cpu_count = 2,
        .thread_count = 5,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, MASK(2, ON(0)), MASK(3, ON(1))),
                THREAD(RUNNING, 1, ON(1), FREE, BLOCK),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "half-steal-against-kill",
        .goal = "CPU 1 steals two of three while CPU 0 kills both",
        .cpu_count = 2,
        .thread_count = 5,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, KILL(2), KILL(3)),
                THREAD(RUNNING, 1, ON(1), FREE, BLOCK),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "half-steal-against-wake",
        .goal = "CPU 1 steals two of three while CPU 0 wakes who has blocked there",
        .cpu_count = 2,
        .thread_count = 5,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, {0}),
                THREAD(RUNNING, 1, ON(1), OWED, BLOCK),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
            },
        .externals = {[0] = {WAKE(1)}},
    },
    {
        .name = "half-steal-against-exits",
        .goal = "CPU 1, whose thread has ended, steals two of three while CPU 0's ends",
        .cpu_count = 2,
        .thread_count = 5,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, EXIT),
                THREAD(RUNNING, 1, ON(1), OWED, EXIT),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "half-steal-by-two",
        .goal = "CPUs 1 and 2 go idle beside CPU 0, which has three threads queued",
        .cpu_count = 3,
        .thread_count = 6,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, {0}),
                THREAD(RUNNING, 1, ON(1), FREE, BLOCK),
                THREAD(RUNNING, 2, ON(2), FREE, BLOCK),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "half-steal-against-its-block",
        .goal = "CPU 1 steals two of three; one of them blocks there while CPU 0 wakes it",
        .cpu_count = 2,
        .thread_count = 5,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, WAKE(2)),
                THREAD(RUNNING, 1, ON(1), FREE, BLOCK),
                THREAD(QUEUED, 0, ANY, OWED, BLOCK),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "half-steal-against-kill-by-third",
        .goal = "CPU 1 steals two of three while CPU 2 kills one of them",
        .cpu_count = 3,
        .thread_count = 6,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, {0}),
                THREAD(RUNNING, 1, ON(1), FREE, BLOCK),
                THREAD(RUNNING, 2, ON(2), OWED, KILL(4)),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "half-steal-against-post",
        .goal = "CPU 1 steals half of what CPU 0 has, CPU 2's post in its inbox too",
        .cpu_count = 3,
        .thread_count = 6,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, BLOCK),
                THREAD(RUNNING, 1, ON(1), FREE, BLOCK),
                THREAD(RUNNING, 2, ON(2), OWED, WAKE(5)),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
                THREAD(BLOCKED, 0, ON(0), OWED, {0}),
            },
    },
    {
        .name = "clock-read-against-publish",
        .goal = "CPU 1 reads CPU 0's clock while that writes two pages: one of them, or none",
        .cpu_count = 2,
        .thread_count = 2,
        .op_ns = CLOCK_EPOCH_NS,
        .clocks_are_choices = true,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, WEIGHT(0, 9), WAKE(1)),
                THREAD(BLOCKED, 0, ON(0), OWED, {0}),
            },
        .externals = {[1] = {READ_CLOCK(0)}},
    },
};

const uint32_t move_scenario_count = ARRAY_COUNT(move_scenarios);
