# SPDX-License-Identifier: MIT
# tools: what checks the tree.

TESTS += tools/tidy_test.py tools/tidy_tree_test.py tools/run_tests_test.py \
         tools/check-core-symbols tools/build-matrix tools/abi-docs

include tools/capos.mk tools/iso.mk
