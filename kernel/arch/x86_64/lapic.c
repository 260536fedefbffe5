/* SPDX-License-Identifier: MIT */
/* lapic.c - see lapic.h.  Registers: Intel SDM volume 3, chapter 10. */
#include "kernel/arch/x86_64/lapic.h"

#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/x86.h"

enum {
    LAPIC_TASK = 0x80,
    LAPIC_EOI = 0xb0,
    LAPIC_SPURIOUS = 0xf0,
    LAPIC_COMMAND_LOW = 0x300,
    LAPIC_COMMAND_HIGH = 0x310,
    LAPIC_LVT_TIMER = 0x320,
    LAPIC_LVT_LINT0 = 0x350,
    LAPIC_LVT_LINT1 = 0x360,
    LAPIC_LVT_ERROR = 0x370,
    LAPIC_TIMER_INITIAL = 0x380,
    LAPIC_TIMER_CURRENT = 0x390,
    LAPIC_TIMER_DIVIDE = 0x3e0
};

#define LAPIC_SOFTWARE_ENABLE 0x100u
#define LAPIC_MASKED 0x10000u
#define LAPIC_LVT_NMI 0x400u
#define LAPIC_DIVIDE_BY_1 0xbu
#define LAPIC_COMMAND_PENDING 0x1000u
#define LAPIC_COMMAND_FIXED 0x4000u /* assert, physical destination */
#define LAPIC_COMMAND_NMI 0x4400u
#define LAPIC_COMMAND_INIT 0x4500u
#define LAPIC_COMMAND_STARTUP 0x4600u
#define LAPIC_COMMAND_POLLS_MAX 100000u

#define APIC_BASE_ENABLED (UINT64_C(1) << 11)
#define APIC_BASE_X2APIC (UINT64_C(1) << 10)

#define PIC_MASTER 0x20u
#define PIC_SLAVE 0xa0u

static volatile uint32_t *reg(uint32_t offset)
{
    return (volatile uint32_t *)(LAPIC_BASE + offset);
}

/* Both 8259s: vectors away from the exceptions (a spurious one may still come), all lines off. */
static void pic_silence(void)
{
    static const uint8_t words[][2] = {{0x11, 0x11}, {VECTOR_PIC, VECTOR_PIC + 8}, {4, 2}, {1, 1}};

    for (uint32_t i = 0; i < ARRAY_COUNT(words); i++) {
        x86_out8((uint16_t)(PIC_MASTER + (i != 0)), words[i][0]);
        x86_out8((uint16_t)(PIC_SLAVE + (i != 0)), words[i][1]);
    }
    x86_out8(PIC_MASTER + 1, 0xff);
    x86_out8(PIC_SLAVE + 1, 0xff);
}

bool lapic_is_usable(void)
{
    uint64_t base = x86_read_msr(MSR_APIC_BASE);

    return (base & APIC_BASE_ENABLED) != 0 && (base & APIC_BASE_X2APIC) == 0;
}

void lapic_enable(uint32_t cpu)
{
    if (cpu == 0)
        pic_silence();
    /* First: while the LAPIC is off, its other registers stay masked whatever is written. */
    *reg(LAPIC_SPURIOUS) = LAPIC_SOFTWARE_ENABLE | VECTOR_LAPIC_SPURIOUS;
    *reg(LAPIC_TASK) = 0;
    *reg(LAPIC_LVT_LINT0) = LAPIC_MASKED;
    /* The monitor's "nmi" asks where the machine hangs; one CPU's answer can be read. */
    *reg(LAPIC_LVT_LINT1) = cpu == 0 ? LAPIC_LVT_NMI : LAPIC_MASKED;
    *reg(LAPIC_LVT_ERROR) = LAPIC_MASKED;
    *reg(LAPIC_TIMER_DIVIDE) = LAPIC_DIVIDE_BY_1;
    *reg(LAPIC_TIMER_INITIAL) = 0;
    *reg(LAPIC_LVT_TIMER) = VECTOR_TIMER; /* one-shot */
}

void lapic_acknowledge(void)
{
    *reg(LAPIC_EOI) = 0;
}

void lapic_timer_start(uint32_t count)
{
    *reg(LAPIC_TIMER_INITIAL) = count;
}

uint32_t lapic_timer_left(void)
{
    return *reg(LAPIC_TIMER_CURRENT);
}

/* The command register holds one interrupt: wait, with a bound, until the last one has left. */
static void command(uint32_t lapic_id, uint32_t what)
{
    for (uint32_t i = 0; i < LAPIC_COMMAND_POLLS_MAX; i++) {
        if ((*reg(LAPIC_COMMAND_LOW) & LAPIC_COMMAND_PENDING) == 0)
            break;
        x86_pause();
    }
    *reg(LAPIC_COMMAND_HIGH) = lapic_id << 24;
    *reg(LAPIC_COMMAND_LOW) = what;
}

void lapic_send(uint32_t lapic_id, uint32_t vector)
{
    command(lapic_id, LAPIC_COMMAND_FIXED | vector);
}

void lapic_send_nmi(uint32_t lapic_id)
{
    command(lapic_id, LAPIC_COMMAND_NMI);
}

void lapic_send_init(uint32_t lapic_id)
{
    command(lapic_id, LAPIC_COMMAND_INIT);
}

void lapic_send_startup(uint32_t lapic_id, uint64_t phys)
{
    command(lapic_id, LAPIC_COMMAND_STARTUP | (uint32_t)(phys / ARCH_PAGE_BYTES));
}
