/* SPDX-License-Identifier: MIT */
/*
 * histogram.h - a run's wake latencies in the text format of cyclictest's --histogram (rt-tests),
 * so that what plots its files plots these.
 *
 * A line for each microsecond: the number with six digits, a space, a count for each thread in the
 * file's order, separated by tabs.  Then lines with '#', each with a number per thread: Total (of
 * what the lines count), Min, Avg and Max Latencies in microseconds, Histogram Overflows (latencies
 * beyond the last line).  Times are rounded down.  As in cyclictest, a thread without a latency has
 * minimum 1000000; one that never began has no column.  Beside that, lines with '#' at the
 * beginning say what ran and which thread is which.  The cycles that overflowed are counted, not
 * listed.
 */
#ifndef TOOLS_HISTOGRAM_H
#define TOOLS_HISTOGRAM_H

#include <stdio.h>

#include "tools/run_view.h"

#define HISTOGRAM_US_DEFAULT 1000u

/* The run has histograms.  Errors of the stream stay in the stream. */
void histogram_print(const struct run_view *run, FILE *stream);

#endif /* TOOLS_HISTOGRAM_H */
