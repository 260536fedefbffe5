/* SPDX-License-Identifier: MIT */
/*
 * scan.h - the words of JSON as people write it: blanks, comments, strings, numbers.
 *
 * The lower half of prepass.c, which knows the grammar.  Each function looks at text[at], steps
 * over what it recognises and, where it says so, copies it to `out`.  A false return ends the scan:
 * `status` then says WORKLOAD_REFUSED (with refused_at and reason) or WORKLOAD_NO_MEMORY.
 */
#ifndef WORKLOAD_SCAN_H
#define WORKLOAD_SCAN_H

#include "workload/diagnostics.h"
#include "workload/rows.h"

#define SCAN_END (-1)
#define SCAN_REASON_BYTES_MAX 160u

struct scan {
    const char *text;
    size_t bytes;
    size_t at;        /* below or equal to bytes */
    struct rows out; /* char */
    enum workload_status status;
    size_t refused_at;
    char reason[SCAN_REASON_BYTES_MAX];
};

/* The byte that stands here, or SCAN_END. */
static inline int scan_peek(const struct scan *s)
{
    return s->at < s->bytes ? (unsigned char)s->text[s->at] : SCAN_END;
}

/* Refuse the byte at `offset` for `reason`; always false. */
bool scan_refuse(struct scan *s, size_t offset, const char *reason);

/* Refuse what stands here: "expected `what`, found ..."; always false. */
bool scan_expected(struct scan *s, const char *what);

/* Copy to `out`. */
MUST_USE bool scan_emit(struct scan *s, const char *from, size_t bytes);
MUST_USE bool scan_emit_char(struct scan *s, char c);

/* Step over blanks and comments, copying nothing. */
MUST_USE bool scan_blanks(struct scan *s);

/* Copy a string with its opening quote; step over its closing quote, which is not copied. */
MUST_USE bool scan_string(struct scan *s);

/* Copy a number; a word (true, false, null). */
MUST_USE bool scan_number(struct scan *s);
MUST_USE bool scan_word(struct scan *s);

#endif /* WORKLOAD_SCAN_H */
