# SPDX-License-Identifier: MIT
# workload: the reader of rt-app files (host only), and what the engines share (freestanding).
#
# Programs that read files link WORKLOAD_HOST_OBJS with WORKLOAD_HOST_LIBS, and one copy of
# WORKLOAD_FREE_SRCS: WORKLOAD_FREE_HOST_OBJS, or the one that comes with the simulator.
# Folders that are read before this one may include this file themselves.

ifndef WORKLOAD_FREE_SRCS

WORKLOAD_FREE_SRCS := workload/hist.c workload/image.c workload/step.c
WORKLOAD_HOST_SRCS := workload/builder.c workload/diagnostics.c workload/member.c \
    workload/prepass.c workload/reader.c workload/reader_event.c workload/reader_task.c \
    workload/rows.c workload/scan.c

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

# ---- Fuzzers: clang's, whatever compiler the rest is built with -----------------------------

WORKLOAD_FUZZ_SRCS := $(WORKLOAD_FREE_SRCS) $(WORKLOAD_HOST_SRCS) base/fmt.c tools/assert_host.c
WORKLOAD_FUZZERS := $(B)/fuzz/workload/reader_fuzz $(B)/fuzz/workload/image_fuzz

$(B)/fuzz/%.o: %.c
	@mkdir -p $(@D)
	clang $(CFLAGS_HOST) $(SANITIZE) -fsanitize=fuzzer-no-link -c $< -o $@
$(WORKLOAD_FUZZERS): %: %.o $(WORKLOAD_FUZZ_SRCS:%.c=$(B)/fuzz/%.o)
	clang $(SANITIZE) -fsanitize=fuzzer $^ $(WORKLOAD_HOST_LIBS) -o $@

# The script finds them beside itself; a test below $(B) has them built.
WORKLOAD_FUZZ_TEST := $(B)/test/workload/fuzz-test
$(WORKLOAD_FUZZ_TEST): workload/fuzz-test $(WORKLOAD_FUZZERS)
	@mkdir -p $(@D)
	install -m 755 $< $@

TESTS += $(WORKLOAD_TESTS) $(WORKLOAD_FUZZ_TEST)

endif
