/* SPDX-License-Identifier: MIT */
#include "user/loadgen/arguments.h"

#include "abi/stream.h"
#include "abi/workload.h"

#define BASE_TEN 10u

/* A piece of the text: `bytes` characters from `at`. */
struct word {
    const char *at;
    uint64_t bytes;
};

/* Split off the characters before the first `separator`; false when there is none, with all of them
 * in `before`. */
static bool split(struct word *rest, char separator, struct word *before)
{
    *before = *rest;
    for (uint64_t i = 0; i < rest->bytes; i++) {
        if (rest->at[i] != separator)
            continue;
        before->bytes = i;
        *rest = (struct word){rest->at + i + 1, rest->bytes - i - 1};
        return true;
    }
    return false;
}

static bool word_is(const struct word *word, const char *name)
{
    uint64_t i = 0;

    for (; i < word->bytes && name[i] != '\0'; i++)
        if (word->at[i] != name[i])
            return false;
    return i == word->bytes && name[i] == '\0';
}

static bool parse_number(const struct word *word, uint64_t max, uint64_t *number)
{
    uint64_t value = 0;

    if (word->bytes == 0)
        return false;
    for (uint64_t i = 0; i < word->bytes; i++) {
        unsigned digit = (unsigned)(unsigned char)word->at[i] - '0';

        if (digit >= BASE_TEN || value > (max - digit) / BASE_TEN)
            return false;
        value = value * BASE_TEN + digit;
    }
    *number = value;
    return true;
}

/* A number above 0, once. */
static bool parse_once(const struct word *word, uint64_t max, uint64_t *number)
{
    return *number == 0 && parse_number(word, max, number) && *number != 0;
}

static bool parse_word(struct arguments *arguments, struct word word)
{
    struct word name;

    if (!split(&word, '=', &name))
        return false;
    if (word_is(&name, "duration_ns") && !arguments->has_duration) {
        arguments->has_duration = true;
        return parse_number(&word, WORKLOAD_DURATION_NS_MAX, &arguments->duration_ns);
    }
    if (word_is(&name, "histogram_us"))
        return parse_once(&word, STREAM_HISTOGRAM_US_MAX, &arguments->histogram_us);
    if (word_is(&name, "watch_ms"))
        return parse_once(&word, STREAM_WATCH_MS_MAX, &arguments->watch_ms);
    return false;
}

bool arguments_parse(struct arguments *arguments, const char *text, uint64_t bytes)
{
    struct arguments parsed = {.has_duration = false};
    struct word rest = {text, bytes};
    struct word word;
    bool has_more = bytes != 0;

    if (bytes > ARGUMENTS_BYTES_MAX)
        return false;
    while (has_more) { /* at most ARGUMENTS_BYTES_MAX + 1 turns */
        has_more = split(&rest, ' ', &word);
        if (!parse_word(&parsed, word))
            return false;
    }
    *arguments = parsed;
    return true;
}
