/* SPDX-License-Identifier: MIT */
/*
 * result_json.h - the result of a run as one JSON object, format `capos-result-1`.
 *
 * Times are nanoseconds, unknown values null.  The fields of threads and CPUs come from the tables
 * of abi/result.h; a '.' in a path opens an object.  One record is in memory at a time, one record
 * is one line.  The same run gives the same bytes.
 */
#ifndef TOOLS_RESULT_JSON_H
#define TOOLS_RESULT_JSON_H

#include <stdio.h>

#include "tools/run_view.h"

#define RESULT_JSON_FORMAT "capos-result-1"

/* Write; errors of the stream stay in the stream (ferror). */
void result_json_write(const struct run_view *run, FILE *stream);

#endif /* TOOLS_RESULT_JSON_H */
