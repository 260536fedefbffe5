/* SPDX-License-Identifier: MIT */
#include "tools/histogram.h"

#include <stdlib.h>

#include "base/assert.h"
#include "tools/message.h"
#include "tools/stream.h"

/* What cyclictest prints as the least latency where there was none. */
#define MINIMUM_OF_NONE 1000000

/* A thread with a column: one that has begun. */
struct column {
    uint32_t thread;
    const struct stream_histogram *row;
};

struct columns {
    struct column *list;
    uint32_t count;
};

/* Found once: histograms differ in length. */
static struct columns find_columns(const struct result *result)
{
    const struct stream_histogram *row = NULL;
    struct columns columns = {memory_create(result->header->thread_count, sizeof *columns.list), 0};

    for (uint32_t i = 0; i < result->header->thread_count; i++) {
        row = histogram_next(result->histograms, row);
        if (result->threads[i].runtime_ns != RESULT_UNKNOWN)
            columns.list[columns.count++] = (struct column){i, row};
    }
    return columns;
}

static uint64_t total_of(const struct stream_histogram *row)
{
    uint64_t total = 0;

    for (uint32_t us = 0; us < row->count; us++)
        total += histogram_counts(row)[us];
    return total;
}

static void print_head(const struct run_view *run, const struct columns *columns, FILE *stream)
{
    char name[RUN_NAME_BYTES];

    fprintf(stream, "# %s on %u CPU%s: %s\n", run->workload, run->cpu_count,
            run->cpu_count == 1 ? "" : "s", engine_name(run->engine));
    fputs("# Threads:", stream);
    for (uint32_t i = 0; i < columns->count; i++) {
        run_thread_name(run, columns->list[i].thread, name);
        fprintf(stream, "%c%s", i == 0 ? ' ' : '\t', name);
    }
    fputc('\n', stream);
}

static void print_lines(uint32_t us_count, const struct columns *columns, FILE *stream)
{
    fputs("# Histogram\n", stream);
    for (uint32_t us = 0; us < us_count; us++) {
        fprintf(stream, "%06u ", us);
        for (uint32_t i = 0; i < columns->count; i++) {
            const struct stream_histogram *row = columns->list[i].row;

            fprintf(stream, "%s%06u", i == 0 ? "" : "\t",
                    us < row->count ? histogram_counts(row)[us] : 0);
        }
        fputc('\n', stream);
    }
}

static long long us_of(int64_t ns, long long unknown)
{
    return ns == RESULT_UNKNOWN ? unknown : (long long)(ns / (int64_t)NS_PER_US);
}

static void print_overflows(const struct columns *columns, FILE *stream)
{
    fputs("\n# Histogram Overflows:", stream);
    for (uint32_t i = 0; i < columns->count; i++)
        fprintf(stream, " %05llu", (unsigned long long)columns->list[i].row->beyond);
    fputs("\n# Histogram Overflow at cycle number:\n", stream);
    for (uint32_t i = 0; i < columns->count; i++) {
        unsigned long long beyond = columns->list[i].row->beyond;

        fprintf(stream, "# Thread %u:", i);
        if (beyond != 0)
            fprintf(stream, " # %05llu others", beyond);
        fputc('\n', stream);
    }
    fputc('\n', stream);
}

static void print_figures(const struct result_thread *threads, const struct columns *columns,
                          FILE *stream)
{
    const struct column *list = columns->list;

    fputs("# Total:", stream);
    for (uint32_t i = 0; i < columns->count; i++)
        fprintf(stream, " %09llu", (unsigned long long)total_of(list[i].row));
    fputs("\n# Min Latencies:", stream);
    for (uint32_t i = 0; i < columns->count; i++)
        fprintf(stream, " %05lld",
                us_of(threads[list[i].thread].wake_latency_min_ns, MINIMUM_OF_NONE));
    fputs("\n# Avg Latencies:", stream);
    for (uint32_t i = 0; i < columns->count; i++)
        fprintf(stream, " %05lld", us_of(threads[list[i].thread].wake_latency_mean_ns, 0));
    fputs("\n# Max Latencies:", stream);
    for (uint32_t i = 0; i < columns->count; i++)
        fprintf(stream, " %05lld", us_of(threads[list[i].thread].wake_latency_max_ns, 0));
}

void histogram_print(const struct run_view *run, FILE *stream)
{
    struct columns columns;

    ASSERT(run->result.histograms != NULL);
    columns = find_columns(&run->result);
    print_head(run, &columns, stream);
    print_lines(run->result.histograms->us_count, &columns, stream);
    print_figures(run->result.threads, &columns, stream);
    print_overflows(&columns, stream);
    free(columns.list);
}
