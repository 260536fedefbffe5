/* SPDX-License-Identifier: MIT */
/*
 * prepass.h - from JSON as people write it to JSON as json-c reads it, with positions.
 *
 * rt-app's files (and ours) are JSON with comments, trailing commas, keys without a value
 * ("suspend",) and the same key many times in one object, where the order is the meaning.  json-c
 * keeps no positions and of equal keys only the last.  So this scanner rewrites the text:
 *
 *     "run" : 10, "suspend",      becomes      {"run@17:25":10,"suspend@29:29":null
 *
 * Each key carries the byte offsets of itself and of its value: all keys differ, json-c keeps their
 * order, and every message can name its place; elements of arrays have their offsets in a table of
 * their own.  The scanner checks the whole grammar, so what it
 * accepts json-c accepts; errors come from here, with line and column.
 *
 * Also refused: bytes that are not UTF-8, control characters and \u0000 in strings, more nesting
 * than PREPASS_DEPTH_MAX, more text than PREPASS_BYTES_MAX.
 *
 * Memory: the result is allocated; give it back with prepass_fini.  Cost: O(bytes); with unique
 * keys O(keys^2) in each object.
 */
#ifndef WORKLOAD_PREPASS_H
#define WORKLOAD_PREPASS_H

#include "workload/diagnostics.h"

#define PREPASS_BYTES_MAX (4u << 20)
#define PREPASS_DEPTH_MAX 16u
#define PREPASS_UNIQUE_KEYS_MAX 1024u /* in one object, when keys must be unique */

enum prepass_keys {
    PREPASS_KEYS_REPEAT, /* workloads: a key may come many times */
    PREPASS_KEYS_UNIQUE  /* manifests: a key may come once in an object */
};

/* Where an element of an array stands; both are offsets in the file. */
struct prepass_element {
    uint32_t array; /* of its array's opening bracket */
    uint32_t at;
};

struct prepass {
    size_t base;        /* of all offsets: the text's first byte has this one */
    char *json;         /* the rewritten text, ended by NUL */
    size_t json_bytes;  /* without the NUL */
    uint32_t *lines;    /* offsets of the first byte of each line */
    uint32_t line_count;
    uint32_t element_count;
    struct prepass_element *elements; /* of all arrays, in the file's order */
};

/* A rewritten key taken apart. */
struct prepass_key {
    size_t name_bytes;   /* the key's own text: the first bytes of what was given */
    size_t key_offset;   /* of its opening quote in the file */
    size_t value_offset; /* of its value; equal to key_offset if it has none */
};

/*
 * Rewrite `bytes` bytes of `text` into `p`.  Returns WORKLOAD_READ, WORKLOAD_REFUSED (one error in
 * `d`, and `p` holds the lines only) or WORKLOAD_NO_MEMORY.  prepass_fini is due in every case.
 */
MUST_USE enum workload_status prepass_run(struct prepass *p, const char *text, size_t bytes,
                                          enum prepass_keys keys, struct workload_diagnostics *d);
void prepass_fini(struct prepass *p);

/* The same for one text of several, where keys may repeat: its offsets begin at `base`, so that one
 * offset names a place in all of them. */
MUST_USE enum workload_status prepass_run_at(struct prepass *p, const char *text, size_t bytes,
                                             size_t base, struct workload_diagnostics *d);

/* Line and column of a byte of the file.  O(log lines). */
struct text_position prepass_position(const struct prepass *p, size_t offset);

/* The offset of element `index` of the array at offset `array`, or `array` if it has not so many.
 * O(log elements of the file + elements up to it): for messages. */
size_t prepass_element_offset(const struct prepass *p, size_t array, size_t index);

/* Take apart a key that json-c gives back; false if it is not one of ours. */
MUST_USE bool prepass_split(const char *json_key, struct prepass_key *key);

#endif /* WORKLOAD_PREPASS_H */
