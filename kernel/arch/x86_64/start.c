/* SPDX-License-Identifier: MIT */
/* start.c - CPU 0 from the first C line to kernel_main; README.md shows the order and why. */
#include "kernel/arch/x86_64/acpi.h"
#include "kernel/arch/x86_64/boot.h"
#include "kernel/arch/x86_64/clock.h"
#include "kernel/arch/x86_64/descriptor.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/ioapic.h"
#include "kernel/arch/x86_64/lapic.h"
#include "kernel/arch/x86_64/memory.h"
#include "kernel/arch/x86_64/paging.h"
#include "kernel/arch/x86_64/serial.h"
#include "kernel/arch/x86_64/smp.h"
#include "kernel/arch/x86_64/x86.h"

#define LAPIC_BASE_USUAL UINT64_C(0xfee00000)

static struct arch_boot facts;
static uint64_t first_tsc; /* instant 0 of the clock */
static uint64_t last_tsc;  /* of the last step noted */

void boot_refuse(const char *what)
{
    serial_text("capos: cannot boot: ");
    serial_text(what);
    serial_text("\n");
    arch_power_off(1);
}

const void *boot_physical(uint64_t phys, uint64_t bytes)
{
    if (phys >= BOOT_MAPPED_END || bytes > BOOT_MAPPED_END - phys)
        return NULL;
    return arch_phys_to_virt(phys);
}

uint64_t boot_frame(void)
{
    for (uint32_t i = 0; i < facts.free_count; i++) { /* at most ARCH_RANGES_MAX */
        struct arch_range *range = &facts.free[i];

        if (range->bytes >= ARCH_PAGE_BYTES && range->base < BOOT_MAPPED_END) {
            uint64_t frame = range->base;

            range->base += ARCH_PAGE_BYTES;
            range->bytes -= ARCH_PAGE_BYTES;
            memset(arch_phys_to_virt(frame), 0, ARCH_PAGE_BYTES);
            return frame;
        }
    }
    boot_refuse("too little memory for the kernel's own tables");
}

void arch_step_note(struct arch_boot *boot, const char *what, uint64_t detail)
{
    uint64_t now = x86_tsc();
    uint64_t took = clock_is_running() ? clock_from_tsc(now - last_tsc) : now - last_tsc;

    last_tsc = now;
    if (boot->step_count < ARCH_STEPS_MAX)
        boot->steps[boot->step_count++] = (struct arch_step){what, detail, took};
}

static void calibrate(void)
{
    struct clock_rates rates = clock_calibrate(first_tsc);

    for (uint32_t i = 0; i < facts.step_count; i++) /* noted in TSC counts so far */
        facts.steps[i].took_ns = clock_from_tsc(facts.steps[i].took_ns);
    arch_step_note(&facts, "TSC against PIT, kHz", rates.tsc_hz / 1000);
    arch_step_note(&facts, "LAPIC timer against PIT, kHz", rates.lapic_hz / 1000);
}

static void find_cpus(uint64_t rsdp, struct acpi_cpus *cpus)
{
    uint8_t this_lapic = (uint8_t)(x86_cpuid(1, 0).b >> 24);

    if (acpi_find_cpus(boot_physical, rsdp, cpus) != ACPI_OK) {
        *cpus = (struct acpi_cpus){.count = 1, .lapic_base = LAPIC_BASE_USUAL};
        cpus->lapic_id[0] = this_lapic;
        arch_step_note(&facts, "no ACPI MADT: one CPU", 1);
    } else {
        arch_step_note(&facts, "ACPI MADT, CPUs", cpus->count);
    }
    if (cpus->lapic_base % ARCH_PAGE_BYTES != 0)
        boot_refuse("the LAPIC's address is not that of a page");
    percpu_blocks[0].lapic_id = this_lapic;
    smp_prepare(cpus, this_lapic);
    facts.cpu_count = cpus->count;
}

static void drop_empty_ranges(void)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < facts.free_count; i++) /* at most ARCH_RANGES_MAX */
        if (facts.free[i].bytes != 0)
            facts.free[kept++] = facts.free[i];
    facts.free_count = kept;
}

/* On CPU 0's own stack, with the kernel's own tables. */
static void boot_on_own_stack(void)
{
    const char *violation;

    lapic_enable(0);
    calibrate();
    violation = paging_check(paging_root);
    if (violation != NULL)
        boot_refuse(violation);
    arch_step_note(&facts, "no page writable and executable", 1);
    kernel_main(&facts);
}

void boot_main(uint32_t loader, uint32_t record)
{
    struct acpi_cpus cpus;
    struct acpi_lines lines;
    uint64_t rsdp = 0;

    first_tsc = last_tsc = x86_tsc();
    serial_init();
    percpu_prepare(0, 0);
    descriptor_fill_idt();
    descriptor_load(&percpu_blocks[0]);
    arch_step_note(&facts, "CPU protections, mask", features_find());
    features_enable();
    if (!lapic_is_usable())
        boot_refuse("the LAPIC is off or in x2APIC mode");
    loader_read(loader, record, &facts, &rsdp);
    arch_step_note(&facts, "memory map, ranges", facts.free_count);
    find_cpus(rsdp, &cpus);
    acpi_find_lines(boot_physical, rsdp, &lines); /* as long as the boot tables show it */
    paging_init(&facts, cpus.lapic_base, facts.cpu_count);
    percpu_blocks[0].root = paging_root;
    arch_step_note(&facts, "paging", paging_root);
    arch_step_note(&facts, "interrupt lines for programs", ioapic_init(&lines));
    drop_empty_ranges();
    boot_on_stack(boot_on_own_stack, percpu_blocks[0].stack_top);
}
