/* SPDX-License-Identifier: MIT */
#include "tools/agree.h"

#include "base/assert.h"
#include "tools/number.h"
#include "tools/report.h"
#include "tools/table.h"

static bool has_timer(const struct workload_image *image, const struct workload_phase *phase)
{
    for (uint32_t i = 0; i < phase->event_count; i++) {
        const struct workload_event *event = &image->events[phase->first_event + i];

        if ((event->kind == WORKLOAD_TIMER || event->kind == WORKLOAD_TIMER_ABSOLUTE) &&
            event->ns > 0)
            return true;
    }
    return false;
}

static bool asks_for_time(uint32_t kind)
{
    return kind == WORKLOAD_RUN || kind == WORKLOAD_RUNTIME || kind == WORKLOAD_MEM ||
           kind == WORKLOAD_MEMRUN || kind == WORKLOAD_SERVE;
}

/* Does the file ask for CPU time? */
static bool has_run(const struct workload_image *image, const struct workload_task *task)
{
    for (uint32_t i = 0; i < task->phase_count; i++) {
        const struct workload_phase *phase = &image->phases[task->first_phase + i];

        for (uint32_t j = 0; j < phase->event_count; j++) {
            const struct workload_event *event = &image->events[phase->first_event + j];

            if (asks_for_time(event->kind) && event->ns > 0)
                return true;
        }
    }
    return false;
}

/* All turns of the task's loops together; UINT64_MAX where one is endless or they are too many. */
static uint64_t turns_of(const struct workload_image *image, const struct workload_task *task)
{
    uint64_t sum = 0;

    if (task->loop == LOOP_FOREVER)
        return UINT64_MAX;
    for (uint32_t i = 0; i < task->phase_count; i++) {
        uint32_t loop = image->phases[task->first_phase + i].loop;

        if (loop == LOOP_FOREVER)
            return UINT64_MAX;
        sum += loop;
    }
    return __builtin_mul_overflow(sum, task->loop, &sum) ? UINT64_MAX : sum;
}

enum agree_pace agree_pace_of(const struct workload_image *image, const struct workload_task *task)
{
    if (turns_of(image, task) != UINT64_MAX)
        return PACE_COUNTED;
    for (uint32_t i = 0; i < task->phase_count; i++)
        if (!has_timer(image, &image->phases[task->first_phase + i]))
            return PACE_FREE;
    return PACE_TIMER;
}

