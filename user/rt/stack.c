/* SPDX-License-Identifier: MIT */
#include "user/rt/stack.h"

#include "abi/sched.h"
#include "abi/status.h"
#include "base/assert.h"
#include "user/rt/ledger.h"

/* Small: every process has them, zeroed. */
struct place {
    uint32_t gen; /* on the detached list: the thread that is still there */
    uint16_t index;
    uint16_t next; /* on a list: the next place's number, or 0 */
};

static struct place places[RT_THREADS_MAX];

/* Has a stack been made there?  Its memory object's handle stays in the table, unused. */
static bool is_made[RT_THREADS_MAX];

/*
 * A list's head: the first place's number in the low half, or 0; the number of changes in the high
 * half.  With the count a head is never seen twice, so compare-and-swap notices a place that left
 * and came back between the two.
 */
static uint64_t free_list;
static uint64_t detached_list;

/* Numbers below this were given out once. */
static uint32_t fresh = 1;

static uint64_t head_after(uint64_t head, uint32_t slot)
{
    return ((head >> 32) + 1) << 32 | slot;
}

static void push(uint64_t *list, uint32_t slot)
{
    uint64_t head = __atomic_load_n(list, __ATOMIC_RELAXED);

    do { /* bound: another turn only when another thread has changed the list */
        __atomic_store_n(&places[slot].next, (uint16_t)head, __ATOMIC_RELAXED);
    } while (!__atomic_compare_exchange_n(list, &head, head_after(head, slot), false,
                                          __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

static uint32_t pop(uint64_t *list)
{
    /* Acquire: the place's `next` is read after the head that push released with it. */
    uint64_t head = __atomic_load_n(list, __ATOMIC_ACQUIRE);

    while ((uint32_t)head != 0) { /* bound: as in push */
        uint32_t next = __atomic_load_n(&places[(uint32_t)head].next, __ATOMIC_RELAXED);

        if (__atomic_compare_exchange_n(list, &head, head_after(head, next), false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
            break;
    }
    return (uint32_t)head;
}

/* A thread's record has its generation from its start until nothing of it is left. */
static bool is_gone(const struct place *place)
{
    const struct telemetry_record *record =
        (const struct telemetry_record *)(TELEMETRY_BASE + sizeof(struct telemetry_header)) +
        place->index;

    return __atomic_load_n(&record->gen, __ATOMIC_ACQUIRE) != place->gen;
}

/* Free the places of detached threads that are gone.  Nobody pops from the detached list, so it can
 * begin anew without its count. */
static void collect(void)
{
    uint32_t slot = (uint32_t)__atomic_exchange_n(&detached_list, 0, __ATOMIC_ACQUIRE);

    while (slot != 0) { /* at most RT_THREADS_MAX turns of about 20 instructions */
        uint32_t next = places[slot].next;

        push(is_gone(&places[slot]) ? &free_list : &detached_list, slot);
        slot = next;
    }
}

static uint32_t take_fresh(void)
{
    uint32_t slot = __atomic_load_n(&fresh, __ATOMIC_RELAXED);

    while (slot < RT_THREADS_MAX) { /* bound: as in push */
        if (__atomic_compare_exchange_n(&fresh, &slot, slot + 1, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED))
            return slot;
    }
    return 0;
}

/* All or nothing: refused, the place is as it was. */
static int64_t make(uint32_t slot)
{
    int64_t memory = rt_memory_create(RT_STACK_BYTES);

    if (memory < 0)
        return memory;
    int64_t status = rt_memory_map((uint32_t)memory, rt_stack_base(slot), MEMORY_MAP_WRITE, NULL);

    if (status != STATUS_OK) {
        (void)rt_memory_destroy((uint32_t)memory);
        (void)rt_release((uint32_t)memory);
        return status;
    }
    is_made[slot] = true;
    return STATUS_OK;
}

int64_t rt_stack_take(uint32_t *slot)
{
    uint32_t taken = pop(&free_list);

    if (taken == 0) {
        collect();
        taken = pop(&free_list);
    }
    if (taken == 0)
        taken = take_fresh();
    if (taken == 0)
        return STATUS_NO_SLOT;
    if (!is_made[taken]) {
        int64_t status = make(taken);

        if (status != STATUS_OK) {
            push(&free_list, taken);
            return status;
        }
    }
    *slot = taken;
    return STATUS_OK;
}

void rt_stack_give(uint32_t slot)
{
    ASSERT(slot < RT_THREADS_MAX);

    if (slot != RT_STACK_KERNELS)
        push(&free_list, slot);
}

void rt_stack_give_later(uint32_t slot, uint32_t index, uint32_t gen)
{
    ASSERT(slot < RT_THREADS_MAX);

    if (slot == RT_STACK_KERNELS)
        return;
    places[slot].index = (uint16_t)index;
    places[slot].gen = gen;
    push(&detached_list, slot);
}
