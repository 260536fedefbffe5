# SPDX-License-Identifier: MIT
# base: shared helpers.  Programs link BASE_HOST, unit tests BASE_SAN; both bring an assert_fail.

BASE_SRC := base/elf.c base/fixmul.c base/fmt.c base/manifest.c
BASE_HOST := $(BASE_SRC:%.c=$(B)/host/%.o) $(B)/host/tools/assert_host.o
BASE_SAN := $(BASE_SRC:%.c=$(B)/san/%.o) $(B)/san/tests/assert_mock.o

# $(eval $(call UNIT_TEST,core/rq_test,OBJECTS)): the program build/test/core/rq_test from
# core/rq_test.c and sanitized OBJECTS, added to TESTS.
define UNIT_TEST
$(B)/test/$(1): $(B)/san/$(1).o $(2) $$(BASE_SAN)
	@mkdir -p $$(@D)
	$$(CC) $$(SANITIZE) $$^ -lcmocka -o $$@
TESTS += $(B)/test/$(1)
endef

$(foreach noun,bits cpumask elf fixmul fmt hash list manifest prng types,\
    $(eval $(call UNIT_TEST,base/$(noun)_test)))

$(eval $(call FUZZER,base/elf_fuzz,base/elf.c))
