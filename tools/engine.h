/* SPDX-License-Identifier: MIT */
/*
 * engine.h - running a workload: on the kernel in QEMU, or in the simulator.
 *
 * Both give the same thing: a sound result of as many threads as the workload has, in a run_view.
 * What goes wrong is said through message.h here.
 */
#ifndef TOOLS_ENGINE_H
#define TOOLS_ENGINE_H

#include "tools/file.h"
#include "tools/input.h"
#include "tools/message.h"
#include "tools/options.h"
#include "tools/run_view.h"

struct engine_run {
    struct run_view view; /* points into `bytes` and into the input */
    struct blob bytes;
};

/*
 * Run to the end.  EXIT_HELD: there is a result, `view` shows it (its verdict may have failed);
 * give it back with engine_run_fini.  EXIT_FAILED: it ran, and ended without a result.
 * EXIT_UNUSABLE: it could not run here.  In both, `run` holds nothing.
 */
MUST_USE enum exit_status engine_run_kernel(struct engine_run *run, const struct input *input,
                                            const struct options *options);

/*
 * Without a workload: boot options->manifest's services, wait until the machine is switched off,
 * and show its console (quiet: no console) and the verdict, which is the machine's own.
 */
MUST_USE enum exit_status engine_boot_kernel(const struct options *options);

/* engine_run_kernel in the simulator; the trace's events go to `events`, NULL: nowhere. */
MUST_USE enum exit_status engine_run_simulator(struct engine_run *run, const struct input *input,
                                               const struct options *options, FILE *events);

void engine_run_fini(struct engine_run *run);

/* How long the run lasts; 0: until the workload's threads have ended. */
uint64_t engine_duration_ns(const struct input *input, const struct options *options);

/* For the engines: who runs where, as far as it is known before the run. */
struct run_view engine_view(const struct input *input, const struct options *options,
                            enum run_engine engine);

/* For the engines: open `run->bytes` as the result of `input`, or say why not and drop them. */
MUST_USE bool engine_open_result(struct engine_run *run, const struct input *input,
                                 const struct options *options, enum run_engine engine);

#endif /* TOOLS_ENGINE_H */
