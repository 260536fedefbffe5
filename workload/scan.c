/* SPDX-License-Identifier: MIT */
#include "workload/scan.h"

#include <stdio.h>
#include <string.h>

#define FOUND_BYTES_MAX 32u
#define NUMBER_BYTES_MAX 64u

/* ---- Leaves ---------------------------------------------------------------------------------- */

static bool starts_with(const struct scan *s, const char *word)
{
    size_t bytes = strlen(word);

    return s->bytes - s->at >= bytes && memcmp(s->text + s->at, word, bytes) == 0;
}

bool scan_refuse(struct scan *s, size_t offset, const char *reason)
{
    s->status = WORKLOAD_REFUSED;
    s->refused_at = offset;
    snprintf(s->reason, sizeof s->reason, "%s", reason);
    return false;
}

bool scan_expected(struct scan *s, const char *what)
{
    char found[FOUND_BYTES_MAX];
    int byte = scan_peek(s);

    if (byte == SCAN_END)
        snprintf(found, sizeof found, "the end of the file");
    else if (byte > ' ' && byte < 0x7f)
        snprintf(found, sizeof found, "'%c'", byte);
    else
        snprintf(found, sizeof found, "byte 0x%02x", (unsigned)byte);
    scan_refuse(s, s->at, "");
    snprintf(s->reason, sizeof s->reason, "expected %s, found %s", what, found);
    return false;
}

bool scan_emit(struct scan *s, const char *from, size_t bytes)
{
    char *to = rows_push(&s->out, bytes);

    if (to == NULL) {
        s->status = WORKLOAD_NO_MEMORY;
        return false;
    }
    memcpy(to, from, bytes);
    return true;
}

bool scan_emit_char(struct scan *s, char c)
{
    return scan_emit(s, &c, 1);
}

/* ---- Blanks and comments --------------------------------------------------------------------- */

static bool skip_comment(struct scan *s)
{
    size_t start = s->at;

    if (starts_with(s, "//")) {
        while (scan_peek(s) != '\n' && scan_peek(s) != SCAN_END)
            s->at++;
        return true;
    }
    for (s->at += 2; scan_peek(s) != SCAN_END; s->at++) {
        if (starts_with(s, "*/")) {
            s->at += 2;
            return true;
        }
    }
    return scan_refuse(s, start, "this comment has no end; expected */");
}

bool scan_blanks(struct scan *s)
{
    for (;;) { /* each turn consumes a byte or returns */
        int byte = scan_peek(s);

        if (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r')
            s->at++;
        else if (starts_with(s, "//") || starts_with(s, "/*")) {
            if (!skip_comment(s))
                return false;
        } else {
            return true;
        }
    }
}

/* ---- Strings, numbers, words ----------------------------------------------------------------- */

/* Bytes of the well-formed UTF-8 sequence that starts here, 0 if none does (RFC 3629). */
static size_t utf8_bytes(const struct scan *s)
{
    const unsigned char *b = (const unsigned char *)s->text + s->at;
    size_t left = s->bytes - s->at;
    size_t bytes = b[0] < 0x80 ? 1 : b[0] < 0xc2 ? 0 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;

    if (bytes == 0 || b[0] > 0xf4 || bytes > left)
        return 0;
    for (size_t i = 1; i < bytes; i++)
        if ((b[i] & 0xc0) != 0x80)
            return 0;
    /* overlong forms, surrogates, and what lies beyond U+10FFFF */
    if ((b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xed && b[1] > 0x9f) ||
        (b[0] == 0xf0 && b[1] < 0x90) || (b[0] == 0xf4 && b[1] > 0x8f))
        return 0;
    return bytes;
}

static bool is_hex(int byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
           (byte >= 'A' && byte <= 'F');
}

/* Step over an escape; `at` is on the backslash. */
static bool skip_escape(struct scan *s)
{
    size_t start = s->at++;
    int byte = scan_peek(s);

    if (byte != SCAN_END && byte != 0 && strchr("\"\\/bfnrt", byte) != NULL) {
        s->at++;
        return true;
    }
    if (byte != 'u')
        return scan_refuse(s, start,
                           "unknown escape in a string; expected one of \\\" \\\\ \\/ \\b \\f \\n "
                           "\\r \\t \\uXXXX");
    s->at++;
    if (starts_with(s, "0000"))
        return scan_refuse(s, start, "a string cannot hold the character 0");
    for (unsigned i = 0; i < 4; i++, s->at++)
        if (!is_hex(scan_peek(s)))
            return scan_expected(s, "four hexadecimal digits after \\u");
    return true;
}

bool scan_string(struct scan *s)
{
    size_t start = s->at++;

    for (;;) { /* each turn consumes a byte or returns */
        int byte = scan_peek(s);

        if (byte == '"')
            break;
        if (byte == SCAN_END || byte < ' ')
            return scan_refuse(s, start, "this string has no end on its line; expected \"");
        if (byte == '\\') {
            if (!skip_escape(s))
                return false;
            continue;
        }

        size_t bytes = utf8_bytes(s);

        if (bytes == 0)
            return scan_expected(s, "UTF-8");
        s->at += bytes;
    }
    return scan_emit(s, s->text + start, s->at++ - start);
}

static size_t skip_digits(struct scan *s)
{
    size_t start = s->at;

    while (scan_peek(s) >= '0' && scan_peek(s) <= '9')
        s->at++;
    return s->at - start;
}

bool scan_number(struct scan *s)
{
    size_t start = s->at;

    if (scan_peek(s) == '-')
        s->at++;

    bool is_zero_led = scan_peek(s) == '0';
    size_t digits = skip_digits(s);

    if (digits == 0)
        return scan_expected(s, "a digit");
    if (is_zero_led && digits > 1)
        return scan_refuse(s, start, "a number must not start with 0");
    if (scan_peek(s) == '.') {
        s->at++;
        if (skip_digits(s) == 0)
            return scan_expected(s, "a digit");
    }
    if (scan_peek(s) == 'e' || scan_peek(s) == 'E') {
        s->at++;
        if (scan_peek(s) == '+' || scan_peek(s) == '-')
            s->at++;
        if (skip_digits(s) == 0)
            return scan_expected(s, "a digit");
    }
    if (s->at - start > NUMBER_BYTES_MAX)
        return scan_refuse(s, start, "this number has too many digits");
    return scan_emit(s, s->text + start, s->at - start);
}

bool scan_word(struct scan *s)
{
    static const char *const words[] = {"true", "false", "null"};

    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (starts_with(s, words[i])) {
            s->at += strlen(words[i]);
            return scan_emit(s, words[i], strlen(words[i]));
        }
    }
    return scan_expected(s, "a value");
}
