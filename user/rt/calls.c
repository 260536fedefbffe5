/* SPDX-License-Identifier: MIT */
#include "user/rt/calls.h"

#include "user/rt/clock.h"
#include "user/rt/entry.h"

#define CONSERVATION_TRIES 50u

int64_t rt_park(const uint32_t *word, uint32_t expected, uint64_t deadline_ns)
{
    struct ring_sqe entry = {
        .op = RING_OP_PARK,
        .args = {(uint64_t)word, expected, deadline_ns},
    };

    return rt_entry_do(&entry, NULL);
}

int64_t rt_unpark(const uint32_t *word, uint32_t count)
{
    struct ring_sqe entry = {.op = RING_OP_UNPARK, .args = {(uint64_t)word, count}};
    int64_t woken = rt_entry_do(&entry, NULL);

    ASSERT(woken >= 0);
    return woken;
}

int64_t rt_sleep_until(uint64_t at_ns)
{
    struct ring_sqe entry = {.op = RING_OP_SLEEP_UNTIL, .args = {at_ns}};

    return rt_entry_do(&entry, NULL);
}

void rt_yield(void)
{
    struct ring_sqe entry = {.op = RING_OP_YIELD};
    int64_t status = rt_entry_do(&entry, NULL);

    ASSERT(status == STATUS_OK);
}

/* Text for a console that the process does not have, or not any more, is no bug of its own. */
static bool is_absent(int64_t status)
{
    return status == STATUS_BAD_CAP || status == STATUS_STALE;
}

static int64_t write_all(uint16_t method, const unsigned char *data, size_t bytes)
{
    while (bytes > 0) {
        size_t piece = bytes < CONSOLE_WRITE_BYTES_MAX ? bytes : CONSOLE_WRITE_BYTES_MAX;
        int64_t status = rt_call(CAP_CONSOLE, method, (uint64_t)data, piece, 0);

        if (is_absent(status))
            return status;
        ASSERT(status == STATUS_OK);
        data += piece;
        bytes -= piece;
    }
    return STATUS_OK;
}

void rt_console_write(const char *text, size_t bytes)
{
    (void)write_all(CONSOLE_WRITE, (const unsigned char *)text, bytes);
}

int64_t rt_result_write(const void *data, size_t bytes)
{
    return write_all(CONSOLE_RESULT, data, bytes);
}

uint32_t rt_cpu_count(void)
{
    int64_t count = rt_call(CAP_MACHINE, MACHINE_CPU_COUNT, 0, 0, 0);

    ASSERT(count > 0);
    return (uint32_t)count;
}

int64_t rt_cpu_stat(uint32_t cpu, struct cap_cpu_stat *stat)
{
    return rt_call(CAP_MACHINE, MACHINE_CPU_STAT, cpu, (uint64_t)stat, 0);
}

/* What is missing stays missing.  But while the host has taken the processor from one of the CPUs
 * in the middle of a charge, all looks of the kernel's see half of that. */
bool rt_conservation_holds(void)
{
    for (uint32_t i = 0; i < CONSERVATION_TRIES; i++) { /* at most so often */
        int64_t held = rt_call(CAP_MACHINE, MACHINE_CONSERVATION, 0, 0, 0);

        if (held != 0)
            return held == 1;
        (void)rt_sleep_until(rt_now().ns + NS_PER_MS);
    }
    return false;
}

int64_t rt_machine_stat(struct cap_machine_stat *stat)
{
    return rt_call(CAP_MACHINE, MACHINE_STAT, (uint64_t)stat, 0, 0);
}

void rt_power_off(bool is_failure)
{
    (void)rt_call(CAP_POWER, POWER_OFF, is_failure ? 1 : 0, 0, 0);
    __builtin_trap(); /* it came back: let the kernel say where */
}

int64_t rt_set_weight(const struct rt_thread_ref *ref, uint32_t weight)
{
    return rt_call(CAP_POLICY, POLICY_SET_WEIGHT, ref->index, ref->gen, weight);
}

int64_t rt_set_class(const struct rt_thread_ref *ref, enum latency_class latency_class)
{
    return rt_call(CAP_POLICY, POLICY_SET_CLASS, ref->index, ref->gen, latency_class);
}

int64_t rt_set_mask(const struct rt_thread_ref *ref, const struct cpumask *mask)
{
    return rt_call(CAP_POLICY, POLICY_SET_MASK, ref->index, ref->gen, (uint64_t)mask);
}

int64_t rt_set_process_policy(uint32_t process, const struct cap_process_policy *policy)
{
    return rt_call(CAP_POLICY, POLICY_SET_PROCESS, process, (uint64_t)policy, 0);
}
