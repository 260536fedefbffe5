/* SPDX-License-Identifier: MIT */
/*
 * main.c - loadgen: runs the workload image it was given, writes the result, ends.
 * Ends with failure, and a line on the console, if it cannot run or the verdict fails.
 */
#include "user/loadgen/arguments.h"
#include "user/loadgen/load.h"
#include "user/rt/burn.h"
#include "user/rt/files.h"
#include "user/rt/print.h"
#include "user/rt/program.h"
#include "user/rt/table.h"

struct load load;

_Static_assert(sizeof(struct load_thread) % 8 == 0, "objects follow threads");
_Static_assert(LOAD_THREADS_MAX * sizeof(struct load_thread) +
                       WORKLOAD_OBJECTS_MAX * sizeof(struct load_object) +
                       (WORKLOAD_TASKS_MAX + LOAD_THREADS_MAX * STREAM_HISTOGRAM_US_MAX) *
                               sizeof(uint32_t) <=
                   MEMORY_BYTES_MAX,
               "one memory object holds all records");

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
static const char *decode(void)
{
    struct arguments arguments = {.has_duration = false};
    enum workload_refusal refusal;
    uint64_t bytes;
    const void *file = rt_file_map(CAP_WORKLOAD, &bytes);

    if (file == NULL)
        return "no workload was given to this program";
    refusal = workload_image_open(&load.image, file, bytes);
    if (refusal != WORKLOAD_IMAGE_OK)
        return workload_refusal_sentence(refusal);
    if (workload_image_threads(&load.image) > LOAD_THREADS_MAX)
        return "the workload has more threads than this program can start";
    file = rt_file_map(CAP_ARGUMENTS, &bytes);
    if (!arguments_parse(&arguments, file, bytes))
        return "the arguments are not those of arguments.h";
    load.histogram_us = (uint32_t)arguments.histogram_us;
    load.watch_ns = arguments.watch_ms * NS_PER_MS;
    uint64_t duration_ns =
        arguments.has_duration ? arguments.duration_ns : load.image.header->duration_ns;

    if (duration_ns == WORKLOAD_DURATION_FOREVER && !workload_image_ends(&load.image))
        return "the workload never ends by itself and has no duration";
    load.end = duration_ns == WORKLOAD_DURATION_FOREVER ? MONO_NEVER : (struct mono){duration_ns};
    return NULL;
}

/* The CPUs that threads of this process may use. */
static struct cpumask own_cpus(void)
{
    struct cpumask cpus;

    if (rt_cpus_read(CAP_CPUS, &cpus) != STATUS_OK)
        cpumask_fill(cpus.words, CPUMASK_WORDS, load.cpu_count); /* not given: all are */
    return cpus;
}

/* Memory for the records, zeroed. */
static int64_t make_records(void)
{
    uint64_t threads_bytes = load.thread_count * sizeof(struct load_thread);
    uint64_t objects_bytes = load.image.header->object_count * sizeof(struct load_object);
    uint64_t forked_bytes = load.image.header->task_count * sizeof *load.forked;
    uint64_t counts_bytes = (uint64_t)load.thread_count * load.histogram_us * sizeof *load.counts;
    int64_t memory =
        rt_memory_create(threads_bytes + objects_bytes + forked_bytes + counts_bytes);

    if (memory < 0)
        return memory;
    load.threads = (struct load_thread *)LOAD_RECORDS_BASE;
    load.objects = (struct load_object *)(LOAD_RECORDS_BASE + threads_bytes);
    load.forked = (uint32_t *)(LOAD_RECORDS_BASE + threads_bytes + objects_bytes);
    load.counts = load.forked + load.image.header->task_count;
    return rt_memory_map((uint32_t)memory, LOAD_RECORDS_BASE, MEMORY_MAP_WRITE, NULL);
}

/* Memory for mem and memrun, if some event is one. */
static int64_t make_buffer(void)
{
    int64_t memory;

    if (load.image.header->buffer_bytes == 0)
        return STATUS_OK;
    memory = rt_memory_create(load.image.header->buffer_bytes);
    if (memory < 0)
        return memory;
    return rt_memory_map((uint32_t)memory, LOAD_BUFFER_BASE, MEMORY_MAP_WRITE, NULL);
}

int64_t rt_main(uint64_t argument)
{
    const char *refusal = decode();
    int64_t status;

    (void)argument;
    if (refusal != NULL)
        return refuse(refusal);
    load.thread_count = workload_image_threads(&load.image);
    status = make_records();
    if (status == STATUS_OK)
        status = make_buffer();
    if (status != STATUS_OK)
        return refuse(status_sentence(status));
    load.cpu_count = rt_cpu_count();
    load.cpus = own_cpus();
    for (uint32_t i = 0; i < load.image.header->object_count; i++) {
        load.objects[i].holder = LOAD_NOBODY;
        if (load.image.objects[i].kind == WORKLOAD_BARRIER_POINT)
            load.objects[i].barrier.needed = load.image.objects[i].users;
        if (i % 1024 == 0)
            rt_pause();
    }

    bool has_run = load_start();

    if (has_run)
        load_follow();
    bool is_written = load_write_result(has_run) && load_write_histograms();

    return is_written && load.failed == RESULT_VERDICT_OK ? 0 : 1;
}
