/* SPDX-License-Identifier: MIT */
#include "sim/histograms.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

static size_t row_bytes(uint32_t count)
{
    return sizeof(struct stream_histogram) + (count + count % 2) * sizeof(uint32_t);
}

uint64_t histograms_stream_bytes_max(uint32_t thread_count, uint32_t cpu_count, uint32_t us_count)
{
    return sizeof(struct result_header) + thread_count * sizeof(struct result_thread) +
           cpu_count * sizeof(struct result_cpu) + sizeof(struct stream_histograms) +
           thread_count * row_bytes(us_count);
}

bool histograms_begin(struct histograms *h, struct script *script, uint32_t us_count)
{
    uint32_t thread_count = script->machine->config.thread_count;

    *h = (struct histograms){.us_count = us_count};
    if (us_count == 0)
        return true;
    h->counts = calloc((size_t)thread_count * us_count, sizeof *h->counts);
    if (h->counts == NULL)
        return false;
    for (uint32_t i = 0; i < thread_count; i++)
        hist_count_exactly(&script->threads[i].step.wake_latency,
                           h->counts + (size_t)i * us_count, us_count);
    return true;
}

void histograms_fini(struct histograms *h)
{
    free(h->counts);
    *h = (struct histograms){0};
}

/* Without the zeroes at the end. */
static uint32_t used_count(const struct histograms *h, uint32_t thread)
{
    const uint32_t *counts = h->counts + (size_t)thread * h->us_count;
    uint32_t used = h->us_count;

    while (used > 0 && counts[used - 1] == 0)
        used--;
    return used;
}

static size_t record_bytes(const struct histograms *h, uint32_t thread_count)
{
    size_t bytes = sizeof(struct stream_histograms);

    for (uint32_t i = 0; i < thread_count; i++)
        bytes += row_bytes(used_count(h, i));
    return bytes;
}

bool histograms_append(const struct histograms *h, const struct script *script,
                       unsigned char **stream, size_t *bytes)
{
    uint32_t thread_count = script->machine->config.thread_count;

    if (h->us_count == 0)
        return true;
    size_t added = record_bytes(h, thread_count);
    unsigned char *longer = realloc(*stream, *bytes + added);

    if (longer == NULL)
        return false;
    *stream = longer;
    struct stream_histograms *header = (void *)(longer + *bytes);

    memset(header, 0, added);
    *header = (struct stream_histograms){.magic = STREAM_MAGIC_HISTOGRAMS,
                                         .bytes = added,
                                         .thread_count = thread_count,
                                         .us_count = h->us_count};
    unsigned char *at = (void *)(header + 1);

    for (uint32_t i = 0; i < thread_count; i++) {
        struct stream_histogram *row = (void *)at;
        uint32_t used = used_count(h, i);

        *row = (struct stream_histogram){.beyond = script->threads[i].step.wake_latency.beyond,
                                         .count = used};
        memcpy(row + 1, h->counts + (size_t)i * h->us_count, used * sizeof *h->counts);
        at += row_bytes(used);
    }
    header->checksum = hash_sealed(header, added, offsetof(struct stream_histograms, checksum));
    *bytes += added;
    return true;
}
