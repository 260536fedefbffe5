/* SPDX-License-Identifier: MIT */
/* capos_compare.c - `capos compare`: a workload on kernel and simulator, side by side. */
#include "tools/agree.h"
#include "tools/commands.h"
#include "tools/engine.h"
#include "tools/qemu.h"

static const struct argp_option table[] = {
    OPTIONS_COMMON,
    OPTIONS_QEMU,
    {0},
};

static const char about[] =
    "Runs a workload on the kernel in QEMU (deterministic) and in the simulator, prints CPU time "
    "and activations side by side, and judges whether they agree."
    "\vSeveral files are one workload, as rt-app's merge.py makes one of them.\n\n"
    "Activations must be equal for threads that a timer paces or whose loops are counted, else "
    "within 1 or 0.5 %; CPU time within 2 % or 25 microseconds."
    OPTIONS_EXIT_STATUS;

static enum exit_status compare(const struct input *input, const struct options *options)
{
    struct engine_run kernel, simulator;
    enum exit_status status = engine_run_simulator(&simulator, input, options, NULL);
    bool is_agreed;

    if (status != EXIT_HELD)
        return status;
    status = engine_run_kernel(&kernel, input, options);
    if (status == EXIT_HELD) {
        is_agreed = agree_print(&kernel.view, &simulator.view, options->is_quiet, stdout);
        engine_run_fini(&kernel);
        status = is_agreed ? EXIT_HELD : EXIT_FAILED;
    }
    engine_run_fini(&simulator);
    return status;
}

enum exit_status capos_compare(int argument_count, char **arguments)
{
    struct options options = {.cpus_max = QEMU_CPUS_MAX};
    enum exit_status status;
    struct input input;

    options_parse(&options, table, about, argument_count, arguments);
    if (!command_choose_workload(&options) || !input_open(&input, &options))
        return EXIT_UNUSABLE;
    status = compare(&input, &options);
    input_fini(&input);
    return status;
}
