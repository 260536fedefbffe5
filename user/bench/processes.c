/* SPDX-License-Identifier: MIT */
/* Rows of processes that come and go. */
#include "base/assert.h"
#include "user/bench/bench.h"
#include "user/rt/process.h"

#define OPERATIONS 10u
#define CHILD_FRAMES 256u

/* This program again, which returns at once.  It is given nothing. */
static const struct cap_process_params child_params = {
    .program = BENCH_PROGRAM,
    .latency_class = LATENCY_NORMAL,
    .argument = BENCH_CHILD,
    .limits = {[LEDGER_FRAMES] = CHILD_FRAMES,
               [LEDGER_SLOTS] = 4,
               [LEDGER_THREADS] = 1,
               [LEDGER_OPERATIONS] = RING_INFLIGHT_MAX,
               [LEDGER_OBJECTS] = 4},
};

static uint64_t spawn_and_wait(uint32_t operations)
{
    uint64_t start = bench_count();

    for (uint32_t i = 0; i < operations; i++) {
        int64_t exit_status = -1;
        int64_t child = rt_process_spawn(&child_params);

        BENCH_VERIFY(child > 0);
        int64_t end = rt_process_wait((uint32_t)child, &exit_status);

        BENCH_VERIFY(end == PROCESS_EXITED && exit_status == BENCH_CHILD_STATUS);
        int64_t released = rt_release((uint32_t)child);

        BENCH_VERIFY(released == STATUS_OK);
    }
    return bench_count() - start;
}

void bench_processes(void)
{
    bench_row("process-spawn-wait", spawn_and_wait, OPERATIONS);
}
