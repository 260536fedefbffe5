/* SPDX-License-Identifier: MIT */
#include "tools/input.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "tools/file.h"
#include "tools/message.h"
#include "tools/run_view.h"

#define LINE_BYTES (FILE_PATH_BYTES_MAX + WORKLOAD_DIAGNOSTIC_BYTES_MAX + 64u)

void input_fini(struct input *input)
{
    workload_blob_fini(&input->blob);
}

void input_show(const struct workload_diagnostics *d, const char *const *paths, bool is_quiet)
{
    char line[LINE_BYTES];

    for (uint32_t i = 0; i < d->count; i++) {
        if (is_quiet && d->items[i].severity == WORKLOAD_NOTE)
            continue;
        workload_diagnostic_format(&d->items[i], paths[d->items[i].file], line, sizeof line);
        message("%s", line);
    }
    if (d->lost_count > 0 && (!is_quiet || d->error_count > 0))
        message("%s: %u more messages", paths[0], d->lost_count);
}

static bool read_image(struct input *input, const struct options *options)
{
    const struct workload_options reading = {.fifo_as = options->fifo_as};
    bool is_quiet = options->is_quiet;
    struct workload_diagnostics *d = memory_create(1, sizeof *d);
    enum workload_status status =
        workload_read_files(input->files->paths, input->files->count, &reading, d, &input->blob);

    input_show(d, input->files->paths, is_quiet);
    if (status == WORKLOAD_NO_MEMORY)
        message("%s: no memory to read it", input->name);
    free(d);
    return status == WORKLOAD_READ;
}

/* May threads with this phase run anywhere on a machine of `cpu_count` CPUs? */
static bool has_cpu(const struct workload_image *image, uint32_t mask, uint32_t cpu_count)
{
    const uint64_t *row = workload_image_mask(image, mask);

    return row == NULL || cpumask_first(row, CPUMASK_WORDS) < cpu_count;
}

/* Say which CPUs are missing, at the line of the first event that could not run. */
static void refuse_phase(const struct input *input, const struct workload_task *task,
                         const struct workload_phase *phase, uint32_t mask, uint32_t cpu_count)
{
    const struct workload_image *image = &input->image;
    struct cpumask wanted = {{0}};
    char cpus[RUN_CPUS_BYTES], online[RUN_CPUS_BYTES];
    uint32_t line;

    cpumask_fill(wanted.words, CPUMASK_WORDS, cpu_count);
    cpumask_text(&wanted, online, sizeof online);
    wanted = (struct cpumask){{0}};
    for (uint32_t cpu = 0; cpu < CPU_MAX; cpu++)
        if (cpumask_test(workload_image_mask(image, mask), cpu))
            cpumask_set(wanted.words, cpu);
    cpumask_text(&wanted, cpus, sizeof cpus);
    line = image->events[phase->first_event].line;
    message("%s:%u: error: thread \"%s\" may run here on CPU %s only, and --cpus %u gives CPU %s",
            input->files->paths[workload_line_file(line)], workload_line_number(line),
            workload_image_name(image, task->name), cpus, cpu_count, online);
}

static bool check_cpus(const struct input *input, uint32_t cpu_count)
{
    const struct workload_image *image = &input->image;
    bool is_good = true;

    for (uint32_t i = 0; i < image->header->task_count; i++) {
        const struct workload_task *task = &image->tasks[i];

        for (uint32_t j = 0; j < task->phase_count; j++) {
            const struct workload_phase *phase = &image->phases[task->first_phase + j];
            uint32_t mask = phase->mask != WORKLOAD_INDEX_NONE ? phase->mask : task->mask;

            if (has_cpu(image, mask, cpu_count))
                continue;
            refuse_phase(input, task, phase, mask, cpu_count);
            is_good = false;
        }
    }
    return is_good;
}

static void name_input(struct input *input)
{
    const struct workload_files *files = input->files;

    if (files->count == 1)
        snprintf(input->name, sizeof input->name, "%s", files->paths[0]);
    else
        snprintf(input->name, sizeof input->name, "%.*s and %u more", (int)FILE_PATH_BYTES_MAX,
                 files->paths[0], files->count - 1);
}

bool input_open(struct input *input, const struct options *options)
{
    enum workload_refusal refusal;

    ASSERT(options->workload.count > 0);
    *input = (struct input){.files = &options->workload};
    name_input(input);
    if (!read_image(input, options))
        return false;
    if (options->duration_ns != 0)
        workload_blob_set_duration(&input->blob, options->duration_ns);
    refusal = workload_image_open(&input->image, input->blob.bytes, input->blob.size);
    if (refusal != WORKLOAD_IMAGE_OK)
        message("%s: %s", input->name, workload_refusal_sentence(refusal));
    if (refusal == WORKLOAD_IMAGE_OK && check_cpus(input, options->cpu_count))
        return true;
    input_fini(input);
    return false;
}
