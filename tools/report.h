/* SPDX-License-Identifier: MIT */
/*
 * report.h - the result of a run as text: threads, processes, CPUs, totals, verdict.
 */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

#include <stdio.h>

#include "tools/run_view.h"
#include "tools/table.h"

/* More rows than this are folded: threads to one row per task, CPUs to least, mean and most. */
#define REPORT_ROWS_MAX 40u

/* Everything below. */
void report_print(const struct run_view *run, FILE *stream);

/* The table of threads, or of tasks where it is folded. */
void report_print_threads(const struct run_view *run, FILE *stream);

/* The table of processes, and an empty line; nothing where all threads were in one. */
void report_print_processes(const struct run_view *run, FILE *stream);

/* The next cell: a process's number, and its name if it has one. */
void report_process_cell(struct table *t, const struct run_view *run, int64_t process);

/* The line "verdict: ok" or "verdict: FAILED (reasons)". */
void report_print_verdict(const struct run_view *run, FILE *stream);

#endif /* TOOLS_REPORT_H */
