/* SPDX-License-Identifier: MIT */
/*
 * report_threads.c - the table of who ran when: a row per thread, or per task where those are many.
 *
 * The share is of one CPU's time over the measured duration.  Latencies of a concurrent run are
 * those of a shared host and say so: `wall`.  The last column, the process, is there only where
 * the workload has several.
 */
#include "tools/report.h"

#include <string.h>

#include "tools/table.h"

enum thread_column { THREAD_WAKE = 8, THREAD_COLUMN_COUNT = 17 };

static const struct table_column thread_columns[THREAD_COLUMN_COUNT] = {
    {"thread", TABLE_LEFT},
    {"CPUs", TABLE_LEFT},
    {"class", TABLE_LEFT},
    {"nice", TABLE_RIGHT},
    {"weight", TABLE_RIGHT},
    {"runtime\nms", TABLE_RIGHT},
    {"share\n%", TABLE_RIGHT},
    {"activa-\ntions", TABLE_RIGHT},
    {"wake\np50 us", TABLE_RIGHT},
    {"latency\np99 us", TABLE_RIGHT},
    {"\nmax us", TABLE_RIGHT},
    {"slack\nmin us", TABLE_RIGHT},
    {"deadlines\nmissed", TABLE_RIGHT},
    {"switches", TABLE_RIGHT},
    {"pre-\nempted", TABLE_RIGHT},
    {"migra-\ntions", TABLE_RIGHT},
    {"process", TABLE_LEFT},
};

enum task_column { TASK_WAKE = 11, TASK_COLUMN_COUNT = 18 };

static const struct table_column task_columns[TASK_COLUMN_COUNT] = {
    {"task", TABLE_LEFT},
    {"threads", TABLE_RIGHT},
    {"CPUs", TABLE_LEFT},
    {"class", TABLE_LEFT},
    {"nice", TABLE_RIGHT},
    {"weight", TABLE_RIGHT},
    {"runtime\nleast ms", TABLE_RIGHT},
    {"\nmean ms", TABLE_RIGHT},
    {"\nmost ms", TABLE_RIGHT},
    {"all their\nshare %", TABLE_RIGHT},
    {"activa-\ntions", TABLE_RIGHT},
    {"wake\np99 us", TABLE_RIGHT},
    {"latency\nmax us", TABLE_RIGHT},
    {"slack\nmin us", TABLE_RIGHT},
    {"deadlines\nmissed", TABLE_RIGHT},
    {"switches", TABLE_RIGHT},
    {"migra-\ntions", TABLE_RIGHT},
    {"process", TABLE_LEFT},
};

static bool has_processes(const struct run_view *run)
{
    return run->image->header->process_count != 0;
}

/* Who: class, nice and weight of a task. */
static void add_task_cells(struct table *t, const struct run_view *run,
                           const struct workload_task *task)
{
    struct cpumask cpus = run_task_cpus(run->image, task, run->cpu_count);
    char text[RUN_CPUS_BYTES];

    cpumask_text(&cpus, text, sizeof text);
    table_cell(t, "%s", text);
    table_cell(t, "%s", latency_class_name(task->latency_class));
    table_cell(t, "%d", task->nice);
    table_cell(t, "%u", task->weight);
}

static void add_thread_row(struct table *t, const struct run_view *run, uint32_t thread)
{
    const struct result_thread *r = &run->result.threads[thread];
    char name[RUN_NAME_BYTES];

    run_thread_name(run, thread, name);
    table_cell(t, "%s", name);
    add_task_cells(t, run, run_task(run, thread));
    table_cell_scaled(t, r->runtime_ns, 6, 3);
    table_cell_percent(t, r->runtime_ns, (int64_t)run->result.header->duration_ns);
    table_cell_scaled(t, r->activations, 0, 0);
    table_cell_scaled(t, r->wake_latency_p50_ns, 3, 1);
    table_cell_scaled(t, r->wake_latency_p99_ns, 3, 1);
    table_cell_scaled(t, r->wake_latency_max_ns, 3, 1);
    table_cell_scaled(t, r->slack_min_ns, 3, 1);
    table_cell_scaled(t, r->deadline_misses, 0, 0);
    table_cell_scaled(t, r->switches, 0, 0);
    table_cell_scaled(t, r->preemptions, 0, 0);
    table_cell_scaled(t, r->migrations, 0, 0);
    if (has_processes(run))
        report_process_cell(t, run, r->process);
}

/* One figure over several threads; unknown ones are left out. */
struct fold {
    int64_t least, most, sum, count;
};

#define FOLD_EMPTY ((struct fold){INT64_MAX, INT64_MIN, 0, 0})

static void fold_add(struct fold *f, int64_t value)
{
    if (value == RESULT_UNKNOWN)
        return;
    f->least = value < f->least ? value : f->least;
    f->most = value > f->most ? value : f->most;
    if (__builtin_add_overflow(f->sum, value, &f->sum))
        f->sum = INT64_MAX;
    f->count++;
}

