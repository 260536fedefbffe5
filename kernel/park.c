/* SPDX-License-Identifier: MIT */
#include "kernel/park.h"

#include "kernel/limits.h"
#include "kernel/sched_glue.h"
#include "kernel/uthread.h"

#define WALK_PAUSE 512u                              /* waiters passed between two PAUSEs */
#define HASH_MULTIPLIER UINT64_C(0x9e3779b97f4a7c15) /* 2^64 / golden ratio; Knuth, TAOCP 3, 6.4 */

struct bucket {
    struct lock lock;
    struct list waiters; /* struct op.parked, oldest first */
    uint64_t arrivals;
} ALIGNED(64);

static struct bucket buckets[PARK_BUCKET_COUNT];

void park_init(void)
{
    for (uint32_t i = 0; i < PARK_BUCKET_COUNT; i++) {
        buckets[i] = (struct bucket){.lock = {{0}}};
        list_init(&buckets[i].waiters);
    }
}

static struct bucket *bucket_of(uint64_t phys)
{
    uint64_t hash = (phys >> 2) * HASH_MULTIPLIER / (UINT64_MAX / PARK_BUCKET_COUNT + 1);

    /* As a sum, so that compilers keep the one address. */
    return (struct bucket *)((uintptr_t)buckets + hash * sizeof(struct bucket));
}

HOT bool park_wait(struct op *op, const uint32_t *word, uint32_t expected)
{
    struct bucket *b = bucket_of(op->key);
    bool is_equal;

    ASSERT(port_load32(&op->is_parked) == 0);
    lock_take(&b->lock, LOCK_PARK);
    is_equal = __atomic_load_n(word, __ATOMIC_ACQUIRE) == expected;
    if (is_equal) {
        op->arrival = b->arrivals++;
        list_insert_before(&b->waiters, &op->parked);
        port_store32(&op->is_parked, 1);
    }
    lock_give(&b->lock, LOCK_PARK);
    return is_equal;
}

static void unlink(struct op *op)
{
    list_remove(&op->parked);
    port_store32(&op->is_parked, 0); /* last: now the record may be used again */
}

/* Complete up to PARK_BATCH_MAX waiters that came before `end`.  Returns how many; `woken` says
 * whom to wake. */
static uint32_t complete_some(struct bucket *b, uint64_t phys, uint64_t end, uint64_t count,
                              struct thread_ref *woken)
{
    uint32_t limit = count < PARK_BATCH_MAX ? (uint32_t)count : PARK_BATCH_MAX;
    uint32_t done = 0;
    uint32_t seen = 0;

    for (struct list *at = b->waiters.next; at != &b->waiters && done < limit;) {
        struct op *op = LIST_ENTRY(at, struct op, parked);

        if (op->arrival >= end)
            break;
        at = at->next;
        if (++seen % WALK_PAUSE == 0)
            arch_pause();
        if (op->key != phys)
            continue;
        if (op_claim(op)) /* else its deadline or a CANCEL came first: not one of the woken */
            woken[done++] = op_complete(op, STATUS_OK, 0);
        unlink(op);
    }
    return done;
}

static NOINLINE uint64_t wake_many(struct bucket *b, uint64_t phys, uint64_t count)
{
    struct thread_ref woken[PARK_BATCH_MAX];
    uint64_t total = 0;
    uint64_t end = 0;

    while (total < count) { /* at most THREADS_PER_PROCESS_MAX * RING_INFLIGHT_MAX waiters */
        uint32_t done;

        lock_take(&b->lock, LOCK_PARK);
        if (total == 0)
            end = b->arrivals;
        done = complete_some(b, phys, end, count - total, woken);
        lock_give(&b->lock, LOCK_PARK);
        for (uint32_t i = 0; i < done; i++)
            glue_wake(woken[i], WAKE_PARK);
        total += done;
        if (done < PARK_BATCH_MAX)
            break;
        arch_pause();
    }
    return total;
}

/* The one who waits there, if it is the bucket's first waiter and its operation is still to be
 * ended.  Under the bucket's lock. */
static HOT bool complete_first(struct bucket *b, uint64_t phys, struct thread_ref *woken)
{
    struct list *first = b->waiters.next;
    struct op *op = LIST_ENTRY(first, struct op, parked);

    if (first == &b->waiters || op->key != phys)
        return false;
    if (!op_claim(op))
        return false;
    *woken = op_complete(op, STATUS_OK, 0);
    unlink(op);
    return true;
}

HOT bool park_complete_first(uint64_t phys, struct thread_ref *woken)
{
    struct bucket *b = bucket_of(phys);

    lock_take(&b->lock, LOCK_PARK);
    if (!LIKELY(complete_first(b, phys, woken))) {
        lock_give(&b->lock, LOCK_PARK);
        return false;
    }
    lock_give(&b->lock, LOCK_PARK);
    return true;
}

uint64_t park_wake(uint64_t phys, uint64_t count)
{
    return wake_many(bucket_of(phys), phys, count);
}

static NOINLINE void cancel(struct op *op)
{
    struct bucket *b = bucket_of(op->key);

    lock_take(&b->lock, LOCK_PARK);
    if (port_load32(&op->is_parked) != 0)
        unlink(op);
    lock_give(&b->lock, LOCK_PARK);
}

HOT void park_cancel(struct op *op)
{
    if (port_load32(&op->is_parked) != 0)
        cancel(op);
}

uint32_t park_end(struct uthread *t, uint64_t virt, uint64_t bytes)
{
    uint32_t ended = 0;

    for (uint32_t i = 0; i < RING_INFLIGHT_MAX; i++) {
        struct op *op = &t->ops[i];
        struct bucket *b;

        if (port_load32(&op->is_parked) == 0)
            continue;
        b = bucket_of(__atomic_load_n(&op->key, __ATOMIC_RELAXED));
        lock_take(&b->lock, LOCK_PARK);
        /* Its owner may have used it anew meanwhile, for another word. */
        if (port_load32(&op->is_parked) != 0 && bucket_of(op->key) == b &&
            op->virt - virt < bytes && op_claim(op)) {
            struct thread_ref owner = op_complete(op, STATUS_STALE, 0);

            ASSERT(owner.slot == t->ref.slot);
            unlink(op);
            ended++;
        }
        lock_give(&b->lock, LOCK_PARK);
    }
    return ended;
}
