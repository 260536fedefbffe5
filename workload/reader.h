/* SPDX-License-Identifier: MIT */
/*
 * reader.h - from rt-app files to a workload image (abi/workload.h).
 *
 * Accepted: what workload/README.md lists.  Every other key, and every value out of range, is an
 * error with line, column and what was expected; reading goes on after it, so that one run shows
 * all of them.  Keys of rt-app that are known and have no effect here are a note each.
 *
 * Nothing is printed.  No locks, no state between calls: threads may read at once, each with its
 * own diagnostics.  Cost: O(bytes of the file), and about 60 times its size in memory meanwhile.
 */
#ifndef WORKLOAD_READER_H
#define WORKLOAD_READER_H

#include "workload/diagnostics.h"

/* An image in memory, 8-aligned; workload_image_open accepts it. */
struct workload_blob {
    void *bytes;
    uint64_t size;
};

/* What becomes of SCHED_FIFO and SCHED_RR, which have no counterpart here. */
enum workload_fifo {
    WORKLOAD_FIFO_REFUSED, /* a file that asks for them is refused, with the reason */
    WORKLOAD_FIFO_WEIGHT   /* a weight by priority: nice -11 for 1 to 10, ... -20 for 91 to 99 */
};

struct workload_options {
    enum workload_fifo fifo_as;
};

/* What one file holds. */
struct workload_text {
    const char *text;
    size_t bytes;
};

/*
 * Compile `bytes` bytes of `text`; `options` may be NULL: all 0.  Returns WORKLOAD_READ with the
 * image in `blob` (give it back with workload_blob_fini), or WORKLOAD_REFUSED (errors are in `d`),
 * or WORKLOAD_NO_MEMORY; then `blob` is empty.  `d` must be empty before.
 */
MUST_USE enum workload_status workload_read(const char *text, size_t bytes,
                                            const struct workload_options *options,
                                            struct workload_diagnostics *d,
                                            struct workload_blob *blob);

/* The same for the file at `path`.  Also returns WORKLOAD_NO_FILE. */
MUST_USE enum workload_status workload_read_file(const char *path,
                                                 const struct workload_options *options,
                                                 struct workload_diagnostics *d,
                                                 struct workload_blob *blob);

/*
 * The same for 1 to WORKLOAD_FILES_MAX texts or files that are one workload together, as rt-app's
 * merge.py makes one of several: their tasks, resources and global keys come together, and of what
 * several have by one name the last one's counts, with a note.  Messages say which of them they are
 * about (`file`).
 */
MUST_USE enum workload_status workload_read_texts(const struct workload_text *texts, uint32_t count,
                                                  const struct workload_options *options,
                                                  struct workload_diagnostics *d,
                                                  struct workload_blob *blob);
MUST_USE enum workload_status workload_read_files(const char *const *paths, uint32_t count,
                                                  const struct workload_options *options,
                                                  struct workload_diagnostics *d,
                                                  struct workload_blob *blob);

/* Run for `duration_ns` (1..WORKLOAD_DURATION_NS_MAX) whatever the file said. */
void workload_blob_set_duration(struct workload_blob *blob, uint64_t duration_ns);

void workload_blob_fini(struct workload_blob *blob);

#endif /* WORKLOAD_READER_H */
