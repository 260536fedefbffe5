/* SPDX-License-Identifier: MIT */
/*
 * file.h - whole files in and out: bounded reading, and output that is there whole or not at all.
 *
 * An output file is written beside its final name and renamed on commit, so a failed or interrupted
 * run never leaves half a file under a name that a script trusts.  "-" is standard output; devices
 * and pipes are written directly.  Errors are said through message.h by these functions themselves.
 */
#ifndef TOOLS_FILE_H
#define TOOLS_FILE_H

#include <stdio.h>

#include "base/types.h"

#define FILE_PATH_BYTES_MAX 4096u

struct blob {
    unsigned char *data; /* malloc'ed, 8-aligned; NULL when empty */
    size_t bytes;
};

/* Read the whole of `path`, at most `bytes_max`.  false: said why. */
MUST_USE bool file_read(const char *path, size_t bytes_max, struct blob *blob);

/* Write `bytes` of `data` as the whole of `path`.  false: said why. */
MUST_USE bool file_write(const char *path, const void *data, size_t bytes);

void blob_fini(struct blob *blob);

struct output {
    FILE *stream; /* NULL: not open */
    char path[FILE_PATH_BYTES_MAX];
    char temporary[FILE_PATH_BYTES_MAX]; /* "": `path` is written directly */
};

/* Open for writing, before the run that fills it, so that an unusable path is refused at once. */
MUST_USE bool output_open(struct output *output, const char *path);

/* Everything is written: give the file its name.  false: said why, and nothing is left. */
MUST_USE bool output_commit(struct output *output);

/* Drop what was written.  Harmless when nothing is open. */
void output_abort(struct output *output);

/* "DIRECTORY/NAME" into FILE_PATH_BYTES_MAX bytes; false, and said so, if it does not fit. */
MUST_USE bool path_join(char *path, const char *directory, const char *name);

#endif /* TOOLS_FILE_H */
