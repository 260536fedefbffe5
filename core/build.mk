# SPDX-License-Identifier: MIT
# The scheduler core.  Its hosts compile CORE_SRCS themselves, each with its own back end of
# core/port.h; the unit tests use the simulator's.

CORE_SRCS := $(filter-out %_test.c,$(wildcard core/*.c))
CORE_TEST_SRCS := $(wildcard core/*_test.c)

CORE_SAN_OBJS := $(CORE_SRCS:%.c=$(B)/coretest/%.o) $(B)/coretest/core/fixture/fixture.o
CORE_TESTS := $(CORE_TEST_SRCS:core/%.c=$(B)/coretest/core/%)

$(B)/coretest/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_HOST) $(SANITIZE) -include sim/port_sim.h -c $< -o $@

$(CORE_TESTS): %: %.o $(CORE_SAN_OBJS) $(BASE_SAN) $(B)/san/abi/names.o
	$(CC) $(SANITIZE) $^ -lcmocka -o $@

TESTS += $(CORE_TESTS)

.PHONY: test-core
test-core: $(CORE_TESTS)
	@tools/run-tests $(CORE_TESTS)
