/* SPDX-License-Identifier: MIT */
/* init on a kernel made of calls: what it asks for, in which order, and what it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "abi/ring.h"
#include "abi/sched.h"
#include "base/manifest.h"
#include "user/rt/calls.h"
#include "user/rt/layout.h"
#include "user/rt/ledger.h"
#include "user/rt/process.h"
#include "user/rt/program.h"
#include "user/rt/session.h"
#include "user/rt/table.h"

#define SERVICES 3u
#define TEXT_BYTES 1024u
#define HANDLE_FIRST 100u
#define HANDLE_SESSION 200u /* and the next */
#define HANDLE_CPUS 77u /* is not released: the service's set would end with it */

/* The table that is mapped, and what the kernel will answer. */
static struct {
    struct manifest_header header;
    struct manifest_service services[SERVICES];
} table ALIGNED(8);

static struct {
    int64_t map_status;
    int64_t narrow_status;
    int64_t session_status;
    int64_t spawn_status; /* of the last service; 0: it starts */
    struct cap_process_info ends[SERVICES];
} kernel;

/* What init did. */
static struct {
    char text[TEXT_BYTES];
    struct cap_process_params spawned[SERVICES];
    uint32_t spawn_count;
    uint32_t waited[SERVICES], wait_count;
    uint32_t killed[SERVICES], kill_count;
    struct cpumask narrowed;
    uint32_t session_count;
    bool is_failure;
} seen;

static jmp_buf powered_off;

/* ---- The kernel ------------------------------------------------------------------------------ */

void rt_console_write(const char *text, size_t bytes)
{
    assert_true(strlen(seen.text) + bytes < TEXT_BYTES);
    strncat(seen.text, text, bytes);
}

void rt_power_off(bool is_failure)
{
    seen.is_failure = is_failure;
    longjmp(powered_off, 1);
}

int64_t rt_memory_map(uint32_t handle, uint64_t address, uint32_t flags, uint64_t *bytes)
{
    assert_int_equal(handle, CAP_MANIFEST);
    assert_int_equal(flags, 0);
    assert_true(address >= MAP_BASE);
    if (kernel.map_status != STATUS_OK)
        return kernel.map_status;

    void *place = mmap((void *)(uintptr_t)address, sizeof table, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

    assert_true(place == (void *)(uintptr_t)address);
    memcpy(place, &table, sizeof table);
    *bytes = table.header.bytes;
    return STATUS_OK;
}

int64_t rt_ledger_read(struct ledger_account *account)
{
    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
        account->rows[i] = (struct ledger_row){.limit = 100, .reserved = 10, .used = 30};
    account->rows[LEDGER_OPERATIONS].limit = 10000;
    return STATUS_OK;
}

int64_t rt_cpus_narrow(uint32_t handle, const struct cpumask *mask)
{
    assert_int_equal(handle, CAP_CPUS);
    seen.narrowed = *mask;
    return kernel.narrow_status;
}

int64_t rt_session_create(void)
{
    if (kernel.session_status != STATUS_OK)
        return kernel.session_status;
    return HANDLE_SESSION + seen.session_count++;
}

int64_t rt_process_spawn(const struct cap_process_params *params)
{
    uint32_t number = seen.spawn_count++;

    assert_true(number < SERVICES);
    seen.spawned[number] = *params;
    if (number == table.header.service_count - 1 && kernel.spawn_status != 0)
        return kernel.spawn_status;
    return HANDLE_FIRST + number;
}

int64_t rt_process_info(uint32_t handle, struct cap_process_info *info)
{
    *info = kernel.ends[handle - HANDLE_FIRST];
    return STATUS_OK;
}

int64_t rt_process_wait(uint32_t handle, int64_t *exit_status)
{
    const struct cap_process_info *info = &kernel.ends[handle - HANDLE_FIRST];

    seen.waited[seen.wait_count++] = handle;
    *exit_status = info->exit_status;
    return info->end;
}

int64_t rt_process_kill(uint32_t handle)
{
    seen.killed[seen.kill_count++] = handle;
    return STATUS_OK;
}

/* ---- Fixture --------------------------------------------------------------------------------- */

static struct manifest_service service_of(const char *name, uint32_t program)
{
    struct manifest_service service = {
        .program = program,
        .weight = WEIGHT_UNIT + program,
        .latency_class = LATENCY_BATCH,
        .limits = {50, 32, 4, 4 * RING_INFLIGHT_MAX, 2, 8},
        .cap_count = 3,
        .caps = {CAP_WORKLOAD, CAP_CPUS, CAP_CONSOLE},
    };

    memcpy(service.name, name, strlen(name));
    return service;
}

static int make(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof seen);
    memset(&kernel, 0, sizeof kernel);
    kernel.narrow_status = HANDLE_CPUS;
    for (uint32_t i = 0; i < SERVICES; i++)
        kernel.ends[i].state = PROCESS_GONE;
    table.services[0] = service_of("first", 1);
    table.services[1] = service_of("watch", 3);
    table.services[1].flags = MANIFEST_SERVICE_BACKGROUND;
    table.services[2] = service_of("last", 2);
    table.services[2].flags = MANIFEST_SERVICE_HAS_CPUS;
    table.services[2].cpus[0] = 5;
    table.header = (struct manifest_header){
        .magic = MANIFEST_MAGIC, .bytes = sizeof table, .service_count = SERVICES};
    return 0;
}

