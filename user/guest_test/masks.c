/* SPDX-License-Identifier: MIT */
/* A thread runs only on the CPUs of its set, whoever changes it and whatever the thread does. */
#include "user/guest_test/helper.h"
#include "user/rt/program.h"

#define HOPS 300u
#define LOOK_NS (20 * NS_PER_MS)

static uint32_t allowed_cpu; /* where the guest of test_changed_by_other may run */
static uint32_t moved_count;
static uint32_t should_end;
static uint32_t gate;

/* Runs on one CPU and says whether it ever saw itself on another. */
static int64_t stay(void *argument)
{
    uint32_t cpu = (uint32_t)(uintptr_t)argument;
    struct mono until = mono_add(rt_now(), LOOK_NS);
    int64_t elsewhere = 0;

    while (mono_before(rt_now(), until)) {
        elsewhere += rt_own_cpu() != cpu;
        rt_burn();
    }
    return elsewhere;
}

/* Goal: pinned threads stay, though other CPUs are idle or busier.  Method: three per CPU of the
 * first two CPUs. */
static void test_pinned(void)
{
    struct rt_thread_ref refs[6];
    int64_t elsewhere = 0;

    for (uint32_t i = 0; i < ARRAY_COUNT(refs); i++) {
        uint32_t cpu = i % 2 < rt_cpu_count() ? i % 2 : 0;
        struct cap_thread_params params = helper_on(cpu);

        refs[i] = helper_spawn(stay, (void *)(uintptr_t)cpu, &params);
    }
    for (uint32_t i = 0; i < ARRAY_COUNT(refs); i++)
        elsewhere += helper_join(&refs[i]);
    tap_equal(elsewhere, 0, "pinned threads run on their CPU only");
}

/* Goal: after narrowing itself a thread is where it may be.  Method: hop round all CPUs. */
static void test_own_change(void)
{
    uint32_t wrong = 0;

    for (uint32_t i = 0; i < HOPS; i++) {
        uint32_t cpu = i % rt_cpu_count();

        helper_move_to(cpu);
        wrong += rt_own_cpu() != cpu;
    }
    helper_move_anywhere();
    tap_equal(wrong, 0, "a thread has moved when its own change completes");
}

/* Says where it is whenever it is somewhere new. */
static int64_t follow(void *argument)
{
    uint32_t last = UINT32_MAX;

    (void)argument;
    while (!__atomic_load_n(&should_end, __ATOMIC_ACQUIRE)) {
        uint32_t cpu = rt_own_cpu();

        if (cpu != last && cpu == __atomic_load_n(&allowed_cpu, __ATOMIC_ACQUIRE)) {
            last = cpu;
            (void)__atomic_add_fetch(&moved_count, 1, __ATOMIC_ACQ_REL);
        }
        rt_burn();
    }
    return 0;
}

/* Goal: a running thread leaves when another thread takes its CPU away.  Method: main moves it on
 * and waits for its word; a thread that does not leave hangs the test. */
static void test_changed_by_other(void)
{
    struct cap_thread_params params = helper_on(0);
    struct rt_thread_ref ref;
    uint32_t rounds = rt_cpu_count() == 1 ? 1 : 20;

    allowed_cpu = 0;
    ref = helper_spawn(follow, NULL, &params);
    helper_wait_for(&moved_count, 1);
    for (uint32_t i = 1; i < rounds; i++) {
        uint32_t cpu = i % rt_cpu_count();
        struct cpumask mask = helper_only(cpu);

        __atomic_store_n(&allowed_cpu, cpu, __ATOMIC_RELEASE);
        if (rt_set_mask(&ref, &mask) != STATUS_OK)
            break;
        helper_wait_for(&moved_count, i + 1);
    }
    __atomic_store_n(&should_end, 1, __ATOMIC_RELEASE);
    (void)helper_join(&ref);
    tap_equal(moved_count, rounds, "a running thread follows a set changed by another");
}

static int64_t sleep_then_look(void *argument)
{
    (void)argument;
    while (__atomic_load_n(&gate, __ATOMIC_ACQUIRE) == 0)
        (void)rt_park(&gate, 0, RT_NO_DEADLINE);
    return rt_own_cpu();
}

/* Goal: a waiting thread wakes inside its new set.  Method: change it while the thread parks. */
static void test_changed_asleep(void)
{
    uint32_t last = rt_cpu_count() - 1;
    struct cap_thread_params params = helper_on(0);
    struct rt_thread_ref ref = helper_spawn(sleep_then_look, NULL, &params);
    struct cpumask mask = helper_only(last);

    helper_sleep(2 * NS_PER_MS);
    int64_t status = rt_set_mask(&ref, &mask);

    __atomic_store_n(&gate, 1, __ATOMIC_RELEASE);
    (void)rt_unpark(&gate, 1);
    tap_ok(status == STATUS_OK && helper_join(&ref) == last, "a thread wakes inside its new set");
}

/* Goal: sets without a CPU that is online are refused, others cut.  Method: the caller's own. */
static void test_refusals(void)
{
    struct rt_thread_ref self = rt_thread_self();
    struct rt_thread_ref stale = {self.index, self.gen + 1, self.slot};
    struct cpumask none = {{0}};
    struct cpumask offline = helper_only(CPU_MAX - 1);
    struct cpumask partly = helper_only(0);
    struct cap_thread_params params = helper_on(CPU_MAX - 1);
    struct rt_thread_ref ref;

    cpumask_set(partly.words, CPU_MAX - 1);
    tap_equal(rt_set_mask(&self, &none), STATUS_OUTSIDE_MASK, "an empty set is refused");
    tap_equal(rt_set_mask(&self, &offline), STATUS_OUTSIDE_MASK, "a set offline is refused");
    tap_equal(rt_set_mask(&stale, &partly), STATUS_STALE, "a stale reference is refused");
    tap_ok(rt_set_mask(&self, &partly) == STATUS_OK && rt_own_cpu() == 0,
           "a set partly online holds what is online");
    tap_equal(rt_thread_spawn(&ref, stay, NULL, &params), STATUS_OUTSIDE_MASK,
              "so it is for new threads");
    helper_move_anywhere();
}

int64_t rt_main(uint64_t argument)
{
    (void)argument;
    helper_begin(9);
    test_pinned();
    test_own_change();
    test_changed_by_other();
    test_changed_asleep();
    test_refusals();
    return tap_end();
}
