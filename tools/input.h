/* SPDX-License-Identifier: MIT */
/*
 * input.h - the workload a command runs: read, checked, ready for an engine.
 */
#ifndef TOOLS_INPUT_H
#define TOOLS_INPUT_H

#include "tools/file.h"
#include "tools/options.h"
#include "workload/image.h"
#include "workload/reader.h"

struct input {
    const struct workload_files *files;
    char name[FILE_PATH_BYTES_MAX + 32]; /* the first file, as it was given, "and N more" */
    struct workload_blob blob;
    struct workload_image image; /* points into `blob` */
};

/*
 * Read options->workload, which must stay, with the duration asked for, and check that every thread
 * has a CPU on a machine of options->cpu_count.  Notes (unless quiet) and errors go to standard
 * error with their places.  false: refused, and said why; `input` holds nothing.
 */
MUST_USE bool input_open(struct input *input, const struct options *options);

void input_fini(struct input *input);

/* Say what reading the files at `paths` had to say; quiet: errors only. */
void input_show(const struct workload_diagnostics *d, const char *const *paths, bool is_quiet);

#endif /* TOOLS_INPUT_H */
