/* SPDX-License-Identifier: MIT */
/* selftest.c - see selftest.h. */
#include "kernel/selftest.h"

#include <stdatomic.h>

#include "base/assert.h"
#include "base/bits.h"
#include "base/fmt.h"

#define CODE_BASE UINT64_C(0x100000)
#define TURNS_BASE UINT64_C(0x200000)
#define TURNS_STRIDE 64u /* bytes: each CPU counts in a cache line of its own */
#define LINE_BYTES 100u

_Static_assert(ARCH_PAGE_BYTES / TURNS_STRIDE >= ARCH_CPU_MAX, "all counters in one page");

/* Written by its own CPU only. */
struct hog {
    struct arch_context context;
    bool is_started;
    uint32_t kicks;
    uint64_t kick_ns_max;
    uint64_t first_turns; /* at the first timer, when all hogs run */
};

static _Atomic bool is_active;
static _Atomic uint64_t kicked_at_ns; /* by CPU 0, before each kick */

/* Written by CPU 0; the others read root after the first kick. */
static struct {
    struct arch_boot *boot;
    uint32_t cpu_count;
    uint32_t timers;
    uint64_t root;
    const unsigned char *turns;
    uint64_t due_ns;
    uint64_t late_ns_max;
    uint64_t late_ns_sum;
} test;

static struct hog hogs[ARCH_CPU_MAX];

bool selftest_is_active(void)
{
    return atomic_load_explicit(&is_active, memory_order_relaxed);
}

/* A zeroed frame from boot's free memory; the test needs about ten. */
static uint64_t take_frame(void *unused)
{
    (void)unused;
    for (uint32_t i = 0; i < test.boot->free_count; i++) { /* at most ARCH_RANGES_MAX */
        struct arch_range *range = &test.boot->free[i];
        uint64_t frame = range->base;
        uint64_t *words = arch_phys_to_virt(frame);

        if (range->bytes < ARCH_PAGE_BYTES)
            continue;
        range->base += ARCH_PAGE_BYTES;
        range->bytes -= ARCH_PAGE_BYTES;
        for (uint32_t w = 0; w < ARCH_PAGE_BYTES / 8; w++)
            words[w] = 0;
        return frame;
    }
    return 0;
}

static void prepare_space(void)
{
    size_t code_bytes = (size_t)(arch_hog_code_end - arch_hog_code);
    uint64_t code = take_frame(NULL);
    uint64_t turns = take_frame(NULL);
    unsigned char *to = arch_phys_to_virt(code);
    bool is_mapped;

    ASSERT(code_bytes <= ARCH_PAGE_BYTES);
    for (size_t i = 0; i < code_bytes; i++) /* at most a page */
        to[i] = arch_hog_code[i];
    test.turns = arch_phys_to_virt(turns);
    test.root = take_frame(NULL);
    arch_space_create(test.root);
    is_mapped = arch_space_map(test.root, CODE_BASE, code, ARCH_READ | ARCH_EXECUTE, take_frame,
                               NULL) == ARCH_MAP_DONE &&
                arch_space_map(test.root, TURNS_BASE, turns, ARCH_READ | ARCH_WRITE, take_frame,
                               NULL) == ARCH_MAP_DONE;
    ASSERT(is_mapped);
}

static uint64_t turns_of(uint32_t cpu)
{
    const _Atomic uint64_t *word =
        (const _Atomic uint64_t *)(const void *)(test.turns + cpu * TURNS_STRIDE);

    return atomic_load_explicit(word, memory_order_relaxed);
}

NORETURN static void start_hog(uint32_t cpu)
{
    hogs[cpu].is_started = true;
    arch_space_activate(test.root);
    arch_context_init(&hogs[cpu].context, CODE_BASE, 0, TURNS_BASE + cpu * TURNS_STRIDE, 0, 0);
    arch_return_to_user(&hogs[cpu].context);
}

static void kick_others(void)
{
    atomic_store_explicit(&kicked_at_ns, arch_clock_ns(), memory_order_release);
    for (uint32_t cpu = 1; cpu < test.cpu_count; cpu++) /* at most ARCH_CPU_MAX */
        arch_kick(cpu);
}

