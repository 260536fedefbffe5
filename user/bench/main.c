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

void bench_print(const char *name, uint64_t figure)
{
    struct rt_line line;

    rt_line_begin(&line);
    fmt_text(&line.f, "bench ");
    fmt_text(&line.f, name);
    fmt_text(&line.f, " ");
    fmt_u64(&line.f, figure, 0, ' ');
    rt_line_end(&line);
}

void bench_row(const char *name, bench_batch *batch, uint32_t operations)
{
    uint64_t values[BENCH_BATCHES];

    ASSERT(operations > 0);
    (void)batch(operations); /* once, unmeasured: what is made at first use is made */
    for (uint32_t i = 0; i < BENCH_BATCHES; i++)
        values[i] = batch(operations);
    bench_print(name, (median(values) + operations - 1) / operations);
}

int64_t rt_main(uint64_t argument)
{
    if (argument == BENCH_CHILD)
        return BENCH_CHILD_STATUS;
    if (argument == BENCH_SERVER || argument == BENCH_LONG_SERVER)
        return bench_serve(argument == BENCH_LONG_SERVER);
    if (rt_cpu_count() == 2) {
        bench_two_cpus();
        rt_print("bench end 0");
        return 0;
    }
    BENCH_VERIFY(rt_cpu_count() == 1);
    bench_memory();
    bench_calls();
    bench_switches();
    bench_threads();
    bench_processes();
    bench_endpoints();
    bench_timers();
    rt_print("bench end 0");
    return 0;
}
