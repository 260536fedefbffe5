/* SPDX-License-Identifier: MIT */
/*
 * symbols.h - the kernel's functions by address, for a panic.
 *
 * The table is made from the kernel's own image after a first link and linked into it by a second
 * (tools/make-symbols): constants behind the text, so the text does not move.
 * Locks: none; constant.
 */
#ifndef KERNEL_SYMBOLS_H
#define KERNEL_SYMBOLS_H

#include "base/types.h"

struct symbol {
    uint32_t offset; /* of the function's start, from symbols_base; they rise */
    uint32_t name;   /* of its name in symbols_names */
};

/* Made by tools/make-symbols. */
extern const struct symbol symbols_table[];
extern const uint32_t symbols_count;
extern const uint32_t symbols_bytes; /* of the text */
extern const uint64_t symbols_base;
extern const char symbols_names[];

/* The function that holds `address` and where it starts, or NULL.  O(log n). */
const char *symbols_find(uint64_t address, uint64_t *start);

#endif /* KERNEL_SYMBOLS_H */
