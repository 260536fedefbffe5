# SPDX-License-Identifier: MIT
# capOS: one Makefile; each folder's build.mk adds its files and targets.
#   make        everything        make run    boot four CPUs with workloads/default.json
#   make test   all tests         make help   the rest
#   make iso    build/capos.iso, which GRUB boots under BIOS and UEFI

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

-include $(wildcard */build.mk)

.PHONY: all test run clean help setup
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

run: all
	@$(B)/capos run workloads/default.json

clean:
	rm -rf $(B)

help:
	@sed -n '2,6p' Makefile | sed 's/^# \{0,1\}//'

# Host objects: plain, and with sanitizers for the tests.
$(B)/host/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_HOST) $(CFLAGS_EXTRA) -c $< -o $@
$(B)/san/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_HOST) $(CFLAGS_EXTRA) $(SANITIZE) -c $< -o $@

-include $(shell test -d $(B) && find $(B) -name '*.d')