static int64_t fold_known(const struct fold *f, int64_t value)
{
    return f->count > 0 ? value : RESULT_UNKNOWN;
}

struct task_fold {
    struct fold runtime, activations, p99, max, slack, misses, switches, migrations, process;
};

static struct task_fold fold_threads(const struct result_thread *threads, uint32_t count)
{
    struct task_fold f = {FOLD_EMPTY, FOLD_EMPTY, FOLD_EMPTY, FOLD_EMPTY,
                          FOLD_EMPTY, FOLD_EMPTY, FOLD_EMPTY, FOLD_EMPTY, FOLD_EMPTY};

    for (uint32_t i = 0; i < count; i++) {
        fold_add(&f.runtime, threads[i].runtime_ns);
        fold_add(&f.activations, threads[i].activations);
        fold_add(&f.p99, threads[i].wake_latency_p99_ns);
        fold_add(&f.max, threads[i].wake_latency_max_ns);
        fold_add(&f.slack, threads[i].slack_min_ns);
        fold_add(&f.misses, threads[i].deadline_misses);
        fold_add(&f.switches, threads[i].switches);
        fold_add(&f.migrations, threads[i].migrations);
        fold_add(&f.process, threads[i].process);
    }
    return f;
}

static uint32_t started_of(const struct run_view *run, const struct workload_task *task)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < task->instance_count; i++)
        count += run_was_started(run, task->first_thread + i);
    return count;
}

static void add_task_row(struct table *t, const struct run_view *run,
                         const struct workload_task *task)
{
    struct task_fold f =
        fold_threads(&run->result.threads[task->first_thread], task->instance_count);
    int64_t mean_ns = f.runtime.count > 0 ? f.runtime.sum / f.runtime.count : 0;

    table_cell(t, "%s", workload_image_name(run->image, task->name));
    table_cell(t, "%u", started_of(run, task));
    add_task_cells(t, run, task);
    table_cell_scaled(t, fold_known(&f.runtime, f.runtime.least), 6, 3);
    table_cell_scaled(t, fold_known(&f.runtime, mean_ns), 6, 3);
    table_cell_scaled(t, fold_known(&f.runtime, f.runtime.most), 6, 3);
    table_cell_percent(t, fold_known(&f.runtime, f.runtime.sum),
                       (int64_t)run->result.header->duration_ns);
    table_cell_scaled(t, fold_known(&f.activations, f.activations.sum), 0, 0);
    table_cell_scaled(t, fold_known(&f.p99, f.p99.most), 3, 1);
    table_cell_scaled(t, fold_known(&f.max, f.max.most), 3, 1);
    table_cell_scaled(t, fold_known(&f.slack, f.slack.least), 3, 1);
    table_cell_scaled(t, fold_known(&f.misses, f.misses.sum), 0, 0);
    table_cell_scaled(t, fold_known(&f.switches, f.switches.sum), 0, 0);
    table_cell_scaled(t, fold_known(&f.migrations, f.migrations.sum), 0, 0);
    if (has_processes(run))
        report_process_cell(t, run, fold_known(&f.process, f.process.most));
}

static void print_folded(const struct run_view *run, FILE *stream)
{
    struct table_column columns[TASK_COLUMN_COUNT];
    struct table t;

    memcpy(columns, task_columns, sizeof columns);
    if (run->engine == ENGINE_KERNEL_CONCURRENT)
        columns[TASK_WAKE].head = "wall\nwake\np99 us";
    table_init(&t, columns, TASK_COLUMN_COUNT - !has_processes(run));
    for (uint32_t i = 0; i < run->image->header->task_count; i++)
        add_task_row(&t, run, &run->image->tasks[i]);
    fprintf(stream, "%u threads, folded to one row per task\n", run_started_count(run));
    table_print(&t, stream);
    table_fini(&t);
}

void report_print_threads(const struct run_view *run, FILE *stream)
{
    struct table_column columns[THREAD_COLUMN_COUNT];
    uint32_t thread_count = workload_image_threads(run->image);
    struct table t;

    if (run_started_count(run) > REPORT_ROWS_MAX) {
        print_folded(run, stream);
        return;
    }
    memcpy(columns, thread_columns, sizeof columns);
    if (run->engine == ENGINE_KERNEL_CONCURRENT)
        columns[THREAD_WAKE].head = "wall\nwake\np50 us";
    table_init(&t, columns, THREAD_COLUMN_COUNT - !has_processes(run));
    for (uint32_t thread = 0; thread < thread_count; thread++)
        if (run_was_started(run, thread))
            add_thread_row(&t, run, thread);
    table_print(&t, stream);
    table_fini(&t);
}
