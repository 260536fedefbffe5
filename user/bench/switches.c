/* SPDX-License-Identifier: MIT */
/* Rows that wake another thread, or let another thread run. */
#include "base/assert.h"
#include "user/bench/bench.h"
#include "user/rt/burn.h"
#include "user/rt/calls.h"
#include "user/rt/clock.h"

#define OPERATIONS 100u
#define MANY 200u

static struct rt_thread_ref spawn(int64_t (*run)(void *argument), void *argument,
                                  enum latency_class latency_class)
{
    struct cap_thread_params params = {.latency_class = latency_class};
    struct rt_thread_ref ref;
    int64_t status = rt_thread_spawn(&ref, run, argument, &params);

    BENCH_VERIFY(status == STATUS_OK);
    return ref;
}

static void join(const struct rt_thread_ref *ref)
{
    int64_t status = rt_thread_join(ref, NULL);

    BENCH_VERIFY(status == STATUS_OK);
}

/* ---- Two threads, each waiting for the other ---- */

static uint32_t balls[2];
static bool is_over;

static inline void wait_for_ball(uint32_t *ball)
{
    while (__atomic_load_n(ball, __ATOMIC_ACQUIRE) == 0) /* waits in the kernel */
        (void)rt_park(ball, 0, RT_NO_DEADLINE);
    __atomic_store_n(ball, 0, __ATOMIC_RELAXED);
}

static inline void throw_ball(uint32_t *ball)
{
    __atomic_store_n(ball, 1, __ATOMIC_RELEASE);
    (void)rt_unpark(ball, 1);
}

static int64_t return_balls(void *argument)
{
    (void)argument;
    for (;;) { /* waits in the kernel, turn by turn */
        wait_for_ball(&balls[1]);
        if (is_over)
            return 0;
        throw_ball(&balls[0]);
    }
}

static uint64_t ping_pong(uint32_t operations)
{
    uint64_t switches = rt_own_usage().switches;
    uint64_t start = bench_count();

    for (uint32_t i = 0; i < operations; i++) {
        throw_ball(&balls[1]);
        wait_for_ball(&balls[0]);
    }
    uint64_t took = bench_count() - start;

    BENCH_VERIFY(rt_own_usage().switches - switches == operations);
    return took;
}

static void bench_ping_pong(void)
{
    struct rt_thread_ref other = spawn(return_balls, NULL, LATENCY_NORMAL);

    is_over = false;
    bench_row("park-unpark-ping-pong", ping_pong, OPERATIONS);
    is_over = true;
    throw_ball(&balls[1]);
    join(&other);
}

/* ---- Threads that give way to each other ---- */

static uint64_t yield_count;

static int64_t give_way(void *argument)
{
    (void)argument;
    while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED)) { /* at most until the row's end */
        rt_yield();
        yield_count++;
    }
    return 0;
}

static uint64_t cpu_switches(void)
{
    struct cap_cpu_stat stat;
    int64_t status = rt_cpu_stat(0, &stat);

    BENCH_VERIFY(status == STATUS_OK);
    return stat.switches;
}

/* Everybody yields, so the figure is per yield of anybody.  Three in four at least must switch: who
 * yields keeps the CPU while all others have had more of it than their share. */
static uint64_t yields(uint32_t operations)
{
    uint64_t switches = cpu_switches();
    uint64_t others = yield_count;
    uint64_t start = bench_count();

    for (uint32_t i = 0; i < operations; i++)
        rt_yield();
    uint64_t took = bench_count() - start;
    uint64_t all = operations + (yield_count - others);

    BENCH_VERIFY(4 * (cpu_switches() - switches) >= 3 * all);
    return took * operations / all;
}

static void bench_yields(const char *name, uint32_t runnable, uint32_t operations)
{
    struct rt_thread_ref refs[MANY];

    ASSERT(runnable <= MANY);
    is_over = false;
    for (uint32_t i = 1; i < runnable; i++)
        refs[i] = spawn(give_way, NULL, LATENCY_NORMAL);
    bench_row(name, yields, operations);
    is_over = true;
    for (uint32_t i = 1; i < runnable; i++)
        join(&refs[i]);
}

/* ---- One wake ---- */

static uint32_t gate;
static uint64_t woken_at;

/* Waits at the gate, over and over, and says when it was let through. */
static int64_t wait_at_gate(void *argument)
{
    (void)argument;
    while (!is_over) {
        (void)rt_park(&gate, 0, RT_NO_DEADLINE);
        woken_at = bench_count();
    }
    return 0;
}

/* The waiter is of the same class, so it runs when this thread gives way, not before. */
static uint64_t wakes(uint32_t operations)
{
    uint64_t took = 0;

    for (uint32_t i = 0; i < operations; i++) {
        uint64_t start = bench_count();
        int64_t woken = rt_unpark(&gate, 1);
        uint64_t end = bench_count();

        BENCH_VERIFY(woken == 1 && woken_at < start);
        took += end - start - BENCH_READ_COST;
        rt_yield();
        BENCH_VERIFY(woken_at > end);
    }
    return took;
}

/* The waiter's class is more urgent: it runs at once, if it has not had more than its share. */
static uint64_t wakes_and_runs(uint32_t operations)
{
    uint64_t took = 0;

    for (uint32_t i = 0; i < operations; i++) {
        rt_burn();
        uint64_t start = bench_count();
        int64_t woken = rt_unpark(&gate, 1);
        uint64_t end = bench_count();

        BENCH_VERIFY(woken == 1 && woken_at > start && woken_at < end);
        took += woken_at - start - BENCH_READ_COST;
    }
    return took;
}

static void bench_wakes(const char *name, bench_batch *batch, enum latency_class latency_class)
{
    is_over = false;
    struct rt_thread_ref waiter = spawn(wait_at_gate, NULL, latency_class);

    rt_yield();
    bench_row(name, batch, OPERATIONS);
    is_over = true;
    (void)rt_unpark(&gate, 1);
    join(&waiter);
}

void bench_switches(void)
{
    bench_ping_pong();
    bench_yields("yield-2", 2, OPERATIONS);
    bench_yields("yield-200", MANY, 4);
    bench_wakes("wake-no-switch", wakes, LATENCY_NORMAL);
    bench_wakes("wake-until-it-runs", wakes_and_runs, LATENCY_INTERACTIVE);
}
