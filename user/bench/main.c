/* SPDX-License-Identifier: MIT */
#include "user/bench/bench.h"

#include "base/assert.h"
#include "user/rt/calls.h"
#include "user/rt/print.h"
#include "user/rt/program.h"

static uint64_t median(uint64_t *values)
{
    for (uint32_t i = 1; i < BENCH_BATCHES; i++) { /* insertion sort */
        uint64_t value = values[i];
        uint32_t at = i;

        for (; at > 0 && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
    return values[BENCH_BATCHES / 2];
}

void bench_row(const char *name, bench_batch *batch, uint32_t operations)
{
    uint64_t values[BENCH_BATCHES];
    struct rt_line line;

    ASSERT(operations > 0);
    (void)batch(operations); /* once, unmeasured: what is made at first use is made */
    for (uint32_t i = 0; i < BENCH_BATCHES; i++)
        values[i] = batch(operations);
    rt_line_begin(&line);
    fmt_text(&line.f, "bench ");
    fmt_text(&line.f, name);
    fmt_text(&line.f, " ");
    fmt_u64(&line.f, (median(values) + operations - 1) / operations, 0, ' ');
    rt_line_end(&line);
}

int64_t rt_main(uint64_t workload_bytes, uint64_t arguments_bytes)
{
    (void)workload_bytes;
    (void)arguments_bytes;
    BENCH_VERIFY(rt_cpu_count() == 1);
    bench_calls();
    bench_switches();
    bench_threads();
    bench_timers();
    rt_print("bench end 0");
    return 0;
}
