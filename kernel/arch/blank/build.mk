# SPDX-License-Identifier: MIT
# The blank architecture is compiled, never linked; its test compares it with a real one.

BLANK_OBJECTS := $(patsubst %.c,$(B)/kernel/%.o,$(wildcard kernel/arch/blank/*.c))

$(B)/test/kernel/arch/blank/contract_test: kernel/arch/blank/contract_test $(BLANK_OBJECTS) \
    $(ARCH_OBJECTS)
	@mkdir -p $(@D)
	cp $< $@
TESTS += $(B)/test/kernel/arch/blank/contract_test
