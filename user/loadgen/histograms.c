/* SPDX-License-Identifier: MIT */
/*
 * histograms.c - the exact wake latencies as a record of abi/stream.h.
 *
 * It is written straight from the counts, so everything goes through `put` three times: to find its
 * size, its checksum, and to write it.
 */
#include "user/loadgen/load.h"

#include "base/hash.h"
#include "user/rt/burn.h"

#define PIECE_BYTES ((size_t)CONSOLE_WRITE_BYTES_MAX)

struct sink {
    bool is_written; /* to the result stream; else `bytes` and `hash` are found */
    bool has_failed;
    uint64_t bytes;
    uint64_t hash;
};

/* With a PAUSE for each piece: there may be many. */
static void put(struct sink *sink, const void *data, size_t bytes)
{
    const unsigned char *from = data;

    for (size_t at = 0; at < bytes; at += PIECE_BYTES) {
        size_t piece = bytes - at < PIECE_BYTES ? bytes - at : PIECE_BYTES;

        if (!sink->is_written)
            sink->hash = hash_bytes(sink->hash, from + at, piece);
        else if (rt_result_write(from + at, piece) != STATUS_OK)
            sink->has_failed = true;
        rt_pause();
    }
    sink->bytes += bytes;
}

/* How many counts the thread needs: those behind are 0. */
static uint32_t used_count(const uint32_t *counts)
{
    uint32_t used = load.histogram_us;

    while (used > 0 && counts[used - 1] == 0)
        if (--used % 1024 == 0)
            rt_pause();
    return used;
}

static void put_thread(struct sink *sink, const struct load_thread *t)
{
    static const uint32_t zero;
    const uint32_t *counts = &load.counts[t->number * load.histogram_us];
    struct stream_histogram row = {.beyond = t->step.wake_latency.beyond,
                                   .count = used_count(counts)};

    put(sink, &row, sizeof row);
    put(sink, counts, row.count * sizeof *counts);
    put(sink, &zero, row.count % 2 * sizeof zero);
}

static void put_record(struct sink *sink, const struct stream_histograms *header)
{
    put(sink, header, sizeof *header);
    for (uint32_t i = 0; i < load.thread_count; i++)
        put_thread(sink, &load.threads[i]);
}

bool load_write_histograms(void)
{
    struct stream_histograms header = {.magic = STREAM_MAGIC_HISTOGRAMS,
                                       .thread_count = load.thread_count,
                                       .us_count = load.histogram_us};
    struct sink sink = {.hash = HASH_START};

    if (load.histogram_us == 0)
        return true;
    put_record(&sink, &header);
    header.bytes = sink.bytes;
    sink = (struct sink){.hash = HASH_START};
    put_record(&sink, &header);
    header.checksum = sink.hash;
    sink = (struct sink){.is_written = true};
    put_record(&sink, &header);
    return !sink.has_failed;
}
