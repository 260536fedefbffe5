/* SPDX-License-Identifier: MIT */
/*
 * panic.c - the kernel's last words: what, where, how it got there, what the scheduler did last.
 *
 * Takes no lock and calls nothing that does: whoever panics may hold any of them.  The first CPU
 * to panic speaks; a second one, or a fault while speaking, ends the machine at once.
 */
#include "base/assert.h"
#include "base/fmt.h"
#include "kernel/cpu.h"
#include "kernel/limits.h"
#include "kernel/trace.h"
#include "kernel/uthread.h"

#define LINE_BYTES 120u
#define TEXT_BYTES 160u

static struct port_atomic32 is_panicking;

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

static void print_address(uint64_t address)
{
    char text[LINE_BYTES];
    struct fmt line = fmt_start(text, sizeof(text));

    fmt_text(&line, "  at 0x");
    fmt_hex(&line, address, 16);
    print(&line);
}

/* Frame pointers are a chain of {next, return address} on this stack, upwards, ending in 0. */
static void print_backtrace(uint64_t pc, uint64_t frame)
{
    uint64_t first = frame;

    print_address(pc);
    for (uint32_t i = 0; i < BACKTRACE_FRAMES_MAX && frame != 0; i++) {
        const uint64_t *words = (const uint64_t *)(uintptr_t)frame;
        bool is_plausible = frame % sizeof(uint64_t) == 0 && frame >= first &&
                            frame - first < BACKTRACE_BYTES_MAX && frame >= ARCH_USER_END;

        if (!is_plausible)
            break;
        if (words[1] != 0)
            print_address(words[1]);
        if (words[0] <= frame)
            break;
        frame = words[0];
    }
}

void kernel_panic(const char *what, const struct arch_fault *fault, uint64_t pc, uint64_t frame)
{
    char text[LINE_BYTES];
    struct fmt line = fmt_start(text, sizeof(text));
    const struct cpu *cpu = cpu_this();

    if (port_xchg32(&is_panicking, 1) != 0)
        arch_power_off(1);
    fmt_text(&line, "\npanic on CPU ");
    fmt_u64(&line, cpu->number, 0, ' ');
    fmt_text(&line, ": ");
    fmt_text(&line, what);
    print(&line);
    if (fault != NULL)
        print_fault(fault);
    print_thread(cpu);
    arch_console_write("backtrace:\n", 11);
    print_backtrace(pc, frame);
    arch_console_write("last events here:\n", 18);
    trace_print_last();
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

    kernel_panic(text, NULL, frame[1], frame[0]);
}