/* Run it to the machine's end, which must be as expected, with these words on the console. */
static void run(bool is_failure, const char *text)
{
    manifest_seal(&table.header);
    if (setjmp(powered_off) == 0) {
        (void)rt_main(0);
        fail_msg("init returned");
    }
    assert_string_equal(seen.text, text);
    assert_int_equal(seen.is_failure, is_failure);
}

/* ---- Tests ----------------------------------------------------------------------------------- */

/* Goal: each service gets exactly what is named: program, limits, scheduling, capabilities in their
 * own slots, the CPU set narrowed.  Method: three services, all that they were started with. */
static void test_init_gives_what_is_named(void **state)
{
    (void)state;
    run(false, "");
    assert_int_equal(seen.spawn_count, SERVICES);
    for (uint32_t i = 0; i < SERVICES; i++) {
        const struct cap_process_params *params = &seen.spawned[i];
        const struct manifest_service *service = &table.services[i];

        assert_int_equal(params->program, service->program);
        assert_int_equal(params->weight, service->weight);
        assert_int_equal(params->latency_class, LATENCY_BATCH);
        assert_int_equal(params->argument, 0);
        assert_int_equal(params->service, i + 1);
        assert_int_equal(params->session, CAP_NONE);
        assert_memory_equal(params->limits, service->limits, sizeof params->limits);
        assert_int_equal(params->gift_count, 3);
        assert_int_equal(params->gifts[0].slot, CAP_WORKLOAD);
        assert_int_equal(params->gifts[0].from, CAP_WORKLOAD);
        assert_int_equal(params->gifts[1].slot, CAP_CPUS);
        assert_int_equal(params->gifts[1].from, i == 2 ? HANDLE_CPUS : CAP_CPUS);
        assert_int_equal(params->gifts[2].slot, CAP_CONSOLE);
        assert_int_equal(params->gifts[2].grant, 0);
    }
    assert_int_equal(seen.narrowed.words[0], 5);
}

/* Goal: services of one session share it, others have one of their own, or init's.  Method: two
 * sessions; no room for one. */
static void test_init_makes_sessions(void **state)
{
    (void)state;
    table.services[0].session = 2;
    table.services[2].session = 2;
    run(false, "");
    assert_int_equal(seen.session_count, 1);
    assert_int_equal(seen.spawned[0].session, HANDLE_SESSION);
    assert_int_equal(seen.spawned[1].session, CAP_NONE);
    assert_int_equal(seen.spawned[2].session, HANDLE_SESSION);

    make(state);
    table.services[0].session = MANIFEST_SERVICES_MAX;
    table.services[1].session = 1;
    kernel.ends[1] = (struct cap_process_info){.state = PROCESS_GONE, .end = PROCESS_LOGGED_OUT};
    run(true, "init: watch: it was logged out\n");
    assert_int_equal(seen.spawned[0].session, HANDLE_SESSION);
    assert_int_equal(seen.spawned[1].session, HANDLE_SESSION + 1);

    make(state);
    table.services[2].session = 1;
    kernel.session_status = STATUS_NO_SLOT;
    run(true, "init: last: it cannot have its session: a fixed table this needs is full\n");
    assert_int_equal(seen.spawn_count, 2);
    assert_int_equal(seen.kill_count, 2);
}

