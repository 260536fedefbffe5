/* SPDX-License-Identifier: MIT */
/* main.c - from "the machine works" to "the program runs"; the boot table. */
#include "kernel/archive.h"
#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/cpuset.h"
#include "kernel/endpoint.h"
#include "kernel/frame.h"
#include "kernel/grant.h"
#include "kernel/irq.h"
#include "kernel/mapping.h"
#include "kernel/memobj.h"
#include "kernel/park.h"
#include "kernel/pauses.h"
#include "kernel/ports.h"
#include "kernel/process.h"
#include "kernel/program.h"
#include "kernel/quiesce.h"
#include "kernel/sched_glue.h"
#include "kernel/selftest.h"
#include "kernel/uthread.h"

#define LINE_BYTES 100u
#define DETAIL_COLUMN 40u
#define TOOK_COLUMN 60u
#define FIRST_GIFTS_MAX (CAP_KIND_COUNT + 3u)

static struct port_atomic32 may_run; /* the other CPUs wait for it */

NORETURN static void refuse(const char *what, const char *why)
{
    char text[LINE_BYTES];
    struct fmt line = fmt_start(text, sizeof(text));

    fmt_text(&line, "cannot start: ");
    fmt_text(&line, what);
    fmt_text(&line, why);
    console_line(&line);
    arch_power_off(1);
}

static void print_step(const struct arch_step *step)
{
    char text[LINE_BYTES];
    struct fmt line = fmt_start(text, sizeof(text));

    fmt_text(&line, "  ");
    fmt_text(&line, step->what);
    fmt_pad_to(&line, DETAIL_COLUMN);
    fmt_text(&line, " ");
    fmt_u64(&line, step->detail, 0, ' ');
    fmt_pad_to(&line, TOOK_COLUMN);
    fmt_text(&line, " ");
    fmt_ns(&line, step->took_ns);
    console_line(&line);
}

static void print_table(const struct arch_boot *boot)
{
    char text[LINE_BYTES];
    struct fmt line = fmt_start(text, sizeof(text));

    fmt_text(&line, "capOS: ");
    fmt_u64(&line, boot->cpu_count, 0, ' ');
    fmt_text(&line, " CPUs, ");
    fmt_u64(&line, frame_free_count() * ARCH_PAGE_BYTES >> 20, 0, ' ');
    fmt_text(&line, " MiB free, ready after ");
    fmt_ns(&line, clock_now().ns);
    console_line(&line);
    for (uint32_t i = 0; i < boot->step_count; i++) /* at most ARCH_STEPS_MAX */
        print_step(&boot->steps[i]);
}

static void read_archive(const struct arch_boot *boot, struct archive *archive)
{
    const char *wrong;

    if (boot->archive.bytes == 0)
        refuse("the loader gave no boot archive", "");
    wrong = archive_read(arch_phys_to_virt(boot->archive.base), boot->archive.bytes, archive);
    if (wrong != NULL)
        refuse("the boot archive is bad: ", wrong);
    if (!pauses_begin(archive->header->pause_seed))
        refuse("the boot archive has a pause seed, ", "and this kernel no pauses");
}

/* The tables of all records. */
static void make_pools(uint32_t cpu_count)
{
    if (!glue_init(cpu_count, THREAD_SLOTS) || !uthread_init() || !process_init() ||
        !session_init() || !memobj_init() || !mapping_init() || !grant_init() || !cpuset_init() ||
        !irq_init() || !endpoint_init())
        refuse("too little memory for the kernel's tables", "");
}

/* A VIEW of the archive's first file of a kind, if there is one. */
static bool give_file(const struct archive *archive, enum boot_kind kind, struct boot_gift *gift)
{
    struct archive_file file = archive_find(archive, kind);
    uint32_t memory;

    if (file.bytes == NULL || file.length == 0)
        return false;
    memory = memobj_of_bytes(file.bytes, file.length);
    if (memory == POOL_NONE)
        refuse("too little memory for the archive's files", "");
    gift->ref = (struct cap_ref){.kind = CAP_KIND_VIEW,
                                 .object = memory,
                                 .object_gen = pool_gen(&memobj_pool, memory),
                                 .grant = GRANT_ROOT};
    return true;
}

