/* SPDX-License-Identifier: MIT */
/* lines_test.c - which line is which input, on the host. */
#include "kernel/arch/x86_64/lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct acpi_lines found;
static uint32_t pin_counts[ACPI_IOAPICS_MAX];
static struct line_input inputs[ARCH_IRQ_LINES_MAX];

/* Two I/O APICs of 24 and 8 pins, no line moved. */
static void start(void)
{
    found = (struct acpi_lines){.ioapic_count = 2};
    found.ioapics[1].first_input = 24;
    for (uint32_t i = 0; i < ACPI_ISA_LINES; i++)
        found.isa[i].input = i;
    pin_counts[0] = 24;
    pin_counts[1] = 8;
}

static void move(uint32_t line, uint32_t input)
{
    found.isa[line] = (struct acpi_isa_line){.input = input, .is_moved = true, .is_level = true};
}

/* Goal: every pin has a line, but for those of the kernel's devices.  Method: count; the last pin
 * of each, and what is behind them. */
static void test_lines_are_pins(void **state)
{
    uint32_t count = 0;

    (void)state;
    start();
    lines_resolve(&found, pin_counts, inputs);
    for (uint32_t i = 0; i < ARCH_IRQ_LINES_MAX; i++)
        count += inputs[i].is_there;
    assert_int_equal(count, 24 + 8 - 3);
    assert_false(inputs[0].is_there || inputs[2].is_there || inputs[4].is_there);
    assert_int_equal(inputs[23].pin, 23);
    assert_int_equal(inputs[23].ioapic, 0);
    assert_int_equal(inputs[31].pin, 7);
    assert_int_equal(inputs[31].ioapic, 1);
    assert_false(inputs[32].is_there);
}

/* Goal: lines of the first PC signal as ACPI says, others as PCI does.  Method: 8, 9, 16. */
static void test_lines_signal(void **state)
{
    (void)state;
    start();
    move(9, 9);
    lines_resolve(&found, pin_counts, inputs);
    assert_true(!inputs[8].is_level && !inputs[8].is_low);
    assert_true(inputs[9].is_level && !inputs[9].is_low);
    assert_true(inputs[16].is_level && inputs[16].is_low);
}

/* Goal: no two lines are the same input.  Method: line 0 moved to 2, 9 to 20, 10 to 9; compare all
 * pairs. */
static void test_lines_share_no_input(void **state)
{
    (void)state;
    start();
    move(0, 2);
    move(9, 20);
    move(10, 9);
    lines_resolve(&found, pin_counts, inputs);
    assert_int_equal(inputs[9].pin, 20);
    assert_int_equal(inputs[10].pin, 9);
    assert_false(inputs[20].is_there);
    for (uint32_t i = 0; i < ARCH_IRQ_LINES_MAX; i++)
        for (uint32_t j = 0; j < i; j++)
            assert_false(inputs[i].is_there && inputs[j].is_there &&
                         inputs[i].ioapic == inputs[j].ioapic && inputs[i].pin == inputs[j].pin);
}

/* Goal: a line that ends nowhere is not there.  Method: moved beyond all pins; no I/O APIC. */
static void test_lines_without_input(void **state)
{
    (void)state;
    start();
    move(8, 1000);
    lines_resolve(&found, pin_counts, inputs);
    assert_false(inputs[8].is_there);
    found.ioapic_count = 0;
    lines_resolve(&found, pin_counts, inputs);
    for (uint32_t i = 0; i < ARCH_IRQ_LINES_MAX; i++)
        assert_false(inputs[i].is_there);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_are_pins),
        cmocka_unit_test(test_lines_signal),
        cmocka_unit_test(test_lines_share_no_input),
        cmocka_unit_test(test_lines_without_input),
    };

    return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
