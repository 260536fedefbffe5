/* SPDX-License-Identifier: MIT */
/* capos_sim.c - `capos sim`: a workload in the simulator. */
#include "base/cpumask.h"
#include "tools/commands.h"
#include "tools/engine.h"

static const struct argp_option table[] = {
    OPTIONS_COMMON,
    OPTIONS_OUTPUT,
    {"events", OPTION_EVENTS, "FILE", OPTION_ARG_OPTIONAL,
     "write one line per event; without FILE to standard output, before the table",
     GROUP_SHOWN},
    {"policy", OPTION_POLICY, "NAME", 0,
     "how the fair class picks: eevdf, as the kernel does, or wfq (default eevdf)", GROUP_RUN},
    {"no-costs", OPTION_NO_COSTS, NULL, 0, "interrupts take no kernel time", GROUP_RUN},
    {0},
};

static const char about[] =
    "Runs a workload, an rt-app JSON file, in the simulator and prints who ran when."
    "\vWithout WORKLOAD it is workloads/default.json; several files are one workload, as rt-app's "
    "merge.py makes one of them.  Workload, CPUs, duration, seed, --policy and "
    "--no-costs decide the trace hash." OPTIONS_EXIT_STATUS;

static enum exit_status simulate(const struct input *input, const struct options *options,
                                 struct outputs *outputs, struct output *events)
{
    struct engine_run run;
    enum exit_status status = engine_run_simulator(&run, input, options, events->stream);

    if (events->stream != NULL && !output_commit(events) && status == EXIT_HELD) {
        engine_run_fini(&run);
        return EXIT_UNUSABLE;
    }
    if (status == EXIT_HELD) {
        status = command_conclude(&run.view, outputs, options);
        engine_run_fini(&run);
    }
    return status;
}

enum exit_status capos_sim(int argument_count, char **arguments)
{
    struct options options = {.cpus_max = CPU_MAX};
    enum exit_status status = EXIT_UNUSABLE;
    struct output events = {.stream = NULL};
    struct outputs outputs;
    struct input input;

    options_parse(&options, table, about, argument_count, arguments);
    if (!command_choose_workload(&options) || !input_open(&input, &options))
        return EXIT_UNUSABLE;
    if (outputs_open(&outputs, &options)) {
        if (options.events == NULL || output_open(&events, options.events))
            status = simulate(&input, &options, &outputs, &events);
        output_abort(&events);
        outputs_abort(&outputs);
    }
    input_fini(&input);
    return status;
}
