/* SPDX-License-Identifier: MIT */
#include "sim/sim.h"

#include "base/hash.h"
#include "sim/histograms.h"
#include "sim/outcome.h"
#include "sim/script.h"
#include "sim/snapshot.h"
#include "sim/view.h"

#include <stdlib.h>
#include <time.h>

#define BOOT_NS NS_PER_MS  /* threads are made at 0, the workload starts here */
#define CHUNK_EVENTS 8192u /* between two looks at the host's clock */
#define PROGRESS_NS (100 * NS_PER_MS)
#define THOUSAND 1000u

struct run {
    const struct sim_config *config;
    struct workload_image image;
    uint64_t *rows; /* the image's CPU sets, cut to the CPUs there are, and "all CPUs" */
    struct mono start;
    struct mono end; /* or MONO_NEVER: when every thread has ended */
    struct machine machine;
    struct script script;
    struct histograms histograms;
    struct view view;
    struct outcome outcome;
    unsigned char *snapshot; /* where it is written, if somebody watches */
    bool is_complete;
    uint64_t progress_due_ns;
};

/* ---- Refusals -------------------------------------------------------------------------------- */

static uint64_t duration_ns(const struct run *r)
{
    return r->config->duration_ns != 0 ? r->config->duration_ns : r->image.header->duration_ns;
}

static bool has_cpu(const struct run *r, uint32_t mask)
{
    const uint64_t *row = workload_image_mask(&r->image, mask);
    struct cpumask online = {{0}};

    if (row == NULL)
        return true;
    cpumask_fill(online.words, CPUMASK_WORDS, r->config->cpu_count);
    for (uint32_t i = 0; i < CPUMASK_WORDS; i++)
        online.words[i] &= row[i];
    return !cpumask_is_empty(online.words, CPUMASK_WORDS);
}

static bool masks_have_cpus(const struct run *r)
{
    for (uint32_t task = 0; task < r->image.header->task_count; task++)
        if (!has_cpu(r, r->image.tasks[task].mask))
            return false;
    for (uint32_t phase = 0; phase < r->image.header->phase_count; phase++)
        if (!has_cpu(r, r->image.phases[phase].mask))
            return false;
    return true;
}

/* Everything that can be wrong with what was asked; touches only r->image. */
static enum sim_refusal decode(struct run *r, const unsigned char *image, size_t image_bytes,
                               const char **what)
{
    enum workload_refusal refusal = workload_image_open(&r->image, image, image_bytes);

    *what = workload_refusal_sentence(refusal);
    if (refusal != WORKLOAD_IMAGE_OK)
        return SIM_BAD_IMAGE;
    *what = "the number of CPUs must be 1 to 1024";
    if (r->config->cpu_count == 0 || r->config->cpu_count > CPU_MAX)
        return SIM_BAD_CONFIG;
    *what = "the duration is longer than a day";
    if (r->config->duration_ns > WORKLOAD_DURATION_NS_MAX)
        return SIM_BAD_CONFIG;
    *what = "a CPU set of the workload names none of the machine's CPUs";
    if (!masks_have_cpus(r))
        return SIM_BAD_CONFIG;
    *what = "the histograms would be larger than 256 MiB";
    if (r->config->histogram_us > STREAM_HISTOGRAM_US_MAX ||
        histograms_stream_bytes_max(workload_image_threads(&r->image), r->config->cpu_count,
                                    r->config->histogram_us) > RESULT_BYTES_MAX)
        return SIM_BAD_CONFIG;
    *what = "no duration is given and a task loops for ever";
    if (duration_ns(r) == 0 && !workload_image_ends(&r->image))
        return SIM_ENDLESS;
    return SIM_OK;
}

/* ---- Boot ------------------------------------------------------------------------------------ */

static bool make_rows(struct run *r)
{
    const size_t words = cpumask_words_for(r->config->cpu_count);
    uint32_t mask_count = r->image.header->mask_count;
    struct cpumask online = {{0}};

    cpumask_fill(online.words, CPUMASK_WORDS, r->config->cpu_count);
    r->rows = calloc((mask_count + 1) * words, sizeof *r->rows);
    if (r->rows == NULL)
        return false;
    for (size_t row = 0; row <= mask_count; row++) {
        const uint64_t *mask = row < mask_count ? r->image.masks[row].words : online.words;

        for (size_t i = 0; i < words; i++)
            r->rows[row * words + i] = online.words[i] & mask[i];
    }
    return true;
}

static struct thread_params params_of(const struct workload_task *task)
{
    return (struct thread_params){.weight = task->weight,
                                  .latency_class = (enum latency_class)task->latency_class};
}

/* Thread i of a task starts where loadgen starts it: on the (i mod k)-th of its k CPUs. */
static void start_thread(struct run *r, uint32_t thread)
{
    const struct workload_task *task = &r->image.tasks[workload_image_task_of(&r->image, thread)];
    const uint32_t words = cpumask_words_for(r->config->cpu_count);
    uint32_t class = script_class_of(&r->image, task->mask);
    const uint64_t *row = r->rows + (size_t) class * words;
    uint32_t cpu = cpumask_nth(row, words, thread % cpumask_count(row, words));
    struct thread_params params = params_of(task);

    if (!workload_image_starts(&r->image, thread)) {
        machine_thread_make(&r->machine, thread, class, &params);
        return;
    }
    machine_thread_start(&r->machine, thread, cpu, class, &params);
    machine_sleep_until(&r->machine, cpu, thread,
                        mono_add(r->start, step_start_offset_ns(&r->image, thread)));
}

