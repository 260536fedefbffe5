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
_Static_assert(sizeof(struct load_board) +
                       LOAD_THREADS_MAX *
                           (sizeof(struct load_thread) + sizeof(struct stream_thread)) +
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

/* The CPUs that threads of this process may use.  Returns: CAP_CPUS, or CAP_NONE: all of them. */
static uint32_t find_cpus(void)
{
    if (rt_cpus_read(CAP_CPUS, &load.cpus) == STATUS_OK)
        return CAP_CPUS;
    cpumask_fill(load.cpus.words, CPUMASK_WORDS, load.cpu_count);
    return CAP_NONE;
}

/* Where each record lies; the end of all.  Those of 4 bytes come last. */
static uint64_t lay_out(struct load *l)
{
    uint64_t at = LOAD_RECORDS_BASE;

    l->board = (struct load_board *)at;
    at += sizeof *l->board;
    l->threads = (struct load_thread *)at;
    at += l->thread_count * sizeof *l->threads;
    l->objects = (struct load_object *)at;
    at += l->image.header->object_count * sizeof *l->objects;
    l->rows = (struct stream_thread *)at;
    at += l->watch_ns != 0 ? l->thread_count * sizeof *l->rows : 0;
    l->forked = (uint32_t *)at;
    at += l->image.header->task_count * sizeof *l->forked;
    l->counts = (uint32_t *)at;
    return at + (uint64_t)l->thread_count * l->histogram_us * sizeof *l->counts;
}

uint64_t load_records_bytes(void)
{
    return lay_out(&load) - LOAD_RECORDS_BASE;
}

/* A memory object, zeroed, with its handle; none for no bytes. */
static int64_t make(uint64_t bytes, uint64_t address, uint32_t *handle)
{
    int64_t memory;

    if (bytes == 0)
        return STATUS_OK;
    memory = rt_memory_create(bytes);
    if (memory < 0)
        return memory;
    *handle = (uint32_t)memory;
    return rt_memory_map(*handle, address, MEMORY_MAP_WRITE, NULL);
}

/* The records, and memory for mem and memrun, if some event is one. */
static int64_t make_memory(struct load_gifts *gifts)
{
    int64_t status = make(load_records_bytes(), LOAD_RECORDS_BASE, &gifts->records);

    if (status != STATUS_OK)
        return status;
    return make(load.image.header->buffer_bytes, LOAD_BUFFER_BASE, &gifts->buffer);
}

/* The same in a child: what process 0 made. */
static int64_t map_memory(void)
{
    int64_t status = rt_memory_map(LOAD_SLOT_RECORDS, LOAD_RECORDS_BASE, MEMORY_MAP_WRITE, NULL);

    (void)lay_out(&load);
    if (status != STATUS_OK || load.image.header->buffer_bytes == 0)
        return status;
    return rt_memory_map(LOAD_SLOT_BUFFER, LOAD_BUFFER_BASE, MEMORY_MAP_WRITE, NULL);
}

static void init_records(void)
{
    static const struct stream_thread unknown = {RESULT_UNKNOWN, RESULT_UNKNOWN, RESULT_UNKNOWN,
                                                 RESULT_UNKNOWN, 0};

    for (uint32_t i = 0; i < load.thread_count; i++) {
        load.threads[i].number = i;
        load.threads[i].is_forked = !workload_image_starts(&load.image, i);
        if (load.watch_ns != 0)
            load.rows[i] = unknown;
    }
    for (uint32_t i = 0; i < load.image.header->object_count; i++) {
        load.objects[i].holder = LOAD_NOBODY;
        if (load.image.objects[i].kind == WORKLOAD_BARRIER_POINT)
            load.objects[i].barrier.needed = load.image.objects[i].users;
        if (i % 1024 == 0)
            rt_pause();
    }
}

int64_t rt_main(uint64_t argument)
{
    struct load_gifts gifts = {.records = CAP_NONE};
    const char *refusal = decode();
    int64_t status;

    if (refusal != NULL)
        return refuse(refusal);
    load.process = (uint32_t)argument;
    load.thread_count = workload_image_threads(&load.image);
    status = load.process == 0 ? make_memory(&gifts) : map_memory();
    if (status != STATUS_OK)
        return refuse(status_sentence(status));
    load.cpu_count = rt_cpu_count();
    gifts.cpus = find_cpus();
    if (load.process != 0)
        return load_child_run();
    init_records();

    bool has_run = load_start(&gifts);

    if (has_run)
        load_follow();
    bool is_written = load_write_result(has_run) && load_write_histograms();

    return is_written && load.board->failed == RESULT_VERDICT_OK ? 0 : 1;
}
