/* SPDX-License-Identifier: MIT */
/* selftest_main.c - the least kernel that runs kernel/selftest.h and nothing else. */
#include "base/assert.h"
#include "kernel/selftest.h"

NORETURN static void fail(const char *text)
{
    size_t bytes = 0;

    while (text[bytes] != '\0')
        bytes++;
    arch_console_write(text, bytes);
    arch_console_write("\n", 1);
    arch_power_off(1);
}

void kernel_main(struct arch_boot *boot)
{
    selftest_run(boot);
}

void kernel_cpu_main(uint32_t cpu)
{
    (void)cpu;
    selftest_cpu_main();
}

void kernel_timer(void)
{
    selftest_timer();
}

void kernel_kick(void)
{
    selftest_kick();
}

void kernel_syscall(uint64_t argument0, uint64_t argument1, uint64_t number)
{
    (void)number;
    (void)argument0;
    (void)argument1;
    fail("a system call");
}

void kernel_resume(void)
{
    arch_idle();
}

void kernel_irq(uint32_t line)
{
    (void)line;
    fail("a device's interrupt");
}

void kernel_spurious(uint32_t vector)
{
    (void)vector;
    fail("a spurious interrupt");
}

void kernel_user_fault(const struct arch_fault *fault)
{
    fail(fault->name);
}

void kernel_panic(const char *what, const struct arch_fault *fault, uint64_t pc, uint64_t frame)
{
    (void)fault;
    (void)pc;
    (void)frame;
    fail(what);
}

void assert_fail(const char *condition, const char *file, int line)
{
    (void)file;
    (void)line;
    fail(condition);
}
