/* SPDX-License-Identifier: MIT */
/* descriptor.c - see descriptor.h.  Formats: Intel SDM volume 3, sections 3.4, 6.14 and 7.2. */
#include "kernel/arch/x86_64/descriptor.h"

#include "base/assert.h"
#include "kernel/arch/x86_64/timer.h"
#include "kernel/arch/x86_64/x86.h"

#define IDT_VECTORS 256u
#define STUB_BYTES 16u /* trap_entry.S aligns them so */

#define GATE_INTERRUPT 0x8eu /* present, DPL 0: INT n from user mode is a general protection */
#define GATE_USER 0x60u      /* DPL 3, for INT3 */
#define VECTOR_NMI 2u
#define VECTOR_BREAKPOINT 3u
#define VECTOR_DOUBLE_FAULT 8u
#define VECTOR_MACHINE_CHECK 18u

enum { IST_NONE, IST_DOUBLE_FAULT, IST_NMI, IST_MACHINE_CHECK };

#define GDT_KERNEL_CODE UINT64_C(0x00af9b000000ffff)
#define GDT_KERNEL_DATA UINT64_C(0x00cf93000000ffff)
#define GDT_USER_DATA UINT64_C(0x00cff3000000ffff)
#define GDT_USER_CODE UINT64_C(0x00affb000000ffff)
#define GDT_TSS_TYPE UINT64_C(0x89) /* present, available 64-bit TSS */

#define SFMASK_ALL 0x00247fd5u /* every flag SYSCALL may clear, ID and AC among them */

struct PACKED table_pointer {
    uint16_t limit;
    uint64_t base;
};

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};

struct percpu percpu_blocks[ARCH_CPU_MAX];
static struct gate idt[IDT_VECTORS] ALIGNED(16);

extern const char trap_stubs[];    /* trap_entry.S */
extern const char syscall_entry[]; /* syscall.S */

static uint8_t ist_of(uint32_t vector)
{
    switch (vector) {
    case VECTOR_DOUBLE_FAULT:
        return IST_DOUBLE_FAULT;
    case VECTOR_NMI:
        return IST_NMI;
    case VECTOR_MACHINE_CHECK:
        return IST_MACHINE_CHECK;
    default:
        return IST_NONE;
    }
}

void descriptor_fill_idt(void)
{
    for (uint32_t vector = 0; vector < IDT_VECTORS; vector++) {
        uint64_t entry = (uint64_t)trap_stubs + vector * STUB_BYTES;

        idt[vector] = (struct gate){
            .offset_low = (uint16_t)entry,
            .selector = SELECTOR_KERNEL_CODE,
            .ist = ist_of(vector),
            .type = (uint8_t)(GATE_INTERRUPT | (vector == VECTOR_BREAKPOINT ? GATE_USER : 0u)),
            .offset_middle = (uint16_t)(entry >> 16),
            .offset_high = (uint32_t)(entry >> 32),
        };
    }
}

static uint64_t stack_end(uint32_t cpu, uint32_t page, uint32_t pages)
{
    return STACKS_BASE + (((uint64_t)cpu << STACK_PAGES_SHIFT) + page + pages) * ARCH_PAGE_BYTES;
}

void percpu_prepare(uint32_t cpu, uint32_t lapic_id)
{
    struct percpu *p = &percpu_blocks[cpu];
    uint64_t tss = (uint64_t)&p->tss;

    ASSERT(cpu < ARCH_CPU_MAX);
    *p = (struct percpu){
        .self = p,
        .stack_top = stack_end(cpu, STACK_MAIN_PAGE, STACK_MAIN_PAGES),
        .number = cpu,
        .lapic_id = lapic_id,
        .armed_ns = TIMER_NEVER,
    };
    p->tss.ist[IST_DOUBLE_FAULT - 1] = stack_end(cpu, STACK_DOUBLE_FAULT_PAGE, STACK_FATAL_PAGES);
    p->tss.ist[IST_NMI - 1] = stack_end(cpu, STACK_NMI_PAGE, STACK_FATAL_PAGES);
    p->tss.ist[IST_MACHINE_CHECK - 1] = stack_end(cpu, STACK_MACHINE_CHECK_PAGE, STACK_FATAL_PAGES);
    p->tss.io_bitmap = sizeof(struct tss);

    p->gdt[SELECTOR_KERNEL_CODE / 8] = GDT_KERNEL_CODE;
    p->gdt[SELECTOR_KERNEL_DATA / 8] = GDT_KERNEL_DATA;
    p->gdt[SELECTOR_USER_DATA / 8] = GDT_USER_DATA;
    p->gdt[SELECTOR_USER_CODE / 8] = GDT_USER_CODE;
    p->gdt[SELECTOR_TSS / 8] = (sizeof(struct tss) - 1) | (tss & 0xffffff) << 16 |
                               GDT_TSS_TYPE << 40 | (tss >> 24 & 0xff) << 56;
    p->gdt[SELECTOR_TSS / 8 + 1] = tss >> 32;
}

void descriptor_load(struct percpu *cpu)
{
    struct table_pointer gdt_pointer = {sizeof(cpu->gdt) - 1, (uint64_t)cpu->gdt};
    struct table_pointer idt_pointer = {sizeof(idt) - 1, (uint64_t)idt};

    ASSERT(cpu->self == cpu);
    __asm__ volatile("lgdt %0\n\t"
                     "pushq %1\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\n\t"
                     "ltr %w2"
                     :
                     : "m"(gdt_pointer), "i"(SELECTOR_KERNEL_CODE), "r"(SELECTOR_TSS)
                     : "rax", "memory");
    __asm__ volatile("lidt %0" : : "m"(idt_pointer));

    x86_write_msr(MSR_GS_BASE, (uint64_t)cpu);
    x86_write_msr(MSR_KERNEL_GS_BASE, 0); /* the user's, while the kernel runs */
    x86_write_msr(MSR_FS_BASE, 0);
    /* SYSRET adds 8 for SS and 16 for CS to the upper half. */
    x86_write_msr(MSR_STAR,
                  (uint64_t)(SELECTOR_USER_DATA - 8) << 48 | (uint64_t)SELECTOR_KERNEL_CODE << 32);
    x86_write_msr(MSR_LSTAR, (uint64_t)syscall_entry);
    x86_write_msr(MSR_SFMASK, SFMASK_ALL);
}
