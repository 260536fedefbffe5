/* SPDX-License-Identifier: MIT */
/*
 * agree.h - do two engines say the same about one workload?
 *
 * Activations must be equal where the file itself fixes them: for a thread that a timer paces (each
 * phase has a timer with a period), unless it missed deadlines in one of the engines, as who is
 * late may skip an activation; and for a thread whose loops are counted, once one engine has
 * reached the count.
 * All others may differ by one activation or 1/AGREE_ACTIVATIONS_PART, whichever is more.
 *
 * CPU time may differ by 1/AGREE_RUNTIME_PART or AGREE_RESOLUTION_NS, whichever is more: the
 * deterministic machine's CPUs take turns of up to 25 us, so no run ends more exactly than that.
 * A thread whose file asks for no CPU time (no run, runtime, mem, memrun or service) may differ by
 * AGREE_RESOLUTION_NS for each activation: what it uses on the kernel are its system calls, which
 * cost the simulator nothing.  Where there are runs, they make such overhead good (workload/step.h,
 * step_run_target).
 *
 * A thread that both started must have run in the same process of the workload's in both.
 *
 * A thread that one engine forked and the other did not, or not yet, has done nothing there.
 *
 * Parts are of the larger of the two figures.  A figure that only one engine knows disagrees.
 * Pure; meant for deterministic runs.
 */
#ifndef TOOLS_AGREE_H
#define TOOLS_AGREE_H

#include <stdio.h>

#include "tools/run_view.h"

#define AGREE_ACTIVATIONS_PART 200 /* 0.5 % */
#define AGREE_RUNTIME_PART 50      /* 2 % */
#define AGREE_RESOLUTION_NS 25000

enum agree_pace {
    PACE_FREE,   /* as fast as CPU time and other threads let it */
    PACE_TIMER,  /* a timer in every phase */
    PACE_COUNTED /* its loops end */
};

struct agreement {
    enum agree_pace pace;
    bool is_exact; /* activations must be equal */
    int64_t activations_allowed;
    int64_t runtime_allowed_ns;
    bool activations_agree;
    bool runtime_agrees;
    bool process_agrees;
};

/* What paces the threads of `task`, as its file says. */
enum agree_pace agree_pace_of(const struct workload_image *image,
                              const struct workload_task *task);

/* Judge thread number `thread`; both runs are of the same image. */
struct agreement agree_thread(const struct run_view *a, const struct run_view *b, uint32_t thread);

/*
 * Print kernel `a` and simulator `b` side by side and a line "agreement: ok" or "agreement: FAILED
 * (...)".  With more than REPORT_ROWS_MAX threads only those that disagree have a row, up to that
 * many; quiet, only that line is printed.
 * Returns whether all agree and both verdicts held.
 */
bool agree_print(const struct run_view *a, const struct run_view *b, bool is_quiet, FILE *stream);

#endif /* TOOLS_AGREE_H */
