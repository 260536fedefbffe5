/* SPDX-License-Identifier: MIT */
#include "tools/report.h"

#include "base/assert.h"
#include "tools/number.h"
#include "tools/table.h"

#define FAILURE_TEXT_BYTES 512u

static const struct table_column cpu_columns[] = {
    {"CPU", TABLE_RIGHT},          {"busy\n%", TABLE_RIGHT},
    {"idle\n%", TABLE_RIGHT},      {"kernel\n%", TABLE_RIGHT},
    {"switches", TABLE_RIGHT},     {"timer\ninterrupts", TABLE_RIGHT},
    {"reschedule\nIPIs", TABLE_RIGHT}, {"steals", TABLE_RIGHT},
    {"pushes", TABLE_RIGHT},
};

/* Busy, idle and kernel time of one CPU; an unknown part counts nothing. */
static int64_t cpu_total_ns(const struct result_cpu *cpu)
{
    const int64_t parts[] = {cpu->busy_ns, cpu->idle_ns, cpu->kernel_ns};
    int64_t sum = 0;

    for (size_t i = 0; i < ARRAY_COUNT(parts); i++)
        if (parts[i] != RESULT_UNKNOWN && __builtin_add_overflow(sum, parts[i], &sum))
            sum = INT64_MAX;
    return sum;
}

static void add_cpu_cells(struct table *t, const struct result_cpu *cpu)
{
    int64_t total_ns = cpu_total_ns(cpu);

    table_cell_percent(t, cpu->busy_ns, total_ns);
    table_cell_percent(t, cpu->idle_ns, total_ns);
    table_cell_percent(t, cpu->kernel_ns, total_ns);
    table_cell_scaled(t, cpu->switches, 0, 0);
    table_cell_scaled(t, cpu->timer_interrupts, 0, 0);
    table_cell_scaled(t, cpu->resched_ipis, 0, 0);
    table_cell_scaled(t, cpu->steals, 0, 0);
    table_cell_scaled(t, cpu->pushes, 0, 0);
}

/* Which of the CPUs has the least (or most) busy time? */
static const struct result_cpu *extreme_cpu(const struct result *result, bool is_most)
{
    const struct result_cpu *found = &result->cpus[0];

    for (uint32_t i = 1; i < result->header->cpu_count; i++)
        if (is_most ? result->cpus[i].busy_ns > found->busy_ns
                    : result->cpus[i].busy_ns < found->busy_ns)
            found = &result->cpus[i];
    return found;
}

static void print_cpus(const struct run_view *run, FILE *stream)
{
    const struct result *result = &run->result;
    struct table t;

    table_init(&t, cpu_columns, ARRAY_COUNT(cpu_columns));
    if (result->header->cpu_count <= REPORT_ROWS_MAX) {
        for (uint32_t i = 0; i < result->header->cpu_count; i++) {
            table_cell(&t, "%u", i);
            add_cpu_cells(&t, &result->cpus[i]);
        }
    } else {
        const struct result_cpu *extremes[] = {extreme_cpu(result, false),
                                               extreme_cpu(result, true)};

        fprintf(stream, "%u CPUs; the least and the most busy one:\n", result->header->cpu_count);
        for (size_t i = 0; i < ARRAY_COUNT(extremes); i++) {
            table_cell(&t, "%u", (uint32_t)(extremes[i] - result->cpus));
            add_cpu_cells(&t, extremes[i]);
        }
    }
    table_print(&t, stream);
    table_fini(&t);
}

static void print_totals(const struct run_view *run, FILE *stream)
{
    const struct result_header *header = run->result.header;
    struct result_totals totals = result_total(&run->result);
    char text[NUMBER_TEXT_BYTES];

    fprintf(stream, "total: %u thread%s", run_started_count(run),
            run_started_count(run) == 1 ? "" : "s");
    fprintf(stream, ", %s ms of CPU time", number_scaled(text, totals.runtime_ns, 6, 3));
    fprintf(stream, " in %s s", number_scaled(text, (int64_t)header->duration_ns, 9, 6));
    fprintf(stream, ", %s migrations", number_scaled(text, totals.migrations, 0, 0));
    if (totals.deadline_misses != RESULT_UNKNOWN)
        fprintf(stream, ", %s deadlines missed",
                number_scaled(text, totals.deadline_misses, 0, 0));
    if (header->wasted_ns != RESULT_UNKNOWN)
        fprintf(stream, ", %s ms wasted (a CPU idle while a thread waited)",
                number_scaled(text, header->wasted_ns, 6, 3));
    if (totals.fairness_error_max >= 0)
        fprintf(stream, ", share error at most %.2f %%", 100 * totals.fairness_error_max);
    fputc('\n', stream);
    if (run->engine == ENGINE_SIMULATOR)
        fprintf(stream, "trace hash: %016llx\n", (unsigned long long)header->trace_hash);
}

void report_print_verdict(const struct run_view *run, FILE *stream)
{
    char reasons[FAILURE_TEXT_BYTES];

    run_failure_text(run, reasons, sizeof reasons);
    if (run_held(run))
        fputs("verdict: ok\n", stream);
    else
        fprintf(stream, "verdict: FAILED (%s)\n", reasons);
}

void report_print(const struct run_view *run, FILE *stream)
{
    fprintf(stream, "%s on %u CPU%s: %s\n\n", run->workload, run->cpu_count,
            run->cpu_count == 1 ? "" : "s", engine_sentence(run->engine));
    report_print_threads(run, stream);
    fputc('\n', stream);
    report_print_processes(run, stream);
    print_cpus(run, stream);
    fputc('\n', stream);
    print_totals(run, stream);
    report_print_verdict(run, stream);
}
