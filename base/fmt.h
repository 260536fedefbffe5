/* SPDX-License-Identifier: MIT */
/*
 * fmt.h - text built into a buffer of fixed size: no library, no floating point, no allocation.
 *
 * Every call appends.  The buffer always ends in NUL.  What does not fit is counted, not written,
 * and the last character that fitted becomes FMT_CUT, so that a cut line looks cut.
 *
 *     char line[80];
 *     struct fmt f = fmt_start(line, sizeof line);
 *     fmt_text(&f, "cpu ");
 *     fmt_u64(&f, cpu, 2, ' ');
 *
 * Locks: none; a builder belongs to its caller.  Cost: O(characters).
 */
#ifndef BASE_FMT_H
#define BASE_FMT_H

#include "base/types.h"

#define FMT_CUT '~'
#define FMT_U64_DIGITS_MAX 20u
#define FMT_HEX_DIGITS_MAX 16u

struct fmt {
    char *text;
    size_t size;   /* bytes of the buffer, the final NUL included */
    size_t needed; /* characters of the whole text, whether they fitted or not */
};

/* Begin an empty text in `text`, whose `size` must not be 0. */
MUST_USE struct fmt fmt_start(char *text, size_t size);

void fmt_char(struct fmt *f, char c);
void fmt_text(struct fmt *f, const char *text); /* NULL reads "(null)" */

/* Append at most `bytes` characters of `text`, fewer if it ends in NUL before. */
void fmt_bytes(struct fmt *f, const char *text, size_t bytes);

/* Decimal, at least `width` characters wide, filled on the left with `pad`. */
void fmt_u64(struct fmt *f, uint64_t value, size_t width, char pad);

/* Decimal with '-' where negative, at least `width` wide, filled on the left with spaces. */
void fmt_i64(struct fmt *f, int64_t value, size_t width);

/* Lower-case hexadecimal without prefix, at least `digits` of them (at most FMT_HEX_DIGITS_MAX). */
void fmt_hex(struct fmt *f, uint64_t value, size_t digits);

/* A duration for people, rounded down: "999 ns", "1.000 us", "12.345 ms", "3.000 s". */
void fmt_ns(struct fmt *f, uint64_t ns);

/* Spaces up to `column`, counted from the text's start; nothing if the text is there already. */
void fmt_pad_to(struct fmt *f, size_t column);

/* Did everything fit? */
static inline bool fmt_is_whole(const struct fmt *f)
{
    return f->needed < f->size;
}

/* Characters in the buffer now, without the NUL. */
static inline size_t fmt_length(const struct fmt *f)
{
    return fmt_is_whole(f) ? f->needed : f->size - 1;
}

#endif /* BASE_FMT_H */
