/* SPDX-License-Identifier: MIT */
#include "kernel/arch/x86_64/lines.h"

/* The timer that smp.c uses, the input by which one PIC passes on the other's, the console. */
static const uint8_t kernels_own[] = {0, 2, 4};

static bool is_kernels_own(uint32_t line)
{
    for (uint32_t i = 0; i < ARRAY_COUNT(kernels_own); i++)
        if (kernels_own[i] == line)
            return true;
    return false;
}

/* Does another line end at the input that would be this one's? */
static bool is_taken(const struct acpi_lines *found, uint32_t line, uint32_t input)
{
    for (uint32_t i = 0; i < ACPI_ISA_LINES; i++)
        if (i != line && found->isa[i].is_moved && found->isa[i].input == input)
            return true;
    return false;
}

/* How the line signals: as ACPI says, or as PCI does. */
static struct acpi_isa_line describe(const struct acpi_lines *found, uint32_t line)
{
    if (line < ACPI_ISA_LINES)
        return found->isa[line];
    return (struct acpi_isa_line){.input = line, .is_low = true, .is_level = true};
}

static struct line_input resolve(const struct acpi_lines *found, const uint32_t *pin_counts,
                                 uint32_t line)
{
    struct acpi_isa_line wire = describe(found, line);

    if (is_kernels_own(line) || is_taken(found, line, wire.input))
        return (struct line_input){.is_there = false};
    for (uint32_t i = 0; i < found->ioapic_count; i++) { /* at most ACPI_IOAPICS_MAX */
        uint32_t first = found->ioapics[i].first_input;

        if (wire.input >= first && wire.input - first < pin_counts[i])
            return (struct line_input){true, wire.is_low, wire.is_level, (uint8_t)i,
                                       (uint8_t)(wire.input - first)};
    }
    return (struct line_input){.is_there = false};
}

void lines_resolve(const struct acpi_lines *found, const uint32_t pin_counts[ACPI_IOAPICS_MAX],
                   struct line_input inputs[ARCH_IRQ_LINES_MAX])
{
    for (uint32_t line = 0; line < ARCH_IRQ_LINES_MAX; line++)
        inputs[line] = resolve(found, pin_counts, line);
}
