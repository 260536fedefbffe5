/* SPDX-License-Identifier: MIT */
#include "tools/engine.h"

#include "abi/workload.h"
#include "sim/sim.h"
#include "tools/progress.h"
#include "tools/stream.h"
#include "tools/watch.h"

void engine_run_fini(struct engine_run *run)
{
    blob_fini(&run->bytes);
}

uint64_t engine_duration_ns(const struct input *input, const struct options *options)
{
    return options->duration_ns != 0 ? options->duration_ns
                                     : input->image.header->duration_ns;
}

struct run_view engine_view(const struct input *input, const struct options *options,
                            enum run_engine engine)
{
    return (struct run_view){
        .engine = engine,
        .workload = input->name,
        .image = &input->image,
        .cpu_count = options->cpu_count,
        .seed = options->seed,
    };
}

bool engine_open_result(struct engine_run *run, const struct input *input,
                        const struct options *options, enum run_engine engine)
{
    uint32_t threads = workload_image_threads(&input->image);
    enum result_refusal refusal;

    run->view = engine_view(input, options, engine);
    refusal = stream_open(&run->view.result, run->bytes.data, run->bytes.bytes);
    if (refusal != RESULT_OK)
        message("%s", result_refusal_sentence(refusal));
    else if (run->view.result.header->thread_count != threads)
        message("the result has %u threads, the workload %u",
                run->view.result.header->thread_count, threads);
    else
        return true;
    blob_fini(&run->bytes);
    return false;
}

static void show_progress(void *context, uint32_t thousandths)
{
    (void)context;
    progress_show("simulating: %u.%u %%", thousandths / 10, thousandths % 10);
}

static void take_snapshot(void *context, const unsigned char *record, size_t bytes)
{
    watch_take(context, record, bytes);
}

static enum exit_status refuse(enum sim_refusal refusal, const char *what,
                               const struct input *input)
{
    if (refusal == SIM_ENDLESS)
        message("%s: the workload never ends by itself; give --duration", input->name);
    else
        message("%s: the simulator refuses it: %s", input->name, what);
    return EXIT_UNUSABLE;
}

enum exit_status engine_run_simulator(struct engine_run *run, const struct input *input,
                                      const struct options *options, FILE *events)
{
    struct sim_config config = {
        .cpu_count = options->cpu_count,
        .seed = options->seed,
        .duration_ns = options->duration_ns,
        .is_wfq = options->is_wfq,
        .has_costs = !options->is_costless,
        .histogram_us = options->histogram_us,
        .events = events,
        .progress = show_progress,
    };
    struct run_view view = engine_view(input, options, ENGINE_SIMULATOR);
    struct sim_output output;
    enum sim_refusal refusal;
    struct watch watch;
    const char *what = "";

    progress_begin(options->is_quiet || options->is_watched);
    if (options->is_watched) {
        config.watch = take_snapshot;
        config.watch_context = &watch;
        watch_begin(&watch, &view, engine_duration_ns(input, options));
    }
    refusal = sim_run(&config, input->blob.bytes, input->blob.size, &output, &what);
    if (options->is_watched)
        watch_end(&watch);
    progress_clear();
    if (refusal != SIM_OK)
        return refuse(refusal, what, input);
    run->bytes = (struct blob){output.result, output.result_bytes};
    return engine_open_result(run, input, options, ENGINE_SIMULATOR) ? EXIT_HELD : EXIT_FAILED;
}
