/* SPDX-License-Identifier: MIT */
/*
 * cases_fault.c - what is forbidden faults, with the right name, where it was done: user faults
 * reach kernel_user_fault, kernel faults kernel_panic, each on a stack that works.
 */
#include "base/assert.h"
#include "kernel/arch/x86_64/boot.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/percpu.h"
#include "kernel/arch/x86_64/test/machine.h"
#include "kernel/arch/x86_64/x86.h"

enum { NMI = 2, BREAKPOINT = 3, INVALID_OPCODE = 6, DOUBLE = 8, PROTECTION = 13, PAGE = 14 };

/* Page-fault error bits. */
#define PRESENT 1u
#define WRITE 2u
#define USER 4u
#define FETCH 16u

#define LAPIC_COMMAND_LOW 0x300u
#define LAPIC_COMMAND_HIGH 0x310u
#define LAPIC_NMI_SELF 0x44400u
#define LAPIC_NMI 0x4400u

extern const char user_read[], user_write[], user_call[], user_cli[], user_hlt[], user_out[],
    user_sgdt[], user_int3[], user_int_timer[], user_divide[], user_ud2[], user_spin[];
extern const char image_rodata[];

static volatile uint32_t *lapic(uint32_t offset)
{
    return (volatile uint32_t *)(LAPIC_BASE + offset);
}

static bool is_fault(const struct event *e, uint64_t vector, uint64_t error, uint64_t address)
{
    return e->kind == EVENT_FAULT && e->number == vector && e->a == error && e->b == address;
}

static bool is_panic(const struct event *e, uint64_t vector, uint64_t error)
{
    return e->kind == EVENT_PANIC && e->number == vector && e->a == error && arch_cpu() == 0;
}

#define USER_CASE(name, label, argument, condition)                \
    static void name##_start(void)                                 \
    {                                                              \
        run_user(&test_context, USER_LABEL(label), (argument), 0); \
    }                                                              \
    static bool name##_check(const struct event *e)                \
    {                                                              \
        return condition;                                          \
    }

USER_CASE(read_kernel, user_read, KERNEL_BASE, is_fault(e, PAGE, USER, KERNEL_BASE))
USER_CASE(read_text, user_read, (uint64_t)image_rodata,
          is_fault(e, PAGE, USER | PRESENT, (uint64_t)image_rodata))
USER_CASE(read_direct, user_read, (uint64_t)test_data,
          is_fault(e, PAGE, USER | PRESENT, (uint64_t)test_data))
USER_CASE(read_wild, user_read, UINT64_C(0x900000000000), is_fault(e, PROTECTION, 0, 0))
USER_CASE(read_null, user_read, 0, is_fault(e, PAGE, USER, 0))
USER_CASE(write_code, user_write, USER_CODE, is_fault(e, PAGE, USER | WRITE | PRESENT, USER_CODE))
USER_CASE(run_data, user_call, USER_DATA, is_fault(e, PAGE, USER | FETCH | PRESENT, USER_DATA))
USER_CASE(cli, user_cli, 0, is_fault(e, PROTECTION, 0, 0))
USER_CASE(hlt, user_hlt, 0, is_fault(e, PROTECTION, 0, 0))
USER_CASE(out, user_out, 0, is_fault(e, PROTECTION, 0, 0))
/* Without UMIP it works, and the program goes on to its UD2. */
USER_CASE(sgdt, user_sgdt, USER_DATA,
          is_fault(e, (features_found() & FEATURE_UMIP) ? PROTECTION : INVALID_OPCODE, 0, 0))
USER_CASE(int3, user_int3, 0, is_fault(e, BREAKPOINT, 0, 0))
/* Not the error code: QEMU 7.2 multiplies the vector by 16 where the processor does by 8. */
USER_CASE(int_timer, user_int_timer, 0, is_fault(e, PROTECTION, e->a, 0))
USER_CASE(divide, user_divide, 0, is_fault(e, 0, 0, 0))
USER_CASE(ud2, user_ud2, 0, is_fault(e, INVALID_OPCODE, 0, 0))

/* Goal: SYSRET never meets an address that is no user address.  Method: a SYSCALL in the last two
 * bytes of the user half. */
static void sysret_start(void)
{
    extern const char user_last_syscall[], user_last_syscall_end[];

    run_user(&test_context, ARCH_USER_END - (uint64_t)(user_last_syscall_end - user_last_syscall),
             0, 0);
}

static bool sysret_check(const struct event *e)
{
    if (e->kind == EVENT_SYSCALL && stage++ == 0)
        arch_return_to_user(&test_context);
    return is_fault(e, PROTECTION, 0, ARCH_USER_END);
}

/* Goal: neither does IRETQ, whatever entry address a thread is created with. */
static void wild_entry_start(void)
{
    run_user(&test_context, UINT64_C(0xdead000000000000), 0, 0);
}

static bool wild_entry_check(const struct event *e)
{
    return is_fault(e, PROTECTION, 0, UINT64_C(0xdead000000000000));
}

#define KERNEL_CASE(name, act, condition)           \
    static void name##_start(void)                  \
    {                                               \
        act;                                        \
        UNREACHABLE();                              \
    }                                               \
    static bool name##_check(const struct event *e) \
    {                                               \
        return condition;                           \
    }

static void touch(uint64_t address)
{
    (void)*(volatile uint64_t *)address;
}

static void scribble(uint64_t address)
{
    *(volatile uint64_t *)address = 1;
}

static void call(uint64_t address)
{
    ((void (*)(void))address)();
}

/* A machine that lacks what a case needs passes it by a kick to itself. */
static void need(bool is_there)
{
    if (is_there)
        return;
    arch_kick(0);
    arch_idle();
}