/* Goal: those in the background are not waited for, but judged.  Method: one that still lives, one
 * that has faulted. */
static void test_init_background_is_not_waited_for(void **state)
{
    (void)state;
    kernel.ends[1].state = PROCESS_LIVE;
    kernel.ends[1].end = PROCESS_FAULTED; /* of no meaning while it lives */
    run(false, "");
    assert_int_equal(seen.wait_count, 2);
    assert_int_equal(seen.waited[0], HANDLE_FIRST);
    assert_int_equal(seen.waited[1], HANDLE_FIRST + 2);

    make(state);
    kernel.ends[1] = (struct cap_process_info){.state = PROCESS_ENDING, .end = PROCESS_KILLED};
    run(true, "init: watch: it was killed\n");
}

/* Goal: an end other than with 0 fails the machine and is said.  Method: one of each kind. */
static void test_init_bad_ends_are_said(void **state)
{
    (void)state;
    kernel.ends[0].exit_status = -3;
    kernel.ends[2] = (struct cap_process_info){
        .state = PROCESS_GONE,
        .end = PROCESS_FAULTED,
        .fault_thread = 7,
        .fault_vector = 14,
        .fault_address = 0x10,
        .fault_pc = 0x401234,
    };
    run(true, "init: first: it exited with -3\n"
              "init: last: it faulted: vector 14, pc 0x401234, address 0x10, thread 7\n");
}

/* Goal: a service that cannot be started ends the others and the machine, with the reason.
 * Method: a refusal; a full ledger; no CPU. */
static void test_init_ends_all_when_one_cannot_start(void **state)
{
    (void)state;
    kernel.spawn_status = STATUS_BAD_CAP;
    run(true, "init: last: it cannot be started: the capability slot is empty or its object does "
              "not know this method\n");
    assert_int_equal(seen.wait_count, 0);
    assert_int_equal(seen.kill_count, 2);
    assert_int_equal(seen.killed[0], HANDLE_FIRST + 1);
    assert_int_equal(seen.killed[1], HANDLE_FIRST);

    make(state);
    kernel.spawn_status = STATUS_LEDGER_FULL;
    table.services[2].limits[LEDGER_FRAMES] = 61;
    table.services[2].limits[LEDGER_SLOTS] = 60;
    table.services[2].limits[LEDGER_OBJECTS] = 1000;
    run(true, "init: last: it cannot be started: the process's ledger has no room for this; the "
              "value says for what\n"
              "init: last: frames: 61 wanted, 60 free\n"
              "init: last: objects: 1000 wanted, 60 free\n");

    make(state);
    kernel.narrow_status = STATUS_OUTSIDE_MASK;
    run(true, "init: last: it cannot have its CPUs: the CPU set asked for has no CPU in common "
              "with the one allowed\n");
    assert_int_equal(seen.spawn_count, 2);
    assert_int_equal(seen.kill_count, 2);
}

/* Goal: without a manifest, or with a bad one, nothing is started.  Method: none; one that cannot
 * be mapped; a damaged one. */
static void test_init_needs_a_sound_manifest(void **state)
{
    (void)state;
    kernel.map_status = STATUS_BAD_CAP;
    run(true, "init: nothing to start: the boot archive has no manifest\n");

    make(state);
    kernel.map_status = STATUS_NO_MEMORY;
    run(true, "init: the manifest cannot be mapped: the memory this needs is used up\n");

    make(state);
    table.services[1].caps[0] = CAP_MANIFEST;
    run(true, "init: the manifest is refused: a capability is none that a manifest names, or it is "
              "named twice\n");
    assert_int_equal(seen.spawn_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_init_gives_what_is_named, make),
        cmocka_unit_test_setup(test_init_makes_sessions, make),
        cmocka_unit_test_setup(test_init_background_is_not_waited_for, make),
        cmocka_unit_test_setup(test_init_bad_ends_are_said, make),
        cmocka_unit_test_setup(test_init_ends_all_when_one_cannot_start, make),
        cmocka_unit_test_setup(test_init_needs_a_sound_manifest, make),
    };

    return cmocka_run_group_tests_name("init", tests, NULL, NULL);
}
