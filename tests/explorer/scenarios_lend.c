/* SPDX-License-Identifier: MIT */
/*
 * scenarios_lend.c - a context lent over a call, against all else that may happen to who lends it
 * and who uses it.
 *
 * Thread 0 calls, thread 1 serves; what a chain is made of calls on in this order.  A cancel, an
 * expiry and a revocation of a call are, for the core, a wake of the caller from anywhere.  Where
 * time passes with each operation (op_ns) the accounts have something to balance.
 */
#include "core/balance.h"
#include "tests/explorer/scenario_words.h"

#define LEAD_VNS (2 * PUSH_LEAD_NS) /* who is pushed is so far behind that it runs first */

const struct scenario lend_scenarios[] = {
    {
        .name = "lend-against-kill-of-caller",
        .goal = "CPU 1 kills the thread that calls on CPU 0",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, LEND(1)),
                THREAD(BLOCKED, 0, ON(0), FREE, {0}),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(0)),
            },
    },
    {
        .name = "lend-against-kill-of-server",
        .goal = "CPU 1 kills the thread that is called on CPU 0, and tells the caller",
        .cpu_count = 2,
        .thread_count = 3,
        .op_ns = 700,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, LEND(1)),
                THREAD(BLOCKED, 0, ON(0), FREE, HAND_BACK(0)),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(1), WAKE(0)),
            },
    },
    {
        .name = "lend-against-wake-of-caller",
        .goal = "CPU 1 wakes the thread that calls on CPU 0 and is not answered: the wake is kept",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, LEND(1)),
                THREAD(BLOCKED, 0, ON(0), FREE, BLOCK),
                THREAD(RUNNING, 1, ON(1), OWED, WAKE(0)),
            },
    },
    {
        .name = "lend-against-policy",
        .goal = "CPU 1 changes the thread that calls on CPU 0 and the one that is called",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, LEND(1)),
                THREAD(BLOCKED, 0, ON(0), FREE, HAND_BACK(0)),
                THREAD(RUNNING, 1, ON(1), OWED, WEIGHT(0, 9), WEIGHT(1, 9)),
            },
    },
    {
        .name = "lend-against-mask",
        .goal = "CPU 1 takes CPU 0 from the mask of the thread that is called there",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, FREE, LEND(1)),
                THREAD(BLOCKED, 0, ANY, FREE, {0}),
                THREAD(RUNNING, 1, ON(1), OWED, MASK(1, ON(1))),
            },
    },
    {
        .name = "hand-back-against-kill-of-caller",
        .goal = "CPU 1 kills the thread that is answered on CPU 0",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, HAND_BACK(0)),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(0)),
            },
        .prepare = {LEND(1)},
    },
    {
        .name = "hand-back-against-kill-of-server",
        .goal = "CPU 1 kills the thread that answers on CPU 0, and tells the caller",
        .cpu_count = 2,
        .thread_count = 3,
        .op_ns = 700,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, HAND_BACK(0)),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(1), WAKE(0)),
            },
        .prepare = {LEND(1)},
    },
    {
        .name = "hand-back-against-wake-of-server",
        .goal = "CPU 1 wakes the thread that answers on CPU 0 and waits for more",
        .cpu_count = 2,
        .thread_count = 3,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, {0}),
                THREAD(BLOCKED, 0, ON(0), OWED, HAND_BACK(0)),
                THREAD(RUNNING, 1, ON(1), OWED, WAKE(1)),
            },
        .prepare = {LEND(1)},
    },
    {
        .name = "hand-back-against-wake-and-kill",
        .goal = "CPU 1 wakes the thread that answers on CPU 0 and waits for more, and kills it",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, HAND_BACK(0)),
                THREAD(RUNNING, 1, ON(1), OWED, WAKE(1)),
            },
        .externals = {[1] = {KILL(1)}},
        .prepare = {LEND(1)},
    },
    {
        .name = "hand-back-against-kill-of-root",
        .goal = "CPU 1 kills the root of a chain whose end answers on CPU 0, once",
        .cpu_count = 2,
        .thread_count = 4,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ON(0), OWED, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, HAND_BACK(1)),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(0)),
            },
        .prepare = {LEND(1), LEND(2)},
    },
    {
        .name = "hand-back-against-wake-of-caller",
        .goal = "CPU 1 wakes the thread that is answered on CPU 0: it runs again, once",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, OWED, {0}),
                THREAD(BLOCKED, 0, ANY, FREE, HAND_BACK(0)),
                THREAD(RUNNING, 1, ON(1), OWED, WAKE(0)),
            },
        .prepare = {LEND(1)},
    },
    {
        .name = "hand-back-against-policy",
        .goal = "CPU 1 changes the thread that answers on CPU 0 and the one that is answered",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, {0}),
                THREAD(BLOCKED, 0, ON(0), OWED, HAND_BACK(0)),
                THREAD(RUNNING, 1, ON(1), OWED, WEIGHT(1, 9), WAKE(1)),
            },
        .externals = {[1] = {WEIGHT(0, 9)}},
        .prepare = {LEND(1)},
    },
    {
        .name = "hand-back-against-mask",
        .goal = "CPU 1 takes CPU 0 from the mask of the thread that is answered there",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ANY, OWED, {0}),
                THREAD(BLOCKED, 0, ANY, FREE, HAND_BACK(0)),
                THREAD(RUNNING, 1, ON(1), OWED, MASK(0, ON(1))),
            },
        .prepare = {LEND(1)},
    },
    {
        .name = "second-call-against-kill-of-root",
        .goal = "CPU 1 kills the caller of a thread that calls on while it serves on CPU 0",
        .cpu_count = 2,
        .thread_count = 4,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, LEND(2)),
                THREAD(BLOCKED, 0, ON(0), FREE, {0}),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(0)),
            },
        .prepare = {LEND(1)},
    },
    {
        .name = "chain-against-kill-of-root",
        .goal = "CPU 1 kills the root of a chain that answers its way back on CPU 0",
        .cpu_count = 2,
        .thread_count = 4,
        .op_ns = 700,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, HAND_BACK(0)),
                THREAD(BLOCKED, 0, ON(0), FREE, HAND_BACK(1)),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(0), WAKE(1)),
            },
        .prepare = {LEND(1), LEND(2)},
    },
    {
        .name = "chain-against-kill-of-middle",
        .goal = "CPU 1 kills the middle of a chain that answers its way back on CPU 0",
        .cpu_count = 2,
        .thread_count = 4,
        .op_ns = 700,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, HAND_BACK(0)),
                THREAD(BLOCKED, 0, ON(0), FREE, HAND_BACK(1)),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(1), WAKE(0)),
            },
        .prepare = {LEND(1), LEND(2)},
    },
    {
        .name = "chain-against-kill-of-end",
        .goal = "CPU 1 kills the end of a chain that answers on CPU 0, and tells the middle",
        .cpu_count = 2,
        .thread_count = 4,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, HAND_BACK(0)),
                THREAD(BLOCKED, 0, ON(0), FREE, HAND_BACK(1)),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(2), WAKE(1)),
            },
        .prepare = {LEND(1), LEND(2)},
    },
    {
        .name = "go-home-against-wake-and-kill",
        .goal = "CPU 1 wakes and kills the lender that its server parts from on CPU 0",
        .cpu_count = 2,
        .thread_count = 3,
        .op_ns = 700,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, GO_HOME, BLOCK),
                THREAD(RUNNING, 1, ON(1), OWED, WAKE(0)),
            },
        .externals = {[1] = {KILL(0)}},
        .prepare = {LEND(1)},
    },
    {
        .name = "go-home-against-wake",
        .goal = "CPU 1 wakes the lender that its server parts from on CPU 0",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, GO_HOME, BLOCK),
                THREAD(RUNNING, 1, ON(1), OWED, WEIGHT(0, 9), WAKE(0)),
            },
        .prepare = {LEND(1)},
    },
    {
        .name = "go-home-against-kill-of-root",
        .goal = "CPU 1 kills the root of a chain whose end parts from it on CPU 0",
        .cpu_count = 2,
        .thread_count = 4,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, BLOCK),
                THREAD(BLOCKED, 0, ON(0), FREE, GO_HOME, BLOCK),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(0)),
            },
        .prepare = {LEND(1), LEND(2)},
    },
    {
        .name = "exit-against-kill-of-root",
        .goal = "CPU 1 kills the root of a chain whose end ends on CPU 0",
        .cpu_count = 2,
        .thread_count = 4,
        .op_ns = 700,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, BLOCK),
                THREAD(BLOCKED, 0, ON(0), FREE, EXIT),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(0)),
            },
        .prepare = {LEND(1), LEND(2)},
    },
    {
        .name = "two-kills-in-a-chain",
        .goal = "CPU 0 kills the end of a chain, which waits, while CPU 1 kills the root",
        .cpu_count = 2,
        .thread_count = 5,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, BLOCK),
                THREAD(BLOCKED, 0, ON(0), FREE, BLOCK),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(0)),
                THREAD(QUEUED, 0, ON(0), OWED, KILL(2)),
            },
        .prepare = {LEND(1), LEND(2), BLOCK},
    },
    {
        .name = "kill-of-caller-against-policy",
        .goal = "CPU 1 changes the thread that serves on CPU 0, then kills its caller",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, {0}),
                THREAD(RUNNING, 1, ON(1), OWED, WEIGHT(1, 9), KILL(0)),
            },
        .prepare = {LEND(1)},
    },
    {
        .name = "kill-of-caller-against-block",
        .goal = "CPU 1 kills the caller of a thread that blocks on CPU 0 while it serves",
        .cpu_count = 2,
        .thread_count = 3,
        .op_ns = 700,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, BLOCK),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(0)),
            },
        .prepare = {LEND(1)},
    },
    {
        .name = "kill-of-caller-against-steal",
        .goal = "an interrupt kills the caller of a queued thread while CPU 1 goes idle and "
                "steals that",
        .cpu_count = 2,
        .thread_count = 4,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ANY, FREE, HAND_BACK(0)),
                THREAD(RUNNING, 1, ON(1), FREE, BLOCK),
                THREAD(QUEUED, 0, ON(0), OWED, {0}),
            },
        .externals = {[0] = {KILL(0)}},
        .prepare = {LEND(1), YIELD},
    },
    {
        .name = "kill-of-queued-server",
        .goal = "CPU 1 kills a thread that is queued on CPU 0 while it serves, and its caller",
        .cpu_count = 2,
        .thread_count = 4,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, HAND_BACK(0)),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(1)),
                THREAD(QUEUED, 0, ON(0), OWED, YIELD),
            },
        .externals = {[1] = {KILL(0)}},
        .prepare = {LEND(1), YIELD},
    },
    {
        .name = "kill-of-middle-while-queued",
        .goal = "CPU 1 wakes the root, then kills the middle of a chain whose end is queued on "
                "CPU 0",
        .cpu_count = 2,
        .thread_count = 5,
        .timer_count = 1,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, {0}),
                THREAD(RUNNING, 1, ON(1), OWED, WAKE(0), KILL(1)),
                THREAD(QUEUED, 0, ON(0), OWED, {0}),
            },
        .prepare = {LEND(1), LEND(2), YIELD},
    },
    {
        .name = "borrow-against-kill",
        .goal = "CPU 1 kills the waiting caller that CPU 0 takes from the line",
        .cpu_count = 2,
        .thread_count = 3,
        .op_ns = 700,
        .threads =
            {
                THREAD(BLOCKED, 0, ON(0), FREE, {0}),
                THREAD(RUNNING, 0, ON(0), FREE, BORROW(0), HAND_BACK(0)),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(0)),
            },
    },
    {
        .name = "borrow-and-wait-against-kill",
        .goal = "CPU 1 kills the caller that CPU 0 takes from the line; the server waits at once",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(BLOCKED, 0, ON(0), FREE, {0}),
                THREAD(RUNNING, 0, ON(0), FREE, BORROW_BLOCK(0)),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(0)),
            },
    },
    {
        .name = "borrow-against-block",
        .goal = "CPU 0 takes the caller from the line that is about to wait on CPU 1",
        .cpu_count = 2,
        .thread_count = 2,
        .threads =
            {
                THREAD(RUNNING, 1, ANY, OWED, BLOCK),
                THREAD(RUNNING, 0, ANY, FREE, BORROW(0), HAND_BACK(0)),
            },
    },
    {
        .name = "borrow-against-wake",
        .goal = "CPU 1 wakes the waiting caller that CPU 0 takes from the line",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(BLOCKED, 0, ANY, OWED, {0}),
                THREAD(RUNNING, 0, ON(0), FREE, BORROW(0), HAND_BACK(0)),
                THREAD(RUNNING, 1, ON(1), OWED, WAKE(0)),
            },
    },
    {
        .name = "borrow-against-policy",
        .goal = "CPU 1 changes the waiting caller that CPU 0 takes from the line, and its server",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(BLOCKED, 0, ON(0), FREE, {0}),
                THREAD(RUNNING, 0, ON(0), FREE, BORROW(0), HAND_BACK(0)),
                THREAD(RUNNING, 1, ON(1), OWED, WEIGHT(0, 9), CLASS(1, BATCH)),
            },
    },
    {
        .name = "borrow-from-a-server",
        .goal = "CPU 1 kills the caller of a waiting thread whose context CPU 0 borrows",
        .cpu_count = 2,
        .thread_count = 4,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, BLOCK),
                THREAD(QUEUED, 0, ON(0), FREE, BORROW(1), GO_HOME),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(0)),
            },
        .prepare = {LEND(1), BLOCK},
    },
    {
        .name = "borrow-against-its-loss",
        .goal = "CPU 0 kills the caller of a waiting thread, which runs and waits again, while CPU "
                "1 borrows from that",
        .cpu_count = 2,
        .thread_count = 4,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, BLOCK),
                THREAD(RUNNING, 1, ON(1), OWED, BORROW(1)),
                THREAD(QUEUED, 0, ON(0), FREE, KILL(0), BLOCK),
            },
        .prepare = {LEND(1), BLOCK},
    },
    {
        .name = "wake-against-borrow",
        .goal = "CPU 0 wakes a server from which CPU 1 borrows, whose caller it kills there, and "
                "from which it parts",
        .cpu_count = 2,
        .thread_count = 4,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ON(0), OWED, {0}),
                THREAD(RUNNING, 1, ON(1), OWED, BORROW(1), GO_HOME),
                THREAD(QUEUED, 0, ON(0), FREE, WAKE(1), BLOCK),
            },
        .externals = {[1] = {KILL(0)}},
        .prepare = {LEND(1), BLOCK},
    },
    {
        .name = "push-of-a-lent-context",
        .goal = "CPU 0 gives a serving thread to CPU 1, where it answers; its caller is killed",
        .cpu_count = 2,
        .thread_count = 4,
        .timer_count = 1,
        .lead_vns = {[1] = LEAD_VNS},
        .late_ns = PUSH_CHECK_NS,
        .threads =
            {
                LONG(RUNNING, 0, ANY, FREE, {0}),
                LONG(BLOCKED, 0, ANY, FREE, HAND_BACK(0)),
                LONG(RUNNING, 1, ON(1), FREE, BLOCK),
                LONG(QUEUED, 0, ON(0), OWED, {0}),
            },
        .externals = {[0] = {KILL(0)}},
        .prepare = {LEND(1), YIELD},
    },
    {
        .name = "two-callers",
        .goal = "threads of CPUs 0 and 1 call the same one at once",
        .cpu_count = 2,
        .thread_count = 3,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, LEND(2), EXIT),
                THREAD(RUNNING, 1, ON(1), OWED, LEND(2), EXIT),
                THREAD(BLOCKED, 0, ANY, FREE, HAND_BACK(0), HAND_BACK(1)),
            },
    },
    {
        .name = "post-of-a-lent-context",
        .goal = "a thread with the urgent context of a caller that will be less so is posted to "
                "busy CPU 0",
        .cpu_count = 2,
        .thread_count = 5,
        .threads =
            {
                SHORT(RUNNING, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, BLOCK),
                THREAD(RUNNING, 1, ON(1), OWED, WAKE(1)),
                THREAD(QUEUED, 0, ON(0), OWED, {0}),
                THREAD(QUEUED, 0, ON(0), OWED, {0}),
            },
        .prepare = {LEND(1), BLOCK, CLASS(0, BATCH)},
    },
    {
        .name = "call-cancel-kill",
        .goal = "CPU 1 cancels the call of CPU 0 while CPU 2 kills the server",
        .cpu_count = 3,
        .thread_count = 4,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), OWED, LEND(1)),
                THREAD(BLOCKED, 0, ON(0), FREE, HAND_BACK(0)),
                THREAD(RUNNING, 1, ON(1), OWED, WAKE(0)),
                THREAD(RUNNING, 2, ON(2), OWED, KILL(1)),
            },
    },
    {
        .name = "two-killers-of-a-chain",
        .goal = "CPUs 1 and 2 kill the root and the middle of a chain that answers on CPU 0",
        .cpu_count = 3,
        .thread_count = 5,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, {0}),
                THREAD(BLOCKED, 0, ON(0), FREE, HAND_BACK(1)),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(0)),
                THREAD(RUNNING, 2, ON(2), OWED, KILL(1)),
            },
        .prepare = {LEND(1), LEND(2)},
    },
    {
        .name = "call-expire-kill",
        .goal = "an interrupt on CPU 0 ends the call there; CPUs 1 and 2 kill server and caller",
        .cpu_count = 3,
        .thread_count = 4,
        .threads =
            {
                THREAD(RUNNING, 0, ON(0), FREE, LEND(1)),
                THREAD(BLOCKED, 0, ON(0), FREE, BLOCK),
                THREAD(RUNNING, 1, ON(1), OWED, KILL(1)),
                THREAD(RUNNING, 2, ON(2), OWED, KILL(0)),
            },
        .externals = {[0] = {WAKE(0)}},
    },
};

const uint32_t lend_scenario_count = ARRAY_COUNT(lend_scenarios);
