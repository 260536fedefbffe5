/* SPDX-License-Identifier: MIT */
#include "kernel/object.h"

static struct lock objects;

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
