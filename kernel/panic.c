/* SPDX-License-Identifier: MIT */
/*
 * panic.c - the kernel's last words: what, where, how it got there, what the scheduler did last.
 *
 * Takes no lock and calls nothing that does: whoever panics may hold any of them.  The first CPU
 * to panic speaks.  It stops the others first, so that nothing it prints changes meanwhile; one
 * that panics by itself stops as well.  A fault while speaking ends the machine at once.
 */
#include "base/assert.h"
#include "base/fmt.h"
#include "kernel/cpu.h"
#include "kernel/limits.h"
#include "kernel/symbols.h"
#include "kernel/trace.h"
#include "kernel/uthread.h"

#define LINE_BYTES 120u
#define TEXT_BYTES 160u

static struct port_atomic32 speaker; /* the number of the CPU that speaks, and 1 */
static struct port_atomic32 has_stopped[ARCH_CPU_MAX];

static void print(struct fmt *line)
{
    fmt_text(line, "\n");
    arch_console_write(line->text, fmt_length(line));
}

static void print_fault(const struct arch_fault *fault)
{
    char text[LINE_BYTES];
    struct fmt line = fmt_start(text, sizeof(text));

    fmt_text(&line, "  fault: vector ");
    fmt_u64(&line, fault->vector, 0, ' ');
    fmt_text(&line, ", error 0x");
    fmt_hex(&line, fault->error, 1);
    fmt_text(&line, ", address 0x");
    fmt_hex(&line, fault->address, 1);
    print(&line);
}

static void print_thread(const struct cpu *cpu)
{
    char text[LINE_BYTES];
    struct fmt line = fmt_start(text, sizeof(text));
    const struct uthread *t = cpu->current;

    fmt_text(&line, "  thread: ");
    if (t == NULL) {
        fmt_text(&line, "none");
    } else {
        fmt_u64(&line, t->index, 0, ' ');
        fmt_text(&line, ", its pc 0x");
        fmt_hex(&line, arch_context_pc(&t->context), 1);
        fmt_text(&line, ", its stack 0x");
        fmt_hex(&line, arch_context_stack(&t->context), 1);
    }
    print(&line);
}

static void print_text(const char *text)
{
    char bytes[LINE_BYTES];
    struct fmt line = fmt_start(bytes, sizeof(bytes));

    fmt_text(&line, text);
    print(&line);
}

/* `searched` is `address`, or lies in the call that returns there.  `mark` ends the line. */
static void print_address(uint64_t address, uint64_t searched, const char *mark)
{
    char text[LINE_BYTES];
    struct fmt line = fmt_start(text, sizeof(text));
    uint64_t start;
    const char *name = symbols_find(searched, &start);

    fmt_text(&line, "  at 0x");
    fmt_hex(&line, address, 16);
    if (name != NULL) {
        fmt_text(&line, " ");
        fmt_text(&line, name);
        fmt_text(&line, "+0x");
        fmt_hex(&line, address - start, 1);
    }
    fmt_text(&line, mark);
    print(&line);
}

/*
 * A fault before a function has made its frame, or after it has undone it, leaves the address it
 * returns to on top of the stack, and the chain begins with the caller's caller.  What lies there
 * may as well be data that looks like an address, so it is marked.
 */
static void print_top(const struct arch_fault *fault, uint64_t frame)
{
    uint64_t stack = arch_context_stack(fault->registers), start;
    const uint64_t *top = (const uint64_t *)(uintptr_t)stack;

    if (arch_panic_is_stack(stack) && stack < frame && symbols_find(top[0] - 1, &start) != NULL)
        print_address(top[0], top[0] - 1, " ?");
}

/* Frame pointers are a chain of {next, return address} on this stack, upwards, ending in 0. */
static void print_backtrace(const struct arch_fault *fault, uint64_t pc, uint64_t frame)
{
    uint32_t count = 0;

    print_text("backtrace:");
    print_address(pc, pc, "");
    if (fault != NULL)
        print_top(fault, frame);
    for (; count < BACKTRACE_FRAMES_MAX && frame != 0 && arch_panic_is_stack(frame); count++) {
        const uint64_t *words = (const uint64_t *)(uintptr_t)frame;

        if (words[1] != 0)
            print_address(words[1], words[1] - 1, "");
        frame = words[0] > frame ? words[0] : 0;
    }
    if (frame != 0)
        print_text(count == BACKTRACE_FRAMES_MAX ? "  and more" : "  then a bad frame pointer");
}

static void print_events(uint32_t cpu)
{
    char text[LINE_BYTES];
    struct fmt line = fmt_start(text, sizeof(text));

    fmt_text(&line, "last events of CPU ");
    fmt_u64(&line, cpu, 0, ' ');
    if (cpu == arch_cpu())
        fmt_text(&line, ", this one");
    else if (port_load32(&has_stopped[cpu]) == 0)
        fmt_text(&line, ", which did not stop: they may be torn");
    fmt_text(&line, ":");
    print(&line);
    if (trace_print_last(cpu) == 0)
        print_text("  none");
}

/* Returns how many CPUs there are. */
static uint32_t stop_others(void)
{
    uint32_t cpu_count = arch_panic_stop() + 1;

    for (uint32_t i = 0; i < PANIC_WAIT_PAUSES; i++) {
        uint32_t stopped = 1;

        for (uint32_t cpu = 0; cpu < cpu_count; cpu++) /* at most ARCH_CPU_MAX */
            stopped += port_load32(&has_stopped[cpu]);
        if (stopped == cpu_count)
            break;
        arch_pause();
    }
    return cpu_count;
}

void kernel_panic(const char *what, const struct arch_fault *fault, uint64_t pc, uint64_t frame)
{
    char text[TEXT_BYTES];
    struct fmt line = fmt_start(text, sizeof(text));
    uint32_t me = arch_cpu(), found = 0, cpu_count;

    if (!port_cas32(&speaker, &found, me + 1)) {
        if (found == me + 1)
            arch_power_off(1);
        port_store32(&has_stopped[me], 1);
        arch_halt_forever();
    }
    cpu_count = stop_others();
    fmt_text(&line, "\npanic on CPU ");
    fmt_u64(&line, me, 0, ' ');
    fmt_text(&line, ": ");
    fmt_text(&line, what);
    print(&line);
    if (fault != NULL) {
        print_fault(fault);
        arch_panic_registers(fault->registers);
    }
    print_thread(&cpu_blocks[me]);
    print_backtrace(fault, pc, frame);
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) /* at most ARCH_CPU_MAX */
        print_events(cpu);
    arch_power_off(1);
}

void assert_fail(const char *condition, const char *file, int line)
{
    char text[TEXT_BYTES];
    struct fmt what = fmt_start(text, sizeof(text));

    fmt_text(&what, file);
    fmt_text(&what, ":");
    fmt_i64(&what, line, 0);
    fmt_text(&what, ": assertion failed: ");
    fmt_text(&what, condition);
    const uint64_t *frame = __builtin_frame_address(0); /* {the caller's frame, where it was} */

    kernel_panic(text, NULL, frame[1] - 1, frame[0]); /* in the call */
}
