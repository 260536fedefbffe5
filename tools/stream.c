/* SPDX-License-Identifier: MIT */
#include "tools/stream.h"

#include "base/hash.h"

_Static_assert(offsetof(struct result_header, bytes) == offsetof(struct stream_record, bytes) &&
                   offsetof(struct result_header, checksum) ==
                       offsetof(struct stream_record, checksum),
               "a result is a record");
_Static_assert(sizeof(struct stream_snapshot) % 8 == 0 && sizeof(struct stream_histograms) % 8 == 0,
               "what follows is aligned");

enum stream_kind stream_look(const unsigned char *data, size_t bytes, size_t *record_bytes)
{
    const struct stream_record *record = (const void *)data;
    enum stream_kind kind;

    if (bytes < sizeof *record)
        return STREAM_PART;
    switch (record->magic) {
    case STREAM_MAGIC_SNAPSHOT:
        kind = STREAM_SNAPSHOT;
        break;
    case RESULT_MAGIC:
        kind = STREAM_RESULT;
        break;
    case STREAM_MAGIC_HISTOGRAMS:
        kind = STREAM_HISTOGRAMS;
        break;
    default:
        return STREAM_WRONG;
    }
    if (record->bytes < sizeof *record || record->bytes > RESULT_BYTES_MAX ||
        record->bytes % 8 != 0)
        return STREAM_WRONG;
    if (record->bytes > bytes)
        return STREAM_PART;
    *record_bytes = record->bytes;
    return kind;
}

static bool is_undamaged(const unsigned char *data, size_t bytes)
{
    const struct stream_record *record = (const void *)data;

    return record->checksum ==
           hash_sealed(data, bytes, offsetof(struct stream_record, checksum));
}

bool snapshot_open(struct snapshot *snapshot, const unsigned char *data, size_t bytes)
{
    struct snapshot found = {.header = (const void *)data};
    const struct stream_snapshot *header = found.header;

    if (bytes < sizeof *header || header->thread_count > RESULT_THREADS_MAX ||
        header->cpu_count == 0 || header->cpu_count > RESULT_CPUS_MAX ||
        bytes != sizeof *header + header->thread_count * sizeof *found.threads +
                     header->cpu_count * sizeof *found.cpus ||
        !is_undamaged(data, bytes))
        return false;
    found.threads = (const void *)(header + 1);
    found.cpus = (const void *)(found.threads + header->thread_count);
    *snapshot = found;
    return true;
}

/* ---- Histograms ------------------------------------------------------------------------------ */

static size_t histogram_bytes(uint32_t count)
{
    return sizeof(struct stream_histogram) + (count + count % 2) * sizeof(uint32_t);
}

const struct stream_histogram *histogram_next(const struct stream_histograms *histograms,
                                              const struct stream_histogram *at)
{
    const unsigned char *next = (const void *)at;

    if (at == NULL)
        next = (const void *)(histograms + 1);
    else
        next += histogram_bytes(at->count);
    return (const void *)next;
}

const uint32_t *histogram_counts(const struct stream_histogram *at)
{
    return (const void *)(at + 1);
}

/* Does a record of `bytes` hold the histograms of `thread_count` threads, and nothing more? */
static bool are_histograms_sound(const unsigned char *data, size_t bytes, uint32_t thread_count)
{
    const struct stream_histograms *header = (const void *)data;
    size_t at = sizeof *header;

    if (bytes < sizeof *header || header->thread_count != thread_count || header->us_count == 0 ||
        header->us_count > STREAM_HISTOGRAM_US_MAX || !is_undamaged(data, bytes))
        return false;
    for (uint32_t i = 0; i < thread_count; i++) {
        const struct stream_histogram *row = (const void *)(data + at);

        if (bytes - at < sizeof *row || row->count > header->us_count || row->reserved != 0 ||
            bytes - at < histogram_bytes(row->count))
            return false;
        at += histogram_bytes(row->count);
    }
    return at == bytes;
}

/* What follows the result: nothing, or its histograms. */
static enum result_refusal open_rest(struct result *result, const unsigned char *data, size_t bytes)
{
    size_t record_bytes;

    if (bytes == 0)
        return RESULT_OK;
    if (stream_look(data, bytes, &record_bytes) != STREAM_HISTOGRAMS || record_bytes != bytes)
        return RESULT_SIZE_WRONG;
    if (!are_histograms_sound(data, bytes, result->header->thread_count))
        return RESULT_HISTOGRAM_WRONG;
    result->histograms = (const void *)data;
    return RESULT_OK;
}

enum result_refusal stream_open(struct result *result, const unsigned char *data, size_t bytes)
{
    struct result found;
    enum result_refusal refusal;
    size_t at = 0, record_bytes;

    while (stream_look(data + at, bytes - at, &record_bytes) == STREAM_SNAPSHOT)
        at += record_bytes;
    if (stream_look(data + at, bytes - at, &record_bytes) != STREAM_RESULT)
        record_bytes = bytes - at; /* result_open says what is wrong with it */
    refusal = result_open(&found, data + at, record_bytes);
    if (refusal == RESULT_OK)
        refusal = open_rest(&found, data + at + record_bytes, bytes - at - record_bytes);
    if (refusal == RESULT_OK)
        *result = found;
    return refusal;
}
