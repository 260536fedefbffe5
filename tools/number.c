/* SPDX-License-Identifier: MIT */
#include "tools/number.h"

#include "abi/result.h"
#include "base/assert.h"
#include "base/fmt.h"

#define SCALE_DIGITS_MAX 18u

/* The value of a digit in bases up to 16, or 16. */
static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return 16;
}

/* Read digits of `base` up to the first other character, which *end gets; at least one. */
static bool parse_digits(const char *text, unsigned base, uint64_t *value, const char **end)
{
    uint64_t sum = 0;
    const char *at = text;

    for (; digit_of(*at) < base; at++)
        if (__builtin_mul_overflow(sum, base, &sum) ||
            __builtin_add_overflow(sum, digit_of(*at), &sum))
            return false;
    *value = sum;
    *end = at;
    return at != text;
}

bool number_parse(const char *text, uint64_t max, uint64_t *value)
{
    bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *end;
    uint64_t sum;

    if (!parse_digits(is_hex ? text + 2 : text, is_hex ? 16 : 10, &sum, &end))
        return false;
    if (*end != '\0' || sum > max)
        return false;
    *value = sum;
    return true;
}

bool number_parse_seconds(const char *text, uint64_t max_ns, uint64_t *ns)
{
    uint64_t whole, fraction_ns = 0;
    const char *at;

    if (!parse_digits(text, 10, &whole, &at))
        return false;
    if (*at == '.') {
        uint64_t place_ns = NS_PER_S;

        for (at++; *at >= '0' && *at <= '9'; at++) {
            place_ns /= 10;
            if (place_ns == 0)
                return false; /* finer than a nanosecond */
            fraction_ns += place_ns * digit_of(*at);
        }
        if (place_ns == NS_PER_S)
            return false; /* a point without digits */
    }
    if (*at != '\0' || whole > max_ns / NS_PER_S)
        return false;
    *ns = whole * NS_PER_S + fraction_ns;
    return *ns != 0 && *ns <= max_ns;
}

static uint64_t power_of_ten(unsigned exponent)
{
    uint64_t power = 1;

    for (unsigned i = 0; i < exponent; i++)
        power *= 10;
    return power;
}

const char *number_scaled(char *text, int64_t value, unsigned shift, unsigned decimals)
{
    struct fmt f = fmt_start(text, NUMBER_TEXT_BYTES);
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    ASSERT(decimals <= shift);
    ASSERT(shift <= SCALE_DIGITS_MAX);
    if (value == RESULT_UNKNOWN) {
        fmt_char(&f, '-');
        return text;
    }

    uint64_t step = power_of_ten(shift - decimals);
    uint64_t rounded = magnitude / step + (magnitude % step >= step - step / 2 ? 1 : 0);
    uint64_t unit = power_of_ten(decimals);

    if (value < 0 && rounded != 0)
        fmt_char(&f, '-');
    fmt_u64(&f, rounded / unit, 1, ' ');
    if (decimals > 0) {
        fmt_char(&f, '.');
        fmt_u64(&f, rounded % unit, decimals, '0');
    }
    return text;
}
