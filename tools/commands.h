/* SPDX-License-Identifier: MIT */
/*
 * commands.h - the commands of capos: one function each, in capos_<command>.c.
 *
 * `arguments` are the command's own; the first is its name as messages show it ("capos run").
 */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

#include "tools/file.h"
#include "tools/message.h"
#include "tools/options.h"
#include "tools/run_view.h"

#define CAPOS_VERSION "capos 0.1.0"

/* name, what --help says of it */
#define COMMAND_TABLE(X)                                                            \
    X(run, "boot the kernel in QEMU with a workload and print who ran when")        \
    X(sim, "run a workload in the simulator")                                       \
    X(compare, "run a workload on both and judge whether they agree")               \
    X(archive, "make or list a boot archive")

#define COMMAND_PROTOTYPE(name, what) \
    enum exit_status capos_##name(int argument_count, char **arguments);
COMMAND_TABLE(COMMAND_PROTOTYPE)
#undef COMMAND_PROTOTYPE

/* Set options->workload to the default one where none was given.  false: said why. */
MUST_USE bool command_choose_workload(struct options *options);

/* The files that a run was asked to write. */
struct outputs {
    struct output json;
    struct output histogram;
};

/* Open those asked for, before the run.  false: said why, and none is open. */
MUST_USE bool outputs_open(struct outputs *outputs, const struct options *options);

/* Drop those that were not written. */
void outputs_abort(struct outputs *outputs);

/*
 * Print the run's table (quiet: its verdict), where no file takes standard output, and write the
 * files.  Returns what the command ends with.
 */
MUST_USE enum exit_status command_conclude(const struct run_view *run, struct outputs *outputs,
                                           const struct options *options);

#endif /* TOOLS_COMMANDS_H */
