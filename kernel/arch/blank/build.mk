# SPDX-License-Identifier: MIT
# The blank architecture is compiled, never linked into anything but its own check.

BLANK_OBJECTS := $(patsubst %.c,$(B)/kernel/%.o,$(wildcard kernel/arch/blank/*.c))
