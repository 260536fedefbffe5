/* SPDX-License-Identifier: MIT */
/*
 * stream_fuzz.c - any bytes as a run's result stream.
 *
 * Random bytes would never pass the checksums, so an input is a list of changes to a sound stream:
 * (word, value) in two bytes each, after which every record's checksum is made to fit.  Values from
 * 128 on are powers of two and what is one less.  An input whose first byte is odd is taken as the
 * stream itself.  All that an opened stream gives is touched.
 */
#include "tools/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"

#define CHANGE_BYTES 2u
#define WORD_BYTES sizeof(uint32_t)
#define THREADS 2u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static const struct {
    struct stream_snapshot snapshot;
    struct stream_thread snapshot_threads[THREADS];
    struct result_cpu snapshot_cpu;
    struct result_header result;
    struct result_thread result_threads[THREADS];
    struct result_cpu result_cpu;
    struct stream_histograms histograms;
    struct stream_histogram first;
    uint32_t counts[4];
    struct stream_histogram second;
} sound = {
    .snapshot = {.magic = STREAM_MAGIC_SNAPSHOT,
                 .bytes = sizeof sound.snapshot + sizeof sound.snapshot_threads +
                          sizeof sound.snapshot_cpu,
                 .thread_count = THREADS, .cpu_count = 1},
    .result = {.magic = RESULT_MAGIC,
               .bytes = sizeof sound.result + sizeof sound.result_threads + sizeof sound.result_cpu,
               .thread_count = THREADS, .cpu_count = 1},
    .histograms = {.magic = STREAM_MAGIC_HISTOGRAMS,
                   .bytes = sizeof sound.histograms + 2 * sizeof sound.first + sizeof sound.counts,
                   .thread_count = THREADS, .us_count = 5},
    .first = {.count = 3},
    .counts = {1, 2, 3},
};

_Static_assert(sizeof sound / WORD_BYTES <= 256, "a byte names a word");

static int64_t sum; /* so that reading is not left out */

static void use_result(const struct result *result)
{
    const struct stream_histogram *row = NULL;

    for (uint32_t i = 0; i < result->header->thread_count; i++)
        sum ^= result->threads[i].runtime_ns ^ result->threads[i].lag_max_ns;
    for (uint32_t i = 0; i < result->header->cpu_count; i++)
        sum ^= result->cpus[i].busy_ns ^ result->cpus[i].pushes;
    for (uint32_t i = 0; result->histograms != NULL && i < result->header->thread_count; i++) {
        row = histogram_next(result->histograms, row);
        ASSERT(row->count <= result->histograms->us_count);
        for (uint32_t us = 0; us < row->count; us++)
            sum ^= histogram_counts(row)[us];
    }
}

static void use_snapshot(const struct snapshot *snapshot)
{
    for (uint32_t i = 0; i < snapshot->header->thread_count; i++)
        sum ^= snapshot->threads[i].runtime_ns ^ snapshot->threads[i].is_running;
    for (uint32_t i = 0; i < snapshot->header->cpu_count; i++)
        sum ^= snapshot->cpus[i].busy_ns ^ snapshot->cpus[i].pushes;
}

/* A copy on the heap, so that reading beyond its end is seen, and aligned. */
static unsigned char *copy_of(const void *bytes, size_t size)
{
    unsigned char *copy = malloc(size + (size == 0));

    if (copy == NULL)
        abort();
    memcpy(copy, bytes, size);
    return copy;
}

static void open_and_use(const unsigned char *data, size_t bytes)
{
    struct snapshot snapshot;
    struct result result;
    size_t at = 0, record_bytes;

    while (stream_look(data + at, bytes - at, &record_bytes) == STREAM_SNAPSHOT) {
        unsigned char *record = copy_of(data + at, record_bytes);

        if (snapshot_open(&snapshot, record, record_bytes))
            use_snapshot(&snapshot);
        free(record);
        at += record_bytes;
    }
    if (stream_open(&result, data, bytes) == RESULT_OK)
        use_result(&result);
}

/* The checksums of all records that are whole. */
static void seal(unsigned char *data, size_t bytes)
{
    size_t record_bytes;

    for (size_t at = 0;; at += record_bytes) {
        struct stream_record *record = (void *)(data + at);
        enum stream_kind kind = stream_look(data + at, bytes - at, &record_bytes);

        if (kind == STREAM_PART || kind == STREAM_WRONG)
            return;
        record->checksum =
            hash_sealed(record, record_bytes, offsetof(struct stream_record, checksum));
    }
}

static uint32_t value_of(uint8_t code)
{
    if (code < 128)
        return code;
    return (UINT32_C(1) << (code / 2) % 32) - code % 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    unsigned char *stream;

    if (bytes == 0)
        return 0;
    if (data[0] % 2 == 1) {
        stream = copy_of(data + 1, bytes - 1);
        open_and_use(stream, bytes - 1);
        free(stream);
        return 0;
    }
    stream = copy_of(&sound, sizeof sound);
    for (size_t i = 1; i + CHANGE_BYTES <= bytes; i += CHANGE_BYTES) {
        uint32_t value = value_of(data[i + 1]);

        memcpy(stream + data[i] % (sizeof sound / WORD_BYTES) * WORD_BYTES, &value, WORD_BYTES);
    }
    seal(stream, sizeof sound);
    open_and_use(stream, sizeof sound);
    free(stream);
    return 0;
}
