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

static void print(const char *what, const char *name, const uint64_t *figures, uint32_t count)
{
    struct rt_line line;

    rt_line_begin(&line);
    fmt_text(&line.f, what);
    fmt_text(&line.f, name);
    for (uint32_t i = 0; i < count; i++) { /* at most 4 */
        fmt_text(&line.f, " ");
        fmt_u64(&line.f, figures[i], 0, ' ');
    }
    rt_line_end(&line);
}

void bench_print(const char *name, uint64_t figure)
{
    print("bench ", name, &figure, 1);
}

/* What all CPUs have written for their hardware until now (abi/machine.h). */
struct writes {
    uint64_t spaces;
    uint64_t timers;
    uint64_t ipis;
};

static struct writes writes_now(void)
{
    struct writes sum = {0};

    for (uint32_t cpu = 0; cpu < rt_cpu_count(); cpu++) { /* at most 2 */
        struct cap_cpu_stat stat;
        int64_t status = rt_cpu_stat(cpu, &stat);

        BENCH_VERIFY(status == STATUS_OK);
        sum.spaces += stat.space_writes;
        sum.timers += stat.timer_writes;
        sum.ipis += stat.ipis_sent;
    }
    return sum;
}

static void print_writes(const char *name, uint64_t operations, const struct writes *before)
{
    struct writes now = writes_now();
    uint64_t figures[] = {operations, now.spaces - before->spaces, now.timers - before->timers,
                          now.ipis - before->ipis};

    print("writes ", name, figures, 4);
}

/* Returns: instructions for each operation. */
static uint64_t measure(bench_batch *batch, uint32_t operations)
{
    uint64_t values[BENCH_BATCHES];

    for (uint32_t i = 0; i < BENCH_BATCHES; i++)
        values[i] = batch(operations);
    return (median(values) + operations - 1) / operations;
}

void bench_row(const char *name, bench_batch *batch, uint32_t operations)
{
    ASSERT(operations > 0);
    (void)batch(operations); /* once, unmeasured: what is made at first use is made */
    struct writes before = writes_now();
    uint64_t figure = measure(batch, operations);

    print_writes(name, (uint64_t)operations * BENCH_BATCHES, &before);
    bench_print(name, figure);
}

void bench_instructions(const char *name, bench_batch *batch, uint32_t operations)
{
    ASSERT(operations > 0);
    (void)batch(operations);
    bench_print(name, measure(batch, operations));
}

int64_t rt_main(uint64_t argument)
{
    if (argument == BENCH_CHILD)
        return BENCH_CHILD_STATUS;
    if (argument == BENCH_SERVER || argument == BENCH_LONG_SERVER)
        return bench_serve(argument == BENCH_LONG_SERVER);
    if (argument > BENCH_CROWD)
        bench_crowd((uint32_t)(argument - BENCH_CROWD));
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
    bench_wakes_in_crowds();
    rt_print("bench end 0");
    return 0;
}
