/* SPDX-License-Identifier: MIT */
/*
 * view.h - the scheduler's events as text: one line each, fixed columns, nothing that differs
 * between two runs of one seed, so that `diff` finds where two runs part.  Legend: sim/README.md.
 *
 * Locks: none.  Cost: O(characters); nothing when nobody asked for lines.
 */
#ifndef SIM_VIEW_H
#define SIM_VIEW_H

#include "core/port.h"

#include <stdio.h>

#define VIEW_NAME_BYTES 24u

struct view {
    FILE *out;
    struct mono start; /* lines count their time from here */
    void (*name)(const void *context, uint32_t thread, char text[VIEW_NAME_BYTES]);
    const void *context;
};

/* The line above the first event. */
void view_print_header(const struct view *v);

void view_print(const struct view *v, const struct trace_record *record);

/* Everything printed so far leaves the process. */
void view_flush(const struct view *v);

#endif /* SIM_VIEW_H */
