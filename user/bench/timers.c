/* SPDX-License-Identifier: MIT */
/* Rows of waiting for an instant: how late is the first instruction after it? */
#include "base/assert.h"
#include "user/bench/bench.h"
#include "user/rt/burn.h"
#include "user/rt/calls.h"

#define OPERATIONS 20u
#define AHEAD_NS (50 * NS_PER_US)
#define HOGS 8u

static bool is_over;

/* Nanoseconds since boot are counts since the base here: the counter's rate is 1 GHz. */
static uint64_t lateness(uint64_t at_ns)
{
    const struct telemetry_header *header = (const struct telemetry_header *)TELEMETRY_BASE;
    uint64_t now = bench_count() - header->base_tsc;

    BENCH_VERIFY(header->multiplier == UINT64_C(1) << header->shift);
    BENCH_VERIFY(now >= at_ns);
    return now - at_ns;
}

static uint64_t expiries(uint32_t operations)
{
    uint64_t took = 0;

    for (uint32_t i = 0; i < operations; i++) {
        uint64_t at_ns = mono_add(rt_now(), AHEAD_NS).ns;
        int64_t status = rt_sleep_until(at_ns);

        took += lateness(at_ns);
        BENCH_VERIFY(status == STATUS_OK);
    }
    return took;
}

static int64_t hog(void *argument)
{
    (void)argument;
    while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED))
        rt_burn();
    return 0;
}

static void bench_beside_hogs(void)
{
    struct rt_thread_ref self = rt_thread_self();
    struct rt_thread_ref hogs[HOGS];
    int64_t status = rt_set_class(&self, LATENCY_INTERACTIVE);

    BENCH_VERIFY(status == STATUS_OK);
    is_over = false;
    for (uint32_t i = 0; i < HOGS; i++) {
        status = rt_thread_spawn(&hogs[i], hog, NULL, NULL);
        BENCH_VERIFY(status == STATUS_OK);
    }
    bench_row("timer-to-user-8-hogs", expiries, OPERATIONS);
    is_over = true;
    for (uint32_t i = 0; i < HOGS; i++) {
        status = rt_thread_join(&hogs[i], NULL);
        BENCH_VERIFY(status == STATUS_OK);
    }
}

void bench_timers(void)
{
    bench_row("timer-to-user-idle", expiries, OPERATIONS);
    bench_beside_hogs();
}
