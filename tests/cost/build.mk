# SPDX-License-Identifier: MIT
# What a switch costs in the core: `make bench-core`, or tests/cost/core-cost as TAP.

# The same flags as the simulator's, and, as the kernel's image, optimised as a whole where the
# compiler is gcc.
COST_FLAGS := $(CFLAGS_HOST) $(SIM_PORT) \
    $(if $(filter gcc,$(notdir $(CC))),-flto -flto-partition=one)
COST_SRCS := tests/cost/switches.c $(SIM_CORE_SRC) base/fixmul.c tools/assert_host.c

$(B)/cost/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(COST_FLAGS) -c $< -o $@
$(B)/cost/switches: $(COST_SRCS:%.c=$(B)/cost/%.o)
	$(CC) $(COST_FLAGS) $^ -o $@
ALL += $(B)/cost/switches

.PHONY: bench-core
bench-core: $(B)/cost/switches
	@tests/cost/core-cost --table

TESTS += tests/cost/core-cost
