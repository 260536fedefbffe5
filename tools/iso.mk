# SPDX-License-Identifier: MIT
# make iso: an image for GRUB, BIOS and UEFI, that runs the default workload; its boot test.

$(B)/iso.archive: $(B)/capos $(B)/user/init.elf $(B)/user/loadgen.elf workloads/default.json \
    manifests/loadgen.json
	$(B)/capos archive --output $@ --manifest manifests/loadgen.json \
	    --workload workloads/default.json $(B)/user/loadgen.elf
$(B)/capos.iso: $(B)/capos-kernel.elf $(B)/iso.archive tools/make-iso
	tools/make-iso $(B)/capos-kernel.elf $(B)/iso.archive $@

.PHONY: iso
iso: setup
	@$(MAKE) --no-print-directory $(B)/capos.iso
	@echo "$(B)/capos.iso boots under BIOS and UEFI, from a CD or written to a disk"

$(B)/test/tests/iso: tests/iso $(B)/capos.iso $(B)/user/init.elf $(B)/user/spawn_join.elf
	@mkdir -p $(@D)
	cp $< $@
TESTS += $(B)/test/tests/iso
