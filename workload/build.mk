# SPDX-License-Identifier: MIT
# workload: the reader of rt-app files (host only), and what the engines share (freestanding).
#
# Programs that read files link WORKLOAD_HOST_OBJS with WORKLOAD_HOST_LIBS, and one copy of
# WORKLOAD_FREE_SRCS: WORKLOAD_FREE_HOST_OBJS, or the one that comes with the simulator.
# Folders that are read before this one may include this file themselves.

ifndef WORKLOAD_FREE_SRCS

WORKLOAD_FREE_SRCS := workload/hist.c workload/image.c workload/step.c
WORKLOAD_HOST_SRCS := workload/builder.c workload/diagnostics.c workload/endpoints.c \
    workload/forks.c workload/groups.c workload/member.c workload/members.c workload/merge.c \
    workload/prepass.c workload/reader.c workload/reader_event.c workload/reader_exec.c \
    workload/reader_task.c workload/resources.c workload/rows.c workload/scan.c

WORKLOAD_FREE_HOST_OBJS := $(WORKLOAD_FREE_SRCS:%.c=$(B)/host/%.o)
WORKLOAD_HOST_OBJS := $(WORKLOAD_HOST_SRCS:%.c=$(B)/host/%.o)
WORKLOAD_HOST_LIBS := -ljson-c

# ---- Unit tests -----------------------------------------------------------------------------

WORKLOAD_SAN_OBJS := $(WORKLOAD_FREE_SRCS:%.c=$(B)/san/%.o) $(WORKLOAD_HOST_SRCS:%.c=$(B)/san/%.o) \
    $(B)/san/workload/test_reading.o
WORKLOAD_TEST_SRCS := $(wildcard workload/*_test.c)
WORKLOAD_TESTS := $(WORKLOAD_TEST_SRCS:%.c=$(B)/test/%)

$(WORKLOAD_TESTS): $(B)/test/%: $(B)/san/%.o $(WORKLOAD_SAN_OBJS) $(BASE_SAN)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) $^ -lcmocka $(WORKLOAD_HOST_LIBS) -o $@

# ---- Every bit flip of the package's files, without sanitizers ------------------------------

WORKLOAD_FLIPS := $(B)/workload/flips
$(WORKLOAD_FLIPS): $(B)/host/workload/test_flips.o $(WORKLOAD_HOST_OBJS) \
    $(WORKLOAD_FREE_HOST_OBJS) $(BASE_HOST)
	@mkdir -p $(@D)
	$(CC) $^ $(WORKLOAD_HOST_LIBS) -o $@

WORKLOAD_FLIPS_TEST := $(B)/test/workload/flips-test
$(WORKLOAD_FLIPS_TEST): workload/flips-test $(WORKLOAD_FLIPS)
	@mkdir -p $(@D)
	install -m 755 $< $@

# ---- Fuzzers --------------------------------------------------------------------------------

WORKLOAD_FUZZ_SRCS := $(WORKLOAD_FREE_SRCS) $(WORKLOAD_HOST_SRCS)

$(foreach noun,reader image,\
    $(eval $(call FUZZER,workload/$(noun)_fuzz,$(WORKLOAD_FUZZ_SRCS),$(WORKLOAD_HOST_LIBS))))

TESTS += $(WORKLOAD_TESTS) $(WORKLOAD_FLIPS_TEST)

endif
