/* SPDX-License-Identifier: MIT */
#include "tools/frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "tools/message.h"
#include "tools/number.h"
#include "tools/table.h"

/* Lines beside the rows: title, time, two empty ones, one and two of headings. */
#define FIXED_LINES 7u

static const struct table_column cpu_columns[] = {
    {"CPU", TABLE_RIGHT},      {"busy %", TABLE_RIGHT},     {"idle %", TABLE_RIGHT},
    {"kernel %", TABLE_RIGHT}, {"switches/s", TABLE_RIGHT},
};

static const struct table_column thread_columns[] = {
    {"\nthread", TABLE_LEFT},      {"\nCPU", TABLE_RIGHT},        {"", TABLE_LEFT},
    {"runtime\nms", TABLE_RIGHT},  {"share\n%", TABLE_RIGHT},     {"now\n%", TABLE_RIGHT},
    {"activa-\ntions", TABLE_RIGHT}, {"latency\np99 us", TABLE_RIGHT},
};

/* ---- Figures of the time since the frame before ---------------------------------------------- */

static int64_t interval_ns(const struct frame *f)
{
    uint64_t from_ns = f->before != NULL ? f->before->header->at_ns : 0;
    uint64_t to_ns = f->now->header->at_ns;

    return to_ns > from_ns && to_ns - from_ns <= INT64_MAX ? (int64_t)(to_ns - from_ns) : 0;
}

/* now - before; unknown where one of them is, or where it fell. */
static int64_t rise(int64_t before, int64_t now)
{
    if (before == RESULT_UNKNOWN || now == RESULT_UNKNOWN || before < 0 || now < before)
        return RESULT_UNKNOWN;
    return now - before;
}

static int64_t per_second(int64_t count, int64_t time_ns)
{
    int64_t scaled;

    if (count == RESULT_UNKNOWN || time_ns == 0 ||
        __builtin_mul_overflow(count, (int64_t)NS_PER_S, &scaled))
        return RESULT_UNKNOWN;
    return scaled / time_ns;
}

/* Parts of the CPU's own time: it is not read at exactly the instant of the snapshot. */
static void add_cpu_row(struct table *t, const struct frame *f, uint32_t cpu)
{
    static const struct result_cpu nothing;
    const struct result_cpu *now = &f->now->cpus[cpu];
    const struct result_cpu *before = f->before != NULL ? &f->before->cpus[cpu] : &nothing;
    const int64_t parts_ns[] = {rise(before->busy_ns, now->busy_ns),
                                rise(before->idle_ns, now->idle_ns),
                                rise(before->kernel_ns, now->kernel_ns)};
    int64_t whole_ns = 0;

    table_cell(t, "%u", cpu);
    for (size_t i = 0; i < ARRAY_COUNT(parts_ns); i++)
        if (parts_ns[i] == RESULT_UNKNOWN ||
            __builtin_add_overflow(whole_ns, parts_ns[i], &whole_ns))
            whole_ns = RESULT_UNKNOWN;
    for (size_t i = 0; i < ARRAY_COUNT(parts_ns); i++)
        table_cell_percent(t, parts_ns[i], whole_ns);
    table_cell_scaled(t, per_second(rise(before->switches, now->switches), interval_ns(f)), 0, 0);
}

static void add_thread_row(struct table *t, const struct frame *f, uint32_t thread)
{
    const struct stream_thread *now = &f->now->threads[thread];
    int64_t before_ns = f->before != NULL ? f->before->threads[thread].runtime_ns : 0;
    char name[RUN_NAME_BYTES];

    run_thread_name(f->run, thread, name);
    table_cell(t, "%s", name);
    table_cell_scaled(t, now->cpu, 0, 0);
    table_cell(t, "%s", now->is_running != 0 ? "*" : "");
    table_cell_scaled(t, now->runtime_ns, 6, 3);
    table_cell_percent(t, now->runtime_ns, (int64_t)f->now->header->at_ns);
    table_cell_percent(t, rise(before_ns, now->runtime_ns), interval_ns(f));
    table_cell_scaled(t, now->activations, 0, 0);
    table_cell_scaled(t, now->wake_latency_p99_ns, 3, 1);
}

/* ---- Lines ----------------------------------------------------------------------------------- */

struct section {
    const char *what; /* of the rows, in the plural */
    const struct table_column *columns;
    uint32_t column_count;
    uint32_t count; /* of what can have a row */
    uint32_t row_count; /* of those that have one */
    bool (*has_row)(const struct frame *f, uint32_t number);
    void (*add_row)(struct table *t, const struct frame *f, uint32_t number);
};

