/* SPDX-License-Identifier: MIT */
#include "user/rtc/rtc.h"

#include "base/bits.h"
#include "user/rt/irq.h"

enum { PORT_INDEX = 0, PORT_DATA = 1 };
enum { REG_A = 10, REG_B = 11, REG_C = 12 };

#define A_RATE_MASK 0x0fu
#define A_UPDATING 0x80u
#define B_PERIODIC 0x40u
#define ABSENT 0xffu /* what a port reads where no device is */

/* Rate n is 32768 Hz >> (n - 1); from 3 on the periods are those of the data sheet's table. */
#define RATE_OF_SHIFT(shift) (16u - (shift))

static int64_t read(uint32_t ports, uint64_t reg, uint8_t *value)
{
    int64_t status = rt_port_write8(ports, PORT_INDEX, reg);

    return status == STATUS_OK ? rt_port_read8(ports, PORT_DATA, value) : status;
}

static int64_t write(uint32_t ports, uint64_t reg, uint32_t value)
{
    int64_t status = rt_port_write8(ports, PORT_INDEX, reg);

    return status == STATUS_OK ? rt_port_write8(ports, PORT_DATA, value) : status;
}

/* Change those bits of a register that are in `mask`. */
static int64_t change(uint32_t ports, uint64_t reg, uint32_t mask, uint32_t bits)
{
    uint8_t value;
    int64_t status = read(ports, reg, &value);

    return status == STATUS_OK ? write(ports, reg, (value & ~mask) | bits) : status;
}

int64_t rtc_start(uint32_t ports, uint32_t hz)
{
    uint8_t value;
    int64_t status;

    if (hz < RTC_HZ_MIN || hz > RTC_HZ_MAX || (hz & (hz - 1)) != 0)
        return STATUS_BAD_ARGUMENT;
    status = read(ports, REG_A, &value);
    if (status == STATUS_OK && value == ABSENT)
        return STATUS_DISCONNECTED;
    if (status == STATUS_OK) /* writing to A_UPDATING has no effect */
        status = change(ports, REG_A, A_RATE_MASK | A_UPDATING, RATE_OF_SHIFT(bits_lowest(hz)));
    if (status == STATUS_OK)
        status = change(ports, REG_B, B_PERIODIC, B_PERIODIC);
    return status == STATUS_OK ? rtc_clear(ports) : status;
}

int64_t rtc_stop(uint32_t ports)
{
    int64_t status = change(ports, REG_B, B_PERIODIC, 0);

    return status == STATUS_OK ? rtc_clear(ports) : status;
}

int64_t rtc_clear(uint32_t ports)
{
    uint8_t cause;

    return read(ports, REG_C, &cause);
}
