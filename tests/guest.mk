# SPDX-License-Identifier: MIT
# Machines booted in QEMU: the guest test programs, also with seeded pauses; both boards; damaged
# manifests; the storm; the benchmarks.

TESTS += tests/guest tests/pauses tests/machines tests/manifests tests/storm tests/run-targets \
         tests/bench tests/kernel-fairness

.PHONY: bench bench-fair storm
bench: all
	@tests/bench --table

bench-fair: all
	@tests/kernel-fairness --table --figures $(B)/kernel-fairness.json

storm: all
	@tests/storm --full

# One boot each; what the guest's tests say is the exit status.
RUN_TARGETS := run-smoke run-smp2-smokes run-spawn run-park run-ring run-process-exit
.PHONY: $(RUN_TARGETS)
run-smoke: all
	@tests/suite yield spawn_join mutex_counter
run-smp2-smokes: all
	@tests/suite --cpus 2 spread masks park_unpark sleep_until spawn_join
run-spawn: all
	@tests/guest --mode deterministic --cpus 4 process_spawn
run-park: all
	@tests/suite park_unpark condition barrier
run-ring: all
	@tests/suite ring_batch ring_malformed cancel entry_in_registers
run-process-exit: all
	@tests/guest --mode deterministic --cpus 4 process_kill
