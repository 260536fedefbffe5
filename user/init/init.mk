# SPDX-License-Identifier: MIT
# init: the first program of every boot archive; its tests on the host, with a kernel made of calls.

INIT_SRC := $(filter-out %_test.c,$(wildcard user/init/*.c)) base/manifest.c
INIT_OBJ := $(INIT_SRC:%.c=$(B)/user/%.o)

$(B)/user/init.elf: $(INIT_OBJ) $(USER_CRT0) $(USER_LIB) user/rt/user.ld
	ld $(USER_LDFLAGS) -o $@ $(USER_CRT0) $(INIT_OBJ) $(USER_LIB)

ALL += $(B)/user/init.elf

$(eval $(call UNIT_TEST,user/init/init_test,\
    $(patsubst %,$(B)/san/%.o,user/init/main user/init/service user/rt/print) $(ABI_SAN)))
