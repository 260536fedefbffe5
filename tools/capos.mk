# SPDX-License-Identifier: MIT
# capos: the command line, its tests, its manual pages.

include workload/build.mk

CAPOS_COMMAND_SRC := $(wildcard tools/capos*.c) tools/commands.c tools/options.c
CAPOS_SRC := tools/agree.c tools/archive.c tools/boot.c tools/cleanup.c tools/engine.c \
    tools/engine_kernel.c tools/field.c tools/file.c tools/follow.c tools/frame.c \
    tools/histogram.c tools/input.c tools/manifest.c tools/message.c tools/number.c \
    tools/paths.c tools/progress.c tools/qemu.c tools/report.c tools/report_processes.c \
    tools/report_threads.c \
    tools/result.c tools/result_json.c tools/run_view.c tools/screen.c tools/stream.c \
    tools/table.c tools/watch.c
CAPOS_OBJS := $(CAPOS_COMMAND_SRC:%.c=$(B)/host/%.o) $(CAPOS_SRC:%.c=$(B)/host/%.o)

$(B)/capos: $(CAPOS_OBJS) $(WORKLOAD_HOST_OBJS) $(WORKLOAD_FREE_HOST_OBJS) $(SIM_HOST) \
    $(ABI_HOST) $(BASE_HOST)
	$(CC) $^ $(WORKLOAD_HOST_LIBS) -o $@

ALL += $(B)/capos

# ---- Unit tests: everything but the commands and the engines, with sanitizers ----------------

CAPOS_UNIT_SRC := $(filter-out tools/engine%.c tools/boot.c tools/qemu.c tools/input.c,\
    $(CAPOS_SRC))
CAPOS_SAN := $(CAPOS_UNIT_SRC:%.c=$(B)/san/%.o) $(B)/san/tools/test_run.o \
    $(WORKLOAD_SAN_OBJS)
CAPOS_TESTS := $(patsubst %.c,$(B)/test/%,$(filter $(CAPOS_SRC:%.c=%_test.c),\
    $(wildcard tools/*_test.c)))

$(CAPOS_TESTS): $(B)/test/%: $(B)/san/%.o $(CAPOS_SAN) $(BASE_SAN)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) $^ -lcmocka $(WORKLOAD_HOST_LIBS) -o $@

TESTS += $(CAPOS_TESTS) tests/cli tests/watch tests/agree tests/events tests/concurrent

# ---- Fuzzers: any text as a manifest, any bytes as its table, or as a result stream ----------

MANIFEST_FUZZ_SRC := $(WORKLOAD_FUZZ_SRCS) tools/cleanup.c tools/field.c tools/file.c \
    tools/manifest.c tools/message.c tools/progress.c tools/run_view.c tools/result.c \
    base/manifest.c

$(foreach noun,manifest manifest_table,\
    $(eval $(call FUZZER,tools/$(noun)_fuzz,$(MANIFEST_FUZZ_SRC),$(WORKLOAD_HOST_LIBS))))
$(eval $(call FUZZER,tools/stream_fuzz,tools/stream.c tools/result.c))
