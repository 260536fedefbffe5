/* SPDX-License-Identifier: MIT */
#include "workload/prepass.h"

#include "workload/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX_BYTES_MAX 48u

struct key {
    size_t offset;
    size_t bytes;
};

/* The scan, and what the grammar must remember. */
struct grammar {
    struct scan scan;
    size_t base; /* of the offsets that are written and noted */
    unsigned depth;
    enum prepass_keys keys_mode;
    struct rows keys; /* struct key, of the objects under way, innermost last */
    struct rows elements; /* struct prepass_element */
};

/* ---- Objects and arrays ---------------------------------------------------------------------- */

static bool scan_value(struct grammar *g);

/* Note the key from `offset` to here; the object's own keys begin at `first_key` in the table. */
static bool note_key(struct grammar *g, size_t offset, size_t first_key)
{
    struct scan *s = &g->scan;
    struct key key = {.offset = offset, .bytes = s->at - offset};

    if (g->keys_mode == PREPASS_KEYS_REPEAT)
        return true;
    if (g->keys.count - first_key == PREPASS_UNIQUE_KEYS_MAX)
        return scan_refuse(s, offset, "this object has too many keys");

    for (size_t i = first_key; i < g->keys.count; i++) {
        const struct key *other = rows_at(&g->keys, i);

        if (other->bytes == key.bytes &&
            memcmp(s->text + other->offset, s->text + offset, key.bytes) == 0)
            return scan_refuse(s, offset, "this key is given twice; expected it once");
    }

    struct key *noted = rows_push(&g->keys, 1);

    if (noted == NULL) {
        s->status = WORKLOAD_NO_MEMORY;
        return false;
    }
    *noted = key;
    return true;
}

/* Behind a key: step to its value and say where that is; a key without one gets its own offset. */
static bool find_value(struct scan *s, size_t key_offset, size_t *value_offset)
{
    *value_offset = key_offset;
    if (!scan_blanks(s))
        return false;
    if (scan_peek(s) == ',' || scan_peek(s) == '}')
        return true;
    if (scan_peek(s) != ':')
        return scan_expected(s, "':' after the key");
    s->at++;
    if (!scan_blanks(s))
        return false;
    *value_offset = s->at;
    return true;
}

static bool scan_member(struct grammar *g, size_t first_key)
{
    struct scan *s = &g->scan;
    size_t key_offset = s->at;
    size_t value_offset;
    char suffix[SUFFIX_BYTES_MAX];

    if (scan_peek(s) != '"')
        return scan_expected(s, "a key in quotes or '}'");
    if (!scan_string(s) || !note_key(g, key_offset, first_key) ||
        !find_value(s, key_offset, &value_offset))
        return false;

    bool is_bare = value_offset == key_offset;
    int bytes = snprintf(suffix, sizeof suffix, "@%zu:%zu\":%s", g->base + key_offset,
                         g->base + value_offset, is_bare ? "null" : "");

    return scan_emit(s, suffix, (size_t)bytes) && (is_bare || scan_value(g));
}

/* An element of the array that began at `array`. */
static bool scan_element(struct grammar *g, size_t array)
{
    struct prepass_element *element = rows_push(&g->elements, 1);

    if (element == NULL) {
        g->scan.status = WORKLOAD_NO_MEMORY;
        return false;
    }
    *element = (struct prepass_element){(uint32_t)(g->base + array),
                                        (uint32_t)(g->base + g->scan.at)};
    return scan_value(g);
}

/*
 * The members of an object or the elements of an array, up to and over the closing bracket.
 * A comma is written before each but the first, so one too many at the end disappears.
 */
static bool scan_items(struct grammar *g, bool is_object)
{
    struct scan *s = &g->scan;
    size_t first_key = g->keys.count;
    size_t begin = s->at - 1; /* the opening bracket */
    char close = is_object ? '}' : ']';

    for (bool is_first = true;; is_first = false) { /* each turn consumes a byte or returns */
        if (!scan_blanks(s))
            return false;
        if (scan_peek(s) == close)
            break;
        if (!is_first && !scan_emit_char(s, ','))
            return false;
        if (!(is_object ? scan_member(g, first_key) : scan_element(g, begin)) || !scan_blanks(s))
            return false;
        if (scan_peek(s) == close)
            break;
        if (scan_peek(s) != ',')
            return scan_expected(s, is_object ? "',' or '}'" : "',' or ']'");
        s->at++;
    }
    s->at++;
    g->keys.count = first_key;
    return scan_emit_char(s, close);
}

static bool scan_nested(struct grammar *g, bool is_object)
{
    struct scan *s = &g->scan;

    if (g->depth == PREPASS_DEPTH_MAX)
        return scan_refuse(s, s->at, "objects and arrays are nested too deeply");
    if (!scan_emit_char(s, is_object ? '{' : '['))
        return false;
    s->at++;
    g->depth++;
    if (!scan_items(g, is_object))
        return false;
    g->depth--;
    return true;
}

