/* SPDX-License-Identifier: MIT */
/* acpi_test.c - firmware tables, good and bad, on the host. */
#include "kernel/arch/x86_64/acpi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"

/* Physical memory is one small array at 0xe0000, where a root is also searched for. */
#define MEMORY_BASE UINT64_C(0xe0000)
#define MEMORY_BYTES 8192u
#define ROOT 0x40u
#define LIST 0x100u
#define OTHER 0x400u
#define MADT 0x800u

static uint8_t memory[MEMORY_BYTES];

/* A read beyond the array is refused, so a bad length that gets through shows under ASan. */
static const void *fake_read(uint64_t phys, uint64_t bytes)
{
    if (phys < MEMORY_BASE || phys - MEMORY_BASE > MEMORY_BYTES ||
        bytes > MEMORY_BYTES - (phys - MEMORY_BASE))
        return NULL;
    return memory + (phys - MEMORY_BASE);
}

static void put(uint32_t at, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        memory[at + i] = (uint8_t)(value >> (8 * i));
}

static void fix_sum(uint32_t at, uint32_t bytes, uint32_t sum_at)
{
    uint8_t sum = 0;

    memory[sum_at] = 0;
    for (uint32_t i = 0; i < bytes; i++)
        sum = (uint8_t)(sum + memory[at + i]);
    memory[sum_at] = (uint8_t)-sum;
}

static void fix_table(uint32_t at, const char *signature, uint32_t bytes)
{
    memcpy(memory + at, signature, 4);
    put(at + 4, bytes, 4);
    fix_sum(at, bytes, at + 9);
}

static uint32_t madt_bytes;

static void add_lapic(uint8_t id, uint32_t flags)
{
    uint32_t at = MADT + madt_bytes;

    put(at, 0x0800, 2);
    memory[at + 3] = id;
    put(at + 4, flags, 4);
    madt_bytes += 8;
}

static void build_root(uint8_t revision, bool is_wide)
{
    uint32_t pointer_bytes = is_wide ? 8 : 4;

    memcpy(memory + ROOT, "RSD PTR ", 8);
    memory[ROOT + 15] = revision;
    put(ROOT + 16, is_wide ? 0 : MEMORY_BASE + LIST, 4);
    put(LIST + 36, MEMORY_BASE + OTHER, pointer_bytes);
    put(LIST + 36 + pointer_bytes, MEMORY_BASE + MADT, pointer_bytes);
    fix_table(LIST, is_wide ? "XSDT" : "RSDT", 36 + 2 * pointer_bytes);
    if (revision >= 2) {
        put(ROOT + 20, 36, 4);
        put(ROOT + 24, is_wide ? MEMORY_BASE + LIST : 0, 8);
    }
    fix_sum(ROOT, 20, ROOT + 8);
    if (revision >= 2)
        fix_sum(ROOT, 36, ROOT + 32);
}

/* Four CPUs, one of them disabled; a foreign table before the MADT. */
static void build(uint8_t revision, bool is_wide)
{
    memset(memory, 0, sizeof(memory));
    madt_bytes = 44;
    put(MADT + 36, 0xfee00000, 4);
    add_lapic(0, 1);
    add_lapic(7, 1);
    add_lapic(9, 0);
    add_lapic(3, 1);
    fix_table(MADT, "APIC", madt_bytes);
    fix_table(OTHER, "FACP", 100);
    build_root(revision, is_wide);
}

static enum acpi_result find(struct acpi_cpus *cpus)
{
    return acpi_find_cpus(fake_read, MEMORY_BASE + ROOT, cpus);
}

static void expect_three(const struct acpi_cpus *cpus)
{
    assert_int_equal(cpus->count, 3);
    assert_int_equal(cpus->lapic_id[0], 0);
    assert_int_equal(cpus->lapic_id[1], 7);
    assert_int_equal(cpus->lapic_id[2], 3);
    assert_int_equal(cpus->lapic_base, 0xfee00000);
}

/* Goal: revision 0 with an RSDT is understood. */
static void test_acpi_rsdt(void **state)
{
    struct acpi_cpus cpus;

    (void)state;
    build(0, false);
    assert_int_equal(find(&cpus), ACPI_OK);
    expect_three(&cpus);
}

