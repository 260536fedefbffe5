/* SPDX-License-Identifier: MIT */
#include "kernel/object.h"

static struct lock objects;

enum status object_take(struct pool *pool, struct resource_ledger *ledger, uint32_t *index)
{
    enum status status = ledger_take(ledger, LEDGER_OBJECTS, 1);

    if (status != STATUS_OK)
        return status;
    *index = pool_take(pool);
    if (*index != POOL_NONE)
        return STATUS_OK;
    ledger_release(ledger, LEDGER_OBJECTS, 1);
    return STATUS_NO_SLOT;
}

void object_lock(void)
{
    lock_take(&objects, LOCK_OBJECT);
}

void object_unlock(void)
{
    lock_give(&objects, LOCK_OBJECT);
}

void object_link(struct list *head, struct list *item)
{
    object_lock();
    list_insert_before(head, item);
    object_unlock();
}

void object_unlink(struct list *item)
{
    object_lock();
    list_remove(item);
    object_unlock();
}

struct list *object_first(const struct list *head)
{
    struct list *first;

    object_lock();
    first = list_is_empty(head) ? NULL : head->next;
    object_unlock();
    return first;
}
