/* SPDX-License-Identifier: MIT */
/*
 * stream.h - taking in a run's result stream (abi/stream.h): as a whole at the end, or record by
 * record while it grows.  The bytes may be anything: see result.h.
 */
#ifndef TOOLS_STREAM_H
#define TOOLS_STREAM_H

#include "abi/stream.h"
#include "tools/result.h"

enum stream_kind {
    STREAM_SNAPSHOT,
    STREAM_RESULT,
    STREAM_HISTOGRAMS,
    STREAM_PART, /* the beginning of a record, or nothing */
    STREAM_WRONG /* no record of a kind that this version knows, or one of impossible size */
};

/* What stands at `data` (8-aligned), where `bytes` are there so far?  A whole record has its size
 * in *record_bytes; its inside was not looked at. */
MUST_USE enum stream_kind stream_look(const unsigned char *data, size_t bytes,
                                      size_t *record_bytes);

struct snapshot {
    const struct stream_snapshot *header;
    const struct stream_thread *threads;
    const struct result_cpu *cpus;
};

/* Check a whole record and open it.  false: damaged; `snapshot` is left alone. */
MUST_USE bool snapshot_open(struct snapshot *snapshot, const unsigned char *data, size_t bytes);

/* Check a whole stream and open its result, with its histograms if it has them. */
MUST_USE enum result_refusal stream_open(struct result *result, const unsigned char *data,
                                         size_t bytes);

/* The histogram behind `at`, in a record that was opened; NULL: `at` is the first. */
const struct stream_histogram *histogram_next(const struct stream_histograms *histograms,
                                              const struct stream_histogram *at);

/* The counts of a histogram: `at->count` of them. */
const uint32_t *histogram_counts(const struct stream_histogram *at);

#endif /* TOOLS_STREAM_H */