/* Recursion: at most PREPASS_DEPTH_MAX deep. */
static bool scan_value(struct grammar *g)
{
    struct scan *s = &g->scan;
    int byte = scan_peek(s);

    if (byte == '{' || byte == '[')
        return scan_nested(g, byte == '{');
    if (byte == '"')
        return scan_string(s) && scan_emit_char(s, '"');
    if (byte == '-' || (byte >= '0' && byte <= '9'))
        return scan_number(s);
    return scan_word(s);
}

static bool scan_file(struct grammar *g)
{
    struct scan *s = &g->scan;

    if (s->bytes > PREPASS_BYTES_MAX)
        return scan_refuse(s, 0, "the file is too large; expected at most 4 MiB");
    if (!scan_blanks(s))
        return false;
    if (scan_peek(s) != '{')
        return scan_expected(s, "'{'");
    if (!scan_value(g) || !scan_blanks(s))
        return false;
    if (scan_peek(s) != SCAN_END)
        return scan_expected(s, "the end of the file");
    return scan_emit_char(s, '\0');
}

/* ---- Positions ------------------------------------------------------------------------------- */

static bool note_line(struct rows *lines, size_t offset)
{
    uint32_t *line = rows_push(lines, 1);

    if (line == NULL)
        return false;
    *line = (uint32_t)offset;
    return true;
}

static bool index_lines(struct rows *lines, const char *text, size_t bytes)
{
    if (!note_line(lines, 0))
        return false;
    for (size_t i = 0; i < bytes && i < PREPASS_BYTES_MAX; i++)
        if (text[i] == '\n' && !note_line(lines, i + 1))
            return false;
    return true;
}

struct text_position prepass_position(const struct prepass *p, size_t offset)
{
    size_t at = offset - p->base;
    uint32_t low = 0;
    uint32_t high = p->line_count;

    /* lines[low] <= at < lines[high]; at most 23 turns */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (p->lines[middle] <= at)
            low = middle;
        else
            high = middle;
    }
    return (struct text_position){low + 1, (uint32_t)(at - p->lines[low]) + 1};
}

size_t prepass_element_offset(const struct prepass *p, size_t array, size_t index)
{
    uint32_t low = 0;
    uint32_t high = p->element_count;

    while (low < high) { /* to the first element behind the bracket: at most 22 turns */
        uint32_t middle = low + (high - low) / 2;

        if (p->elements[middle].at <= array)
            low = middle + 1;
        else
            high = middle;
    }
    for (uint32_t i = low; i < p->element_count; i++)
        if (p->elements[i].array == array && index-- == 0)
            return p->elements[i].at;
    return array;
}

/* ---- The interface --------------------------------------------------------------------------- */

/* A scan that has not begun, of this text. */
static struct grammar grammar_of(const char *text, size_t bytes)
{
    return (struct grammar){
        .scan = {.text = text, .bytes = bytes, .out = rows_of(1), .status = WORKLOAD_READ},
        .keys = rows_of(sizeof(struct key)),
        .elements = rows_of(sizeof(struct prepass_element)),
    };
}

static enum workload_status run(struct prepass *p, struct grammar *g,
                                struct workload_diagnostics *d)
{
    struct rows lines = rows_of(sizeof(uint32_t));
    struct scan *s = &g->scan;

    if (!index_lines(&lines, s->text, s->bytes) || !scan_file(g))
        s->status = s->status == WORKLOAD_READ ? WORKLOAD_NO_MEMORY : s->status;

    *p = (struct prepass){.base = g->base,
                          .lines = lines.records,
                          .line_count = (uint32_t)lines.count,
                          .elements = g->elements.records,
                          .element_count = (uint32_t)g->elements.count};
    rows_fini(&g->keys);
    if (s->status == WORKLOAD_READ) {
        p->json = s->out.records;
        p->json_bytes = s->out.count - 1;
        return WORKLOAD_READ;
    }
    rows_fini(&s->out);
    if (s->status == WORKLOAD_REFUSED)
        workload_diagnose(d, WORKLOAD_ERROR, prepass_position(p, p->base + s->refused_at), "%s",
                          s->reason);
    return s->status;
}

enum workload_status prepass_run(struct prepass *p, const char *text, size_t bytes,
                                 enum prepass_keys keys, struct workload_diagnostics *d)
{
    struct grammar g = grammar_of(text, bytes);

    g.keys_mode = keys;
    return run(p, &g, d);
}

enum workload_status prepass_run_at(struct prepass *p, const char *text, size_t bytes,
                                    size_t base, struct workload_diagnostics *d)
{
    struct grammar g = grammar_of(text, bytes);

    g.keys_mode = PREPASS_KEYS_REPEAT;
    g.base = base;
    return run(p, &g, d);
}

void prepass_fini(struct prepass *p)
{
    free(p->json);
    free(p->lines);
    free(p->elements);
    *p = (struct prepass){0};
}

bool prepass_split(const char *json_key, struct prepass_key *key)
{
    const char *mark = strrchr(json_key, '@');

    if (mark == NULL || sscanf(mark, "@%zu:%zu", &key->key_offset, &key->value_offset) != 2)
        return false;
    key->name_bytes = (size_t)(mark - json_key);
    return true;
}
