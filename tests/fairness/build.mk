# SPDX-License-Identifier: MIT
# Fairness against the ideal: `make fairness`, or build/fairness ROW... (docs/fair.md).
# tests/fair: all rows as TAP.

FAIRNESS_SRC := $(filter-out %_test.c,$(wildcard tests/fairness/*.c))

$(B)/fairness: $(FAIRNESS_SRC:%.c=$(B)/sim/%.o) $(SIM_READER:%.c=$(B)/host/%.o) $(SIM_HOST) \
    $(BASE_HOST)
	$(CC) $^ $(WORKLOAD_HOST_LIBS) -o $@
ALL += $(B)/fairness

.PHONY: fairness
fairness: $(B)/fairness
	@$<

$(B)/test/tests/fairness/bounds_test: $(B)/simsan/tests/fairness/bounds_test.o \
    $(B)/simsan/tests/fairness/bounds.o $(BASE_SAN)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) $^ -lcmocka -o $@
TESTS += $(B)/test/tests/fairness/bounds_test tests/fair