void selftest_run(struct arch_boot *boot)
{
    test.boot = boot;
    atomic_store(&is_active, true);
    test.cpu_count = arch_start_cpus(boot);
    prepare_space();
    kick_others();
    test.due_ns = arch_clock_ns() + SELFTEST_PERIOD_NS;
    arch_timer_arm(test.due_ns);
    start_hog(0);
}

void selftest_cpu_main(void)
{
    arch_idle();
}

void selftest_kick(void)
{
    uint32_t cpu = arch_cpu();
    struct hog *hog = &hogs[cpu];
    uint64_t sent_ns = atomic_load_explicit(&kicked_at_ns, memory_order_acquire);
    uint64_t late_ns = arch_clock_ns() - sent_ns; /* the clock after the load, or it may be older */

    hog->kicks++;
    if (late_ns > hog->kick_ns_max)
        hog->kick_ns_max = late_ns;
    if (!hog->is_started)
        start_hog(cpu);
    arch_return_to_user(&hog->context);
}

static void print(const struct fmt *line)
{
    arch_console_write(line->text, fmt_length(line));
    arch_console_write("\n", 1);
}

/* One CPU's line; false if it got too small a share or lost a kick. */
static bool report_cpu(uint32_t cpu, uint64_t mean)
{
    char text[LINE_BYTES];
    struct fmt line = fmt_start(text, sizeof(text));
    uint64_t turns = turns_of(cpu) - hogs[cpu].first_turns;
    uint64_t percent = mean != 0 ? turns * 100 / mean : 0;
    bool is_good =
        percent >= SELFTEST_SHARE_PERCENT_MIN && (cpu == 0 || hogs[cpu].kicks == test.timers);

    fmt_u64(&line, cpu, 3, ' ');
    fmt_u64(&line, turns, 10, ' ');
    fmt_u64(&line, percent, 8, ' ');
    fmt_text(&line, " %");
    fmt_u64(&line, hogs[cpu].kicks, 8, ' ');
    fmt_text(&line, "  ");
    fmt_ns(&line, hogs[cpu].kick_ns_max);
    fmt_text(&line, is_good ? "" : "  <- failed");
    print(&line);
    return is_good;
}

static void report_timer(void)
{
    char text[LINE_BYTES];
    struct fmt line = fmt_start(text, sizeof(text));

    fmt_text(&line, "timer latency: mean ");
    fmt_ns(&line, test.late_ns_sum / test.timers);
    fmt_text(&line, ", max ");
    fmt_ns(&line, test.late_ns_max);
    fmt_text(&line, " of ");
    fmt_ns(&line, SELFTEST_LATENCY_NS_MAX);
    print(&line);
}

NORETURN static void finish(void)
{
    static const char heading[] = "self-test\ncpu     turns of mean   kicks  kick latency max\n";
    bool is_good = test.late_ns_max <= SELFTEST_LATENCY_NS_MAX;
    uint64_t sum = 0;

    for (uint32_t cpu = 0; cpu < test.cpu_count; cpu++) /* at most ARCH_CPU_MAX */
        sum += turns_of(cpu) - hogs[cpu].first_turns;
    arch_console_write(heading, sizeof(heading) - 1);
    for (uint32_t cpu = 0; cpu < test.cpu_count; cpu++)
        is_good &= report_cpu(cpu, sum / test.cpu_count);
    report_timer();
    if (is_good)
        arch_console_write("self-test ok\n", 13);
    else
        arch_console_write("self-test failed\n", 17);
    arch_power_off(!is_good);
}

void selftest_timer(void)
{
    uint64_t late_ns = arch_clock_ns() - test.due_ns;

    if (test.timers++ == 0)
        for (uint32_t cpu = 0; cpu < test.cpu_count; cpu++) /* at most ARCH_CPU_MAX */
            hogs[cpu].first_turns = turns_of(cpu);
    if (late_ns > test.late_ns_max)
        test.late_ns_max = late_ns;
    test.late_ns_sum += late_ns;
    if (test.timers == SELFTEST_TIMERS || late_ns > SELFTEST_GIVE_UP_NS)
        finish();
    kick_others();
    test.due_ns += SELFTEST_PERIOD_NS;
    arch_timer_arm(test.due_ns);
    arch_return_to_user(&hogs[0].context);
}
