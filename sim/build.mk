# SPDX-License-Identifier: MIT
# The simulator: core/ with its own back end, CPUs and threads in simulated time.
# Programs link SIM_HOST, the shared sources of workload/ and abi/names.o, and BASE_HOST.

SIM_SRC := sim/memory.c sim/event.c sim/waste.c sim/ideal.c sim/fluid.c sim/lag.c \
    sim/machine.c sim/idle.c sim/view.c sim/calls.c sim/script.c sim/outcome.c \
    sim/histograms.c sim/snapshot.c sim/sim.c
SIM_CORE_SRC := $(filter-out %_test.c,$(wildcard core/*.c))
SIM_PORT := -include sim/port_sim.h

SIM_HOST := $(SIM_SRC:%.c=$(B)/sim/%.o) $(SIM_CORE_SRC:%.c=$(B)/sim/%.o)
SIM_SAN := $(SIM_SRC:%.c=$(B)/simsan/%.o) $(SIM_CORE_SRC:%.c=$(B)/simsan/%.o)

$(B)/sim/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_HOST) $(SIM_PORT) -c $< -o $@
$(B)/simsan/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_HOST) $(SIM_PORT) $(SANITIZE) -c $< -o $@

# sim/hash: one line per workload file, what this build computed (tests/hash-matrix).
# sim/bench: events a second.  Both begin with the reader of workload files.
include workload/build.mk
SIM_READER := $(WORKLOAD_HOST_SRCS) $(WORKLOAD_FREE_SRCS) abi/names.c sim/scenario.c
SIM_PROGRAMS := $(B)/sim/hash $(B)/sim/bench
$(SIM_PROGRAMS): $(SIM_READER:%.c=$(B)/host/%.o) $(SIM_HOST) $(BASE_HOST)
$(SIM_PROGRAMS): $(B)/sim/%: $(B)/host/sim/%_main.o
	$(CC) $^ $(WORKLOAD_HOST_LIBS) -o $@
ALL += $(SIM_PROGRAMS)

.PHONY: bench-sim
bench-sim: $(B)/sim/bench
	@$<

# Tests.  base/build.mk has defined BASE_SAN already: folders are read in alphabetical order.
SIM_TESTS := $(patsubst %,$(B)/test/sim/%_test,memory event waste ideal fluid lag view outcome \
    histograms snapshot machine idle calls script sim random)
$(SIM_TESTS): $(SIM_READER:%.c=$(B)/san/%.o) $(SIM_SAN) $(BASE_SAN)
$(SIM_TESTS): $(B)/test/sim/%: $(B)/simsan/sim/%.o
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) $^ -lcmocka $(WORKLOAD_HOST_LIBS) -o $@
TESTS += $(SIM_TESTS) tests/hash-matrix
