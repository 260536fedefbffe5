/* SPDX-License-Identifier: MIT */
/*
 * scenarios.c - what is explored.  The first six are the four sides of the wake protocol; CPU 0 is
 * the target there and CPU 1 wakes.  A thread that is pinned keeps the race where it is wanted.
 */
#include "tests/explorer/scenario_words.h"

const struct scenario wake_scenarios[] = {
    {
        .name = "wake-against-halt",
        .goal = "CPU 0 goes idle while CPU 1, which stole its only queued thread, posts to it",
        .cpu_count = 2,
        .thread_count = 4,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, BLOCK),
                THREAD(RUNNING, 1, ON(1), FREE, BLOCK),
                THREAD(QUEUED, 0, ANY, FREE, WAKE(3)),
                THREAD(BLOCKED, 0, ON(0), OWED, {0}),
            },
    },
    {
        .name = "wake-against-solo-halt",
        .goal = "CPU 0, which ran one thread alone, goes idle while CPU 1 posts to it",
        .cpu_count = 2,
        .thread_count = 3,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, FREE, BLOCK),
                THREAD(RUNNING, 1, ANY, FREE, WAKE(2)),
                THREAD(BLOCKED, 0, ON(0), OWED, {0}),
            },
    },
    {
        .name = "wake-against-solo",
        .goal = "CPU 0, whose queue was stolen from, stops its timer while CPU 1 posts to it",
        .cpu_count = 2,
        .thread_count = 4,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, {0}),
                THREAD(RUNNING, 1, ON(1), FREE, BLOCK),
                THREAD(QUEUED, 0, ANY, OWED, WAKE(3)),
                THREAD(BLOCKED, 0, ON(0), OWED, {0}),
            },
    },
    {
        .name = "wake-against-block-then-solo",
        .goal =
            "CPU 0 hands over to its last thread, alone without a timer, while CPU 1 posts to it",
        .cpu_count = 2,
        .thread_count = 4,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, WAKE(2), BLOCK),
                THREAD(RUNNING, 1, ANY, FREE, WAKE(3)),
                THREAD(BLOCKED, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ON(0), OWED, {0}),
            },
    },
    {
        .name = "wake-against-overload-clear",
        .goal = "CPU 0 has nobody queued any more and says so while CPU 1 posts to it and goes "
                "idle",
        .cpu_count = 2,
        .thread_count = 4,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, BLOCK),
                THREAD(RUNNING, 1, ANY, FREE, WAKE(3), BLOCK),
                THREAD(QUEUED, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "wake-against-block",
        .goal = "a thread blocks on CPU 0 while CPU 1 wakes it: it runs again, once",
        .cpu_count = 2,
        .thread_count = 2,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, OWED, BLOCK),
                THREAD(RUNNING, 1, ANY, FREE, WAKE(0)),
            },
    },
    {
        .name = "wake-elsewhere-against-block",
        .goal = "an interrupt on idle CPU 1 takes the thread over that is about to block on CPU 0",
        .cpu_count = 2,
        .thread_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, OWED, BLOCK),
            },
        .externals = {[1] = {WAKE(0)}},
    },
    {
        .name = "two-wakes-against-block",
        .goal = "an interrupt on CPU 0 and CPU 1 both wake the thread that blocks there",
        .cpu_count = 2,
        .thread_count = 2,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, OWED, BLOCK),
                THREAD(RUNNING, 1, ANY, FREE, WAKE(0)),
            },
        .externals = {[0] = {WAKE(0)}},
    },
    {
        .name = "blocks-against-wakes",
        .goal = "two blocks and two wakes of one thread: it is in one place throughout",
        .cpu_count = 2,
        .thread_count = 2,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, FREE, BLOCK, BLOCK),
                THREAD(RUNNING, 1, ANY, FREE, WAKE(0), WAKE(0)),
            },
    },
    {
        .name = "wake-against-requeue",
        .goal = "CPU 1 wakes a thread that CPU 0 puts back into its queue, before it blocks",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, YIELD, BLOCK),
                THREAD(RUNNING, 1, ON(1), FREE, WAKE(0)),
                THREAD(QUEUED, 0, ON(0), FREE, BLOCK),
            },
    },
    {
        .name = "ping-pong",
        .goal = "two threads on two CPUs wake each other and block",
        .cpu_count = 2,
        .thread_count = 2,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, FREE, WAKE(1), BLOCK),
                THREAD(RUNNING, 1, ANY, FREE, WAKE(0), BLOCK),
            },
    },
    {
        .name = "cross-wakes",
        .goal = "two CPUs post to each other and go idle",
        .cpu_count = 2,
        .thread_count = 4,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, FREE, WAKE(3), BLOCK),
                THREAD(RUNNING, 1, ANY, FREE, WAKE(2), BLOCK),
                THREAD(BLOCKED, 0, ANY, OWED, {0}),
                THREAD(BLOCKED, 1, ANY, OWED, {0}),
            },
    },
    {
        .name = "steal-against-block",
        .goal = "CPU 1 goes idle and steals what CPU 0, whose thread blocks, wants to run",
        .cpu_count = 2,
        .thread_count = 3,
        .timer_count = 2,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, FREE, BLOCK),
                THREAD(RUNNING, 1, ANY, FREE, BLOCK),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "steal-against-yield",
        .goal = "CPU 1 goes idle and steals while CPU 0 requeues its thread",
        .cpu_count = 2,
        .thread_count = 3,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, OWED, YIELD),
                THREAD(RUNNING, 1, ANY, FREE, BLOCK),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "local-wake-against-idle",
        .goal = "an interrupt on CPU 0 queues a thread there while CPU 1 goes idle",
        .cpu_count = 2,
        .thread_count = 3,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, OWED, {0}),
                THREAD(RUNNING, 1, ANY, FREE, BLOCK),
                THREAD(BLOCKED, 0, ANY, OWED, {0}),
            },
        .externals = {[0] = {WAKE(2)}},
    },
    {
        .name = "exit-against-wake",
        .goal = "a thread ends on CPU 0 while CPU 1 wakes it: refused or too early, never half",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, OWED, EXIT),
                THREAD(RUNNING, 1, ANY, OWED, WAKE(0), WAKE(2)),
                THREAD(BLOCKED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "short-slice-wakes",
        .goal = "an interactive thread is posted to a CPU that is busy with two others",
        .cpu_count = 2,
        .thread_count = 4,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, YIELD),
                THREAD(RUNNING, 1, ON(1), FREE, WAKE(3)),
                THREAD(QUEUED, 0, ON(0), OWED, {0}),
                SHORT(BLOCKED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "halted-cpu-takes-timer",
        .goal = "an interrupt wakes a thread on a halting CPU while CPU 1 posts another",
        .cpu_count = 2,
        .thread_count = 4,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, FREE, BLOCK),
                THREAD(RUNNING, 1, ON(1), FREE, WAKE(3)),
                THREAD(BLOCKED, 0, ON(0), OWED, {0}),
                THREAD(BLOCKED, 0, ANY, OWED, {0}),
            },
        .externals = {[0] = {WAKE(2)}},
    },
    {
        .name = "mask-against-block",
        .goal = "CPU 1 takes CPU 0 from the mask of the thread that blocks and is woken there",
        .cpu_count = 2,
        .thread_count = 2,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, OWED, BLOCK),
                THREAD(RUNNING, 1, ANY, FREE, MASK(0, ON(1)), WAKE(0)),
            },
    },
    {
        .name = "mask-against-yield",
        .goal = "CPU 1 takes CPU 0 from the mask of a thread that yields there",
        .cpu_count = 2,
        .thread_count = 3,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, OWED, YIELD),
                THREAD(RUNNING, 1, ANY, FREE, MASK(0, ON(1))),
                THREAD(QUEUED, 0, ON(0), FREE, BLOCK),
            },
    },
    {
        .name = "mask-against-steal",
        .goal = "a queued thread's mask moves to the CPU that is about to steal it",
        .cpu_count = 2,
        .thread_count = 3,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, MASK(2, ON(1))),
                THREAD(RUNNING, 1, ANY, FREE, BLOCK),
                THREAD(QUEUED, 0, ON(0), OWED, {0}),
            },
    },
    {
        .name = "two-wakers-one-idle-cpu",
        .goal = "CPUs 0 and 1 each wake a thread of CPU 2, which is going idle",
        .cpu_count = 3,
        .thread_count = 5,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, WAKE(3)),
                THREAD(RUNNING, 1, ON(1), FREE, WAKE(4)),
                THREAD(RUNNING, 2, ANY, FREE, BLOCK),
                THREAD(BLOCKED, 2, ANY, OWED, {0}),
                THREAD(BLOCKED, 2, ANY, OWED, {0}),
            },
    },
    {
        .name = "two-wakers-two-blocks",
        .goal = "CPUs 1 and 2 wake a thread that blocks twice on CPU 0",
        .cpu_count = 3,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, FREE, BLOCK, BLOCK),
                THREAD(RUNNING, 1, ON(1), OWED, WAKE(0)),
                THREAD(RUNNING, 2, ON(2), OWED, WAKE(0)),
            },
    },
    {
        .name = "two-idle-one-overloaded",
        .goal = "CPUs 1 and 2 go idle beside CPU 0, which has two threads queued",
        .cpu_count = 3,
        .thread_count = 5,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, {0}),
                THREAD(RUNNING, 1, ANY, FREE, BLOCK),
                THREAD(RUNNING, 2, ANY, FREE, BLOCK),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "post-against-idle",
        .goal = "CPU 2 posts to CPU 0, which is busy, while CPU 1 goes idle: it takes the thread",
        .cpu_count = 3,
        .thread_count = 5,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, {0}),
                THREAD(RUNNING, 1, ANY, FREE, BLOCK),
                THREAD(RUNNING, 2, ON(2), OWED, WAKE(4)),
                THREAD(QUEUED, 0, ON(0), OWED, {0}),
                THREAD(BLOCKED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "thief-clears-overload",
        .goal = "CPU 1 steals CPU 0's last queued thread while CPU 2 posts one there and goes "
                "idle",
        .cpu_count = 3,
        .thread_count = 5,
        .timer_count = 0,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, {0}),
                THREAD(RUNNING, 1, ANY, FREE, BLOCK),
                THREAD(RUNNING, 2, ANY, FREE, WAKE(4), BLOCK),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
                THREAD(BLOCKED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "kill-against-block",
        .goal = "CPU 1 kills the thread that blocks on CPU 0",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, OWED, BLOCK),
                THREAD(RUNNING, 1, ANY, OWED, KILL(0)),
                THREAD(QUEUED, 0, ON(0), OWED, {0}),
            },
    },
    {
        .name = "kill-against-wake",
        .goal = "CPU 1 kills the thread that CPU 0 wakes: it runs or it ends, once",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, WAKE(2)),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(2)),
                THREAD(BLOCKED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "kill-against-post",
        .goal = "CPU 1 posts to busy CPU 0 while an interrupt there kills the thread",
        .cpu_count = 2,
        .thread_count = 4,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, {0}),
                THREAD(RUNNING, 1, ON(1), OWED, WAKE(3)),
                THREAD(QUEUED, 0, ON(0), OWED, {0}),
                THREAD(BLOCKED, 0, ON(0), OWED, {0}),
            },
        .externals = {[0] = {KILL(3)}},
    },
    {
        .name = "kill-against-steal",
        .goal = "CPU 0 kills its queued thread while CPU 1 goes idle and steals it",
        .cpu_count = 2,
        .thread_count = 3,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, KILL(2)),
                THREAD(RUNNING, 1, ANY, FREE, BLOCK),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "kill-against-exit",
        .goal = "a thread ends on CPU 0 while CPU 1 kills it",
        .cpu_count = 2,
        .thread_count = 2,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, OWED, EXIT),
                THREAD(RUNNING, 1, ANY, OWED, KILL(0)),
            },
    },
    {
        .name = "kill-against-mask",
        .goal = "CPU 1 kills a thread that CPU 0 sends away because its mask changed",
        .cpu_count = 2,
        .thread_count = 2,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, OWED, MASK(0, ON(1))),
                THREAD(RUNNING, 1, ANY, OWED, KILL(0)),
            },
    },
    {
        .name = "kill-against-queue",
        .goal = "CPU 1 kills a thread queued on CPU 0 while that yields to it",
        .cpu_count = 2,
        .thread_count = 3,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, YIELD),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(2)),
                THREAD(QUEUED, 0, ON(0), OWED, {0}),
            },
    },
    {
        .name = "kill-against-yield",
        .goal = "CPU 1 kills the thread that yields on CPU 0",
        .cpu_count = 2,
        .thread_count = 3,
        .timer_count = 0,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, YIELD),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(0)),
                THREAD(QUEUED, 0, ON(0), OWED, {0}),
            },
    },
    {
        .name = "two-killers",
        .goal = "CPUs 1 and 2 kill the thread that blocks on CPU 0",
        .cpu_count = 3,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, OWED, BLOCK),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(0)),
                THREAD(RUNNING, 2, ON(2), OWED, KILL(0)),
            },
    },
    {
        .name = "kill-each-other",
        .goal = "two running threads kill each other",
        .cpu_count = 2,
        .thread_count = 2,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, OWED, KILL(1)),
                THREAD(RUNNING, 1, ANY, OWED, KILL(0)),
            },
    },
    {
        .name = "thief-drains-inbox-against-solo",
        .goal = "CPU 1 takes CPU 2's post out of CPU 0's inbox while CPU 0 stops its timer",
        .cpu_count = 3,
        .thread_count = 5,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, BLOCK),
                THREAD(RUNNING, 1, ANY, FREE, BLOCK),
                THREAD(RUNNING, 2, ON(2), FREE, WAKE(4)),
                THREAD(QUEUED, 0, ON(0), OWED, {0}),
                THREAD(BLOCKED, 0, ON(0), OWED, {0}),
            },
    },
    {
        .name = "policy-against-block",
        .goal = "CPU 1 changes the thread that blocks on CPU 0 and is woken there",
        .cpu_count = 2,
        .thread_count = 2,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, BLOCK),
                THREAD(RUNNING, 1, ON(1), OWED, WEIGHT(0, 9), WAKE(0)),
            },
    },
    {
        .name = "policy-against-wake",
        .goal = "CPU 1 changes weight and class of the thread that CPU 0 wakes",
        .cpu_count = 2,
        .thread_count = 3,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, WAKE(2)),
                THREAD(RUNNING, 1, ON(1), OWED, CLASS(2, INTERACTIVE), WEIGHT(2, 9)),
                THREAD(BLOCKED, 0, ON(0), OWED, {0}),
            },
        .externals = {[1] = {WAKE(2)}},
    },
    {
        .name = "policy-against-post",
        .goal = "CPU 1 posts to busy CPU 0 while an interrupt there gives the thread a short slice",
        .cpu_count = 2,
        .thread_count = 4,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, {0}),
                THREAD(RUNNING, 1, ON(1), OWED, WAKE(3)),
                THREAD(QUEUED, 0, ON(0), OWED, {0}),
                THREAD(BLOCKED, 0, ON(0), OWED, {0}),
            },
        .externals = {[0] = {CLASS(3, INTERACTIVE)}},
    },
    {
        .name = "policy-against-steal",
        .goal = "CPU 0 changes its queued thread while CPU 1 goes idle and steals it",
        .cpu_count = 2,
        .thread_count = 3,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, WEIGHT(2, 9)),
                THREAD(RUNNING, 1, ANY, FREE, BLOCK),
                THREAD(QUEUED, 0, ANY, OWED, {0}),
            },
    },
    {
        .name = "policy-against-pick",
        .goal = "CPU 1 changes the thread queued on CPU 0 while that yields to it",
        .cpu_count = 2,
        .thread_count = 3,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, YIELD),
                THREAD(RUNNING, 1, ON(1), OWED, WEIGHT(2, 9)),
                THREAD(QUEUED, 0, ON(0), OWED, {0}),
            },
        .externals = {[0] = {CLASS(0, BATCH)}},
    },
    {
        .name = "policy-against-handover",
        .goal = "CPU 1 changes the thread that CPU 0 wakes, blocks for and hands over to",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, WAKE(2), BLOCK),
                THREAD(RUNNING, 1, ON(1), OWED, CLASS(2, BATCH)),
                THREAD(BLOCKED, 0, ON(0), FREE, {0}),
            },
    },
    {
        .name = "policy-against-kill",
        .goal = "CPU 0 kills a thread that waits, while CPU 1 changes and wakes it",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, KILL(2)),
                THREAD(RUNNING, 1, ON(1), OWED, WEIGHT(2, 9), WAKE(2)),
                THREAD(BLOCKED, 0, ON(0), FREE, {0}),
            },
    },
    {
        .name = "two-setters",
        .goal = "CPUs 1 and 2 change weight and class of the thread that blocks on CPU 0",
        .cpu_count = 3,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, BLOCK),
                THREAD(RUNNING, 1, ON(1), OWED, WEIGHT(0, 9), WAKE(0)),
                THREAD(RUNNING, 2, ON(2), OWED, CLASS(0, BATCH)),
            },
    },
};

const uint32_t wake_scenario_count = ARRAY_COUNT(wake_scenarios);
