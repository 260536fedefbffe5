/* SPDX-License-Identifier: MIT */
#include "sim/snapshot.h"

#include "base/hash.h"

size_t snapshot_bytes(const struct machine *m)
{
    return sizeof(struct stream_snapshot) + m->config.thread_count * sizeof(struct stream_thread) +
           m->config.cpu_count * sizeof(struct result_cpu);
}

static struct stream_thread read_thread(const struct outcome *o, const struct machine *m,
                                        const struct script *script, uint32_t thread)
{
    static const struct stream_thread unknown = {RESULT_UNKNOWN, RESULT_UNKNOWN, RESULT_UNKNOWN,
                                                 RESULT_UNKNOWN, 0};
    const struct step_thread *step = &script->threads[thread].step;

    if (!m->threads[thread].has_started)
        return unknown;
    uint64_t runtime_ns = machine_ledger(m, thread).runtime_ns;
    struct stream_thread row = {
        .runtime_ns = (int64_t)(runtime_ns - o->ledgers[thread].runtime_ns),
        .activations = (int64_t)step->activations,
        .wake_latency_p99_ns = step->wake_latency.count != 0
                                   ? hist_percentile_ns(&step->wake_latency, 99)
                                   : RESULT_UNKNOWN,
        .cpu = RESULT_UNKNOWN,
    };

    if (!m->threads[thread].has_ended) {
        struct thread_word word = thread_word_read(m->sched, thread);

        row.cpu = word.cpu;
        row.is_running = word.state == THREAD_RUNNING;
    }
    return row;
}

void snapshot_write(const struct outcome *o, const struct machine *m, const struct script *script,
                    unsigned char *record)
{
    struct stream_snapshot *header = (void *)record;
    struct stream_thread *threads = (void *)(header + 1);
    struct result_cpu *cpus = (void *)(threads + m->config.thread_count);

    for (uint32_t i = 0; i < m->config.thread_count; i++)
        threads[i] = read_thread(o, m, script, i);
    for (uint32_t cpu = 0; cpu < m->config.cpu_count; cpu++)
        outcome_cpu_row(o, m, cpu, &cpus[cpu]);
    *header = (struct stream_snapshot){.magic = STREAM_MAGIC_SNAPSHOT,
                                       .bytes = snapshot_bytes(m),
                                       .at_ns = (uint64_t)mono_diff_ns(m->now, o->begin),
                                       .thread_count = m->config.thread_count,
                                       .cpu_count = m->config.cpu_count};
    header->checksum =
        hash_sealed(record, snapshot_bytes(m), offsetof(struct stream_snapshot, checksum));
}
