/* SPDX-License-Identifier: MIT */
/*
 * trap.c - from a vector to the kernel_* function that handles it.
 *
 * trap_entry.S calls the functions here on the CPU's own stack (the fatal ones on the stack they
 * came in on), interrupts off, GS the kernel's.  A saved frame is laid out as struct arch_context.
 */
#include "kernel/arch/x86_64/trap.h"

#include "base/assert.h"
#include "kernel/arch/x86_64/lapic.h"
#include "kernel/arch/x86_64/percpu.h"
#include "kernel/arch/x86_64/serial.h"
#include "kernel/arch/x86_64/timer.h"
#include "kernel/arch/x86_64/x86.h"

#define VECTOR_GENERAL_PROTECTION 13u
#define VECTOR_DOUBLE_FAULT 8u
#define VECTOR_PAGE_FAULT 14u

/* clang-format off */
static const char *const exception_names[VECTOR_EXCEPTIONS] = {
    "divide error", "debug", "non-maskable interrupt", "breakpoint", "overflow", "bound range",
    "invalid opcode", "device not available", "double fault", "coprocessor overrun",
    "invalid TSS", "segment not present", "stack segment", "general protection", "page fault",
    "exception 15", "x87 floating point", "alignment check", "machine check",
    "SIMD floating point", "virtualization", "control protection", "exception 22",
    "exception 23", "exception 24", "exception 25", "exception 26", "exception 27",
    "hypervisor injection", "VMM communication", "security", "exception 31"};
/* clang-format on */

static uint64_t word(const struct arch_context *frame, uint32_t offset)
{
    return frame->words[offset / 8];
}

/* Of a page fault's error code: Intel SDM volume 3, 4.7. */
#define PAGE_PRESENT 1u
#define PAGE_WRITE 2u
#define PAGE_FETCH 16u

static uint32_t access_of_fault(uint64_t error)
{
    return (uint32_t)ARCH_READ | ((error & PAGE_WRITE) != 0 ? (uint32_t)ARCH_WRITE : 0) |
           ((error & PAGE_FETCH) != 0 ? (uint32_t)ARCH_EXECUTE : 0);
}

static struct arch_fault describe(const struct arch_context *frame)
{
    uint32_t vector = (uint32_t)word(frame, CONTEXT_VECTOR);

    bool is_page_fault = vector == VECTOR_PAGE_FAULT;

    ASSERT(vector < VECTOR_EXCEPTIONS);
    return (struct arch_fault){
        .name = exception_names[vector],
        .vector = vector,
        .error = word(frame, CONTEXT_ERROR),
        .address = is_page_fault ? x86_read_cr2() : 0,
        .access = is_page_fault ? access_of_fault(word(frame, CONTEXT_ERROR)) : 0,
        .is_mapped = is_page_fault && (word(frame, CONTEXT_ERROR) & PAGE_PRESENT) != 0,
        .registers = frame,
    };
}

/* `resume` goes on with what the interrupt interrupted. */
NORETURN static void interrupt(uint32_t vector, void (*resume)(void))
{
    if (vector >= VECTOR_LINE && vector < VECTOR_LINE + ARCH_IRQ_LINES_MAX)
        kernel_irq(vector - VECTOR_LINE);
    switch (vector) {
    case VECTOR_KICK:
        lapic_acknowledge();
        kernel_kick();
    case VECTOR_TIMER:
        lapic_acknowledge();
        switch (timer_came()) {
        case TIMER_DUE:
            kernel_timer();
        case TIMER_EARLY:
            resume();
            break;
        case TIMER_UNASKED:
            break;
        }
        kernel_spurious(vector);
    default:
        /* A spurious interrupt of the LAPIC or a PIC has set no bit that awaits an answer. */
        if (vector >= VECTOR_PIC + 16 && vector != VECTOR_LAPIC_SPURIOUS)
            lapic_acknowledge();
        kernel_spurious(vector);
    }
}

static void resume_user(void)
{
    arch_return_to_user(percpu_this()->context);
}

void trap_from_user(const struct arch_context *context)
{
    uint32_t vector = (uint32_t)word(context, CONTEXT_VECTOR);

    ASSERT(context == percpu_this()->context);
    if (vector < VECTOR_EXCEPTIONS) {
        struct arch_fault fault = describe(context);

        kernel_user_fault(&fault);
    }
    interrupt(vector, resume_user);
}

