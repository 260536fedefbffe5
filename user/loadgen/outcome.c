/* SPDX-License-Identifier: MIT */
#include "user/loadgen/load.h"

#include "abi/result.h"
#include "base/hash.h"
#include "user/rt/burn.h"

#define PIECE_BYTES ((size_t)CONSOLE_WRITE_BYTES_MAX)

static struct {
    struct result_header header;
    struct {
        union {
            struct result_thread threads[LOAD_THREADS_MAX];
            unsigned char bytes[LOAD_THREADS_MAX * sizeof(struct result_thread) +
                                CPU_MAX * sizeof(struct result_cpu)];
        };
    } body;
} result;

_Static_assert(offsetof(__typeof__(result), body) == sizeof(struct result_header),
               "no padding: it is written as it lies");

#define UNKNOWN_FIELD(name, path) .name = RESULT_UNKNOWN,

static const struct result_thread unknown_thread = {RESULT_THREAD_TABLE(UNKNOWN_FIELD)};
static const struct result_cpu unknown_cpu = {RESULT_CPU_TABLE(UNKNOWN_FIELD)};

static void write_thread(struct result_thread *row, const struct load_thread *t)
{
    *row = unknown_thread;
    step_result(&t->step, row);
    row->process = t->process;
    row->runtime_ns = load_rise(t->begin.runtime_ns, t->end.runtime_ns);
    row->switches = load_rise(t->begin.switches, t->end.switches);
    row->preemptions = load_rise(t->begin.preemptions, t->end.preemptions);
    row->voluntary_blocks = load_rise(t->begin.voluntary_blocks, t->end.voluntary_blocks);
    row->migrations = load_rise(t->begin.migrations, t->end.migrations);
}

void load_cpu_row(struct result_cpu *row, const struct cap_cpu_stat *a,
                  const struct cap_cpu_stat *b)
{
#define RISE_FIELD(name, path) row->name = load_rise(a->name, b->name);
    RESULT_CPU_TABLE(RISE_FIELD)
#undef RISE_FIELD
    row->kernel_ns += load_rise(a->irq_ns, b->irq_ns); /* a result has one account for both */
}

static void write_rows(bool has_run)
{
    struct result_cpu *cpus = (struct result_cpu *)&result.body.threads[load.thread_count];

    for (uint32_t i = 0; i < load.thread_count; i++) {
        if (has_run && load.threads[i].has_begun)
            write_thread(&result.body.threads[i], &load.threads[i]);
        else
            result.body.threads[i] = unknown_thread;
        rt_pause();
    }
    for (uint32_t cpu = 0; cpu < load.cpu_count; cpu++) {
        if (has_run && load.cpu_is_known[cpu])
            load_cpu_row(&cpus[cpu], &load.cpus_before[cpu], &load.cpus_after[cpu]);
        else
            cpus[cpu] = unknown_cpu;
    }
}

static uint64_t measured_ns(bool has_run)
{
    struct mono end = load.end;

    if (!has_run)
        return 0;
    if (!mono_is_never(end))
        return (uint64_t)mono_diff_ns(end, load.start);
    end = load.start;
    for (uint32_t i = 0; i < load.thread_count; i++)
        if (load.threads[i].has_started && mono_before(end, load.threads[i].ended_at))
            end = load.threads[i].ended_at;
    return (uint64_t)mono_diff_ns(end, load.start);
}

uint64_t load_checksum(const void *record, size_t bytes)
{
    const unsigned char *from = record;
    uint64_t hash = HASH_START;

    for (size_t at = 0; at < bytes; at += PIECE_BYTES) {
        size_t piece = bytes - at < PIECE_BYTES ? bytes - at : PIECE_BYTES;

        hash = hash_bytes(hash, from + at, piece);
        rt_pause();
    }
    return hash;
}

bool load_write_result(bool has_run)
{
    size_t bytes = sizeof result.header + load.thread_count * sizeof(struct result_thread) +
                   load.cpu_count * sizeof(struct result_cpu);

    if (!rt_conservation_holds())
        load_fail(RESULT_FAILED_CONSERVATION | RESULT_FAILED_LEDGER); /* the kernel tells no more */
    write_rows(has_run);
    result.header = (struct result_header){
        .magic = RESULT_MAGIC,
        .bytes = bytes,
        .duration_ns = measured_ns(has_run),
        .failed = __atomic_load_n(&load.board->failed, __ATOMIC_RELAXED),
        .thread_count = load.thread_count,
        .cpu_count = load.cpu_count,
        .wasted_ns = RESULT_UNKNOWN,
    };
    result.header.checksum = load_checksum(&result, bytes);
    return rt_result_write(&result, bytes) == STATUS_OK;
}
