/* SPDX-License-Identifier: MIT */
#include "sim/outcome.h"

#include "base/hash.h"

#include <stdlib.h>

static struct outcome_cpu read_cpu(const struct machine *m, uint32_t cpu)
{
    return (struct outcome_cpu){.times = machine_times(m, cpu),
                                .stat = rq_of(m->sched, cpu)->stat,
                                .timer_count = m->cpus[cpu].timer_count};
}

bool outcome_begin(struct outcome *o, const struct machine *m)
{
    *o = (struct outcome){.begin = m->now, .wasted_ns = m->waste.wasted_ns};
    o->cpus = calloc(m->config.cpu_count, sizeof *o->cpus);
    o->ledgers = calloc(m->config.thread_count, sizeof *o->ledgers);
    if (o->cpus == NULL || o->ledgers == NULL) {
        outcome_fini(o);
        return false;
    }
    for (uint32_t cpu = 0; cpu < m->config.cpu_count; cpu++)
        o->cpus[cpu] = read_cpu(m, cpu);
    for (uint32_t thread = 0; thread < m->config.thread_count; thread++)
        o->ledgers[thread] = machine_ledger(m, thread);
    return true;
}

void outcome_fini(struct outcome *o)
{
    free(o->cpus);
    free(o->ledgers);
    *o = (struct outcome){0};
}

/* b - a of two readings of a counter that only rises. */
static int64_t rise(uint64_t a, uint64_t b)
{
    ASSERT(b >= a);
    return (int64_t)(b - a);
}

static void write_cpu(struct result_cpu *row, const struct outcome_cpu *a,
                      const struct outcome_cpu *b)
{
    row->busy_ns = rise(a->times.busy_ns, b->times.busy_ns);
    row->idle_ns = rise(a->times.idle_ns, b->times.idle_ns);
    row->kernel_ns = rise(a->times.kernel_ns, b->times.kernel_ns);
    row->switches = rise(a->stat.switch_count, b->stat.switch_count);
    row->timer_interrupts = rise(a->timer_count, b->timer_count);
    row->resched_ipis = rise(a->stat.kick_count, b->stat.kick_count);
    row->steals = rise(a->stat.steal_count, b->stat.steal_count);
    row->pushes = rise(a->stat.push_count, b->stat.push_count);
}

void outcome_cpu_row(const struct outcome *o, const struct machine *m, uint32_t cpu,
                     struct result_cpu *row)
{
    struct outcome_cpu reading = read_cpu(m, cpu);

    write_cpu(row, &o->cpus[cpu], &reading);
}

#define UNKNOWN_FIELD(name, path) .name = RESULT_UNKNOWN,

/* Of a thread that was there to be forked and never was. */
static const struct result_thread unknown_thread = {RESULT_THREAD_TABLE(UNKNOWN_FIELD)};

static void write_thread(struct result_thread *row, const struct ledger *a, const struct ledger *b,
                         const struct step_thread *step)
{
    step_result(step, row);
    row->process = step->task->process;
    row->runtime_ns = rise(a->runtime_ns, b->runtime_ns);
    row->switches = rise(a->switch_count, b->switch_count);
    row->preemptions = rise(a->preempt_count, b->preempt_count);
    row->voluntary_blocks = rise(a->block_count, b->block_count);
    row->migrations = rise(a->migration_count, b->migration_count);
    row->ideal_ns = RESULT_UNKNOWN;
    row->lag_min_ns = RESULT_UNKNOWN;
    row->lag_max_ns = RESULT_UNKNOWN;
}

static void write_lag(struct result_thread *row, const struct lag *lag, uint32_t thread)
{
    if (!lag->is_known)
        return;
    row->ideal_ns = (int64_t)lag_ideal_ns(lag, thread);
    row->lag_min_ns = lag->threads[thread].min_ns;
    row->lag_max_ns = lag->threads[thread].max_ns;
}

uint64_t outcome_verdict(const struct result_header *header, const struct result_thread *threads,
                         const struct result_cpu *cpus)
{
    uint64_t failed = 0;
    int64_t busy_ns = 0;
    int64_t runtime_ns = 0;

    for (uint32_t cpu = 0; cpu < header->cpu_count; cpu++) {
        const struct result_cpu *c = &cpus[cpu];

        busy_ns += c->busy_ns;
        if ((uint64_t)(c->busy_ns + c->idle_ns + c->kernel_ns) != header->duration_ns)
            failed |= RESULT_FAILED_CONSERVATION;
    }
    for (uint32_t thread = 0; thread < header->thread_count; thread++)
        if (threads[thread].runtime_ns != RESULT_UNKNOWN)
            runtime_ns += threads[thread].runtime_ns;
    if (runtime_ns != busy_ns)
        failed |= RESULT_FAILED_LEDGER;
    return failed;
}

unsigned char *outcome_write(const struct outcome *o, const struct machine *m,
                             const struct script *script, uint64_t failed, size_t *bytes)
{
    uint32_t thread_count = m->config.thread_count;
    uint32_t cpu_count = m->config.cpu_count;
    size_t size = sizeof(struct result_header) + thread_count * sizeof(struct result_thread) +
                  cpu_count * sizeof(struct result_cpu);
    struct result_header *header = calloc(1, size);

    if (header == NULL)
        return NULL;
    struct result_thread *threads = (struct result_thread *)(header + 1);
    struct result_cpu *cpus = (struct result_cpu *)(threads + thread_count);

    for (uint32_t thread = 0; thread < thread_count; thread++) {
        struct ledger ledger = machine_ledger(m, thread);

        threads[thread] = unknown_thread;
        if (!m->threads[thread].has_started)
            continue;
        write_thread(&threads[thread], &o->ledgers[thread], &ledger, &script->threads[thread].step);
        write_lag(&threads[thread], &script->lag, thread);
    }
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
        outcome_cpu_row(o, m, cpu, &cpus[cpu]);
    *header = (struct result_header){.magic = RESULT_MAGIC,
                                     .bytes = size,
                                     .duration_ns = (uint64_t)mono_diff_ns(m->now, o->begin),
                                     .thread_count = thread_count,
                                     .cpu_count = cpu_count,
                                     .wasted_ns = rise(o->wasted_ns, m->waste.wasted_ns),
                                     .trace_hash = m->trace_hash};
    header->failed = failed | outcome_verdict(header, threads, cpus);
    header->checksum = hash_sealed(header, size, offsetof(struct result_header, checksum));
    *bytes = size;
    return (unsigned char *)header;
}
