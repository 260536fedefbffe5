/* SPDX-License-Identifier: MIT */
#include "user/guest_test/helper.h"

#include "abi/bootinfo.h"
#include "base/assert.h"
#include "user/rt/memory.h"

#define LOOK_NS (200 * NS_PER_US)

static bool is_concurrent;
static uint32_t cpu_count;

void helper_begin(uint64_t arguments_bytes, uint32_t planned)
{
    static const char word[] = "concurrent";

    is_concurrent = arguments_bytes == sizeof word - 1 &&
                    memcmp((const void *)ARGUMENTS_BASE, word, sizeof word - 1) == 0;
    cpu_count = rt_cpu_count();
    tap_plan(planned);
}

bool helper_is_concurrent(void)
{
    return is_concurrent;
}

struct cpumask helper_only(uint32_t cpu)
{
    struct cpumask mask = {{0}};

    cpumask_set(mask.words, cpu);
    return mask;
}

struct cpumask helper_all(void)
{
    struct cpumask mask;

    cpumask_fill(mask.words, CPUMASK_WORDS, cpu_count);
    return mask;
}

struct cap_thread_params helper_params(void)
{
    return (struct cap_thread_params){.weight = WEIGHT_UNIT, .latency_class = LATENCY_NORMAL};
}

struct cap_thread_params helper_on(uint32_t cpu)
{
    struct cap_thread_params params = helper_params();

    params.has_mask = 1;
    cpumask_set(params.mask, cpu);
    return params;
}

struct rt_thread_ref helper_spawn(int64_t (*run)(void *argument), void *argument,
                                  const struct cap_thread_params *params)
{
    struct rt_thread_ref ref;
    int64_t status = rt_thread_spawn(&ref, run, argument, params);

    ASSERT(status == STATUS_OK);
    return ref;
}

int64_t helper_join(const struct rt_thread_ref *ref)
{
    int64_t exit_status;
    int64_t status = rt_thread_join(ref, &exit_status);

    ASSERT(status == STATUS_OK);
    return exit_status;
}

static void set_own_mask(struct cpumask mask)
{
    struct rt_thread_ref self = rt_thread_self();
    int64_t status = rt_set_mask(&self, &mask);

    ASSERT(status == STATUS_OK);
}

void helper_move_to(uint32_t cpu)
{
    set_own_mask(helper_only(cpu));
}

void helper_move_anywhere(void)
{
    set_own_mask(helper_all());
}

void helper_sleep(uint64_t ns)
{
    int64_t status = rt_sleep_until(mono_add(rt_now(), ns).ns);

    ASSERT(status == STATUS_OK);
}

void helper_unpark_all(uint32_t *word, uint32_t count)
{
    for (uint32_t woken = 0; woken < count; helper_sleep(LOOK_NS)) {
        woken += (uint32_t)rt_unpark(word, count - woken);
        ASSERT(woken <= count);
    }
}

void helper_wait_for(const uint32_t *word, uint32_t count)
{
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) < count) {
        rt_pause();
        helper_sleep(LOOK_NS);
    }
}
