/* SPDX-License-Identifier: MIT */
/*
 * list.h - a doubly linked ring of embedded links, for the kernel's own records.
 *
 * The head is a link too; an unlinked link points to itself, so removing twice is harmless and
 * "is it linked" is a comparison.  No locks here: the owner of the head says which one.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/types.h"

struct list {
    struct list *next;
    struct list *prev;
};

#define LIST_ENTRY(link, type, member) \
    ((type *)(void *)((unsigned char *)(link) - offsetof(type, member)))

static inline void list_init(struct list *head)
{
    head->next = head;
    head->prev = head;
}

static inline bool list_is_empty(const struct list *head)
{
    return head->next == head;
}

/* Link `item` before `at`: at the tail when `at` is the head. */
static inline void list_insert_before(struct list *at, struct list *item)
{
    item->next = at;
    item->prev = at->prev;
    at->prev->next = item;
    at->prev = item;
}

static inline void list_remove(struct list *item)
{
    item->prev->next = item->next;
    item->next->prev = item->prev;
    list_init(item);
}

#endif /* BASE_LIST_H */