static bool boot(struct run *r)
{
    struct machine_config config = {
        .cpu_count = r->config->cpu_count,
        .thread_count = workload_image_threads(&r->image),
        .seed = r->config->seed,
        .fair_policy = r->config->is_wfq ? FAIR_WFQ : FAIR_EEVDF,
        .interrupt_ns = r->config->has_costs ? MACHINE_INTERRUPT_NS : 0,
        .has_polling = r->config->has_costs,
        .check_every = r->config->check_every,
        .row_count = r->image.header->mask_count + 1,
        .program = {script_go_on, &r->script},
    };

    r->start = (struct mono){BOOT_NS};
    r->end = duration_ns(r) != 0 ? mono_add(r->start, duration_ns(r)) : MONO_NEVER;
    if (!make_rows(r))
        return false;
    config.rows = r->rows;
    if (!machine_init(&r->machine, &config))
        return false;
    if (!script_init(&r->script, &r->image, &r->machine, r->start, r->end))
        return false;
    if (!histograms_begin(&r->histograms, &r->script, r->config->histogram_us))
        return false;
    for (uint32_t thread = 0; thread < config.thread_count; thread++)
        start_thread(r, thread);
    return true;
}

/* ---- Running --------------------------------------------------------------------------------- */

static uint64_t host_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint32_t thousandths(const struct run *r)
{
    const struct machine *m = &r->machine;

    if (mono_is_never(r->end))
        return (uint32_t)((uint64_t)m->ended_count * THOUSAND / m->started_count);
    return (uint32_t)((uint64_t)mono_diff_ns(m->now, r->start) * THOUSAND / duration_ns(r));
}

static void show_snapshot(struct run *r)
{
    if (r->snapshot == NULL)
        return;
    snapshot_write(&r->outcome, &r->machine, &r->script, r->snapshot);
    r->config->watch(r->config->watch_context, r->snapshot, snapshot_bytes(&r->machine));
}

/* The host's clock decides only when to tell the caller, never what happens. */
static void report_progress(struct run *r)
{
    if (r->config->progress == NULL && r->snapshot == NULL)
        return;
    uint64_t now_ns = host_ns();

    if (now_ns < r->progress_due_ns)
        return;
    r->progress_due_ns = now_ns + PROGRESS_NS;
    if (r->config->progress != NULL)
        r->config->progress(r->config->progress_context, thousandths(r));
    show_snapshot(r);
}

static void run_to_end(struct run *r)
{
    enum machine_stop stop;

    do {
        report_progress(r);
        stop = machine_run(&r->machine, r->end, CHUNK_EVENTS);
    } while (stop == MACHINE_AT_COUNT);
    r->is_complete =
        stop == MACHINE_AT_END || r->machine.ended_count == r->machine.started_count;
}

/* From the workload's start on: what happens before is the same for all. */
static void begin_printing(struct run *r)
{
    if (r->config->events == NULL)
        return;
    r->view = (struct view){r->config->events, r->start, script_name, &r->image};
    r->machine.config.view = &r->view;
    view_print_header(&r->view);
}

static bool run_workload(struct run *r, struct sim_output *output)
{
    size_t *bytes = &output->result_bytes;

    if (machine_run(&r->machine, r->start, UINT64_MAX) != MACHINE_AT_END)
        UNREACHABLE();
    if (!outcome_begin(&r->outcome, &r->machine))
        return false;
    if (r->config->watch != NULL) {
        r->snapshot = malloc(snapshot_bytes(&r->machine));
        if (r->snapshot == NULL)
            return false;
    }
    begin_printing(r);
    run_to_end(r);
    show_snapshot(r);
    machine_check(&r->machine);
    script_check(&r->script);
    lag_end(&r->script.lag);

    uint64_t failed = r->is_complete ? 0 : RESULT_FAILED_INCOMPLETE;

    if (r->script.has_sync_error)
        failed |= RESULT_FAILED_SYNC;
    if (r->script.has_fork_error)
        failed |= RESULT_FAILED_FORK;
    output->result = outcome_write(&r->outcome, &r->machine, &r->script, failed, bytes);
    if (output->result != NULL &&
        !histograms_append(&r->histograms, &r->script, &output->result, bytes)) {
        free(output->result);
        output->result = NULL;
    }
    output->event_count = r->machine.event_count;
    output->trace_hash = r->machine.trace_hash;
    return output->result != NULL;
}

enum sim_refusal sim_run(const struct sim_config *config, const unsigned char *image,
                         size_t image_bytes, struct sim_output *output, const char **what)
{
    struct run *r = calloc(1, sizeof *r);
    struct sim_output done = {0};

    *what = "memory";
    if (r == NULL)
        return SIM_NO_MEMORY;
    r->config = config;
    enum sim_refusal refusal = decode(r, image, image_bytes, what);

    if (refusal == SIM_OK) {
        if (boot(r) && run_workload(r, &done)) {
            *output = done;
            *what = "";
        } else {
            *what = "memory";
            refusal = SIM_NO_MEMORY;
        }
    }
    outcome_fini(&r->outcome);
    free(r->snapshot);
    histograms_fini(&r->histograms);
    script_fini(&r->script);
    machine_fini(&r->machine);
    free(r->rows);
    free(r);
    return refusal;
}
