/* SPDX-License-Identifier: MIT */
#include "tools/commands.h"

#include <string.h>

#include "tools/paths.h"
#include "tools/report.h"
#include "tools/result_json.h"

bool command_choose_workload(struct options *options)
{
    static struct paths paths; /* options point into it until the program ends */

    if (options->workload != NULL)
        return true;
    if (!paths_find(&paths))
        return false;
    options->workload = paths.default_workload;
    return true;
}

bool command_open_json(struct output *json, const struct options *options)
{
    *json = (struct output){.stream = NULL};
    return options->json == NULL || output_open(json, options->json);
}

enum exit_status command_conclude(const struct run_view *run, struct output *json,
                                  const struct options *options)
{
    if (json->stream == stdout)
        report_print_verdict(run, stderr);
    else if (options->is_quiet)
        report_print_verdict(run, stdout);
    else
        report_print(run, stdout);
    if (json->stream != NULL) {
        result_json_write(run, json->stream);
        if (!output_commit(json))
            return EXIT_UNUSABLE;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        message("standard output cannot be written");
        return EXIT_UNUSABLE;
    }
    return run_held(run) ? EXIT_HELD : EXIT_FAILED;
}
