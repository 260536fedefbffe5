# SPDX-License-Identifier: MIT
# What kernel/build.mk needs to know about x86-64, and the architecture's own tests.

ARCH_DIR := kernel/arch/x86_64
ARCH_SOURCES := $(wildcard $(ARCH_DIR)/*.S) $(filter-out %_test.c,$(wildcard $(ARCH_DIR)/*.c))
ARCH_OBJECTS := $(patsubst %,$(B)/kernel/%.o,$(basename $(ARCH_SOURCES)))
ARCH_CFLAGS := -m64 -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-omit-frame-pointer
ARCH_LINKER_SCRIPT := $(ARCH_DIR)/kernel.ld
ARCH_LDFLAGS := -m elf_x86_64 -T $(ARCH_LINKER_SCRIPT) -z max-page-size=4096 -z noexecstack
# The same when the compiler links, to optimise the whole.
ARCH_LTO_LDFLAGS := -nostdlib -static -no-pie -Wl,-T,$(ARCH_LINKER_SCRIPT) \
    -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,--build-id=none

$(foreach noun,acpi lines ranges space,\
    $(eval $(call UNIT_TEST,$(ARCH_DIR)/$(noun)_test,$(B)/san/$(ARCH_DIR)/$(noun).o)))
$(eval $(call UNIT_TEST,$(ARCH_DIR)/multiboot2_test,\
    $(B)/san/$(ARCH_DIR)/multiboot2.o $(B)/san/$(ARCH_DIR)/ranges.o))

# Test kernels: the architecture under another main.
ARCH_TEST := $(B)/test/$(ARCH_DIR)
ARCH_TEST_OBJECTS := $(B)/kernel/$(ARCH_DIR)/test
ARCH_TEST_COMMON := $(ARCH_OBJECTS) $(B)/kernel/base/fixmul.o $(B)/kernel/base/fmt.o

$(ARCH_TEST)/machine_test.elf: $(ARCH_TEST_COMMON) \
    $(patsubst %,$(ARCH_TEST_OBJECTS)/%.o,user machine_test cases_user cases_fault cases_time \
        cases_memory)
$(ARCH_TEST)/selftest.elf: $(ARCH_TEST_COMMON) $(ARCH_TEST_OBJECTS)/selftest_main.o \
    $(B)/kernel/kernel/selftest.o
$(ARCH_TEST)/selftest_greedy.elf: $(filter-out %/hog.o,$(ARCH_TEST_COMMON)) \
    $(ARCH_TEST_OBJECTS)/selftest_main.o $(ARCH_TEST_OBJECTS)/hog_greedy.o \
    $(B)/kernel/kernel/selftest.o
$(ARCH_TEST)/%.elf: $(ARCH_LINKER_SCRIPT)
	@mkdir -p $(@D)
	$(LD) $(ARCH_LDFLAGS) -o $@ $(filter %.o,$^)

$(ARCH_TEST)/machine_test: $(ARCH_TEST)/machine_test.elf
$(ARCH_TEST)/selftest_test: $(ARCH_TEST)/selftest.elf $(ARCH_TEST)/selftest_greedy.elf
$(ARCH_TEST)/machine_test $(ARCH_TEST)/selftest_test: $(ARCH_TEST)/%: $(ARCH_DIR)/test/%
	@mkdir -p $(@D)
	cp $< $@
TESTS += $(ARCH_TEST)/machine_test $(ARCH_TEST)/selftest_test
