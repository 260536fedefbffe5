/* SPDX-License-Identifier: MIT */
/*
 * result.h - taking in the binary result of a run (abi/result.h): check everything, then read.
 *
 * The bytes come from a machine that may have crashed half-way, so they may be anything; after
 * RESULT_OK the counts are those of the tables, the bytes are exactly covered, and every count and
 * duration is 0 or more or RESULT_UNKNOWN (slack and lag may be negative).
 */
#ifndef TOOLS_RESULT_H
#define TOOLS_RESULT_H

#include "abi/stream.h"
#include "base/types.h"

#define RESULT_REFUSAL_TABLE(X)                                                       \
    X(OK, "the result is sound")                                                      \
    X(EMPTY, "the run wrote no result")                                               \
    X(SHORT, "the result ends inside its header")                                     \
    X(MAGIC_WRONG, "these bytes are not a result of this version")                          \
    X(COUNTS_WRONG, "the result's number of threads or CPUs is outside its limits")         \
    X(SIZE_WRONG, "the result's size is not what its header says")                         \
    X(CHECKSUM_WRONG, "the result's checksum does not match: it is damaged")                \
    X(VERDICT_UNKNOWN, "the result's verdict has a bit that this version does not know")      \
    X(NUMBER_IMPOSSIBLE, "a number of the result is not possible")                        \
    X(HISTOGRAM_WRONG, "the histograms behind the result are damaged")

enum result_refusal {
#define RESULT_REFUSAL_ENUM(name, sentence) RESULT_##name,
    RESULT_REFUSAL_TABLE(RESULT_REFUSAL_ENUM)
#undef RESULT_REFUSAL_ENUM
    RESULT_REFUSAL_COUNT
};

#define RESULT_THREADS_MAX (1u << 20)
#define RESULT_CPUS_MAX 1024u

struct result {
    const struct result_header *header;
    const struct result_thread *threads;
    const struct result_cpu *cpus;
    const struct stream_histograms *histograms; /* NULL: the run was not asked for them */
};

/* Check `bytes` at `data` (8-aligned) and open them.  Refused: `result` is left alone. */
MUST_USE enum result_refusal result_open(struct result *result, const unsigned char *data,
                                         size_t bytes);

const char *result_refusal_sentence(enum result_refusal refusal);

/* The sentence of one bit of result_header.failed; NULL past the last. */
const char *result_verdict_sentence(unsigned bit);

#define RESULT_FAIRNESS_UNKNOWN (-1.0)

/* Sums and extremes over the threads; RESULT_UNKNOWN where no thread knows. */
struct result_totals {
    int64_t runtime_ns;
    int64_t migrations;
    int64_t deadline_misses;
    double fairness_error_max; /* largest |runtime - ideal| / ideal, or RESULT_FAIRNESS_UNKNOWN */
};

struct result_totals result_total(const struct result *result);

/* Add `value` where it is known: an unknown sum becomes it; stops at INT64_MAX. */
void result_add_known(int64_t *sum, int64_t value);

#endif /* TOOLS_RESULT_H */
