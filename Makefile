# SPDX-License-Identifier: MIT
# capOS: one Makefile; each folder's build.mk adds its files and targets.
#   make        everything        make run    boot four CPUs with workloads/default.json
#   make test   all tests         make help   the rest
#   make iso    build/capos.iso, which GRUB boots under BIOS and UEFI
#   make sdk [DEST=build/sdk]  headers, library and flags for programs built outside the tree
#   make fuzz   each fuzzer for FUZZ_SECONDS (30)
#   make fairness  every thread against the ideal, in the simulator
#   make bench-fair  threads on the kernel against the ideal, 20 s of each; ten minutes
#   make storm  ends in all states and garbage, 100,000 threads and more; half an hour
#   make run-smoke             one boot each, judged by the guest's tests: threads
#   make run-smp2-smokes       the same on 2 CPUs, and spreading, masks, sleeping
#   make run-spawn             processes are made
#   make run-park              parking, conditions, barriers
#   make run-ring              the ring, malformed entries, cancelling
#   make run-process-exit      processes are killed

.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash

B := build
CC := gcc
OPT := -O2

# The last one is clang's: functions marked HOT (base/types.h) use what is static in their file.
WARN := -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef \
        -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Werror -Wno-static-in-inline
CFLAGS_COMMON := -std=c11 $(OPT) -g $(WARN) -I. -MMD -MP -fno-strict-aliasing -fno-common
CFLAGS_HOST := $(CFLAGS_COMMON) -D_GNU_SOURCE
# No library, no floating point, no code before the stack is right.
CFLAGS_FREE := $(CFLAGS_COMMON) -ffreestanding -fno-builtin -fno-stack-protector -fno-pic -fno-pie \
               -fno-asynchronous-unwind-tables -fcf-protection=none
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all

# Folders append: ALL (built by `make`), TESTS (programs or scripts that print TAP, run by prove).
ALL :=
TESTS :=

# $(eval $(call FUZZER,kernel/ring_fuzz,SOURCES,LIBRARIES)): the fuzzer of kernel/ring_fuzz.c, for
# tests/fuzz.  It is built with clang, whatever the rest is built with.
FUZZERS :=
define FUZZER
$(B)/fuzz/$(1): $(patsubst %.c,$(B)/fuzz/%.o,$(1).c $(2) base/fmt.c tools/assert_host.c)
	clang $$(SANITIZE) -fsanitize=fuzzer $$^ $(3) -o $$@
FUZZERS += $(B)/fuzz/$(1)
endef

-include $(wildcard */build.mk)

# A test below $(B), so that the fuzzers are built for it.
$(B)/test/tests/fuzz: tests/fuzz $(FUZZERS)
	@mkdir -p $(@D)
	install -m 755 $< $@
TESTS += $(B)/test/tests/fuzz
FUZZ_SECONDS := 30

.PHONY: all test run clean help setup fuzz
# Commands are shown with V=1 only; what is being built takes a minute or two the first time.
BUILD := $(MAKE) --no-print-directory $(if $(V),,-s) -j$$(nproc)

all: setup
	@echo "make: building into $(B)/ (V=1 shows the commands)"
	@$(BUILD) $(ALL)

setup:
	@tools/setup

test: setup
	@echo "make: building into $(B)/ with all tests (V=1 shows the commands)"
	@$(BUILD) $(ALL) $(filter $(B)/%,$(TESTS))
	@tools/run-tests $(TESTS)

fuzz: setup
	@echo "make: building into $(B)/ (V=1 shows the commands)"
	@$(BUILD) $(FUZZERS)
	@tests/fuzz --seconds $(FUZZ_SECONDS)

run: all
	@$(B)/capos run workloads/default.json

clean:
	rm -rf $(B)

help:
	@sed -n '2,/^$$/s/^# \{0,1\}//p' Makefile

# Host objects: plain, and with sanitizers for the tests.
$(B)/host/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_HOST) $(CFLAGS_EXTRA) -c $< -o $@
$(B)/san/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_HOST) $(CFLAGS_EXTRA) $(SANITIZE) -c $< -o $@
$(B)/fuzz/%.o: %.c
	@mkdir -p $(@D)
	clang $(CFLAGS_HOST) $(CFLAGS_EXTRA) $(SANITIZE) -fsanitize=fuzzer-no-link -c $< -o $@

-include $(shell test -d $(B) && find $(B) -name '*.d')