static void touch_user(void)
{
    need((features_found() & FEATURE_SMAP) != 0);
    touch(USER_DATA);
}

static void call_user(void)
{
    need((features_found() & FEATURE_SMEP) != 0);
    call(USER_LABEL(user_cli));
}

KERNEL_CASE(kernel_null, touch(0), is_panic(e, PAGE, 0))
KERNEL_CASE(kernel_rodata, scribble((uint64_t)image_rodata), is_panic(e, PAGE, WRITE | PRESENT))
KERNEL_CASE(kernel_text, scribble((uint64_t)arch_halt_forever), is_panic(e, PAGE, WRITE | PRESENT))
KERNEL_CASE(kernel_run_data, call((uint64_t)&test_context), is_panic(e, PAGE, FETCH | PRESENT))
KERNEL_CASE(kernel_run_direct, call((uint64_t)test_data), is_panic(e, PAGE, FETCH | PRESENT))
KERNEL_CASE(smap, touch_user(), e->kind == EVENT_KICK || is_panic(e, PAGE, PRESENT))
KERNEL_CASE(smep, call_user(), e->kind == EVENT_KICK || is_panic(e, PAGE, FETCH | PRESENT))
KERNEL_CASE(image_alias, touch(DIRECT_BASE + KERNEL_PHYS), is_panic(e, PAGE, 0))
KERNEL_CASE(low_memory, touch(DIRECT_BASE + TRAMPOLINE_PHYS), is_panic(e, PAGE, 0))
KERNEL_CASE(boot_identity, touch(KERNEL_PHYS), is_panic(e, PAGE, 0))

/* Goal: a kernel stack that overflows meets its guard page and the double fault's own stack.
 * Method: push until it does. */
static void overflow(void)
{
    __asm__ volatile("1: push %rax; jmp 1b");
    UNREACHABLE();
}

static void overflow_start(void)
{
    boot_on_stack(overflow, percpu_this()->stack_top);
}

static bool overflow_check(const struct event *e)
{
    uint64_t here = (uint64_t)__builtin_frame_address(0);
    uint64_t base = STACKS_BASE + STACK_DOUBLE_FAULT_PAGE * (uint64_t)ARCH_PAGE_BYTES;

    return is_panic(e, DOUBLE, 0) && here >= base &&
           here < base + STACK_FATAL_PAGES * (uint64_t)ARCH_PAGE_BYTES;
}

/* Goal: an NMI in the kernel is reported from its own stack with the right CPU. */
static void nmi_kernel_start(void)
{
    *lapic(LAPIC_COMMAND_LOW) = LAPIC_NMI_SELF;
    for (;;)
        x86_pause();
}

static bool nmi_check(const struct event *e)
{
    uint64_t here = (uint64_t)__builtin_frame_address(0);
    uint64_t base = STACKS_BASE + STACK_NMI_PAGE * (uint64_t)ARCH_PAGE_BYTES;

    return is_panic(e, NMI, 0) && here >= base &&
           here < base + STACK_FATAL_PAGES * (uint64_t)ARCH_PAGE_BYTES;
}

/* Goal: the same in user mode, where GS is the user's.  Method: CPU 1 sends it. */
static void send_nmi(void)
{
    *lapic(LAPIC_COMMAND_HIGH) = percpu_blocks[0].lapic_id << 24;
    *lapic(LAPIC_COMMAND_LOW) = LAPIC_NMI;
}

static void nmi_user_start(void)
{
    need(cpus_running() > 1);
    on_other_cpu = send_nmi;
    arch_kick(1);
    run_user(&test_context, USER_LABEL(user_spin), 0, 0);
}

static bool nmi_user_check(const struct event *e)
{
    return e->kind == EVENT_KICK || nmi_check(e);
}

#define CASE(name, text)                 \
    {                                    \
        text, name##_start, name##_check \
    }

const struct test_case cases_fault[] = {
    CASE(read_null, "user read of page 0"),
    CASE(read_kernel, "user read of an unmapped kernel address"),
    CASE(read_text, "user read of the kernel's image"),
    CASE(read_direct, "user read of the direct map"),
    CASE(read_wild, "user read of a non-canonical address"),
    CASE(write_code, "user write to a code page"),
    CASE(run_data, "user jump into a data page"),
    CASE(cli, "user CLI"),
    CASE(hlt, "user HLT"),
    CASE(out, "user OUT to the exit port"),
    CASE(sgdt, "user SGDT"),
    CASE(int3, "user INT3"),
    CASE(int_timer, "user INT with the timer's vector"),
    CASE(divide, "user division by zero"),
    CASE(ud2, "user UD2"),
    CASE(sysret, "SYSCALL at the end of the user half"),
    CASE(wild_entry, "a thread created with a non-canonical entry"),
    CASE(kernel_null, "kernel read of page 0"),
    CASE(kernel_rodata, "kernel write to constants"),
    CASE(kernel_text, "kernel write to text"),
    CASE(kernel_run_data, "kernel jump into its data"),
    CASE(kernel_run_direct, "kernel jump into the direct map"),
    CASE(smap, "kernel read of a user page (SMAP)"),
    CASE(smep, "kernel jump into a user page (SMEP)"),
    CASE(image_alias, "the kernel's image is not in the direct map"),
    CASE(low_memory, "memory below 1 MiB is not in the direct map"),
    CASE(boot_identity, "boot's identity map is gone"),
    CASE(overflow, "kernel stack overflow is a double fault on its own stack"),
    {"NMI in the kernel", nmi_kernel_start, nmi_check},
    {"NMI in user mode", nmi_user_start, nmi_user_check},
    {NULL, NULL, NULL},
};
