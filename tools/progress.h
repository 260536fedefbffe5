/* SPDX-License-Identifier: MIT */
/*
 * progress.h - one status line on a terminal, rewritten in place; nothing where standard error is
 * no terminal.  At most PROGRESS_PER_SECOND_MAX redraws a second, so it may be called often.
 */
#ifndef TOOLS_PROGRESS_H
#define TOOLS_PROGRESS_H

#include "base/types.h"

#define PROGRESS_PER_SECOND_MAX 10u

/* Start showing; `is_quiet` or no terminal makes all that follows do nothing. */
void progress_begin(bool is_quiet);

/* Show this text with the seconds since progress_begin before it. */
void progress_show(const char *format, ...) PRINTF_LIKE(1, 2);

/* Remove the line, if one is drawn.  The next progress_show draws it again. */
void progress_clear(void);

#endif /* TOOLS_PROGRESS_H */
