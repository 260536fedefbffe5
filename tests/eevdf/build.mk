# SPDX-License-Identifier: MIT
# seeded.cmd tells tests/eevdf/seeded-bugs how core/'s unit tests are built.  -O0: that is most of
# the time it takes.

EEVDF_TESTS := $(filter %/eevdf_pick_test %/eevdf_place_test %/eevdf_weight_test %/eevdf_time_test \
    %/cheats_test,$(CORE_TESTS))
EEVDF_CC := $(CC) $(CFLAGS_HOST) $(SANITIZE) -O0 -include sim/port_sim.h

.PHONY: $(B)/coretest/seeded.cmd # what core/ consists of may have changed
$(B)/coretest/seeded.cmd:
	@mkdir -p $(@D)
	@printf '%s\n' '$(EEVDF_CC)' '$(CC) $(SANITIZE)' \
	    '$(CORE_SAN_OBJS) $(BASE_SAN) $(B)/san/abi/names.o' > $@
$(EEVDF_TESTS): | $(B)/coretest/seeded.cmd

TESTS += tests/eevdf/seeded-bugs tests/policies
