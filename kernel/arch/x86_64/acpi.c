/* SPDX-License-Identifier: MIT */
/*
 * acpi.c - RSDP -> RSDT or XSDT -> MADT -> CPUs, I/O APICs.  Advanced Configuration and Power
 * Interface Specification 6.4, sections 5.2.5 (RSDP), 5.2.7 (RSDT), 5.2.8 (XSDT), 5.2.12 (MADT).
 */
#include "kernel/arch/x86_64/acpi.h"

#include "kernel/arch/x86_64/x86.h"

#define ACPI_SEARCH_FIRST UINT64_C(0xe0000)
#define ACPI_SEARCH_END UINT64_C(0x100000)
#define ACPI_SEARCH_STEP 16u
#define ACPI_TABLE_BYTES_MAX (1u << 20)
#define ACPI_TABLES_MAX 256u
#define ACPI_RSDP_BYTES 20u   /* revision 0 */
#define ACPI_RSDP_BYTES_2 36u /* from revision 2 */
#define ACPI_HEADER_BYTES 36u /* of every table */
#define ACPI_MADT_FIRST 44u   /* first entry: behind LAPIC address and flags */

enum { MADT_LAPIC = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2, MADT_LAPIC_ADDRESS = 5 };
#define MADT_LAPIC_BYTES 8u
#define MADT_IOAPIC_BYTES 12u
#define MADT_OVERRIDE_BYTES 10u
#define MADT_LAPIC_ADDRESS_BYTES 12u
#define MADT_LAPIC_ENABLED 1u
#define LAPIC_ID_BROADCAST 0xffu

/* Flags of an override; of what else they say, "as the bus has it" is high and edge on ISA. */
#define POLARITY_MASK 3u
#define POLARITY_LOW 3u
#define TRIGGER_MASK 0xcu
#define TRIGGER_LEVEL 0xcu

typedef const void *acpi_read(uint64_t phys, uint64_t bytes);

/* Firmware aligns nothing: numbers are read bytewise, lowest first. */
static uint64_t number(const uint8_t *at, uint32_t bytes)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

static bool is_text(const uint8_t *at, const char *text)
{
    for (uint32_t i = 0; text[i] != '\0'; i++)
        if (at[i] != (uint8_t)text[i])
            return false;
    return true;
}

/* All bytes of a table add up to 0. */
static bool sums_to_zero(const uint8_t *at, uint64_t bytes)
{
    uint8_t sum = 0;

    for (uint64_t i = 0; i < bytes; i++) {
        sum = (uint8_t)(sum + at[i]);
        if (i % 1024 == 1023)
            x86_pause();
    }
    return sum == 0;
}

/* A valid root at `phys`, or NULL. */
static const uint8_t *root_at(acpi_read *read, uint64_t phys)
{
    const uint8_t *root = read(phys, ACPI_RSDP_BYTES);

    if (root == NULL || !is_text(root, "RSD PTR ") || !sums_to_zero(root, ACPI_RSDP_BYTES))
        return NULL;
    if (root[15] < 2)
        return root;
    root = read(phys, ACPI_RSDP_BYTES_2);
    return root != NULL && sums_to_zero(root, ACPI_RSDP_BYTES_2) ? root : NULL;
}

static const uint8_t *find_root(acpi_read *read, uint64_t rsdp)
{
    const uint8_t *root;

    if (rsdp != 0)
        return root_at(read, rsdp);
    for (uint64_t at = ACPI_SEARCH_FIRST; at < ACPI_SEARCH_END; at += ACPI_SEARCH_STEP) {
        root = root_at(read, at);
        if (root != NULL)
            return root;
        if (at % 4096 == 0)
            x86_pause();
    }
    return NULL;
}

/* A whole, checked table with this signature at `phys`, or NULL. */
static const uint8_t *table_at(acpi_read *read, uint64_t phys, const char *signature)
{
    const uint8_t *table = read(phys, ACPI_HEADER_BYTES);
    uint64_t bytes;

    if (table == NULL || !is_text(table, signature))
        return NULL;
    bytes = number(table + 4, 4);
    if (bytes < ACPI_HEADER_BYTES || bytes > ACPI_TABLE_BYTES_MAX)
        return NULL;
    table = read(phys, bytes);
    return table != NULL && sums_to_zero(table, bytes) ? table : NULL;
}