/* Goal: revision 2 with an XSDT is understood. */
static void test_acpi_xsdt(void **state)
{
    struct acpi_cpus cpus;

    (void)state;
    build(2, true);
    assert_int_equal(find(&cpus), ACPI_OK);
    expect_three(&cpus);
}

/* Goal: revision 2 without an XSDT falls back to the RSDT. */
static void test_acpi_revision_2_rsdt(void **state)
{
    struct acpi_cpus cpus;

    (void)state;
    build(2, false);
    assert_int_equal(find(&cpus), ACPI_OK);
    expect_three(&cpus);
}

/* Goal: a root nobody named is found in the firmware area. */
static void test_acpi_search(void **state)
{
    struct acpi_cpus cpus;

    (void)state;
    build(0, false);
    assert_int_equal(acpi_find_cpus(fake_read, 0, &cpus), ACPI_OK);
    memory[ROOT] = 'X';
    assert_int_equal(acpi_find_cpus(fake_read, 0, &cpus), ACPI_NO_ROOT);
}

/* Goal: the 64-bit LAPIC address replaces the 32-bit one. */
static void test_acpi_lapic_address(void **state)
{
    struct acpi_cpus cpus;

    (void)state;
    build(0, false);
    put(MADT + madt_bytes, 0x0c05, 2);
    put(MADT + madt_bytes + 4, UINT64_C(0x1fee00000), 8);
    fix_table(MADT, "APIC", madt_bytes + 12);
    assert_int_equal(find(&cpus), ACPI_OK);
    assert_int_equal(cpus.lapic_base, UINT64_C(0x1fee00000));
}

static void add_ioapic(uint32_t base, uint32_t first_input)
{
    uint32_t at = MADT + madt_bytes;

    put(at, 0x0c01, 2);
    put(at + 4, base, 4);
    put(at + 8, first_input, 4);
    madt_bytes += 12;
    fix_table(MADT, "APIC", madt_bytes);
}

static void add_override(uint8_t line, uint32_t input, uint32_t flags)
{
    uint32_t at = MADT + madt_bytes;

    put(at, 0x0a02, 2);
    memory[at + 3] = line;
    put(at + 4, input, 4);
    put(at + 8, flags, 2);
    madt_bytes += 10;
    fix_table(MADT, "APIC", madt_bytes);
}

/* Goal: I/O APICs and moved lines are found, with how their inputs signal; lines that are not named
 * stay where they are.  Method: two I/O APICs, three overrides, one of a line that ISA has not. */
static void test_acpi_lines(void **state)
{
    struct acpi_lines lines;

    (void)state;
    build(2, true);
    add_ioapic(0xfec00000, 0);
    add_override(0, 2, 0);
    add_override(9, 20, 0xd);
    add_override(11, 11, 0xf);
    add_override(16, 3, 0xf);
    add_ioapic(0xfec10000, 24);
    acpi_find_lines(fake_read, MEMORY_BASE + ROOT, &lines);
    assert_int_equal(lines.ioapic_count, 2);
    assert_int_equal(lines.ioapics[0].base, 0xfec00000);
    assert_int_equal(lines.ioapics[1].base, 0xfec10000);
    assert_int_equal(lines.ioapics[1].first_input, 24);
    for (uint32_t i = 0; i < ACPI_ISA_LINES; i++) {
        uint32_t input = i == 0 ? 2 : i == 9 ? 20 : i;

        assert_int_equal(lines.isa[i].input, input);
        assert_int_equal(lines.isa[i].is_moved, i == 0 || i == 9 || i == 11);
        assert_int_equal(lines.isa[i].is_level, i == 9 || i == 11);
        assert_int_equal(lines.isa[i].is_low, i == 11);
    }
}

/* Goal: without tables there is no I/O APIC, and of too many some are left out.  Method: no root;
 * one more than the limit. */
static void test_acpi_ioapics_are_bounded(void **state)
{
    struct acpi_lines lines;

    (void)state;
    build(0, false);
    for (uint32_t i = 0; i <= ACPI_IOAPICS_MAX; i++)
        add_ioapic(0xfec00000 + i * 0x1000, 24 * i);
    acpi_find_lines(fake_read, MEMORY_BASE + ROOT, &lines);
    assert_int_equal(lines.ioapic_count, ACPI_IOAPICS_MAX);
    memory[ROOT] = 'X';
    acpi_find_lines(fake_read, MEMORY_BASE + ROOT, &lines);
    assert_int_equal(lines.ioapic_count, 0);
    assert_int_equal(lines.isa[15].input, 15);
}

