/* SPDX-License-Identifier: MIT */
/* cases_user.c - what a user program keeps, loses and must not see across an entry. */
#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/test/machine.h"

#define FLAG_TRAP 0x100u
#define FLAG_INTERRUPTS 0x200u
#define FLAG_DIRECTION 0x400u
#define FLAG_NESTED 0x4000u
#define FLAG_ALIGN 0x40000u
#define FLAGS_DANGEROUS (FLAG_TRAP | FLAG_INTERRUPTS | FLAG_DIRECTION | FLAG_NESTED | FLAG_ALIGN)
#define FLAGS_SET_BY_USER (FLAG_DIRECTION | FLAG_NESTED | FLAG_ALIGN)
#define VECTOR_DEBUG 1u
#define FPU_CONTROL_WORDS UINT64_C(0x037f00001f80) /* x87 control above MXCSR */

extern const char user_registers[], user_interrupted[], user_flags_syscall[], user_flags_loop[],
    user_single_step[], user_set_segments[], user_get_segments[], user_zero_registers[],
    user_fpu_dirty[], user_fpu_look[];

static uint8_t fpu_dirty[ARCH_FPU_BYTES] ALIGNED(64);
static uint8_t fpu_clean[ARCH_FPU_BYTES] ALIGNED(64);

/* Goal: SYSCALL keeps all registers but rax, rcx, r11, and delivers arguments and result.
 * Method: patterns in all registers, compared by the program itself. */
static void registers_start(void)
{
    run_user(&test_context, USER_LABEL(user_registers), 0, 0);
}

static bool registers_check(const struct event *e)
{
    if (stage++ == 0) {
        if (e->kind != EVENT_SYSCALL || e->number != 7 || e->a != 0x5151 || e->b != 0x5252)
            return false;
        arch_context_set_result(&test_context, -5);
        arch_return_to_user(&test_context);
    }
    return e->kind == EVENT_SYSCALL && e->number == 8 && e->a == 0 && (int64_t)e->b == -5;
}

/* Goal: an interrupt keeps every register.  Method: the same by timer, in the middle of a loop. */
static void interrupted_start(void)
{
    test_data[0] = 1;
    arch_timer_arm(arch_clock_ns() + 50 * NS_PER_US);
    run_user(&test_context, USER_LABEL(user_interrupted), 0, USER_DATA);
}

static bool interrupted_check(const struct event *e)
{
    if (stage++ == 0) {
        if (e->kind != EVENT_TIMER)
            return false;
        test_data[0] = 0;
        arch_return_to_user(&test_context);
    }
    return e->kind == EVENT_SYSCALL && e->number == 8 && e->a == 0;
}

/* Goal: no user flag is in force in the kernel after SYSCALL, and the user gets its flags back.
 * Method: AC, DF and NT set; the kernel's flags on entry; the program's flags afterwards. */
static void flags_syscall_start(void)
{
    run_user(&test_context, USER_LABEL(user_flags_syscall), 0, 0);
}

static bool flags_syscall_check(const struct event *e)
{
    if ((e->flags & FLAGS_DANGEROUS) != 0 || e->kind != EVENT_SYSCALL)
        return false;
    if (stage++ == 0)
        arch_return_to_user(&test_context);
    return (e->a & FLAGS_SET_BY_USER) == FLAGS_SET_BY_USER;
}

/* Goal: the same for interrupts, which do not mask AC, DF and NT themselves. */
static void flags_interrupt_start(void)
{
    test_data[0] = 1;
    arch_timer_arm(arch_clock_ns() + 50 * NS_PER_US);
    run_user(&test_context, USER_LABEL(user_flags_loop), 0, USER_DATA);
}

static bool flags_interrupt_check(const struct event *e)
{
    if ((e->flags & FLAGS_DANGEROUS) != 0)
        return false;
    if (stage++ == 0) {
        if (e->kind != EVENT_TIMER)
            return false;
        test_data[0] = 0;
        arch_return_to_user(&test_context);
    }
    return e->kind == EVENT_SYSCALL && (e->a & FLAGS_SET_BY_USER) == FLAGS_SET_BY_USER;
}

/* Goal: single-stepping over SYSCALL traps in user mode, never in the kernel's entry. */
static void single_step_start(void)
{
    run_user(&test_context, USER_LABEL(user_single_step), 0, 0);
}

static bool single_step_check(const struct event *e)
{
    if (e->kind == EVENT_SYSCALL && stage++ == 0)
        arch_return_to_user(&test_context);
    return e->kind == EVENT_FAULT && e->number == VECTOR_DEBUG;
}

/* Goal: a new thread sees none of the last one's registers.  Method: the last case's registers are
 * full of patterns; a program ors together all that are not its arguments. */
static void zero_registers_start(void)
{
    run_user(&other_context, USER_LABEL(user_zero_registers), 0, 0);
}

static bool zero_registers_check(const struct event *e)
{
    return e->kind == EVENT_SYSCALL && e->number == 8 && e->a == 0;
}

/* Goal: segment selectors do not pass from thread to thread.  Method: one sets all four; another,
 * and a third in the memory of the first, look. */
static void segments_start(void)
{
    run_user(&test_context, USER_LABEL(user_set_segments), 0, 0);
}

static bool segments_check(const struct event *e)
{
    if (e->kind != EVENT_SYSCALL)
        return false;
    switch (stage++) {
    case 0:
        run_user(&other_context, USER_LABEL(user_get_segments), 0, 0);
    case 1:
        if (e->a != 0)
            return false;
        run_user(&test_context, USER_LABEL(user_set_segments), 0, 0);
    case 2:
        run_user(&test_context, USER_LABEL(user_get_segments), 0, 0);
    default:
        return e->number == 8 && e->a == 0;
    }
}

/* Goal: loading an initial FPU area leaves nothing of the last thread, and control words are the
 * architecture's; what was saved comes back.  Method: dirty, save, load clean, look; load, look. */
static void fpu_start(void)
{
    arch_fpu_init(fpu_clean);
    arch_fpu_load(fpu_clean);
    run_user(&test_context, USER_LABEL(user_fpu_dirty), 0, 0);
}

static bool fpu_check(const struct event *e)
{
    if (e->kind != EVENT_SYSCALL)
        return false;
    switch (stage++) {
    case 0:
        arch_fpu_save(fpu_dirty);
        arch_fpu_load(fpu_clean);
        run_user(&other_context, USER_LABEL(user_fpu_look), 0, 0);
    case 1:
        if (e->a != 0 || e->b != FPU_CONTROL_WORDS)
            return false;
        arch_fpu_load(fpu_dirty);
        run_user(&other_context, USER_LABEL(user_fpu_look), 0, 0);
    default:
        return e->a == UINT64_MAX && (e->b & UINT32_MAX) == 0x1f00;
    }
}

const struct test_case cases_user[] = {
    {"SYSCALL keeps registers", registers_start, registers_check},
    {"an interrupt keeps registers", interrupted_start, interrupted_check},
    {"SYSCALL clears AC, DF, NT, TF, IF for the kernel", flags_syscall_start, flags_syscall_check},
    {"an interrupt clears AC, DF, NT for the kernel", flags_interrupt_start, flags_interrupt_check},
    {"single step over SYSCALL traps in user mode", single_step_start, single_step_check},
    {"a new thread starts with zero registers", zero_registers_start, zero_registers_check},
    {"segment selectors do not leak", segments_start, segments_check},
    {"FPU state does not leak and comes back", fpu_start, fpu_check},
    {NULL, NULL, NULL},
};
