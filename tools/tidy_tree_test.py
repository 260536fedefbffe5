#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""This tree against the rules of tools/tidy, one TAP test per rule."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import tidy_rules  # noqa: E402
import tidy_source  # noqa: E402

tree = tidy_source.Tree(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
failed = 0
print(f"1..{len(tidy_rules.RULES)}")
for number, name in enumerate(tidy_rules.RULES, 1):
    found = tidy_rules.findings(tree, [name])
    failed += len(found) > 0
    print(f"{'not ' if found else ''}ok {number} - tidy: {name}")
    for path, line, _, message in found:
        print(f"# {path}:{line}: {message}")
sys.exit(1 if failed else 0)
