/* SPDX-License-Identifier: MIT */
/*
 * watch.c - snapshots of a run, for whoever watches it (abi/stream.h).
 *
 * They are taken at multiples of `watch_ns` from the start, and what they say depends on the run
 * alone, so in the deterministic machine a watched run repeats like any other.
 */
#include "user/loadgen/load.h"

#include "base/hash.h"
#include "user/rt/burn.h"

/* How long main waits for a thread that is between two actions.  It shows the figures of its
 * snapshot before, if that is preempted there. */
#define GUARD_NS (100 * NS_PER_US)

static struct {
    struct stream_snapshot header;
    struct {
        union {
            struct stream_thread threads[LOAD_THREADS_MAX];
            unsigned char bytes[LOAD_THREADS_MAX * sizeof(struct stream_thread) +
                                CPU_MAX * sizeof(struct result_cpu)];
        };
    } body;
} snapshot;

_Static_assert(offsetof(__typeof__(snapshot), body) == sizeof(struct stream_snapshot),
               "no padding: it is written as it lies");

static uint64_t count;         /* snapshots that were due so far */
static uint64_t written_bytes; /* of all of them */

static size_t body_bytes(void)
{
    return load.thread_count * sizeof(struct stream_thread) +
           load.cpu_count * sizeof(struct result_cpu);
}

struct mono load_snapshot_at(void)
{
    if (load.watch_ns == 0 ||
        written_bytes + sizeof snapshot.header + body_bytes() > STREAM_SNAPSHOTS_BYTES_MAX)
        return MONO_NEVER;
    return mono_add(load.start, (count + 1) * load.watch_ns);
}

/* What its step says: of a thread that is preempted in there, nothing new. */
static void read_step(struct stream_thread *row, struct load_thread *t)
{
    if (rt_mutex_lock_until(&t->guard, mono_add(rt_now(), GUARD_NS).ns) != STATUS_OK)
        return;
    const struct hist *h = &t->step.wake_latency;

    row->activations = load_rise(0, t->step.activations);
    row->wake_latency_p99_ns = h->count != 0 ? hist_percentile_ns(h, 99) : RESULT_UNKNOWN;
    rt_mutex_unlock(&t->guard);
}

static void read_thread(struct stream_thread *row, struct load_thread *t)
{
    static const struct stream_thread unknown = {RESULT_UNKNOWN, RESULT_UNKNOWN, RESULT_UNKNOWN,
                                                 RESULT_UNKNOWN, 0};
    struct cap_thread_stat stat;

    if (!__atomic_load_n(&t->has_begun, __ATOMIC_ACQUIRE)) {
        *row = unknown;
        return;
    }
    row->cpu = RESULT_UNKNOWN;
    row->is_running = 0;
    if (__atomic_load_n(&t->has_ended, __ATOMIC_ACQUIRE)) {
        row->runtime_ns = load_rise(t->begin.runtime_ns, t->end.runtime_ns);
    } else if (rt_thread_stat(&t->self, &stat) == STATUS_OK) {
        row->runtime_ns = load_rise(t->begin.runtime_ns, stat.runtime_ns);
        row->cpu = stat.cpu;
        row->is_running = stat.is_running;
    }
    read_step(row, t);
}

static void read_cpu(struct result_cpu *row, uint32_t cpu)
{
    struct cap_cpu_stat now;

    if (rt_cpu_stat(cpu, &now) == STATUS_OK)
        load_cpu_row(row, &load.cpus_before[cpu], &now);
}

static void note_rows(void)
{
    for (uint32_t i = 0; i < load.thread_count; i++) {
        if (load_is_own(i))
            read_thread(&load.rows[i], &load.threads[i]);
        rt_pause();
    }
}

/* All rows; those of other processes were noted at this instant too. */
static void write(struct mono now, size_t bytes)
{
    struct result_cpu *cpus = (struct result_cpu *)&snapshot.body.threads[load.thread_count];

    if (load.image.header->process_count != 0)
        (void)rt_sleep_until(mono_add(now, LOAD_NOTE_NS).ns);
    for (uint32_t i = 0; i < load.thread_count; i++) {
        snapshot.body.threads[i] = load.rows[i];
        rt_pause();
    }
    for (uint32_t cpu = 0; cpu < load.cpu_count; cpu++) {
        read_cpu(&cpus[cpu], cpu);
        rt_pause();
    }
    snapshot.header = (struct stream_snapshot){.magic = STREAM_MAGIC_SNAPSHOT,
                                               .bytes = bytes,
                                               .at_ns = (uint64_t)mono_diff_ns(now, load.start),
                                               .thread_count = load.thread_count,
                                               .cpu_count = load.cpu_count};
    snapshot.header.checksum = load_checksum(&snapshot, bytes);
    if (rt_result_write(&snapshot, bytes) != STATUS_OK)
        load_fail(RESULT_FAILED_INCOMPLETE);
}

void load_write_snapshot(void)
{
    struct mono now = rt_now();
    size_t bytes = sizeof snapshot.header + body_bytes();

    note_rows();
    if (load.process == 0)
        write(now, bytes);
    written_bytes += bytes;
    count = (uint64_t)mono_diff_ns(rt_now(), load.start) / load.watch_ns;
}
