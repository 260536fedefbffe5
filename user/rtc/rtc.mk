# SPDX-License-Identifier: MIT
# rtc: a driver of the real-time clock; its hands on the device are tested on the host.

RTC_OBJ := $(patsubst %.c,$(B)/user/%.o,$(filter-out %_test.c,$(wildcard user/rtc/*.c)))

$(B)/user/rtc.elf: $(RTC_OBJ) $(USER_CRT0) $(USER_LIB) user/rt/user.ld
	ld $(USER_LDFLAGS) -o $@ $(USER_CRT0) $(RTC_OBJ) $(USER_LIB)

ALL += $(B)/user/rtc.elf

$(eval $(call UNIT_TEST,user/rtc/rtc_test,$(B)/san/user/rtc/rtc.o))