/* Goal: CPUs beyond the limit and the broadcast number are left out and counted. */
static void test_acpi_too_many(void **state)
{
    struct acpi_cpus cpus;

    (void)state;
    build(0, false);
    for (uint32_t i = 0; i < ARCH_CPU_MAX; i++)
        add_lapic((uint8_t)(100 + i), 1);
    add_lapic(0xff, 1);
    fix_table(MADT, "APIC", madt_bytes);
    assert_int_equal(find(&cpus), ACPI_OK);
    assert_int_equal(cpus.count, ARCH_CPU_MAX);
    assert_int_equal(cpus.left_out_count, 4);
}

/* Goal: an entry of length 0 or beyond the table's end stops the walk. */
static void test_acpi_bad_entry(void **state)
{
    struct acpi_cpus cpus;

    (void)state;
    build(0, false);
    memory[MADT + 44 + 8 + 1] = 0;
    fix_table(MADT, "APIC", madt_bytes);
    assert_int_equal(find(&cpus), ACPI_OK);
    assert_int_equal(cpus.count, 1);
    memory[MADT + 44 + 1] = 200;
    fix_table(MADT, "APIC", madt_bytes);
    assert_int_equal(find(&cpus), ACPI_NO_CPU);
}

/* Goal: every checksum is checked.  Method: flip one byte of each table. */
static void test_acpi_checksums(void **state)
{
    static const struct {
        uint32_t at;
        enum acpi_result result;
    } flips[] = {{ROOT + 10, ACPI_NO_ROOT},
                 {ROOT + 33, ACPI_NO_ROOT},
                 {LIST + 30, ACPI_NO_MADT},
                 {MADT + 20, ACPI_NO_MADT}};
    struct acpi_cpus cpus;

    (void)state;
    for (uint32_t i = 0; i < ARRAY_COUNT(flips); i++) {
        build(2, true);
        memory[flips[i].at] ^= 1;
        assert_int_equal(find(&cpus), flips[i].result);
    }
}

/* Goal: no table, however damaged, makes us read outside memory or loop.  Method: random bytes
 * changed, sums repaired half of the time; ASan watches. */
static void test_acpi_damage(void **state)
{
    struct prng p = prng_seed(7);
    struct acpi_cpus cpus;
    struct acpi_lines lines;

    (void)state;
    for (uint32_t round = 0; round < 20000; round++) {
        static const uint32_t starts[] = {ROOT, LIST, MADT, OTHER};
        uint32_t where = starts[prng_below(&p, ARRAY_COUNT(starts))];

        build((uint8_t)(round % 3), round % 2 == 0);
        add_ioapic(0xfec00000, 0);
        add_override(9, 9, 0xd);
        for (uint32_t i = 0; i < 3; i++)
            memory[where + prng_below(&p, 64)] = (uint8_t)prng_next(&p);
        if (prng_below(&p, 2) == 0) {
            fix_sum(LIST, 36 + 16, LIST + 9);
            fix_sum(MADT, madt_bytes, MADT + 9);
            fix_sum(ROOT, 20, ROOT + 8);
            fix_sum(ROOT, 36, ROOT + 32);
        }
        if (find(&cpus) == ACPI_OK)
            assert_in_range(cpus.count, 1, ARCH_CPU_MAX);
        acpi_find_lines(fake_read, MEMORY_BASE + ROOT, &lines);
        assert_in_range(lines.ioapic_count, 0, ACPI_IOAPICS_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acpi_rsdt),
        cmocka_unit_test(test_acpi_xsdt),
        cmocka_unit_test(test_acpi_revision_2_rsdt),
        cmocka_unit_test(test_acpi_search),
        cmocka_unit_test(test_acpi_lapic_address),
        cmocka_unit_test(test_acpi_lines),
        cmocka_unit_test(test_acpi_ioapics_are_bounded),
        cmocka_unit_test(test_acpi_too_many),
        cmocka_unit_test(test_acpi_bad_entry),
        cmocka_unit_test(test_acpi_checksums),
        cmocka_unit_test(test_acpi_damage),
    };

    return cmocka_run_group_tests_name("acpi", tests, NULL, NULL);
}
