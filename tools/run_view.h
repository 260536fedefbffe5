/* SPDX-License-Identifier: MIT */
/*
 * run_view.h - one finished run as the reports see it: what was asked, and what came out.
 *
 * Names, weights and CPU sets come from the workload's image, figures from the result; both are
 * sound and agree on the number of threads.  All pointers are the caller's and must stay.
 */
#ifndef TOOLS_RUN_VIEW_H
#define TOOLS_RUN_VIEW_H

#include "base/cpumask.h"
#include "tools/result.h"
#include "workload/image.h"

#define RUN_NAME_BYTES 80u
#define RUN_CPUS_BYTES 64u

enum run_engine { ENGINE_KERNEL, ENGINE_KERNEL_CONCURRENT, ENGINE_SIMULATOR };

struct run_view {
    enum run_engine engine;
    const char *workload; /* the first file, as it was named, and how many more there are */
    const struct workload_image *image;
    uint32_t cpu_count;
    uint64_t seed;
    struct result result;
};

/* "kernel", "kernel-concurrent", "simulator". */
const char *engine_name(enum run_engine engine);

/* The same in words: "the kernel in QEMU, deterministic". */
const char *engine_sentence(enum run_engine engine);

const char *latency_class_name(uint32_t latency_class);

/* Was this thread started?  One that is there to be forked and never was has no row. */
bool run_was_started(const struct run_view *run, uint32_t thread);

/* How many threads were. */
uint32_t run_started_count(const struct run_view *run);

/* The task of `thread`, and its name: the task's, with "-<instance>" where there are several. */
const struct workload_task *run_task(const struct run_view *run, uint32_t thread);
void run_thread_name(const struct run_view *run, uint32_t thread, char name[RUN_NAME_BYTES]);

/* The CPUs below `cpu_count` that the task's threads may use in one phase or another. */
struct cpumask run_task_cpus(const struct workload_image *image, const struct workload_task *task,
                             uint32_t cpu_count);

/* A set as people write it: "0-3,8"; cut with '~' when longer than the buffer. */
void cpumask_text(const struct cpumask *mask, char *text, size_t size);

/* The reasons for a failed verdict in one text, separated by "; "; "" if it held. */
void run_failure_text(const struct run_view *run, char *text, size_t size);

/* Did the verdict hold?  The result's own bits, and all the CPUs that were asked for. */
bool run_held(const struct run_view *run);

#endif /* TOOLS_RUN_VIEW_H */
