# SPDX-License-Identifier: MIT
# User space: the runtime as a library, loadgen, and one program per guest test.

include workload/build.mk

USER_CFLAGS := $(CFLAGS_FREE)
USER_LDFLAGS := -nostdlib -static -z max-page-size=4096 -z noexecstack --fatal-warnings \
                -T user/rt/user.ld

USER_RT_SRC := $(filter-out %_test.c,$(wildcard user/rt/*.c)) base/fmt.c abi/names.c
USER_RT_OBJ := $(USER_RT_SRC:%.c=$(B)/user/%.o)
USER_CRT0 := $(B)/user/user/rt/crt0.o
USER_LIB := $(B)/user/rt.a

LOADGEN_SRC := $(filter-out %_test.c,$(wildcard user/loadgen/*.c)) $(WORKLOAD_FREE_SRCS)
LOADGEN_OBJ := $(LOADGEN_SRC:%.c=$(B)/user/%.o)

GUEST_TEST_SRC := $(wildcard user/guest_test/*.c)
GUEST_TEST_SHARED := user/guest_test/helper.c
GUEST_TEST_GARBAGE := user/guest_test/garbage.c
GUEST_TEST_ELF := $(patsubst user/guest_test/%.c,$(B)/user/%.elf,\
    $(filter-out $(GUEST_TEST_SHARED) $(GUEST_TEST_GARBAGE),$(GUEST_TEST_SRC)))

BENCH_OBJ := $(patsubst %.c,$(B)/user/%.o,$(wildcard user/bench/*.c))

# The runtime leaves vector registers alone; programs may use them.
$(B)/user/user/rt/%.o: USER_CFLAGS += -mgeneral-regs-only

$(B)/user/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(USER_CFLAGS) -c $< -o $@
$(B)/user/%.o: %.S
	@mkdir -p $(@D)
	$(CC) -I. -MMD -MP -g -c $< -o $@

$(USER_LIB): $(USER_RT_OBJ)
	rm -f $@
	ar rcs $@ $^

$(B)/user/loadgen.elf: $(LOADGEN_OBJ) $(USER_CRT0) $(USER_LIB) user/rt/user.ld
	ld $(USER_LDFLAGS) -o $@ $(USER_CRT0) $(LOADGEN_OBJ) $(USER_LIB)

$(B)/user/bench.elf: $(BENCH_OBJ) $(USER_CRT0) $(USER_LIB) user/rt/user.ld
	ld $(USER_LDFLAGS) -o $@ $(USER_CRT0) $(BENCH_OBJ) $(USER_LIB)

$(GUEST_TEST_ELF): $(B)/user/%.elf: $(B)/user/user/guest_test/%.o \
    $(GUEST_TEST_SHARED:%.c=$(B)/user/%.o) $(USER_CRT0) $(USER_LIB) user/rt/user.ld
	ld $(USER_LDFLAGS) -o $@ $(USER_CRT0) $(filter %.o,$(filter-out $(USER_CRT0),$^)) $(USER_LIB)

$(B)/user/fuzz_calls.elf $(B)/user/fuzz_refusals.elf: $(GUEST_TEST_GARBAGE:%.c=$(B)/user/%.o)

ALL += $(B)/user/loadgen.elf $(B)/user/bench.elf $(GUEST_TEST_ELF)

$(eval $(call UNIT_TEST,user/loadgen/arguments_test,$(B)/san/user/loadgen/arguments.o))

include user/init/init.mk user/rtc/rtc.mk user/sdk/sdk.mk tests/guest.mk
