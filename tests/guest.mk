# SPDX-License-Identifier: MIT
# The guest test programs and the benchmark, booted in QEMU.

TESTS += tests/guest tests/bench

.PHONY: bench
bench: all
	@tests/bench --table
