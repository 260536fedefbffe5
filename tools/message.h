/* SPDX-License-Identifier: MIT */
/*
 * message.h - what capos says on standard error, and how it ends.
 *
 * Every line begins with "capos: ".  Results go to standard output and never through here.
 * A status line that progress.h has drawn is removed first; a picture of screen.h is left.
 * Locks: none; one thread.
 */
#ifndef TOOLS_MESSAGE_H
#define TOOLS_MESSAGE_H

#include "base/types.h"

enum exit_status {
    EXIT_HELD = 0,    /* ran, and the verdict held */
    EXIT_FAILED = 1,  /* ran, and the verdict failed */
    EXIT_UNUSABLE = 2 /* input or environment that cannot be used: nothing ran to its end */
};

/* Print "capos: MESSAGE" and a newline. */
void message(const char *format, ...) PRINTF_LIKE(1, 2);

/* For memory that the machine refuses: a message, and the end with EXIT_UNUSABLE. */
NORETURN void message_no_memory(size_t bytes);

/* malloc and realloc that do not fail; `count` elements of `size` bytes, zeroed by the first. */
MUST_USE void *memory_create(size_t count, size_t size);
MUST_USE void *memory_resize(void *memory, size_t count, size_t size);

#endif /* TOOLS_MESSAGE_H */
