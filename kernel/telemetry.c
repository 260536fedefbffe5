/* SPDX-License-Identifier: MIT */
#include "kernel/telemetry.h"

#include "core/account.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"
#include "kernel/uthread.h"

_Static_assert(TELEMETRY_RECORD_BYTES == sizeof(struct telemetry_record), "one array");

void telemetry_describe(struct process *process)
{
    void *first = process->seats.telemetry[0];
    struct telemetry_header *header = first;

    arch_clock_describe(header);
    header->cpu_count = glue_sched()->cpu_count;
    header->thread_max = THREADS_PER_PROCESS_MAX;
}

static struct telemetry_record *record_of(const struct uthread *t)
{
    uint32_t number = t->index + 1; /* record 0 is the header */
    struct telemetry_record *page = t->process->seats.telemetry[number / TELEMETRY_PER_PAGE];

    return &page[number % TELEMETRY_PER_PAGE];
}

/* Readers that saw an even `seq` before and the same after have read one write's numbers. */
static HOT uint32_t write_begin(struct telemetry_record *r)
{
    uint32_t odd = r->seq + 1;

    __atomic_store_n(&r->seq, odd, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE); /* the odd seq before the fields */
    return odd;
}

static HOT void write_end(struct telemetry_record *r, uint32_t odd)
{
    __atomic_store_n(&r->seq, odd + 1, __ATOMIC_RELEASE); /* the fields before the even seq */
}

static void write_ledger(struct telemetry_record *r, const struct ledger *ledger)
{
    r->runtime_ns = ledger->runtime_ns;
    r->switches = ledger->switch_count;
    r->preemptions = ledger->preempt_count;
    r->voluntary_blocks = ledger->block_count;
    r->migrations = ledger->migration_count;
}

void telemetry_begin(struct uthread *t)
{
    struct telemetry_record *r = record_of(t);

    t->telemetry = r;
    uint32_t odd = write_begin(r);

    write_ledger(r, &(struct ledger){0});
    r->cpu = 0;
    r->gen = t->gen;
    r->since_ns = 0;
    write_end(r, odd);
}

static HOT void write_now(const struct cpu *cpu, struct uthread *t, const struct ledger *ledger,
                          struct mono since)
{
    struct telemetry_record *r = t->telemetry;

    uint32_t odd = write_begin(r);

    write_ledger(r, ledger);
    r->cpu = cpu->number;
    r->since_ns = since.ns;
    write_end(r, odd);
}

HOT void telemetry_publish(const struct cpu *cpu, struct uthread *t)
{
    if (t->is_reaper)
        return;
    const struct thread *record = arena_at(glue_sched(), cpu->rq->current_offset);

    ASSERT(cpu->rq->current == t->ref.slot);
    ASSERT(word_gen(thread_word_load(record)) == t->ref.gen);
    write_now(cpu, t, &record->ledger, account_uncharged_since(cpu->rq));
}

void telemetry_end(struct uthread *t, struct mono now)
{
    struct mono since = account_uncharged_since(cpu_this()->rq);
    struct ledger ledger;
    enum status status = sched_ledger(glue_sched(), t->ref, &ledger);

    ASSERT(status == STATUS_OK);
    if (mono_before(since, now))
        ledger.runtime_ns += (uint64_t)mono_diff_ns(now, since);
    write_now(cpu_this(), t, &ledger, now);
}

void telemetry_final(struct uthread *t)
{
    /* Its slot is dead, but not given back yet: what the core counted last. */
    const struct thread *thread = thread_of(glue_sched(), t->ref.slot);

    write_now(cpu_this(), t, &thread->ledger, glue_now());
}
