/* SPDX-License-Identifier: MIT */
/*
 * diagnostics.h - what reading a file has to say to the person who wrote it.
 *
 * Collected, never printed: the tool decides where it goes.  A fixed number of messages is kept;
 * what comes after is counted.  No locks: a collection belongs to one reading.
 */
#ifndef WORKLOAD_DIAGNOSTICS_H
#define WORKLOAD_DIAGNOSTICS_H

#include "base/types.h"

#define WORKLOAD_DIAGNOSTICS_MAX 64u
#define WORKLOAD_DIAGNOSTIC_BYTES_MAX 320u

/* How a reading ended. */
enum workload_status {
    WORKLOAD_READ,     /* done; there may be notes */
    WORKLOAD_REFUSED,  /* the diagnostics hold at least one error */
    WORKLOAD_NO_FILE,  /* the file could not be read; one error says why */
    WORKLOAD_NO_MEMORY /* the host has none left; nothing was diagnosed */
};

enum workload_severity {
    WORKLOAD_NOTE, /* the file runs, and this is what it may not be expected to do */
    WORKLOAD_ERROR /* the file is refused for this */
};

/* A place in the file, both from 1; columns count bytes.  Line 0: the file as a whole. */
struct text_position {
    uint32_t line;
    uint32_t column;
};

struct workload_diagnostic {
    enum workload_severity severity;
    uint32_t file; /* number of the text it is about: 0 where there is one */
    struct text_position position;
    char text[WORKLOAD_DIAGNOSTIC_BYTES_MAX];
};

/* All zero: empty. */
struct workload_diagnostics {
    uint32_t count; /* kept in `items` */
    uint32_t error_count;
    uint32_t lost_count; /* found, but not kept */
    uint32_t file;       /* that messages are about from now on */
    struct workload_diagnostic items[WORKLOAD_DIAGNOSTICS_MAX];
};

/* Add a message.  Control characters in it (from the file) are shown as '?'. */
void workload_diagnose(struct workload_diagnostics *d, enum workload_severity severity,
                       struct text_position position, const char *format, ...) PRINTF_LIKE(4, 5);

/*
 * Write "FILE:LINE:COLUMN: error: TEXT" (or "note:"; without a line, "FILE: error: TEXT") to `out`,
 * cut to `size` bytes and ended by NUL.
 */
void workload_diagnostic_format(const struct workload_diagnostic *item, const char *file_name,
                                char *out, size_t size);

#endif /* WORKLOAD_DIAGNOSTICS_H */
