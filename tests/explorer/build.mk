# SPDX-License-Identifier: MIT
# The interleaving explorer: the core's own sources under tests/explorer/port_explorer.h.
#   No sanitizers: coroutines have their own stacks.  Fixed addresses, so that counts repeat.
#   -O1: values that nobody needs any more then stay in few stack slots, so that equal situations
#   are equal bytes; -O2 meets six times as many states.  The order of accesses is the source's at
#   any level: each is a call; nothing is inlined, for the same reason.

EXPLORER_DIR := $(B)/explorer/tests/explorer
EXPLORER_ENGINE := $(addprefix $(EXPLORER_DIR)/,coroutine.o cpu.o explore.o state_set.o tso.o)
EXPLORER_OBJS := $(EXPLORER_ENGINE) $(CORE_SRCS:%.c=$(B)/explorer/%.o) \
    $(BASE_SRC:%.c=$(B)/explorer/%.o) \
    $(addprefix $(EXPLORER_DIR)/,machine.o machine_clock.o machine_end.o machine_lend.o \
    scenarios.o scenarios_move.o scenarios_poll.o scenarios_lend.o \
    scenarios_turn.o explorer.o)
EXPLORER_CC := $(CC) $(CFLAGS_HOST) -O1 -fno-inline -fno-pie -fno-stack-protector \
    -fcf-protection=none -include tests/explorer/port_explorer.h

$(B)/explorer/%.o: %.c
	@mkdir -p $(@D)
	$(EXPLORER_CC) -c $< -o $@

# explorer.cmd tells tests/explorer/seeded-bugs how to build the same with a changed source.
$(B)/explorer/explorer: $(EXPLORER_OBJS)
	$(CC) -no-pie $^ -o $@
	@printf '%s\n' '$(EXPLORER_CC)' '$(CC) -no-pie' '$(EXPLORER_OBJS)' > $@.cmd

$(B)/explorer/explore_test: $(EXPLORER_DIR)/explore_test.o $(EXPLORER_ENGINE)
	$(CC) -no-pie $^ -lcmocka -o $@

TESTS += $(B)/explorer/explore_test $(B)/explorer/explorer tests/explorer/seeded-bugs
