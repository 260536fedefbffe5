# SPDX-License-Identifier: MIT
# The guest test programs, each booted in QEMU.

TESTS += tests/guest
