# SPDX-License-Identifier: MIT
# make sdk [DEST=folder]: what a program outside the tree is built with (README.md beside this).
# The folder may exist; headers and examples that an SDK of another version left are removed.

DEST := $(B)/sdk
SDK_LIB := $(B)/user/libcapos.a
SDK_BASE_HEADERS := $(addprefix base/,assert.h bits.h cpumask.h fmt.h types.h)
SDK_HEADERS := $(wildcard abi/*.h) $(SDK_BASE_HEADERS) $(wildcard user/rt/*.h)
SDK_MAN := $(wildcard man/*.[1357])
SDK_EXAMPLES := $(wildcard examples/README.md examples/*/README.md examples/*/Makefile \
    examples/*/*.[ch] examples/*/*.json)

$(SDK_LIB): $(USER_CRT0) $(USER_RT_OBJ)
	rm -f $@
	ar rcsD $@ $^

ALL += $(SDK_LIB)
TESTS += tests/sdk

.PHONY: sdk
sdk: setup
	$(if $(filter 1,$(words $(DEST))),,$(error DEST=$(DEST): expected a folder without spaces, \
	    which pkg-config could not hand on))
	@$(BUILD) $(SDK_LIB)
	@rm -rf "$(DEST)/include/capos" "$(DEST)/share/doc/capos/examples"
	@mkdir -p "$(DEST)/include/capos" "$(DEST)/lib/pkgconfig" "$(DEST)/share/doc/capos"
	@cp --parents $(SDK_HEADERS) "$(DEST)/include/capos"
	@cp user/sdk/capos.h "$(DEST)/include/capos"
	@cp $(SDK_LIB) "$(DEST)/lib"
	@cp user/rt/user.ld "$(DEST)/lib/capos.ld"
	@cp user/sdk/capos.pc "$(DEST)/lib/pkgconfig"
	@cp LICENSE docs/abi.md "$(DEST)/share/doc/capos"
	@cp --parents $(SDK_EXAMPLES) "$(DEST)/share/doc/capos"
	@for page in $(SDK_MAN); do \
	    install -Dm 644 $$page "$(DEST)/share/man/man$${page##*.}/$${page##*/}" || exit; done
	@echo "$(DEST): headers, libcapos.a, capos.ld, capos.pc;" \
	    "export PKG_CONFIG_PATH=$(abspath $(DEST))/lib/pkgconfig"
