/* SPDX-License-Identifier: MIT */
#include "user/loadgen/load.h"

#include "abi/result.h"
#include "base/assert.h"
#include "user/loadgen/calls.h"
#include "user/rt/burn.h"
#include "user/rt/print.h"

struct cpumask load_cpus_of(uint32_t mask)
{
    const uint64_t *row = workload_image_mask(&load.image, mask);
    struct cpumask cpus = load.cpus;

    for (uint32_t i = 0; row != NULL && i < CPUMASK_WORDS; i++)
        cpus.words[i] &= row[i];
    return cpus;
}

static void say_refused(uint32_t number, int64_t status)
{
    const struct workload_task *task =
        &load.image.tasks[workload_image_task_of(&load.image, number)];
    struct rt_line line;

    rt_line_begin(&line);
    fmt_text(&line.f, "loadgen: task ");
    fmt_text(&line.f, workload_image_name(&load.image, task->name));
    fmt_text(&line.f, ", instance ");
    fmt_u64(&line.f, workload_image_instance_of(&load.image, number), 0, ' ');
    fmt_text(&line.f, ": cannot start: ");
    fmt_text(&line.f, status_sentence(status));
    rt_line_end(&line);
}

bool load_params(const struct load_thread *t, struct cap_thread_params *params)
{
    const struct workload_task *task =
        &load.image.tasks[workload_image_task_of(&load.image, t->number)];
    struct cpumask cpus = load_cpus_of(task->mask);

    *params = (struct cap_thread_params){
        .weight = task->weight,
        .latency_class = task->latency_class,
        .has_mask = 1,
    };
    for (uint32_t i = 0; i < CPUMASK_WORDS; i++)
        params->mask[i] = cpus.words[i];
    return !cpumask_is_empty(cpus.words, CPUMASK_WORDS);
}

static int64_t start_thread(struct load_thread *t)
{
    struct cap_thread_params params;
    struct cpumask cpus;

    if (!load_params(t, &params))
        return STATUS_OUTSIDE_MASK;
    for (uint32_t i = 0; i < CPUMASK_WORDS; i++) {
        cpus.words[i] = params.mask[i];
        params.mask[i] = 0;
    }
    uint32_t turn = t->number % cpumask_count(cpus.words, CPUMASK_WORDS);

    cpumask_set(params.mask, cpumask_nth(cpus.words, CPUMASK_WORDS, turn));
    int64_t status = rt_thread_spawn(&t->ref, load_thread_run, t, &params);

    t->has_started = status == STATUS_OK;
    load.started += t->has_started;
    return status;
}

/* Wait until `*word` has counted up to `count`; the thread that makes it so unparks it. */
static void wait_for_count(const uint32_t *word, uint32_t count)
{
    for (;;) {
        uint32_t value = __atomic_load_n(word, __ATOMIC_ACQUIRE);

        if (value == count)
            return;
        /* The deadline covers the values in between, for which nobody unparks. */
        (void)rt_park(word, value, rt_now().ns + NS_PER_MS);
    }
}

static void open_gate(enum load_gate gate)
{
    __atomic_store_n(&load.gate, (uint32_t)gate, __ATOMIC_RELEASE);
    (void)rt_unpark(&load.gate, LOAD_THREADS_MAX);
}

void load_send_home(void)
{
    open_gate(GATE_GO_HOME);
    for (uint32_t i = 0; i < load.thread_count; i++) {
        if (load_is_own(i) && load.threads[i].has_started)
            (void)rt_thread_join(&load.threads[i].ref, NULL);
        rt_pause();
    }
}

static bool start_all(void)
{
    for (uint32_t i = 0; i < load.thread_count; i++)
        load.start_count += load_is_own(i) && !load.threads[i].is_forked;
    for (uint32_t i = 0; i < load.thread_count; i++) {
        if (!load_is_own(i) || load.threads[i].is_forked)
            continue;
        int64_t status = start_thread(&load.threads[i]);

        if (status != STATUS_OK) {
            say_refused(i, status);
            load_fail(RESULT_FAILED_SPAWN);
            return false;
        }
        rt_pause();
    }
    wait_for_count(&load.ready, load.start_count);
    return true;
}

/*
 * A place for a stack is made when it is first used, and kept: use as many as can be forked, so
 * that a fork makes no memory.  Where there is no memory for all, the fork that misses it says so.
 */
static void make_stacks(void)
{
    uint32_t taken = 0; /* threads looked at, whose stacks were taken */
    bool has_memory = true;

    for (; taken < load.thread_count && has_memory; taken++) {
        struct load_thread *t = &load.threads[taken];

        if (load_is_own(taken) && t->is_forked)
            has_memory = rt_stack_take(&t->ref.slot) == STATUS_OK;
        rt_pause();
    }
    for (uint32_t i = 0; i < taken - !has_memory; i++)
        if (load_is_own(i) && load.threads[i].is_forked)
            rt_stack_give(load.threads[i].ref.slot);
}

static void widen_masks(void)
{
    for (uint32_t i = 0; i < load.thread_count; i++) {
        const struct load_thread *t = &load.threads[i];

        if (!load_is_own(i) || t->is_forked)
            continue;
        uint32_t task = workload_image_task_of(&load.image, i);
        struct cpumask cpus = load_cpus_of(load.image.tasks[task].mask);
        int64_t status = rt_set_mask(&t->ref, &cpus);

        ASSERT(status == STATUS_OK); /* spawn accepted a part of it */
        rt_pause();
    }
}

bool load_gather(void)
{
    struct rt_thread_ref self = rt_thread_self();

    if (rt_set_class(&self, LATENCY_INTERACTIVE) != STATUS_OK)
        UNREACHABLE();
    if (!load_make_endpoints() || !start_all())
        return false;
    make_stacks();
    return true;
}

void load_set_start(struct mono start)
{
    load.start = start;
    if (!mono_is_never(load.end))
        load.end = mono_add(load.start, load.end.ns);
}

void load_place(void)
{
    open_gate(GATE_OPEN);
    wait_for_count(&load.asleep, load.start_count);
    (void)rt_sleep_until(mono_add(rt_now(), LOAD_SETTLE_NS).ns);
    widen_masks();
}

/* A process that is missing now is missed again when all are waited for. */
static void start_run(void)
{
    load_set_start(mono_add(rt_now(), LOAD_MARGIN_NS + LOAD_MARGIN_THREAD_NS * load.thread_count));
    load_processes_open(GATE_OPEN, load.start.ns);
    load_place();
    (void)load_processes_reach(STAGE_PLACED);
    if (!mono_before(rt_now(), load.start))
        rt_print("loadgen: the machine is too slow: threads were still being placed at the start");
}

bool load_start(const struct load_gifts *gifts)
{
    if (load_processes_start(gifts) && load_gather() && load_processes_reach(STAGE_READY)) {
        start_run();
        return true;
    }
    load_processes_open(GATE_GO_HOME, 0);
    load_send_home();
    load_processes_await();
    return false;
}
