/* SPDX-License-Identifier: MIT */
/*
 * frame.h - a run that goes on, as one picture for a window: CPUs and threads, like top.
 *
 * Of the CPUs it shows the time since the picture before; of the threads that and all so far.  It
 * has at most the window's lines, none longer than the window: a line that was cut ends in '~',
 * rows that have no place are counted in a line of their own.  Threads have two thirds of what
 * place there is, if they need it; one that has not begun has no row.  Pure.
 */
#ifndef TOOLS_FRAME_H
#define TOOLS_FRAME_H

#include <stdio.h>

#include "tools/run_view.h"
#include "tools/stream.h"

struct frame_window {
    uint32_t rows;
    uint32_t columns;
};

struct frame {
    const struct run_view *run; /* its result is not looked at */
    uint64_t duration_ns;       /* 0: the run ends by itself */
    const struct snapshot *now; /* NULL: there are no figures yet; else of the run's threads */
    const struct snapshot *before; /* NULL: `now` is the first; else of as many CPUs as `now` */
};

void frame_print(const struct frame *frame, struct frame_window window, FILE *stream);

#endif /* TOOLS_FRAME_H */
