/* SPDX-License-Identifier: MIT */
/*
 * input.h - the workload a command runs: read, checked, ready for an engine.
 */
#ifndef TOOLS_INPUT_H
#define TOOLS_INPUT_H

#include "tools/options.h"
#include "workload/image.h"
#include "workload/reader.h"

struct input {
    const char *path; /* as it was given */
    struct workload_blob blob;
    struct workload_image image; /* points into `blob` */
};

/*
 * Read options->workload with the duration asked for, and check that every thread has a CPU on a
 * machine of options->cpu_count.  Notes (unless quiet) and errors go to standard error with their
 * places.  false: refused, and said why; `input` holds nothing.
 */
MUST_USE bool input_open(struct input *input, const struct options *options);

void input_fini(struct input *input);

/* Say what reading the file at `path` had to say; quiet: errors only. */
void input_show(const struct workload_diagnostics *d, const char *path, bool is_quiet);

#endif /* TOOLS_INPUT_H */
