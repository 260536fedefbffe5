# SPDX-License-Identifier: MIT
# The kernel image: the architecture, the portable kernel, the scheduler core, base and abi.

include kernel/arch/x86_64/build.mk
include kernel/arch/blank/build.mk

KERNEL_SOURCES := $(ARCH_SOURCES) \
                  $(filter-out %_test.c %_fuzz.c %_host.c %_mock.c kernel/pauses.c,\
                      $(wildcard kernel/*.c core/*.c base/*.c abi/*.c))
KERNEL_OBJECTS := $(patsubst %,$(B)/kernel/%.o,$(basename $(KERNEL_SOURCES)))
KERNEL_PORT := $(addprefix -include ,$(wildcard kernel/port_plain.h))
KERNEL_CFLAGS := $(CFLAGS_FREE) $(ARCH_CFLAGS) -fno-omit-frame-pointer

# gcc at -O2 optimises the image as a whole when it links it.  The objects are ordinary ones too,
# for nm, the test kernels and the other builds, which link them one by one.
KERNEL_LTO := $(if $(and $(filter gcc,$(notdir $(CC))),$(filter -O2,$(OPT))),\
    -flto -ffat-lto-objects -flto-partition=one)
KERNEL_CFLAGS += $(KERNEL_LTO)
KERNEL_LINK := $(if $(KERNEL_LTO),$(CC) $(KERNEL_CFLAGS) $(ARCH_LTO_LDFLAGS),$(LD) $(ARCH_LDFLAGS))

$(B)/kernel/core/%.o $(B)/kernel/kernel/%.o: KERNEL_CFLAGS += $(KERNEL_PORT)
$(B)/kernel/kernel/arch/%.o: KERNEL_CFLAGS := $(CFLAGS_FREE) $(ARCH_CFLAGS) \
    -fno-omit-frame-pointer $(KERNEL_LTO)

$(B)/kernel/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(KERNEL_CFLAGS) -c $< -o $@
$(B)/kernel/%.o: %.S
	@mkdir -p $(@D)
	$(CC) -I. -MMD -MP -m64 -g -c $< -o $@

# $(eval $(call LINK_KERNEL,name of the ELF,objects,linker)): linked twice, the second time with a
# table of the symbols that the first one has.  The text must not move.
SYMBOLS_NONE := $(B)/kernel/symbols_none.o
$(SYMBOLS_NONE): tools/make-symbols
	@mkdir -p $(@D)
	tools/make-symbols | $(CC) -m64 -x assembler -c - -o $@

define LINK_KERNEL
$(1): $(2) $(SYMBOLS_NONE) $(ARCH_LINKER_SCRIPT) tools/make-symbols
	@mkdir -p $$(@D)
	$(3) -o $$@.first $(2) $(SYMBOLS_NONE)
	tools/make-symbols $$@.first >$$@.symbols
	$(CC) -m64 -x assembler -c $$@.symbols -o $$@.symbols.o
	$(3) -o $$@.second $(2) $$@.symbols.o
	tools/make-symbols $$@.second | cmp - $$@.symbols
	@mv $$@.second $$@
endef

$(eval $(call LINK_KERNEL,$(B)/capos-kernel.elf,$(KERNEL_OBJECTS),$(KERNEL_LINK)))

# The kernel with pauses (kernel/pauses.h): core and kernel once more, with the other port.
KERNEL_PORTED := $(filter $(B)/kernel/core/% $(B)/kernel/kernel/%,\
    $(filter-out $(B)/kernel/kernel/arch/%,$(KERNEL_OBJECTS)))
KERNEL_PAUSES := $(filter-out $(KERNEL_PORTED),$(KERNEL_OBJECTS)) \
    $(patsubst $(B)/kernel/%,$(B)/kernel-pauses/%,\
        $(KERNEL_PORTED:%/pauses_none.o=%/pauses.o))

$(B)/kernel-pauses/%.o: KERNEL_CFLAGS += -include kernel/port_pauses.h
$(B)/kernel-pauses/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(KERNEL_CFLAGS) -c $< -o $@
$(eval $(call LINK_KERNEL,$(B)/capos-kernel-pauses.elf,$(KERNEL_PAUSES),$(KERNEL_LINK)))

# The same with a race put in, for the pauses to find.
CANARY_TEST := $(B)/test/kernel/test/canary_test
$(eval $(call LINK_KERNEL,$(dir $(CANARY_TEST))canary.elf,$(KERNEL_PAUSES) \
    $(B)/kernel-pauses/kernel/test/canary.o,$(LD) $(ARCH_LDFLAGS) --wrap=op_claim))
$(CANARY_TEST): kernel/test/canary_test $(dir $(CANARY_TEST))canary.elf
	@mkdir -p $(@D)
	cp $< $@
TESTS += $(CANARY_TEST)

# A test kernel that panics, as its boot archive's text tells it.  Linked object by object, so that
# the backtrace shows each call of the sources.
PANIC_TEST := $(B)/test/kernel/test/panic_test
$(eval $(call LINK_KERNEL,$(PANIC_TEST).elf,$(filter-out %/main.o,$(KERNEL_OBJECTS)) \
    $(B)/kernel/kernel/test/panic_main.o,$(LD) $(ARCH_LDFLAGS) --wrap=arch_panic_stop))
$(PANIC_TEST): kernel/test/panic_test $(PANIC_TEST).elf
	@mkdir -p $(@D)
	cp $< $@
TESTS += $(PANIC_TEST)

ALL += $(B)/capos-kernel.elf $(B)/capos-kernel-pauses.elf $(BLANK_OBJECTS)

# Unit tests: the portable files on a fake machine (kernel/fixture).
KERNEL_FIXTURE := $(patsubst %,$(B)/san/kernel/%.o,fixture/fixture fixture/space cpu)
KERNEL_FRAMES := $(KERNEL_FIXTURE) $(B)/san/kernel/frame.o

$(B)/san/kernel/%.o $(B)/san/core/%.o: CFLAGS_EXTRA := -include kernel/port_plain.h
$(addprefix $(B)/san/kernel/pauses,.o _test.o): CFLAGS_EXTRA := -include kernel/port_pauses.h

$(eval $(call UNIT_TEST,kernel/archive_test,$(B)/san/kernel/archive.o))
$(eval $(call UNIT_TEST,kernel/symbols_test,$(B)/san/kernel/symbols.o))
$(eval $(call UNIT_TEST,kernel/ring_test,$(B)/san/kernel/ring.o))
$(eval $(call UNIT_TEST,kernel/frame_test,$(KERNEL_FRAMES)))
$(eval $(call UNIT_TEST,kernel/vspace_test,$(KERNEL_FRAMES) \
    $(patsubst %,$(B)/san/kernel/%.o,vspace ledger)))
$(eval $(call UNIT_TEST,kernel/pool_test,$(KERNEL_FRAMES) $(B)/san/kernel/pool.o))
$(eval $(call UNIT_TEST,kernel/ledger_test,$(KERNEL_FIXTURE) $(B)/san/kernel/ledger.o))
$(eval $(call UNIT_TEST,kernel/heap_test,$(KERNEL_FIXTURE) $(B)/san/kernel/heap.o))
$(eval $(call UNIT_TEST,kernel/timer_test,$(KERNEL_FIXTURE) $(B)/san/kernel/timer.o \
    $(B)/san/kernel/heap.o))
$(eval $(call UNIT_TEST,kernel/pauses_test,$(B)/san/kernel/pauses.o))
$(eval $(call UNIT_TEST,kernel/ports_test,$(B)/san/kernel/ports.o))
$(eval $(call UNIT_TEST,kernel/idle_test,$(B)/san/kernel/idle.o $(B)/san/core/poll.o))
$(eval $(call UNIT_TEST,kernel/op_test,\
    $(patsubst %,$(B)/san/kernel/%.o,op park ring timer heap cpu)))
$(eval $(call UNIT_TEST,kernel/park_test,$(KERNEL_FIXTURE) \
    $(patsubst %,$(B)/san/kernel/%.o,park op ring timer heap)))

# Fuzzers: what the kernel reads of others.
$(B)/fuzz/kernel/%.o: CFLAGS_EXTRA := -include kernel/port_plain.h
$(foreach noun,archive ring,$(eval $(call FUZZER,kernel/$(noun)_fuzz,kernel/$(noun).c)))

# Objects, each test with all of them: they lean on one another (kernel/fixture/outside.h).
KERNEL_OBJECTS_TESTED := $(KERNEL_FRAMES) $(patsubst %,$(B)/san/kernel/%.o,\
    fixture/outside pool ledger vspace vspace_cpu quiesce object cap grant cpuset memobj mapping \
    irq work seat process session tally op park ring timer heap endpoint message)
KERNEL_NO_PROCESSES := $(B)/san/kernel/fixture/processes.o
KERNEL_NO_WALKS := $(B)/san/kernel/fixture/walks.o
KERNEL_PROCESSES := $(patsubst %,$(B)/san/kernel/%.o,\
    fixture/threads process_make process_end reaper)
$(foreach noun,cap cpuset grant irq mapping memobj quiesce seat tally work,\
    $(eval $(call UNIT_TEST,kernel/$(noun)_test,$(KERNEL_OBJECTS_TESTED) $(KERNEL_NO_PROCESSES) \
        $(KERNEL_NO_WALKS))))
KERNEL_CALLERS := $(patsubst %,$(B)/san/kernel/%.o,fixture/callers call)
$(foreach noun,endpoint message,\
    $(eval $(call UNIT_TEST,kernel/$(noun)_test,$(KERNEL_OBJECTS_TESTED) $(KERNEL_NO_PROCESSES) \
        $(KERNEL_NO_WALKS) $(KERNEL_CALLERS))))
$(eval $(call UNIT_TEST,kernel/endpoint_model_test,$(KERNEL_OBJECTS_TESTED) \
    $(KERNEL_NO_PROCESSES) $(KERNEL_NO_WALKS) $(KERNEL_CALLERS) \
    $(B)/san/kernel/fixture/endpoint_model.o))
$(eval $(call UNIT_TEST,kernel/fault_test,$(KERNEL_OBJECTS_TESTED) $(KERNEL_NO_PROCESSES) \
    $(KERNEL_NO_WALKS) $(KERNEL_CALLERS) $(B)/san/kernel/fault.o $(B)/san/base/fmt.o))
$(eval $(call UNIT_TEST,kernel/walk_test,$(KERNEL_OBJECTS_TESTED) $(KERNEL_NO_PROCESSES) \
    $(B)/san/kernel/walk.o))
$(foreach noun,process_make process_end session,\
    $(eval $(call UNIT_TEST,kernel/$(noun)_test,$(KERNEL_OBJECTS_TESTED) $(KERNEL_PROCESSES) \
        $(KERNEL_NO_WALKS))))