void trap_from_idle(uint32_t vector)
{
    interrupt(vector, kernel_resume);
}

void trap_wild_rip(void)
{
    struct arch_fault fault = {
        .name = "jump outside user memory",
        .vector = VECTOR_GENERAL_PROTECTION,
        .address = arch_context_pc(percpu_this()->context),
    };

    kernel_user_fault(&fault);
}

void arch_panic_registers(const struct arch_context *frame)
{
    static const struct {
        const char *name;
        uint32_t offset;
    } table[] = {
        {" rax ", CONTEXT_RAX},   {" rbx ", CONTEXT_RBX}, {" rcx ", CONTEXT_RCX},
        {"\n rdx ", CONTEXT_RDX}, {" rsi ", CONTEXT_RSI}, {" rdi ", CONTEXT_RDI},
        {"\n rbp ", CONTEXT_RBP}, {" rsp ", CONTEXT_RSP}, {" r8  ", CONTEXT_R8},
        {"\n r9  ", CONTEXT_R9},  {" r10 ", CONTEXT_R10}, {" r11 ", CONTEXT_R11},
        {"\n r12 ", CONTEXT_R12}, {" r13 ", CONTEXT_R13}, {" r14 ", CONTEXT_R14},
        {"\n r15 ", CONTEXT_R15}, {" rip ", CONTEXT_RIP}, {" fl  ", CONTEXT_RFLAGS},
        {"\n cs  ", CONTEXT_CS},  {" ss  ", CONTEXT_SS},  {" err ", CONTEXT_ERROR},
    };

    for (uint32_t i = 0; i < ARRAY_COUNT(table); i++) {
        serial_text(table[i].name);
        serial_hex(word(frame, table[i].offset));
    }
    serial_text("\n cr2 ");
    serial_hex(x86_read_cr2());
    serial_text(" cr3 ");
    serial_hex(x86_read_cr3());
    serial_text("\n");
}

/* The first page of this CPU's part of the stack area. */
static uint64_t stacks_first(void)
{
    uint64_t block = (uint64_t)(percpu_this() - percpu_blocks);

    return STACKS_BASE + (block << STACK_PAGES_SHIFT) * ARCH_PAGE_BYTES;
}

/* A page below one of this CPU's stacks? */
static bool is_guard(uint64_t address)
{
    uint64_t page = (address - stacks_first()) / ARCH_PAGE_BYTES;

    return page == STACK_MAIN_PAGE - 1 || page == STACK_DOUBLE_FAULT_PAGE - 1 ||
           page == STACK_NMI_PAGE - 1 || page == STACK_MACHINE_CHECK_PAGE - 1;
}

/* Are the 16 bytes at `address` within the `pages` from `first` on? */
static bool is_within(uint64_t address, uint64_t first, uint64_t pages)
{
    return address >= first && address - first <= pages * ARCH_PAGE_BYTES - 16;
}

bool arch_panic_is_stack(uint64_t address)
{
    uint64_t first = stacks_first();

    if (address % 8 != 0)
        return false;
    return is_within(address, first + STACK_MAIN_PAGE * ARCH_PAGE_BYTES, STACK_MAIN_PAGES) ||
           is_within(address, first + STACK_DOUBLE_FAULT_PAGE * ARCH_PAGE_BYTES,
                     STACK_FATAL_PAGES) ||
           is_within(address, first + STACK_NMI_PAGE * ARCH_PAGE_BYTES, STACK_FATAL_PAGES) ||
           is_within(address, first + STACK_MACHINE_CHECK_PAGE * ARCH_PAGE_BYTES,
                     STACK_FATAL_PAGES);
}

void trap_in_kernel_fatal(const struct arch_context *frame)
{
    struct arch_fault fault = describe(frame);
    bool from_user = (word(frame, CONTEXT_CS) & 3) != 0; /* NMI or machine check */

    if (fault.vector == VECTOR_DOUBLE_FAULT && is_guard(x86_read_cr2())) {
        fault.name = "double fault: the kernel's stack overflowed";
        fault.address = x86_read_cr2();
    }
    kernel_panic(fault.name, &fault, word(frame, CONTEXT_RIP),
                 from_user ? 0 : word(frame, CONTEXT_RBP));
}
