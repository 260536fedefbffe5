/* SPDX-License-Identifier: MIT */
#include "kernel/process.h"

#include "kernel/cap.h"
#include "kernel/elf.h"
#include "kernel/frame.h"
#include "kernel/telemetry.h"

/* What the first thread finds in its registers. */
static struct {
    uint64_t entry;
    uint64_t workload_bytes;
    uint64_t arguments_bytes;
} first;

static uint64_t page_up(uint64_t bytes)
{
    return bits_round_up(bytes, ARCH_PAGE_BYTES);
}

static const char *load_program(struct process *process, const struct archive *archive)
{
    struct archive_file file = archive_find(archive, BOOT_PROGRAM);
    struct elf_plan plan;
    const char *wrong = elf_read(file.bytes, file.length, &plan);

    if (wrong != NULL)
        return wrong;
    for (uint32_t i = 0; i < plan.segment_count; i++) { /* at most ELF_SEGMENTS_MAX */
        const struct elf_segment *s = &plan.segments[i];

        if (vspace_fill(&process->space, s->virt, s->memory_bytes, file.bytes + s->file_offset,
                        s->file_bytes, s->access) != STATUS_OK)
            return "there is too little memory for the program";
    }
    first.entry = plan.entry;
    return NULL;
}

/* Map a file of the archive, read-only.  Nothing if there is none. */
static bool map_file(struct process *process, const struct archive *archive, enum boot_kind kind,
                     uint64_t virt, uint64_t *length)
{
    struct archive_file file = archive_find(archive, kind);

    *length = file.length;
    return vspace_fill(&process->space, virt, page_up(file.length), file.bytes, file.length,
                       ARCH_READ) == STATUS_OK;
}

static bool make_tables(struct process *process, uint32_t cpu_count)
{
    uint64_t records = frame_take_run(THREADS_PER_PROCESS_MAX * sizeof(struct uthread));

    if (records == 0)
        return false;
    process->threads = arch_phys_to_virt(records);
    return telemetry_init(process, cpu_count) == STATUS_OK;
}

const char *process_load(struct process *process, const struct archive *archive, uint32_t cpu_count)
{
    const char *wrong;

    *process = (struct process){.threads = NULL};
    cap_fill(process->caps);
    if (vspace_init(&process->space) != STATUS_OK || !make_tables(process, cpu_count))
        return "there is too little memory for a process";
    wrong = load_program(process, archive);
    if (wrong != NULL)
        return wrong;
    if (!map_file(process, archive, BOOT_WORKLOAD, WORKLOAD_BASE, &first.workload_bytes) ||
        !map_file(process, archive, BOOT_ARGUMENTS, ARGUMENTS_BASE, &first.arguments_bytes))
        return "there is too little memory for the archive's files";
    if (vspace_fill(&process->space, STACK_BASE, BOOT_STACK_BYTES, NULL, 0,
                    ARCH_READ | ARCH_WRITE) != STATUS_OK)
        return "there is too little memory for a stack";
    return NULL;
}

enum status process_start(struct process *process)
{
    struct uthread_start start = {
        .entry = first.entry,
        .stack = STACK_TOP,
        .arguments = {first.workload_bytes, first.arguments_bytes},
        .is_first = true,
    };
    struct thread_params params = {
        .weight = WEIGHT_UNIT,
        .latency_class = LATENCY_NORMAL,
        .start_cpu = cpu_this()->number,
    };
    struct uthread_name name;

    return uthread_spawn(process, &start, &params, &name);
}

/* ---- Thread records ---- */

struct uthread *process_take_record(struct process *process)
{
    struct uthread *t;

    lock_take(&process->lock, LOCK_PROCESS);
    t = process->unused;
    if (t != NULL) {
        process->unused = t->next_unused;
    } else if (process->fresh_index < THREADS_PER_PROCESS_MAX) {
        t = &process->threads[process->fresh_index];
        t->index = process->fresh_index++;
        t->process = process;
    }
    if (t != NULL)
        process->live_count++;
    lock_give(&process->lock, LOCK_PROCESS);
    return t;
}

void process_give_record(struct process *process, struct uthread *t)
{
    ASSERT(t->state == UTHREAD_UNUSED);
    if (t->gen == UINT32_MAX)
        return; /* retired: its generation must not repeat */
    lock_take(&process->lock, LOCK_PROCESS);
    t->next_unused = process->unused;
    process->unused = t;
    lock_give(&process->lock, LOCK_PROCESS);
}

void process_untake_record(struct process *process, struct uthread *t)
{
    process_give_record(process, t);
    lock_take(&process->lock, LOCK_PROCESS);
    process->live_count--;
    lock_give(&process->lock, LOCK_PROCESS);
}

bool process_thread_ended(struct process *process, const struct uthread *t, int64_t status)
{
    bool was_last;

    lock_take(&process->lock, LOCK_PROCESS);
    ASSERT(process->live_count > 0);
    was_last = --process->live_count == 0;
    if (t->index == 0 && t->gen == 1)
        process->first_status = status;
    lock_give(&process->lock, LOCK_PROCESS);
    return was_last;
}
