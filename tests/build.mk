# SPDX-License-Identifier: MIT
include $(wildcard tests/*/build.mk)
