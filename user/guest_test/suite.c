/* SPDX-License-Identifier: MIT */
/*
 * Runs the boot archive's programs before its own number one after the other, in one boot, each
 * with all that this one holds.  Each is one test here; its own tests stand above, indented.
 *
 * Arguments: suite=COUNT.
 */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/program.h"

#define FRAMES 16384u
#define SLOTS 8192u
#define THREADS 1200u
#define GRANTS 512u
#define OBJECTS 3000u

static int64_t run(uint32_t program)
{
    static const uint32_t slots[] = {CAP_CONSOLE, CAP_THREADS, CAP_MACHINE, CAP_POLICY, CAP_POWER,
                                     CAP_SPAWNER, CAP_LEDGER,  CAP_TABLE,   CAP_CPUS,
                                     CAP_ARGUMENTS, CAP_SESSIONS, CAP_IRQS, CAP_PORTS};
    struct cap_process_params params = {
        .program = program,
        .latency_class = LATENCY_NORMAL,
        .limits = {[LEDGER_FRAMES] = FRAMES,
                   [LEDGER_SLOTS] = SLOTS,
                   [LEDGER_THREADS] = THREADS,
                   [LEDGER_OPERATIONS] = THREADS * RING_INFLIGHT_MAX,
                   [LEDGER_GRANTS] = GRANTS,
                   [LEDGER_OBJECTS] = OBJECTS},
    };
    int64_t exit_status = 0;

    for (uint32_t i = 0; i < ARRAY_COUNT(slots); i++)
        rt_process_give(&params, slots[i], slots[i], CAP_NONE);
    uint32_t child = helper_start(&params);
    int64_t end = rt_process_wait(child, &exit_status);
    int64_t released = rt_release(child);

    ASSERT(released == STATUS_OK);
    return end == PROCESS_EXITED ? exit_status : -1;
}

int64_t rt_main(uint64_t argument)
{
    uint64_t count = 1;

    (void)argument;
    helper_begin_suite();
    helper_numbers("suite", &count, 1);
    tap_plan((uint32_t)count);
    for (uint32_t i = 0; i < count; i++) /* BOOT_ARCHIVE_ENTRIES_MAX */
        tap_equal(run(HELPER_PROGRAM + i), 0, "a program ends with all its tests passed");
    return tap_end();
}
