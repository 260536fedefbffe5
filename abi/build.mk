# SPDX-License-Identifier: MIT
# abi: headers, and the texts of their tables.

ABI_SRC := abi/names.c
ABI_HOST := $(ABI_SRC:%.c=$(B)/host/%.o)
ABI_SAN := $(ABI_SRC:%.c=$(B)/san/%.o)

# The program build/test/abi/names_test; base/build.mk has the general rule, read after this file.
ABI_TESTS := $(B)/test/abi/names_test
$(ABI_TESTS): $(B)/test/%: $(B)/san/%.o $(ABI_SAN)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) $^ -lcmocka -o $@
TESTS += $(ABI_TESTS)