static bool every_cpu(const struct frame *f, uint32_t cpu)
{
    (void)f;
    (void)cpu;
    return true;
}

static bool has_begun(const struct frame *f, uint32_t thread)
{
    return f->now->threads[thread].runtime_ns != RESULT_UNKNOWN;
}

static uint32_t begun_count(const struct frame *f)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < f->now->header->thread_count; i++)
        count += has_begun(f, i);
    return count;
}

/* In `lines` lines: all rows, or as many as leave one to say how many are missing. */
static void print_section(const struct section *s, const struct frame *f, uint32_t lines,
                          FILE *stream)
{
    uint32_t shown = s->row_count <= lines ? s->row_count : lines > 0 ? lines - 1 : 0;
    struct table t;

    table_init(&t, s->columns, s->column_count);
    for (uint32_t i = 0, rows = 0; i < s->count && rows < shown; i++) {
        if (!s->has_row(f, i))
            continue;
        s->add_row(&t, f, i);
        rows++;
    }
    table_print(&t, stream);
    table_fini(&t);
    if (shown < s->row_count && lines > 0)
        fprintf(stream, "... %u more %s\n", s->row_count - shown, s->what);
}

/* A file's name must not be able to control the terminal. */
static void print_harmless(const char *text, FILE *stream)
{
    for (; *text != '\0'; text++)
        fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, stream);
}

static void print_head(const struct frame *f, FILE *stream)
{
    char at[NUMBER_TEXT_BYTES], text[NUMBER_TEXT_BYTES];

    print_harmless(f->run->workload, stream);
    fprintf(stream, " on %u CPU%s: %s\n", f->run->cpu_count,
            f->run->cpu_count == 1 ? "" : "s", engine_sentence(f->run->engine));
    if (f->now == NULL) {
        fputs("starting\n", stream);
        return;
    }
    fprintf(stream, "%s s", number_scaled(at, (int64_t)f->now->header->at_ns, 9, 3));
    if (f->duration_ns != 0)
        fprintf(stream, " of %s s", number_scaled(text, (int64_t)f->duration_ns, 9, 3));
    fprintf(stream, "; CPUs and `now' are of the last %s s; * runs\n",
            number_scaled(text, interval_ns(f), 9, 3));
}

static void print_sections(const struct frame *f, uint32_t rows, FILE *stream)
{
    uint32_t left = rows > FIXED_LINES ? rows - FIXED_LINES : 0;
    uint32_t cpu_count = f->now->header->cpu_count;
    uint32_t thread_count = begun_count(f);
    uint32_t for_threads = thread_count <= left ? thread_count : left;
    uint32_t for_cpus = (left + 2) / 3; /* at least */
    const struct section cpus = {
        "CPUs", cpu_columns, ARRAY_COUNT(cpu_columns), cpu_count, cpu_count, every_cpu, add_cpu_row,
    };
    const struct section threads = {
        "threads", thread_columns, ARRAY_COUNT(thread_columns), f->now->header->thread_count,
        thread_count, has_begun, add_thread_row,
    };

    if (for_cpus < left - for_threads)
        for_cpus = left - for_threads;
    if (for_cpus > cpu_count)
        for_cpus = cpu_count;
    fputc('\n', stream);
    print_section(&cpus, f, for_cpus, stream);
    fputc('\n', stream);
    print_section(&threads, f, left - for_cpus, stream);
}

/* A line of `bytes` that ends in a newline: what of it the window has place for. */
static void print_cut(const char *line, size_t bytes, uint32_t columns, FILE *stream)
{
    uint32_t width = 0;
    size_t last = 0; /* where the character in the last column begins */

    for (size_t i = 0; i + 1 < bytes; i++) {
        if (((unsigned char)line[i] & 0xc0) == 0x80)
            continue; /* inside a UTF-8 character */
        if (++width == columns)
            last = i;
    }
    if (width <= columns)
        fwrite(line, 1, bytes, stream);
    else
        fprintf(stream, "%.*s~\n", (int)last, line);
}

void frame_print(const struct frame *frame, struct frame_window window, FILE *stream)
{
    char *text = NULL;
    size_t size = 0;
    FILE *whole = open_memstream(&text, &size);
    const char *line, *end;

    if (whole == NULL)
        message_no_memory(sizeof *whole);
    print_head(frame, whole);
    if (frame->now != NULL)
        print_sections(frame, window.rows, whole);
    if (fclose(whole) != 0)
        message_no_memory(size);
    line = text;
    for (uint32_t row = 0; row < window.rows && *line != '\0'; row++) {
        end = strchr(line, '\n') + 1; /* every line has one */
        print_cut(line, (size_t)(end - line), window.columns, stream);
        line = end;
    }
    free(text);
}
