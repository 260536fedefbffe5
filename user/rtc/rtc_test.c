/* SPDX-License-Identifier: MIT */
/* rtc_test.c - the driver's hands on a clock made of plain registers. */
#include "user/rtc/rtc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/rt/irq.h"

#define PORTS 33u /* a handle */
#define REGISTERS 16u

static struct {
    uint8_t registers[REGISTERS];
    uint64_t index;
    uint32_t clear_count; /* register C was read */
    uint32_t calls_left;  /* then the capability is STALE */
    bool is_absent;
} device;

static bool is_stale(void)
{
    if (device.calls_left == 0)
        return true;
    device.calls_left--;
    return false;
}

int64_t rt_port_read8(uint32_t ports, uint64_t offset, uint8_t *value)
{
    assert_int_equal(ports, PORTS);
    assert_int_equal(offset, 1);
    if (is_stale())
        return STATUS_STALE;
    assert_in_range(device.index, 0, REGISTERS - 1);
    *value = device.is_absent ? 0xff : device.registers[device.index];
    device.clear_count += device.index == 12;
    return STATUS_OK;
}

int64_t rt_port_write8(uint32_t ports, uint64_t offset, uint64_t value)
{
    assert_int_equal(ports, PORTS);
    assert_in_range(value, 0, UINT8_MAX);
    if (is_stale())
        return STATUS_STALE;
    if (offset == 0)
        device.index = value;
    else
        device.registers[device.index] = (uint8_t)value;
    return STATUS_OK;
}

/* As QEMU and firmware leave it: 1024 Hz, 24-hour mode, no interrupts. */
static void start(void)
{
    memset(&device, 0, sizeof(device));
    device.registers[10] = 0x26;
    device.registers[11] = 0x02;
    device.calls_left = UINT32_MAX;
}

/* Goal: a rate in Hz becomes the data sheet's number; nothing else of the registers changes.
 * Method: every rate there is. */
static void test_rtc_rates(void **state)
{
    uint32_t rate = 15;

    (void)state;
    for (uint32_t hz = RTC_HZ_MIN; hz <= RTC_HZ_MAX; hz *= 2, rate--) {
        start();
        assert_int_equal(rtc_start(PORTS, hz), STATUS_OK);
        assert_int_equal(device.registers[10], 0x20 | rate);
        assert_int_equal(device.registers[11], 0x42);
        assert_int_equal(device.clear_count, 1);
    }
    assert_int_equal(rate, 2);
}

/* Goal: other rates are refused, and nothing is touched.  Method: beyond both ends, between. */
static void test_rtc_rate_refusals(void **state)
{
    static const uint32_t rates[] = {0, 1, 3, 1000, 2 * RTC_HZ_MAX, UINT32_MAX};

    (void)state;
    start();
    for (uint32_t i = 0; i < ARRAY_COUNT(rates); i++)
        assert_int_equal(rtc_start(PORTS, rates[i]), STATUS_BAD_ARGUMENT);
    assert_int_equal(device.calls_left, UINT32_MAX);
}

/* Goal: where no clock is, nothing is started.  Method: ports that read all ones. */
static void test_rtc_absent(void **state)
{
    (void)state;
    start();
    device.is_absent = true;
    assert_int_equal(rtc_start(PORTS, 64), STATUS_DISCONNECTED);
    assert_int_equal(device.registers[11], 0x02);
}

/* Goal: a stopped clock is as it was but for the rate.  Method: start, stop. */
static void test_rtc_stop(void **state)
{
    (void)state;
    start();
    assert_int_equal(rtc_start(PORTS, 64), STATUS_OK);
    assert_int_equal(rtc_stop(PORTS), STATUS_OK);
    assert_int_equal(device.registers[10], 0x2a);
    assert_int_equal(device.registers[11], 0x02);
    assert_int_equal(device.clear_count, 2);
}

/* Goal: whatever call is refused, the refusal comes back.  Method: each of them in turn. */
static void test_rtc_refusals_come_back(void **state)
{
    uint32_t calls = 0;
    int64_t status;

    (void)state;
    do {
        start();
        device.calls_left = calls++;
        status = rtc_start(PORTS, 64);
        if (status == STATUS_OK)
            break;
        assert_int_equal(status, STATUS_STALE);
    } while (calls < 100);
    assert_int_equal(calls, 2 + 4 + 4 + 2 + 1);
    device.calls_left = 3;
    assert_int_equal(rtc_stop(PORTS), STATUS_STALE);
    device.calls_left = 1;
    assert_int_equal(rtc_clear(PORTS), STATUS_STALE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rtc_rates),
        cmocka_unit_test(test_rtc_rate_refusals),
        cmocka_unit_test(test_rtc_absent),
        cmocka_unit_test(test_rtc_stop),
        cmocka_unit_test(test_rtc_refusals_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
