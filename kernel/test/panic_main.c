/* SPDX-License-Identifier: MIT */
/*
 * panic_main.c - the kernel under a main that panics, in the way that its boot archive's text says:
 * "assert", "fault", "overflow" on CPU 0; "other": a fault on CPU 1; "both": CPU 0 and CPU 1 at
 * once; "deaf": a fault on CPU 0, which nobody but CPU 0 hears of (the linker puts our function in
 * the place of arch_panic_stop).
 *
 * CPU 2 is halted with interrupts off and CPU 3 idles meanwhile, CPU 1 spins with interrupts off.
 * Each CPU first leaves two trace events that name it: threads 100 and 200 above its number.
 * The functions that call each other are called through `step`, so that no compiler joins them.
 */
#include "base/assert.h"
#include "core/port.h"
#include "kernel/cpu.h"
#include "kernel/trace.h"

#define WORD_BYTES_MAX 16u
#define BAD_ADDRESS UINT64_C(0x1230)
#define DEEP_BYTES 200u

static struct port_atomic32 ready_count;
static struct port_atomic32 go; /* the other CPUs may begin what they are there for */
static const char *word;
static uint64_t word_bytes;
static uint32_t cpus_running = 1;

static uint32_t panic_inner(uint32_t depth);
static uint32_t panic_middle(uint32_t depth);
static uint32_t panic_deep(uint32_t depth);

enum { INNER, MIDDLE, DEEP };
static uint32_t (*const volatile step[])(uint32_t) = {
    [INNER] = panic_inner, [MIDDLE] = panic_middle, [DEEP] = panic_deep};

static bool asked(const char *what)
{
    uint64_t bytes = 0;

    while (what[bytes] != '\0') { /* at most WORD_BYTES_MAX */
        if (bytes == word_bytes || word[bytes] != what[bytes])
            return false;
        bytes++;
    }
    return true;
}

static uint32_t panic_inner(uint32_t depth)
{
    if (asked("assert"))
        ASSERT(depth == 0);
    return *(volatile uint32_t *)BAD_ADDRESS + depth;
}

static uint32_t panic_middle(uint32_t depth)
{
    return step[INNER](depth + 1) + 1; /* what is left to do keeps its frame */
}

static uint32_t panic_deep(uint32_t depth)
{
    volatile uint8_t room[DEEP_BYTES];

    room[depth % DEEP_BYTES] = (uint8_t)depth;
    return step[DEEP](depth + 1) + room[depth % DEEP_BYTES];
}

static void leave_events(void)
{
    struct trace_record record = {.now = {1000}, .cpu = arch_cpu(), .event = EV_WAKE};

    record.thread = 100 + arch_cpu();
    kernel_trace(&record);
    record.event = EV_SWITCH;
    record.thread = 200 + arch_cpu();
    kernel_trace(&record);
}

/* The linker's names: --wrap. */
uint32_t __real_arch_panic_stop(void);
uint32_t __wrap_arch_panic_stop(void);

uint32_t __wrap_arch_panic_stop(void)
{
    return asked("deaf") ? cpus_running - 1 : __real_arch_panic_stop();
}

NORETURN static void spin(void)
{
    for (;;)
        arch_pause();
}

void kernel_main(struct arch_boot *boot)
{
    cpu_init();
    word = arch_phys_to_virt(boot->archive.base);
    word_bytes = boot->archive.bytes < WORD_BYTES_MAX ? boot->archive.bytes : WORD_BYTES_MAX;
    leave_events();
    cpus_running = arch_start_cpus(boot);
    while (port_load32(&ready_count) + 1 < cpus_running)
        arch_pause();
    port_store32(&go, 1);
    if (asked("other"))
        spin();
    step[asked("overflow") ? DEEP : MIDDLE](0);
    arch_power_off(0); /* it should have panicked */
}

void kernel_cpu_main(uint32_t cpu)
{
    cpu_start();
    uint32_t count = port_load32(&ready_count);

    leave_events();
    while (!port_cas32(&ready_count, &count, count + 1))
        arch_pause();
    if (cpu == 2)
        arch_halt_forever();
    if (cpu == 3)
        arch_idle();
    while (port_load32(&go) == 0)
        arch_pause();
    if (cpu == 1 && (asked("other") || asked("both")))
        step[MIDDLE](0);
    spin();
}
