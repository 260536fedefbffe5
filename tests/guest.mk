# SPDX-License-Identifier: MIT
# The guest test programs, each booted in QEMU; both machines; the benchmark.

TESTS += tests/guest tests/machines tests/bench

.PHONY: bench
bench: all
	@tests/bench --table
