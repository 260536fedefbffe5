/* SPDX-License-Identifier: MIT */
#include "kernel/telemetry.h"

#include "core/account.h"
#include "kernel/frame.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"

_Static_assert(TELEMETRY_RECORD_BYTES == sizeof(struct telemetry_record), "one array");

enum status telemetry_init(struct process *process, uint32_t cpu_count)
{
    uint64_t phys = frame_take_run(TELEMETRY_BYTES);
    struct telemetry_header *header;

    if (phys == 0)
        return STATUS_NO_MEMORY;
    process->telemetry = arch_phys_to_virt(phys);
    header = (struct telemetry_header *)(void *)process->telemetry;
    arch_clock_describe(header);
    header->cpu_count = cpu_count;
    header->thread_max = THREADS_PER_PROCESS_MAX;
    for (uint64_t at = 0; at < TELEMETRY_BYTES; at += ARCH_PAGE_BYTES) {
        enum status status = vspace_map(&process->space, TELEMETRY_BASE + at, phys + at, ARCH_READ);

        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static struct telemetry_record *record_of(const struct uthread *t)
{
    return &t->process->telemetry[t->index + 1]; /* record 0 is the header */
}

/* Readers that saw an even `seq` before and the same after have read one write's numbers. */
static void write_begin(struct telemetry_record *r)
{
    __atomic_store_n(&r->seq, r->seq + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE); /* the odd seq before the fields */
}

static void write_end(struct telemetry_record *r)
{
    __atomic_store_n(&r->seq, r->seq + 1, __ATOMIC_RELEASE); /* the fields before the even seq */
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

    write_begin(r);
    write_ledger(r, &(struct ledger){0});
    r->cpu = 0;
    r->gen = t->gen;
    r->since_ns = 0;
    write_end(r);
}

static HOT void write_now(struct uthread *t, const struct ledger *ledger, struct mono since)
{
    struct telemetry_record *r = record_of(t);

    write_begin(r);
    write_ledger(r, ledger);
    r->cpu = cpu_this()->number;
    r->since_ns = since.ns;
    write_end(r);
}

void telemetry_publish(struct uthread *t)
{
    const struct thread *record = thread_of(glue_sched(), t->ref.slot);

    ASSERT(word_gen(thread_word_load(record)) == t->ref.gen); /* it runs */
    write_now(t, &record->ledger, account_effective_since(glue_sched(), cpu_this()->number));
}

uint64_t telemetry_end(struct uthread *t, struct mono now)
{
    struct mono since = account_effective_since(glue_sched(), cpu_this()->number);
    struct ledger ledger;
    enum status status = sched_ledger(glue_sched(), t->ref, &ledger);

    ASSERT(status == STATUS_OK);
    if (mono_before(since, now))
        ledger.runtime_ns += (uint64_t)mono_diff_ns(now, since);
    write_now(t, &ledger, now);
    return ledger.runtime_ns;
}
