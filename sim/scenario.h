/* SPDX-License-Identifier: MIT */
/*
 * scenario.h - for tests and the benchmark: a workload as text in, an opened result out.
 * Whatever goes wrong on the way fails an assertion; the tests are about what comes after.
 */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "abi/result.h"
#include "sim/sim.h"
#include "workload/reader.h"

struct scenario {
    struct sim_output output;
    const struct result_header *header;
    const struct result_thread *threads;
    const struct result_cpu *cpus;
};

/* The image of a workload text that is correct. */
struct workload_blob scenario_read(const char *text);

/* Run `text`; config.duration_ns == 0: as long as the text says. */
void scenario_run(struct scenario *s, const struct sim_config *config, const char *text);
void scenario_fini(struct scenario *s);

#endif /* SIM_SCENARIO_H */
