# SPDX-License-Identifier: MIT
# The guest test programs, each booted in QEMU; both machines.

TESTS += tests/guest tests/machines