/* At most `allowed` apart?  Unknown on one side only is a difference. */
static bool is_within(int64_t a, int64_t b, int64_t allowed)
{
    if (a == RESULT_UNKNOWN || b == RESULT_UNKNOWN)
        return a == b;
    return (a > b ? a - b : b - a) <= allowed;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool must_be_exact(const struct workload_image *image, const struct workload_task *task,
                          const struct result_thread *a, const struct result_thread *b)
{
    uint64_t turns = turns_of(image, task);

    if (agree_pace_of(image, task) == PACE_COUNTED)
        return (uint64_t)larger(a->activations, b->activations) >= turns;
    if (agree_pace_of(image, task) == PACE_TIMER)
        return a->deadline_misses <= 0 && b->deadline_misses <= 0;
    return false;
}

/* The figures of a thread; one that was never forked has done nothing. */
static struct result_thread figures_of(const struct run_view *run, uint32_t thread)
{
    struct result_thread figures = run->result.threads[thread];

    if (!run_was_started(run, thread)) {
        figures.activations = 0;
        figures.runtime_ns = 0;
    }
    return figures;
}

static int64_t runtime_allowed_ns(const struct workload_image *image,
                                  const struct workload_task *task, const struct result_thread *x,
                                  const struct result_thread *y)
{
    int64_t allowed_ns =
        larger(AGREE_RESOLUTION_NS, larger(x->runtime_ns, y->runtime_ns) / AGREE_RUNTIME_PART);
    int64_t overhead_ns;

    if (has_run(image, task))
        return allowed_ns;
    if (__builtin_mul_overflow(larger(x->activations, y->activations), AGREE_RESOLUTION_NS,
                               &overhead_ns))
        overhead_ns = INT64_MAX;
    return larger(allowed_ns, overhead_ns);
}

struct agreement agree_thread(const struct run_view *a, const struct run_view *b, uint32_t thread)
{
    const struct result_thread x = figures_of(a, thread);
    const struct result_thread y = figures_of(b, thread);
    const struct workload_task *task = run_task(a, thread);
    struct agreement found = {.pace = agree_pace_of(a->image, task)};

    ASSERT(a->image == b->image);
    found.is_exact = must_be_exact(a->image, task, &x, &y);
    if (!found.is_exact)
        found.activations_allowed =
            larger(1, larger(x.activations, y.activations) / AGREE_ACTIVATIONS_PART);
    found.runtime_allowed_ns = runtime_allowed_ns(a->image, task, &x, &y);
    found.activations_agree =
        is_within(x.activations, y.activations, found.activations_allowed);
    found.runtime_agrees = is_within(x.runtime_ns, y.runtime_ns, found.runtime_allowed_ns);
    found.process_agrees = x.process == y.process || !run_was_started(a, thread) ||
                           !run_was_started(b, thread);
    return found;
}

static bool is_agreed(const struct agreement *found)
{
    return found->runtime_agrees && found->activations_agree && found->process_agrees;
}

static const struct table_column columns[] = {
    {"thread", TABLE_LEFT},
    {"pace", TABLE_LEFT},
    {"runtime ms\nkernel", TABLE_RIGHT},
    {"\nsimulator", TABLE_RIGHT},
    {"difference\n%", TABLE_RIGHT},
    {"may\ndiffer ms", TABLE_RIGHT},
    {"activations\nkernel", TABLE_RIGHT},
    {"\nsimulator", TABLE_RIGHT},
    {"may\ndiffer", TABLE_RIGHT},
    {"agree", TABLE_LEFT},
};

static void add_verdict(struct table *t, const struct agreement *found)
{
    bool is_second = !found->runtime_agrees || !found->activations_agree;

    if (is_agreed(found))
        table_cell(t, "yes");
    else
        table_cell(t, "NO: %s%s%s%s%s", found->runtime_agrees ? "" : "runtime",
                   found->runtime_agrees || found->activations_agree ? "" : " and ",
                   found->activations_agree ? "" : "activations",
                   found->process_agrees || !is_second ? "" : " and ",
                   found->process_agrees ? "" : "process");
}

static void add_row(struct table *t, const struct run_view *a, const struct run_view *b,
                    uint32_t thread)
{
    static const char *const paces[] = {
        [PACE_FREE] = "free", [PACE_TIMER] = "timer", [PACE_COUNTED] = "counted"};
    const struct result_thread *x = &a->result.threads[thread];
    const struct result_thread *y = &b->result.threads[thread];
    struct agreement found = agree_thread(a, b, thread);
    char name[RUN_NAME_BYTES];

    run_thread_name(a, thread, name);
    table_cell(t, "%s", name);
    table_cell(t, "%s", paces[found.pace]);
    table_cell_scaled(t, x->runtime_ns, 6, 3);
    table_cell_scaled(t, y->runtime_ns, 6, 3);
    if (x->runtime_ns == RESULT_UNKNOWN || y->runtime_ns == RESULT_UNKNOWN)
        table_cell(t, "-");
    else
        table_cell_percent(t, x->runtime_ns - y->runtime_ns,
                           larger(1, larger(x->runtime_ns, y->runtime_ns)));
    table_cell_scaled(t, found.runtime_allowed_ns, 6, 3);
    table_cell_scaled(t, x->activations, 0, 0);
    table_cell_scaled(t, y->activations, 0, 0);
    table_cell_scaled(t, found.activations_allowed, 0, 0);
    add_verdict(t, &found);
}

/* Rows of the table; returns how many threads disagree. */
static uint32_t add_rows(struct table *t, const struct run_view *a, const struct run_view *b)
{
    uint32_t thread_count = workload_image_threads(a->image);
    bool is_folded = run_started_count(a) > REPORT_ROWS_MAX;
    uint32_t differing = 0;

    for (uint32_t thread = 0; thread < thread_count; thread++) {
        struct agreement found = agree_thread(a, b, thread);
        bool is_different = !is_agreed(&found);

        differing += is_different ? 1 : 0;
        if (!run_was_started(a, thread) && !run_was_started(b, thread))
            continue;
        if (!is_folded || (is_different && differing <= REPORT_ROWS_MAX))
            add_row(t, a, b, thread);
    }
    return differing;
}

static void print_table(const struct run_view *a, const struct table *t, FILE *stream)
{
    fprintf(stream, "%s on %u CPU%s: the kernel and the simulator side by side\n\n", a->workload,
            a->cpu_count, a->cpu_count == 1 ? "" : "s");
    table_print(t, stream);
    if (run_started_count(a) > REPORT_ROWS_MAX)
        fprintf(stream, "of %u threads only those that disagree, at most %u\n",
                run_started_count(a), REPORT_ROWS_MAX);
    fputc('\n', stream);
}

static void print_failed_verdict(const struct run_view *run, FILE *stream)
{
    if (run_held(run))
        return;
    fprintf(stream, "%s: ", engine_name(run->engine));
    report_print_verdict(run, stream);
}

bool agree_print(const struct run_view *a, const struct run_view *b, bool is_quiet, FILE *stream)
{
    uint32_t thread_count = run_started_count(a);
    bool held = run_held(a) && run_held(b);
    uint32_t differing;
    struct table t;

    table_init(&t, columns, ARRAY_COUNT(columns));
    differing = add_rows(&t, a, b);
    if (!is_quiet)
        print_table(a, &t, stream);
    table_fini(&t);
    print_failed_verdict(a, stream);
    print_failed_verdict(b, stream);
    if (differing == 0 && held)
        fprintf(stream, "agreement: ok, %u of %u threads\n", thread_count, thread_count);
    else
        fprintf(stream, "agreement: FAILED (%u of %u threads differ%s)\n", differing, thread_count,
                held ? "" : "; a verdict failed");
    return differing == 0 && held;
}
