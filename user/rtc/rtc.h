/* SPDX-License-Identifier: MIT */
/*
 * rtc.h - the PC's real-time clock (Motorola MC146818A) as a source of periodic interrupts.
 *
 * It raises its line, LINE 8 of the machine, at the end of each period, and keeps it raised until
 * register C is read.  The line signals by edges, so without that read there is no other interrupt.
 *
 * Results as in user/rt/calls.h.
 */
#ifndef USER_RTC_RTC_H
#define USER_RTC_RTC_H

#include "base/types.h"

#define RTC_LINE 8u
#define RTC_PORT_FIRST 0x70u
#define RTC_PORT_COUNT 2u
#define RTC_HZ_MIN 2u
#define RTC_HZ_MAX 8192u

/* `hz`: a power of two, RTC_HZ_MIN to RTC_HZ_MAX.  From now on it interrupts so often.
 * STATUS_BAD_ARGUMENT; STATUS_DISCONNECTED: where the ports are is no clock. */
MUST_USE int64_t rtc_start(uint32_t ports, uint32_t hz);

/* It does not any more. */
MUST_USE int64_t rtc_stop(uint32_t ports);

/* The interrupt was taken; the next may come. */
MUST_USE int64_t rtc_clear(uint32_t ports);

#endif /* USER_RTC_RTC_H */
