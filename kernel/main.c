/* SPDX-License-Identifier: MIT */
/* main.c - from "the machine works" to "the program runs"; the boot table. */
#include "kernel/archive.h"
#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/frame.h"
#include "kernel/park.h"
#include "kernel/pauses.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"
#include "kernel/selftest.h"

#define LINE_BYTES 100u
#define DETAIL_COLUMN 40u
#define TOOK_COLUMN 60u

static struct process process;
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
    frame_init(boot->free, boot->free_count);
    arch_step_note(boot, "memory free, frames", frame_free_count());
    uint32_t cpu_count = arch_start_cpus(boot);

    if (!glue_init(cpu_count, THREADS_PER_PROCESS_MAX))
        refuse("too little memory for the scheduler", "");
    wrong = process_load(&process, &archive, cpu_count);
    if (wrong != NULL)
        refuse("the program cannot be loaded: ", wrong);
    arch_step_note(boot, "program loaded, frames left", frame_free_count());
    if ((archive.header->flags & BOOT_FLAG_QUIET) == 0)
        print_table(boot);

    glue_cpu_start();
    port_store32(&may_run, 1);
    if (process_start(&process) != STATUS_OK)
        refuse("the first thread cannot be made", "");
    glue_leave();
}

void kernel_cpu_main(uint32_t cpu)
{
    (void)cpu;
    if (selftest_is_active())
        selftest_cpu_main();
    while (port_load32(&may_run) == 0)
        arch_pause();
    glue_cpu_start();
    glue_leave();
}
