/* SPDX-License-Identifier: MIT */
/*
 * report_processes.c - what the processes of a run had together: a row for each, where the workload
 * has more than one.
 */
#include "tools/report.h"

#include "tools/table.h"

static const struct table_column columns[] = {
    {"process", TABLE_LEFT},
    {"threads", TABLE_RIGHT},
    {"runtime\nms", TABLE_RIGHT},
    {"share\n%", TABLE_RIGHT},
};

void report_process_cell(struct table *t, const struct run_view *run, int64_t process)
{
    if (process == RESULT_UNKNOWN)
        table_cell(t, "-");
    else if (process == 0 || process > run->image->header->process_count)
        table_cell(t, "%lld", (long long)process);
    else
        table_cell(t, "%lld %s", (long long)process,
                   workload_image_process_name(run->image, (uint32_t)process));
}

/* The sum of known runtimes; a row only where there is a thread. */
static void add_row(struct table *t, const struct run_view *run, uint32_t process)
{
    int64_t runtime_ns = RESULT_UNKNOWN;
    uint32_t thread_count = 0;

    for (uint32_t i = 0; i < run->result.header->thread_count; i++) {
        const struct result_thread *r = &run->result.threads[i];

        if (r->process != process)
            continue;
        thread_count++;
        result_add_known(&runtime_ns, r->runtime_ns);
    }
    if (thread_count == 0)
        return;
    report_process_cell(t, run, process);
    table_cell(t, "%u", thread_count);
    table_cell_scaled(t, runtime_ns, 6, 3);
    table_cell_percent(t, runtime_ns, (int64_t)run->result.header->duration_ns);
}

void report_print_processes(const struct run_view *run, FILE *stream)
{
    struct table t;

    if (run->image->header->process_count == 0)
        return;
    table_init(&t, columns, ARRAY_COUNT(columns));
    for (uint32_t process = 0; process <= run->image->header->process_count; process++)
        add_row(&t, run, process);
    table_print(&t, stream);
    fputc('\n', stream);
    table_fini(&t);
}