/* Everything there is.  Returns how many. */
static uint32_t first_gifts(const struct archive *archive, uint32_t cpu_count,
                            struct boot_gift gifts[FIRST_GIFTS_MAX])
{
    uint32_t cpus = cpuset_of_machine(cpu_count);
    uint32_t count = 0;

#define GIVE_KIND(name, number, place, word, what)                                     \
    if ((place) != 0)                                                                  \
        gifts[count++] = (struct boot_gift){                                           \
            (place), {.kind = (number), .grant = GRANT_ROOT, .object = 0}};
    CAP_KIND_TABLE(GIVE_KIND)
#undef GIVE_KIND
    for (uint32_t i = 0; i < count; i++) { /* at most CAP_KIND_COUNT */
        if (gifts[i].ref.kind == CAP_KIND_CPUS) {
            gifts[i].ref.object = cpus;
            gifts[i].ref.object_gen = pool_gen(&cpuset_pool, cpus);
        } else if (gifts[i].ref.kind == CAP_KIND_PORTS) {
            gifts[i].ref.object = ports_all();
        }
    }
    gifts[count].slot = CAP_WORKLOAD;
    count += give_file(archive, BOOT_WORKLOAD, &gifts[count]);
    gifts[count].slot = CAP_ARGUMENTS;
    count += give_file(archive, BOOT_ARGUMENTS, &gifts[count]);
    gifts[count].slot = CAP_MANIFEST;
    count += give_file(archive, BOOT_MANIFEST, &gifts[count]);
    return count;
}

/* The first process, with the machine as its ledger. */
static void start_first(const struct archive *archive, uint32_t cpu_count)
{
    struct boot_gift gifts[FIRST_GIFTS_MAX];
    uint32_t gift_count = first_gifts(archive, cpu_count, gifts);
    const uint64_t limits[LEDGER_RESOURCE_COUNT] = {
        [LEDGER_FRAMES] = frame_free_count(),
        [LEDGER_SLOTS] = CAP_SLOTS_MAX,
        [LEDGER_THREADS] = THREADS_MAX,
        [LEDGER_OPERATIONS] = (uint64_t)THREADS_MAX * RING_INFLIGHT_MAX,
        [LEDGER_GRANTS] = GRANTS_MAX,
        [LEDGER_OBJECTS] = OBJECTS_MAX,
    };
    const char *wrong = process_make_first(gifts, gift_count, limits);

    if (wrong != NULL)
        refuse("the first process cannot be made: ", wrong);
}

void kernel_main(struct arch_boot *boot)
{
    struct archive archive;
    const char *wrong;

    cpu_init();
    read_archive(boot, &archive);
    if ((archive.header->flags & BOOT_FLAG_SELF_TEST) != 0)
        selftest_run(boot);
    timer_init();
    park_init();
    quiesce_init();
    frame_init(boot->free, boot->free_count);
    arch_step_note(boot, "memory free, frames", frame_free_count());
    uint32_t cpu_count = arch_start_cpus(boot);

    make_pools(cpu_count);
    arch_step_note(boot, "tables of records, frames left", frame_free_count());
    wrong = program_load_all(&archive);
    if (wrong != NULL)
        refuse("a program cannot be loaded: ", wrong);
    arch_step_note(boot, "programs loaded, frames left", frame_free_count());
    if ((archive.header->flags & BOOT_FLAG_QUIET) == 0)
        print_table(boot);

    glue_cpu_start();
    port_store32(&may_run, 1);
    start_first(&archive, cpu_count);
    glue_leave();
}

void kernel_cpu_main(uint32_t cpu)
{
    (void)cpu;
    cpu_start();
    if (selftest_is_active())
        selftest_cpu_main();
    while (port_load32(&may_run) == 0)
        arch_pause();
    glue_cpu_start();
    glue_leave();
}
