/* SPDX-License-Identifier: MIT */
/*
 * cleanup.h - what must not outlive capos: temporary files, the work directory, the emulator.
 *
 * Everything registered here is undone when capos ends, by return, by exit() or by a signal
 * (INT, TERM, HUP, PIPE, QUIT, ABRT).  A signal ends the program with that signal after the
 * clean-up, as a shell expects.  A capos that is killed outright leaves its files; the emulator
 * dies with it.
 *
 * The signal handler reads the registry at any moment, so an entry is complete before its count
 * covers it, and only functions allowed in handlers are called.
 */
#ifndef TOOLS_CLEANUP_H
#define TOOLS_CLEANUP_H

#include <sys/types.h>

#include "base/types.h"

#define CLEANUP_PATHS_MAX 32u
#define CLEANUP_PATH_BYTES_MAX 4096u

/* Catch the signals and the end of the program.  Once, first thing. */
void cleanup_init(void);

/* Remove `path` (a file, or a directory that is empty by then) at the end; last come, first
 * removed.  false: the path is longer than the limit, or CLEANUP_PATHS_MAX are registered. */
MUST_USE bool cleanup_add(const char *path);

/* Forget `path`: it stays. */
void cleanup_drop(const char *path);

/* Kill and await `child` at the end; 0 = there is none any more. */
void cleanup_set_child(pid_t child);

/* Write `text`, which must stay, to standard output at the end, before anything else; NULL =
 * nothing any more. */
void cleanup_set_text(const char *text);

/* Write it now, and not again. */
void cleanup_write_text(void);

/* Undo everything registered now. */
void cleanup_run(void);

#endif /* TOOLS_CLEANUP_H */
