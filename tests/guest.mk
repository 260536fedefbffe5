# SPDX-License-Identifier: MIT
# The guest test programs, each booted in QEMU, also with seeded pauses; both machines; the
# benchmark.

TESTS += tests/guest tests/pauses tests/machines tests/bench

.PHONY: bench
bench: all
	@tests/bench --table
