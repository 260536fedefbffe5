/* SPDX-License-Identifier: MIT */
#include "tools/run_view.h"

#include "abi/sched.h"
#include "base/assert.h"
#include "base/fmt.h"

const char *engine_name(enum run_engine engine)
{
    static const char *const names[] = {
        [ENGINE_KERNEL] = "kernel",
        [ENGINE_KERNEL_CONCURRENT] = "kernel-concurrent",
        [ENGINE_SIMULATOR] = "simulator",
    };

    ASSERT(engine < ARRAY_COUNT(names));
    return names[engine];
}

const char *engine_sentence(enum run_engine engine)
{
    static const char *const sentences[] = {
        [ENGINE_KERNEL] = "the kernel in QEMU, deterministic",
        [ENGINE_KERNEL_CONCURRENT] = "the kernel in QEMU, concurrent (latencies are wall time)",
        [ENGINE_SIMULATOR] = "the simulator",
    };

    ASSERT(engine < ARRAY_COUNT(sentences));
    return sentences[engine];
}

const char *latency_class_name(uint32_t latency_class)
{
    static const char *const names[] = {
        [LATENCY_BATCH] = "batch",
        [LATENCY_NORMAL] = "normal",
        [LATENCY_INTERACTIVE] = "interactive",
    };

    return latency_class < LATENCY_CLASS_COUNT ? names[latency_class] : "unknown";
}

const struct workload_task *run_task(const struct run_view *run, uint32_t thread)
{
    return &run->image->tasks[workload_image_task_of(run->image, thread)];
}

bool run_was_started(const struct run_view *run, uint32_t thread)
{
    return workload_image_starts(run->image, thread) ||
           run->result.threads[thread].runtime_ns != RESULT_UNKNOWN;
}

uint32_t run_started_count(const struct run_view *run)
{
    uint32_t count = 0;

    for (uint32_t thread = 0; thread < run->result.header->thread_count; thread++)
        count += run_was_started(run, thread);
    return count;
}

void run_thread_name(const struct run_view *run, uint32_t thread, char name[RUN_NAME_BYTES])
{
    const struct workload_task *task = run_task(run, thread);
    struct fmt f = fmt_start(name, RUN_NAME_BYTES);

    fmt_text(&f, workload_image_name(run->image, task->name));
    if (task->instance_count > 1) {
        fmt_char(&f, '-');
        fmt_u64(&f, workload_image_instance_of(run->image, thread), 1, ' ');
    }
}

/* Add the CPUs of mask number `mask` (or all) that are below `cpu_count`. */
static void add_mask(struct cpumask *sum, const struct workload_image *image, uint32_t mask,
                     uint32_t cpu_count)
{
    const uint64_t *row = workload_image_mask(image, mask);

    for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
        if (row == NULL || cpumask_test(row, cpu))
            cpumask_set(sum->words, cpu);
}

struct cpumask run_task_cpus(const struct workload_image *image, const struct workload_task *task,
                             uint32_t cpu_count)
{
    struct cpumask sum = {{0}};

    for (uint32_t i = 0; i < task->phase_count; i++) {
        uint32_t mask = image->phases[task->first_phase + i].mask;

        add_mask(&sum, image, mask != WORKLOAD_INDEX_NONE ? mask : task->mask, cpu_count);
    }
    return sum;
}

void cpumask_text(const struct cpumask *mask, char *text, size_t size)
{
    struct fmt f = fmt_start(text, size);

    for (uint32_t cpu = 0; cpu < CPU_MAX; cpu++) {
        uint32_t last = cpu;

        if (!cpumask_test(mask->words, cpu))
            continue;
        while (last + 1 < CPU_MAX && cpumask_test(mask->words, last + 1))
            last++;
        if (f.needed > 0)
            fmt_char(&f, ',');
        fmt_u64(&f, cpu, 1, ' ');
        if (last > cpu) {
            fmt_char(&f, '-');
            fmt_u64(&f, last, 1, ' ');
        }
        cpu = last;
    }
}

void run_failure_text(const struct run_view *run, char *text, size_t size)
{
    struct fmt f = fmt_start(text, size);
    uint64_t failed = run->result.header->failed;

    for (unsigned bit = 0; failed >> bit != 0; bit++) {
        if ((failed >> bit & 1) == 0)
            continue;
        fmt_text(&f, f.needed > 0 ? "; " : "");
        fmt_text(&f, result_verdict_sentence(bit));
    }
    if (run->result.header->cpu_count != run->cpu_count) {
        fmt_text(&f, f.needed > 0 ? "; " : "");
        fmt_u64(&f, run->result.header->cpu_count, 1, ' ');
        fmt_text(&f, " of ");
        fmt_u64(&f, run->cpu_count, 1, ' ');
        fmt_text(&f, " CPUs took part");
    }
}

bool run_held(const struct run_view *run)
{
    return run->result.header->failed == 0 &&
           run->result.header->cpu_count == run->cpu_count;
}