static const uint8_t *find_madt(acpi_read *read, const uint8_t *root)
{
    bool wide = root[15] >= 2 && number(root + 24, 8) != 0;
    uint32_t pointer_bytes = wide ? 8 : 4;
    uint64_t list_phys = wide ? number(root + 24, 8) : number(root + 16, 4);
    const uint8_t *list = table_at(read, list_phys, wide ? "XSDT" : "RSDT");
    uint64_t count;

    if (list == NULL)
        return NULL;
    count = (number(list + 4, 4) - ACPI_HEADER_BYTES) / pointer_bytes;
    for (uint64_t i = 0; i < count && i < ACPI_TABLES_MAX; i++) {
        uint64_t phys = number(list + ACPI_HEADER_BYTES + i * pointer_bytes, pointer_bytes);
        const uint8_t *madt = table_at(read, phys, "APIC");

        if (madt != NULL && number(madt + 4, 4) >= ACPI_MADT_FIRST)
            return madt;
    }
    return NULL;
}

static void add_cpu(struct acpi_cpus *cpus, const uint8_t *entry)
{
    if ((number(entry + 4, 4) & MADT_LAPIC_ENABLED) == 0)
        return;
    if (cpus->count == ARCH_CPU_MAX || entry[3] == LAPIC_ID_BROADCAST)
        cpus->left_out_count++;
    else
        cpus->lapic_id[cpus->count++] = entry[3];
}

/* The entry at *at, which moves behind it, or NULL: no more that is whole. */
static const uint8_t *next_entry(const uint8_t *madt, uint64_t *at)
{
    uint64_t bytes = number(madt + 4, 4);
    const uint8_t *entry = madt + *at;

    if (*at + 2 > bytes || entry[1] < 2 || *at + entry[1] > bytes)
        return NULL;
    *at += entry[1];
    if (*at % 1024 < 2)
        x86_pause();
    return entry;
}

enum acpi_result acpi_find_cpus(acpi_read *read, uint64_t rsdp, struct acpi_cpus *cpus)
{
    const uint8_t *root = find_root(read, rsdp);
    const uint8_t *madt = root != NULL ? find_madt(read, root) : NULL;
    uint64_t at = ACPI_MADT_FIRST;

    *cpus = (struct acpi_cpus){.count = 0};
    if (root == NULL)
        return ACPI_NO_ROOT;
    if (madt == NULL)
        return ACPI_NO_MADT;

    cpus->lapic_base = number(madt + ACPI_HEADER_BYTES, 4);
    for (;;) { /* at most the table's bytes / 2 */
        const uint8_t *entry = next_entry(madt, &at);

        if (entry == NULL)
            break;
        if (entry[0] == MADT_LAPIC && entry[1] >= MADT_LAPIC_BYTES)
            add_cpu(cpus, entry);
        else if (entry[0] == MADT_LAPIC_ADDRESS && entry[1] >= MADT_LAPIC_ADDRESS_BYTES)
            cpus->lapic_base = number(entry + 4, 8);
    }
    return cpus->count != 0 ? ACPI_OK : ACPI_NO_CPU;
}

static void add_ioapic(struct acpi_lines *lines, const uint8_t *entry)
{
    if (lines->ioapic_count == ACPI_IOAPICS_MAX)
        return;
    lines->ioapics[lines->ioapic_count++] = (struct acpi_ioapic){
        .base = number(entry + 4, 4), .first_input = (uint32_t)number(entry + 8, 4)};
}

static void add_override(struct acpi_lines *lines, const uint8_t *entry)
{
    uint32_t flags = (uint32_t)number(entry + 8, 2);

    if (entry[3] >= ACPI_ISA_LINES)
        return;
    lines->isa[entry[3]] = (struct acpi_isa_line){
        .input = (uint32_t)number(entry + 4, 4),
        .is_moved = true,
        .is_low = (flags & POLARITY_MASK) == POLARITY_LOW,
        .is_level = (flags & TRIGGER_MASK) == TRIGGER_LEVEL,
    };
}

void acpi_find_lines(acpi_read *read, uint64_t rsdp, struct acpi_lines *lines)
{
    const uint8_t *root = find_root(read, rsdp);
    const uint8_t *madt = root != NULL ? find_madt(read, root) : NULL;
    uint64_t at = ACPI_MADT_FIRST;

    *lines = (struct acpi_lines){.ioapic_count = 0};
    for (uint32_t i = 0; i < ACPI_ISA_LINES; i++)
        lines->isa[i].input = i;
    while (madt != NULL) { /* at most the table's bytes / 2 */
        const uint8_t *entry = next_entry(madt, &at);

        if (entry == NULL)
            return;
        if (entry[0] == MADT_IOAPIC && entry[1] >= MADT_IOAPIC_BYTES)
            add_ioapic(lines, entry);
        else if (entry[0] == MADT_OVERRIDE && entry[1] >= MADT_OVERRIDE_BYTES)
            add_override(lines, entry);
    }
}
