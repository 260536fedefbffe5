/* SPDX-License-Identifier: MIT */
/* The clock never goes back: on one CPU, from CPU to CPU, and for a thread that moves. */
#include "user/guest_test/helper.h"
#include "user/rt/program.h"

#define READS 20000u
#define HOPS 400u
#define ROUNDS 500u
#define ROUNDS_CONCURRENT 30u /* where a CPU may wait long for the next one's turn */
#define PLAYERS_MAX 8u
#define PAUSE_EVERY 32u

static uint32_t player_count;
static uint32_t round_count;
static uint32_t turn;
static uint64_t last_ns;
static uint32_t back_count;

/* Goal: two readings in a row never fall.  Method: many of them. */
static void test_one_cpu(void)
{
    struct mono last = rt_now();
    uint32_t back = 0;

    for (uint32_t i = 0; i < READS; i++) {
        struct mono now = rt_now();

        back += mono_before(now, last);
        last = now;
        if (i % PAUSE_EVERY == 0)
            rt_pause();
    }
    tap_equal(back, 0, "readings on one CPU never fall");
}

/* Goal: the clock agrees between CPUs.  Method: a thread per CPU; each reads in its turn, which the
 * others pass on through memory, and compares with the reading before. */
static int64_t play(void *argument)
{
    uint32_t number = (uint32_t)(uintptr_t)argument;

    for (uint32_t round = 0; round < round_count; round++) {
        while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != round * player_count + number)
            rt_pause();
        uint64_t now_ns = rt_now().ns;

        back_count += now_ns < last_ns;
        last_ns = now_ns;
        __atomic_store_n(&turn, round * player_count + number + 1, __ATOMIC_RELEASE);
    }
    return 0;
}

static void test_between_cpus(void)
{
    struct rt_thread_ref refs[PLAYERS_MAX];
    uint32_t cpu_count = rt_cpu_count();

    round_count = helper_is_concurrent() ? ROUNDS_CONCURRENT : ROUNDS;
    player_count = cpu_count < PLAYERS_MAX ? cpu_count : PLAYERS_MAX;
    for (uint32_t i = 0; i < player_count; i++) {
        struct cap_thread_params params = helper_on(i);

        refs[i] = helper_spawn(play, (void *)(uintptr_t)i, &params);
    }
    for (uint32_t i = 0; i < player_count; i++)
        (void)helper_join(&refs[i]);
    tap_equal(back_count, 0, "a message never arrives before it was sent");
}

/* Goal: a thread's time goes on when it changes CPU.  Method: hop and read. */
static void test_moving(void)
{
    struct mono last = rt_now();
    uint32_t back = 0;

    for (uint32_t i = 0; i < HOPS; i++) {
        helper_move_to(i % rt_cpu_count());
        struct mono now = rt_now();

        back += mono_before(now, last);
        last = now;
    }
    helper_move_anywhere();
    tap_equal(back, 0, "a thread that changes CPU never sees time fall");
}

int64_t rt_main(uint64_t argument)
{
    (void)argument;
    helper_begin(3);
    test_one_cpu();
    test_between_cpus();
    test_moving();
    return tap_end();
}
