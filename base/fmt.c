/* SPDX-License-Identifier: MIT */
#include "base/fmt.h"
#include "base/assert.h"

struct fmt fmt_start(char *text, size_t size)
{
    ASSERT(text != NULL);
    ASSERT(size > 0);

    text[0] = '\0';
    return (struct fmt){.text = text, .size = size, .needed = 0};
}

void fmt_char(struct fmt *f, char c)
{
    if (f->needed + 1 < f->size) {
        f->text[f->needed] = c;
        f->text[f->needed + 1] = '\0';
    } else if (f->size > 1) {
        f->text[f->size - 2] = FMT_CUT;
    }
    f->needed++;
}

void fmt_bytes(struct fmt *f, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes && text[i] != '\0'; i++)
        fmt_char(f, text[i]);
}

void fmt_text(struct fmt *f, const char *text)
{
    fmt_bytes(f, text != NULL ? text : "(null)", SIZE_MAX);
}

void fmt_pad_to(struct fmt *f, size_t column)
{
    while (f->needed < column)
        fmt_char(f, ' ');
}

/* The digits of `value`, last first; returns how many. */
static size_t digits_of(uint64_t value, char digits[FMT_U64_DIGITS_MAX])
{
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0); /* at most FMT_U64_DIGITS_MAX turns: 2^64 < 10^20 */
    return count;
}

/* `sign`, if any, stands behind the fill: fill is only ever spaces where a sign is possible. */
static void put_decimal(struct fmt *f, const char *sign, uint64_t magnitude, size_t width, char pad)
{
    char digits[FMT_U64_DIGITS_MAX];
    size_t count = digits_of(magnitude, digits);
    size_t used = count + (sign[0] != '\0' ? 1 : 0);

    for (size_t i = used; i < width; i++)
        fmt_char(f, pad);
    fmt_text(f, sign);
    while (count > 0)
        fmt_char(f, digits[--count]);
}

void fmt_u64(struct fmt *f, uint64_t value, size_t width, char pad)
{
    put_decimal(f, "", value, width, pad);
}

void fmt_i64(struct fmt *f, int64_t value, size_t width)
{
    if (value < 0)
        put_decimal(f, "-", 0 - (uint64_t)value, width, ' ');
    else
        put_decimal(f, "", (uint64_t)value, width, ' ');
}

void fmt_hex(struct fmt *f, uint64_t value, size_t digits)
{
    ASSERT(digits <= FMT_HEX_DIGITS_MAX);

    for (size_t left = FMT_HEX_DIGITS_MAX; left > 0; left--) {
        uint64_t rest = value >> (4 * (left - 1));

        if (rest != 0 || left <= digits || left == 1)
            fmt_char(f, "0123456789abcdef"[rest & 0xf]);
    }
}

void fmt_ns(struct fmt *f, uint64_t ns)
{
    static const struct {
        uint64_t ns;
        const char *name;
    } units[] = {{NS_PER_S, " s"}, {NS_PER_MS, " ms"}, {NS_PER_US, " us"}};

    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        if (ns < units[i].ns)
            continue;
        fmt_u64(f, ns / units[i].ns, 0, ' ');
        fmt_char(f, '.');
        fmt_u64(f, ns % units[i].ns / (units[i].ns / 1000), 3, '0');
        fmt_text(f, units[i].name);
        return;
    }
    fmt_u64(f, ns, 0, ' ');
    fmt_text(f, " ns");
}
