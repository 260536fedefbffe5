/* SPDX-License-Identifier: MIT */
#include "user/rt/calls.h"

#include "user/rt/entry.h"

static int64_t call(uint32_t cap, uint16_t method, uint64_t argument0, uint64_t argument1,
                    uint64_t argument2)
{
    struct ring_sqe entry = {
        .op = RING_OP_CALL,
        .cap = cap,
        .method = method,
        .args = {argument0, argument1, argument2},
    };

    return rt_entry_do(&entry, NULL);
}

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

static void write_all(uint16_t method, const unsigned char *data, size_t bytes)
{
    while (bytes > 0) {
        size_t piece = bytes < CONSOLE_WRITE_BYTES_MAX ? bytes : CONSOLE_WRITE_BYTES_MAX;
        int64_t status = call(CAP_CONSOLE, method, (uint64_t)data, piece, 0);

        ASSERT(status == STATUS_OK);
        data += piece;
        bytes -= piece;
    }
}

void rt_console_write(const char *text, size_t bytes)
{
    write_all(CONSOLE_WRITE, (const unsigned char *)text, bytes);
}

void rt_result_write(const void *data, size_t bytes)
{
    write_all(CONSOLE_RESULT, data, bytes);
}

uint32_t rt_cpu_count(void)
{
    int64_t count = call(CAP_MACHINE, MACHINE_CPU_COUNT, 0, 0, 0);

    ASSERT(count > 0);
    return (uint32_t)count;
}

int64_t rt_cpu_stat(uint32_t cpu, struct cap_cpu_stat *stat)
{
    return call(CAP_MACHINE, MACHINE_CPU_STAT, cpu, (uint64_t)stat, 0);
}

bool rt_conservation_holds(void)
{
    return call(CAP_MACHINE, MACHINE_CONSERVATION, 0, 0, 0) == 1;
}

void rt_power_off(bool is_failure)
{
    (void)call(CAP_MACHINE, MACHINE_POWER_OFF, is_failure ? 1 : 0, 0, 0);
    __builtin_trap(); /* it came back: let the kernel say where */
}

int64_t rt_set_weight(const struct rt_thread_ref *ref, uint32_t weight)
{
    return call(CAP_POLICY, POLICY_SET_WEIGHT, ref->index, ref->gen, weight);
}

int64_t rt_set_class(const struct rt_thread_ref *ref, enum latency_class latency_class)
{
    return call(CAP_POLICY, POLICY_SET_CLASS, ref->index, ref->gen, latency_class);
}

int64_t rt_set_mask(const struct rt_thread_ref *ref, const struct cpumask *mask)
{
    return call(CAP_POLICY, POLICY_SET_MASK, ref->index, ref->gen, (uint64_t)mask);
}

uint32_t rt_call_self_gen(void)
{
    struct ring_sqe entry = {.op = RING_OP_CALL, .cap = CAP_THREADS, .method = THREADS_SELF};
    uint64_t gen = 0;
    int64_t index = rt_entry_do(&entry, &gen);

    ASSERT(index == (int64_t)rt_self()->index);
    return (uint32_t)gen;
}
