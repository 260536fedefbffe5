/* SPDX-License-Identifier: MIT */
/*
 * main.c - loadgen: runs the workload image it was given, writes the result, ends the machine.
 * Ends with failure, and a line on the console, if it cannot run or the verdict fails.
 */
#include "abi/bootinfo.h"
#include "abi/result.h"
#include "user/loadgen/arguments.h"
#include "user/loadgen/load.h"
#include "user/rt/print.h"
#include "user/rt/program.h"

struct load load;

static int64_t refuse(const char *why)
{
    struct rt_line line;

    rt_line_begin(&line);
    fmt_text(&line.f, "loadgen: ");
    fmt_text(&line.f, why);
    rt_line_end(&line);
    return 1;
}

/* Everything that can be wrong with what was given.  Returns: NULL, or what is. */
static const char *decode(uint64_t workload_bytes, uint64_t arguments_bytes)
{
    struct arguments arguments = {false, 0};
    enum workload_refusal refusal;

    if (workload_bytes == 0)
        return "there is no workload in the boot archive";
    refusal = workload_image_open(&load.image, (const void *)WORKLOAD_BASE, workload_bytes);
    if (refusal != WORKLOAD_IMAGE_OK)
        return workload_refusal_sentence(refusal);
    if (workload_image_threads(&load.image) > LOAD_THREADS_MAX)
        return "the workload has more threads than this program can start";
    if (!arguments_parse(&arguments, (const char *)ARGUMENTS_BASE, arguments_bytes))
        return "the arguments are not duration_ns=NUMBER";
    uint64_t duration_ns =
        arguments.has_duration ? arguments.duration_ns : load.image.header->duration_ns;

    if (duration_ns == WORKLOAD_DURATION_FOREVER && !workload_image_ends(&load.image))
        return "the workload never ends by itself and has no duration";
    load.end = duration_ns == WORKLOAD_DURATION_FOREVER ? MONO_NEVER : (struct mono){duration_ns};
    return NULL;
}

int64_t rt_main(uint64_t workload_bytes, uint64_t arguments_bytes)
{
    const char *refusal = decode(workload_bytes, arguments_bytes);

    if (refusal != NULL)
        return refuse(refusal);
    load.thread_count = workload_image_threads(&load.image);
    load.cpu_count = rt_cpu_count();
    cpumask_fill(load.online.words, CPUMASK_WORDS, load.cpu_count);
    for (uint32_t i = 0; i < load.image.header->object_count; i++)
        load.objects[i].holder = LOAD_NOBODY;

    bool has_run = load_start();

    if (has_run)
        load_follow();
    load_write_result(has_run);
    return load.failed == RESULT_VERDICT_OK ? 0 : 1;
}
