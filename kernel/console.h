/* SPDX-License-Identifier: MIT */
/*
 * console.h - text for people and the result stream, each write whole.
 *
 * Locks: LOCK_CONSOLE, inside.  Cost: O(bytes); a write is at most CONSOLE_WRITE_BYTES_MAX.
 */
#ifndef KERNEL_CONSOLE_H
#define KERNEL_CONSOLE_H

#include "base/fmt.h"

/* Write text as it is. */
void console_write(const char *text, size_t bytes);

/* Write a line of the kernel's own: the text, cut to its buffer, and a newline. */
void console_line(const struct fmt *line);

#endif /* KERNEL_CONSOLE_H */
