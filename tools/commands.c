/* SPDX-License-Identifier: MIT */
#include "tools/commands.h"

#include <string.h>

#include "tools/histogram.h"
#include "tools/paths.h"
#include "tools/report.h"
#include "tools/result_json.h"

bool command_choose_workload(struct options *options)
{
    static struct paths paths; /* options point into it until the program ends */

    if (options->workload.count > 0)
        return true;
    if (!paths_find(&paths))
        return false;
    options->workload = (struct workload_files){.paths = {paths.default_workload}, .count = 1};
    return true;
}

bool outputs_open(struct outputs *outputs, const struct options *options)
{
    *outputs = (struct outputs){.json = {.stream = NULL}};
    if (options->json != NULL && !output_open(&outputs->json, options->json))
        return false;
    if (options->histogram == NULL || output_open(&outputs->histogram, options->histogram))
        return true;
    outputs_abort(outputs);
    return false;
}

void outputs_abort(struct outputs *outputs)
{
    output_abort(&outputs->json);
    output_abort(&outputs->histogram);
}

/* Write what was asked for.  false: said why. */
static bool write_outputs(const struct run_view *run, struct outputs *outputs)
{
    if (outputs->json.stream != NULL) {
        result_json_write(run, outputs->json.stream);
        if (!output_commit(&outputs->json))
            return false;
    }
    if (outputs->histogram.stream != NULL) {
        if (run->result.histograms == NULL) {
            message("the run left no histogram: its loadgen was not asked for one");
            return false;
        }
        histogram_print(run, outputs->histogram.stream);
        if (!output_commit(&outputs->histogram))
            return false;
    }
    return true;
}

enum exit_status command_conclude(const struct run_view *run, struct outputs *outputs,
                                  const struct options *options)
{
    if (outputs->json.stream == stdout || outputs->histogram.stream == stdout)
        report_print_verdict(run, stderr);
    else if (options->is_quiet)
        report_print_verdict(run, stdout);
    else
        report_print(run, stdout);
    if (!write_outputs(run, outputs))
        return EXIT_UNUSABLE;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        message("standard output cannot be written");
        return EXIT_UNUSABLE;
    }
    return run_held(run) ? EXIT_HELD : EXIT_FAILED;
}
