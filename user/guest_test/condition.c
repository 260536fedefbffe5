/* SPDX-License-Identifier: MIT */
/* The runtime's condition: one signal ends one wait, the longest; a lost signal stays lost. */
#include "user/guest_test/helper.h"
#include "user/rt/condition.h"
#include "user/rt/program.h"

#define WAITERS 6u
#define ITEMS 3000u
#define SLOTS 4u

static struct rt_mutex mutex;
static struct rt_condition condition;
static uint32_t arrived;
static uint32_t woken_count;
static uint32_t woken[WAITERS];

static int64_t wait_once(void *argument)
{
    rt_mutex_lock(&mutex);
    arrived++;
    rt_condition_wait(&condition, &mutex);
    woken[woken_count++] = (uint32_t)(uintptr_t)argument;
    rt_mutex_unlock(&mutex);
    return 0;
}

/* Under the mutex: who counted as arrived waits, because waiting gives the mutex back. */
static uint32_t count_of(const uint32_t *word)
{
    rt_mutex_lock(&mutex);
    uint32_t count = *word;

    rt_mutex_unlock(&mutex);
    return count;
}

static void wait_for(const uint32_t *word, uint32_t count)
{
    while (count_of(word) < count)
        helper_sleep(100 * NS_PER_US);
}

/* Goal: signals wake in order of arrival, one each; a broadcast wakes the rest.  Method: waiters
 * that arrive one after the other. */
static void test_order(void)
{
    struct rt_thread_ref refs[WAITERS];
    bool is_one_each = true;

    for (uintptr_t i = 0; i < WAITERS; i++) {
        refs[i] = helper_spawn(wait_once, (void *)i, NULL);
        wait_for(&arrived, (uint32_t)i + 1);
    }
    for (uint32_t i = 0; i < 3; i++) {
        rt_condition_signal(&condition, NULL);
        wait_for(&woken_count, i + 1);
        is_one_each = is_one_each && count_of(&woken_count) == i + 1;
    }
    tap_ok(is_one_each, "a signal ends one wait");
    tap_ok(woken[0] == 0 && woken[1] == 1 && woken[2] == 2, "the longest wait first");
    rt_condition_broadcast(&condition);
    for (uint32_t i = 0; i < WAITERS; i++)
        (void)helper_join(&refs[i]);
    tap_equal(woken_count, WAITERS, "a broadcast ends all waits");
}

/* Goal: a signal without a waiter is lost.  Method: signal, then wait with a deadline. */
static void test_lost(void)
{
    rt_condition_signal(&condition, NULL);
    rt_condition_broadcast(&condition);
    rt_mutex_lock(&mutex);
    enum status status =
        rt_condition_wait_until(&condition, &mutex, mono_add(rt_now(), NS_PER_MS).ns);

    tap_equal(status, STATUS_EXPIRED, "a signal that nobody waits for is lost");
}

/* A bounded buffer of numbers, the classic use. */
static struct {
    struct rt_condition not_empty, not_full;
    uint64_t items[SLOTS];
    uint32_t head, count;
} buffer;

static void buffer_put(uint64_t item)
{
    rt_mutex_lock(&mutex);
    while (buffer.count == SLOTS)
        rt_condition_wait(&buffer.not_full, &mutex);
    buffer.items[(buffer.head + buffer.count++) % SLOTS] = item;
    rt_condition_signal(&buffer.not_empty, &mutex);
    rt_mutex_unlock(&mutex);
}

static uint64_t buffer_get(void)
{
    rt_mutex_lock(&mutex);
    while (buffer.count == 0)
        rt_condition_wait(&buffer.not_empty, &mutex);
    uint64_t item = buffer.items[buffer.head++ % SLOTS];

    buffer.count--;
    rt_condition_signal(&buffer.not_full, &mutex);
    rt_mutex_unlock(&mutex);
    return item;
}

static int64_t produce(void *argument)
{
    (void)argument;
    for (uint64_t i = 1; i <= ITEMS; i++)
        buffer_put(i);
    return 0;
}

static int64_t consume(void *argument)
{
    int64_t sum = 0;

    (void)argument;
    for (uint32_t i = 0; i < ITEMS; i++)
        sum += (int64_t)buffer_get();
    return sum;
}

/* Goal: no wake is lost between many threads.  Method: two producers, two consumers, four slots. */
static void test_buffer(void)
{
    struct rt_thread_ref producers[2], consumers[2];
    int64_t sum = 0;

    for (uint32_t i = 0; i < 2; i++) {
        producers[i] = helper_spawn(produce, NULL, NULL);
        consumers[i] = helper_spawn(consume, NULL, NULL);
    }
    for (uint32_t i = 0; i < 2; i++) {
        (void)helper_join(&producers[i]);
        sum += helper_join(&consumers[i]);
    }
    tap_equal(sum, (int64_t)ITEMS * (ITEMS + 1), "6000 items through four slots");
}

int64_t rt_main(uint64_t argument)
{
    (void)argument;
    helper_begin(5);
    test_order();
    test_buffer();
    test_lost();
    return tap_end();
}
