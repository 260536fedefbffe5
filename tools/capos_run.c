/* SPDX-License-Identifier: MIT */
/* capos_run.c - `capos run`: a workload on the kernel in QEMU. */
#include "tools/commands.h"
#include "tools/engine.h"
#include "tools/qemu.h"

static const struct argp_option table[] = {
    OPTIONS_COMMON,
    OPTIONS_OUTPUT,
    {"concurrent", OPTION_CONCURRENT, NULL, 0,
     "CPUs on several host threads, in wall time; the default is deterministic", GROUP_RUN},
    OPTIONS_MANIFEST,
    OPTIONS_QEMU,
    {0},
};

static const char about[] =
    "Boots the kernel in QEMU with a workload, an rt-app JSON file, and prints who ran when."
    "\vWithout WORKLOAD it is workloads/default.json; several files are one workload, as rt-app's "
    "merge.py makes one of them.  The deterministic machine gives the same "
    "table every time.  With --manifest there need be no WORKLOAD: what the services say is shown, "
    "and the verdict is whether all of them ended with success."
    OPTIONS_EXIT_STATUS;

enum exit_status capos_run(int argument_count, char **arguments)
{
    struct options options = {.cpus_max = QEMU_CPUS_MAX};
    enum exit_status status = EXIT_UNUSABLE;
    struct engine_run run;
    struct outputs outputs;
    struct input input;

    options_parse(&options, table, about, argument_count, arguments);
    if (options.manifest != NULL && options.workload.count == 0)
        return engine_boot_kernel(&options);
    if (!command_choose_workload(&options) || !input_open(&input, &options))
        return EXIT_UNUSABLE;
    if (outputs_open(&outputs, &options)) {
        status = engine_run_kernel(&run, &input, &options);
        if (status == EXIT_HELD) {
            status = command_conclude(&run.view, &outputs, &options);
            engine_run_fini(&run);
        }
        outputs_abort(&outputs);
    }
    input_fini(&input);
    return status;
}
