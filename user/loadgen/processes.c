/* SPDX-License-Identifier: MIT */
#include "user/loadgen/processes.h"

#include "abi/result.h"
#include "base/assert.h"
#include "user/loadgen/calls.h"
#include "user/loadgen/load.h"
#include "user/rt/burn.h"
#include "user/rt/print.h"
#include "user/rt/process.h"

/* loadgen in the boot archive: the first program behind init (manifests/loadgen.json). */
#define OWN_PROGRAM 1u

/*
 * Of a child: the program's data, tables, rings and numbers, and the first thread's stack; then for
 * each thread a stack of four frames, a ring page, and what the kernel keeps of it.
 */
#define CHILD_FRAMES 160u
#define THREAD_FRAMES 8u
#define TABLE_BYTES (UINT64_C(2) << 20) /* that a table's page maps */
#define CHILD_SLOTS 16u
#define CHILD_OBJECTS 8u /* mappings of two files, the records, the buffer */
#define THREAD_OBJECTS 2u /* a stack and its mapping */
#define ENDPOINT_SLOTS 2u /* it, and a client of it */

static uint32_t handles[WORKLOAD_PROCESSES_MAX + 1]; /* by number; 0: it is not there */

static uint32_t count(void)
{
    return load.image.header->process_count;
}

/* ---- Starting -------------------------------------------------------------------------------- */

static uint32_t threads_of(uint32_t process)
{
    uint32_t threads = 0;

    for (uint32_t i = 0; i < load.image.header->task_count; i++)
        if (load.image.tasks[i].process == process)
            threads += load.image.tasks[i].instance_count;
    return threads;
}

static void give(struct cap_process_params *params, uint32_t from, uint32_t slot)
{
    if (from != CAP_NONE)
        rt_process_give(params, from, slot, CAP_NONE);
}

static struct cap_process_params params_of(uint32_t process, const struct load_gifts *gifts)
{
    static const uint32_t slots[] = {CAP_CONSOLE, CAP_THREADS,  CAP_MACHINE,  CAP_POLICY,
                                     CAP_LEDGER,  CAP_WORKLOAD, CAP_ARGUMENTS};
    uint32_t threads = threads_of(process);
    uint32_t endpoints = load_endpoints_of(process);
    uint64_t mapped_bytes = load_records_bytes() + load.image.header->buffer_bytes;
    struct cap_process_params params = {
        .program = OWN_PROGRAM,
        .argument = process,
        .latency_class = LATENCY_NORMAL,
        .limits = {[LEDGER_FRAMES] = CHILD_FRAMES + threads * THREAD_FRAMES +
                                     mapped_bytes / TABLE_BYTES,
                   [LEDGER_SLOTS] = CHILD_SLOTS + threads + endpoints * ENDPOINT_SLOTS,
                   [LEDGER_THREADS] = 1 + threads,
                   [LEDGER_OPERATIONS] = (1 + threads) * RING_INFLIGHT_MAX,
                   [LEDGER_OBJECTS] = CHILD_OBJECTS + threads * THREAD_OBJECTS + endpoints},
    };

    for (uint32_t i = 0; i < ARRAY_COUNT(slots); i++)
        give(&params, slots[i], slots[i]);
    give(&params, gifts->cpus, CAP_CPUS);
    give(&params, gifts->records, LOAD_SLOT_RECORDS);
    give(&params, gifts->buffer, LOAD_SLOT_BUFFER);
    return params;
}

static void say(uint32_t process, const char *what, const char *why)
{
    struct rt_line line;

    rt_line_begin(&line);
    fmt_text(&line.f, "loadgen: process ");
    fmt_text(&line.f, workload_image_process_name(&load.image, process));
    fmt_text(&line.f, what);
    fmt_text(&line.f, why);
    rt_line_end(&line);
}

bool load_processes_start(const struct load_gifts *gifts)
{
    for (uint32_t process = 1; process <= count(); process++) {
        struct cap_process_params params = params_of(process, gifts);
        int64_t handle = rt_process_spawn(&params);

        if (handle <= 0) {
            say(process, ": cannot start: ", status_sentence(handle));
            load_fail(RESULT_FAILED_PROCESS);
            return false;
        }
        handles[process] = (uint32_t)handle;
        rt_pause();
    }
    return true;
}

/* ---- Together -------------------------------------------------------------------------------- */

static bool is_live(uint32_t process)
{
    struct cap_process_info info;

    return handles[process] != 0 && rt_process_info(handles[process], &info) == STATUS_OK &&
           info.state == PROCESS_LIVE;
}

bool load_processes_live(void)
{
    for (uint32_t process = 1; process <= count(); process++)
        if (is_live(process))
            return true;
    return false;
}

bool load_processes_reach(enum load_stage stage)
{
    for (uint32_t process = 1; process <= count(); process++) {
        const uint32_t *reached = &load.board->stages[process];

        while (__atomic_load_n(reached, __ATOMIC_ACQUIRE) < (uint32_t)stage) {
            if (!is_live(process)) /* bound: it gets there, or ends */
                return false;
            (void)rt_sleep_until(mono_add(rt_now(), LOAD_POLL_NS).ns);
        }
    }
    return true;
}

bool load_all_still(bool is_still)
{
    bool are_all = true;

    __atomic_store_n(&load.board->still[load.process], is_still, __ATOMIC_RELAXED);
    for (uint32_t process = 0; process <= count(); process++)
        are_all &= __atomic_load_n(&load.board->still[process], __ATOMIC_RELAXED) != 0;
    return are_all;
}

void load_processes_open(enum load_gate gate, uint64_t start_ns)
{
    load.board->start_ns = start_ns;
    /* Release: who sees the gate open reads the instant. */
    __atomic_store_n(&load.board->gate, (uint32_t)gate, __ATOMIC_RELEASE);
}

void load_processes_await(void)
{
    for (uint32_t process = 1; process <= count(); process++) {
        int64_t exit_status = 0;

        if (handles[process] == 0)
            continue;
        int64_t end = rt_process_wait(handles[process], &exit_status);

        if (end == PROCESS_EXITED && exit_status == 0)
            continue;
        say(process, end == PROCESS_FAULTED ? ": it faulted" : ": it did not end as it should",
            "");
        load_fail(RESULT_FAILED_PROCESS);
    }
}

/* ---- A child --------------------------------------------------------------------------------- */

static void reach(enum load_stage stage)
{
    __atomic_store_n(&load.board->stages[load.process], (uint32_t)stage, __ATOMIC_RELEASE);
}

static enum load_gate wait_for_gate(void)
{
    for (;;) { /* process 0 opens it, or ends and this process with it */
        uint32_t gate = __atomic_load_n(&load.board->gate, __ATOMIC_ACQUIRE);

        if (gate != GATE_CLOSED)
            return (enum load_gate)gate;
        (void)rt_sleep_until(mono_add(rt_now(), LOAD_POLL_NS).ns);
    }
}

int64_t load_child_run(void)
{
    if (!load_gather()) {
        load_send_home();
        return 1;
    }
    reach(STAGE_READY);
    if (wait_for_gate() == GATE_GO_HOME) {
        load_send_home();
        return 0;
    }
    load_set_start((struct mono){load.board->start_ns});
    load_place();
    reach(STAGE_PLACED);
    load_follow();
    return 0;
}
