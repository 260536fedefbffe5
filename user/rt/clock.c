/* SPDX-License-Identifier: MIT */
#include "user/rt/clock.h"

#include "base/assert.h"
#include "base/fixmul.h"
#include "user/rt/burn.h"
#include "user/rt/thread.h"

static uint64_t read_tsc(void)
{
    uint32_t low;
    uint32_t high;

    /* LFENCE: RDTSC may otherwise be executed before earlier loads, and time run backwards between
     * two CPUs that pass a message. */
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return ((uint64_t)high << 32) | low;
}

static const struct telemetry_header *header(void)
{
    return (const struct telemetry_header *)TELEMETRY_BASE;
}

static const struct telemetry_record *own_record(void)
{
    uint64_t records = TELEMETRY_BASE + sizeof(struct telemetry_header);

    return (const struct telemetry_record *)(records +
                                             (uint64_t)TELEMETRY_RECORD_BYTES * rt_self()->index);
}

struct mono rt_now(void)
{
    const struct telemetry_header *h = header();
    uint64_t elapsed = read_tsc() - h->base_tsc;

    return (struct mono){h->base_ns + fixmul_shift(elapsed, h->multiplier, h->shift)};
}

/*
 * Begin and end of a read of the own record.  Only the kernel writes it, when it puts this thread
 * on a CPU, so a change means this thread was away in between; `now` must be read between the two.
 */
static uint32_t read_begin(const struct telemetry_record *record)
{
    return __atomic_load_n(&record->seq, __ATOMIC_ACQUIRE);
}

static bool read_retry(const struct telemetry_record *record, uint32_t seq)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return (seq & 1u) != 0 || __atomic_load_n(&record->seq, __ATOMIC_RELAXED) != seq;
}

static uint64_t runtime_until(const struct telemetry_record *record, struct mono now)
{
    uint64_t charged_ns = __atomic_load_n(&record->runtime_ns, __ATOMIC_RELAXED);
    uint64_t since_ns = __atomic_load_n(&record->since_ns, __ATOMIC_RELAXED);

    return charged_ns + (now.ns - since_ns);
}

uint64_t rt_own_ns(void)
{
    const struct telemetry_record *record = own_record();

    for (;;) { /* a turn more for each time the thread is moved off its CPU in between */
        uint32_t seq = read_begin(record);
        uint64_t runtime_ns = runtime_until(record, rt_now());

        if (!read_retry(record, seq))
            return runtime_ns;
        rt_pause();
    }
}

struct rt_usage rt_own_usage(void)
{
    const struct telemetry_record *record = own_record();

    for (;;) {
        uint32_t seq = read_begin(record);
        struct mono now = rt_now();
        struct rt_usage usage = {
            .at = now,
            .since = {__atomic_load_n(&record->since_ns, __ATOMIC_RELAXED)},
            .runtime_ns = runtime_until(record, now),
            .switches = __atomic_load_n(&record->switches, __ATOMIC_RELAXED),
            .preemptions = __atomic_load_n(&record->preemptions, __ATOMIC_RELAXED),
            .voluntary_blocks = __atomic_load_n(&record->voluntary_blocks, __ATOMIC_RELAXED),
            .migrations = __atomic_load_n(&record->migrations, __ATOMIC_RELAXED),
            .cpu = __atomic_load_n(&record->cpu, __ATOMIC_RELAXED),
        };

        if (!read_retry(record, seq))
            return usage;
        rt_pause();
    }
}

uint32_t rt_own_cpu(void)
{
    return __atomic_load_n(&own_record()->cpu, __ATOMIC_RELAXED);
}
