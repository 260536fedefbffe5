/* SPDX-License-Identifier: MIT */
/* Rows of threads that come and go. */
#include "base/assert.h"
#include "user/bench/bench.h"
#include "user/rt/calls.h"

#define OPERATIONS 50u

static int64_t do_nothing(void *argument)
{
    return (int64_t)(uintptr_t)argument;
}

static uint64_t spawn_and_join(uint32_t operations)
{
    uint64_t start = bench_count();

    for (uint32_t i = 0; i < operations; i++) {
        struct rt_thread_ref ref;
        int64_t exit_status;
        int64_t spawned = rt_thread_spawn(&ref, do_nothing, (void *)(uintptr_t)i, NULL);

        BENCH_VERIFY(spawned == STATUS_OK);
        int64_t joined = rt_thread_join(&ref, &exit_status);

        BENCH_VERIFY(joined == STATUS_OK && exit_status == (int64_t)i);
    }
    return bench_count() - start;
}

void bench_threads(void)
{
    bench_row("spawn-join", spawn_and_join, OPERATIONS);
}
