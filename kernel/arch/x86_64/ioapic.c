/* SPDX-License-Identifier: MIT */
/* ioapic.c - see ioapic.h.  Registers: Intel 82093AA data sheet, 3.2. */
#include "kernel/arch/x86_64/ioapic.h"

#include "base/assert.h"
#include "kernel/arch/x86_64/boot.h"
#include "kernel/arch/x86_64/lapic.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/lines.h"
#include "kernel/arch/x86_64/paging.h"
#include "kernel/arch/x86_64/smp.h"

enum { IOAPIC_SELECT = 0x00, IOAPIC_WINDOW = 0x10 }; /* byte offsets */
enum { IOAPIC_VERSION = 0x01, IOAPIC_INPUT = 0x10 }; /* indexes; an input has two */

#define VERSION_LAST_PIN(version) ((version) >> 16 & 0xffu)
#define INPUT_LOW 0x2000u
#define INPUT_LEVEL 0x8000u
#define INPUT_MASKED 0x10000u
#define INPUT_LAPIC_SHIFT 24

_Static_assert(VECTOR_LINE + ARCH_IRQ_LINES_MAX <= VECTOR_TIMER, "vectors of lines");

static struct line_input inputs[ARCH_IRQ_LINES_MAX];

static volatile uint32_t *reg(uint32_t ioapic, uint32_t offset)
{
    return (volatile uint32_t *)(IOAPIC_BASE + (uint64_t)ioapic * ARCH_PAGE_BYTES + offset);
}

static uint32_t read_at(uint32_t ioapic, uint32_t index)
{
    *reg(ioapic, IOAPIC_SELECT) = index;
    return *reg(ioapic, IOAPIC_WINDOW);
}

static void write_at(uint32_t ioapic, uint32_t index, uint32_t value)
{
    *reg(ioapic, IOAPIC_SELECT) = index;
    *reg(ioapic, IOAPIC_WINDOW) = value;
}

/* Returns how many pins it has. */
static uint32_t silence(uint32_t ioapic)
{
    uint32_t pin_count = VERSION_LAST_PIN(read_at(ioapic, IOAPIC_VERSION)) + 1;

    for (uint32_t pin = 0; pin < pin_count; pin++) /* at most 256 */
        write_at(ioapic, IOAPIC_INPUT + 2 * pin, INPUT_MASKED);
    return pin_count;
}

uint32_t ioapic_init(const struct acpi_lines *found)
{
    uint32_t pin_counts[ACPI_IOAPICS_MAX] = {0};
    uint32_t count = 0;

    for (uint32_t i = 0; i < found->ioapic_count; i++) { /* at most ACPI_IOAPICS_MAX */
        if (found->ioapics[i].base % ARCH_PAGE_BYTES != 0)
            boot_refuse("an I/O APIC's address is not that of a page");
        paging_map_device(IOAPIC_BASE + (uint64_t)i * ARCH_PAGE_BYTES, found->ioapics[i].base);
        pin_counts[i] = silence(i);
    }
    lines_resolve(found, pin_counts, inputs);
    for (uint32_t line = 0; line < ARCH_IRQ_LINES_MAX; line++)
        count += inputs[line].is_there;
    return count;
}

/* ---- kernel/arch.h ---- */

bool arch_irq_exists(uint32_t line)
{
    return line < ARCH_IRQ_LINES_MAX && inputs[line].is_there;
}

static uint32_t index_of(uint32_t line)
{
    ASSERT(arch_irq_exists(line));
    return IOAPIC_INPUT + 2 * (uint32_t)inputs[line].pin;
}

void arch_irq_route(uint32_t line, uint32_t cpu)
{
    const struct line_input *input = &inputs[line];
    uint32_t index = index_of(line);
    uint32_t low = (VECTOR_LINE + line) | INPUT_MASKED;

    low |= (input->is_low ? INPUT_LOW : 0) | (input->is_level ? INPUT_LEVEL : 0);
    write_at(input->ioapic, index, low);
    write_at(input->ioapic, index + 1, smp_lapic_of(cpu) << INPUT_LAPIC_SHIFT);
}

void arch_irq_mask(uint32_t line)
{
    uint32_t index = index_of(line);
    uint32_t ioapic = inputs[line].ioapic;

    write_at(ioapic, index, read_at(ioapic, index) | INPUT_MASKED);
}

void arch_irq_unmask(uint32_t line)
{
    uint32_t index = index_of(line);
    uint32_t ioapic = inputs[line].ioapic;

    write_at(ioapic, index, read_at(ioapic, index) & ~INPUT_MASKED);
}

void arch_irq_acknowledge(void)
{
    lapic_acknowledge();
}
