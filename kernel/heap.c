/* SPDX-License-Identifier: MIT */
#include "kernel/heap.h"

static bool is_earlier(const struct heap_node *a, const struct heap_node *b)
{
    int64_t difference_ns = mono_diff_ns(a->at, b->at);

    return difference_ns != 0 ? difference_ns < 0 : a->arrival < b->arrival;
}

static uint32_t rank_of(const struct heap_node *t)
{
    return t != NULL ? t->rank : 0;
}

/* HP2 at one node.  Returns: its rank changed. */
static bool repair(struct heap_node *t)
{
    uint32_t rank;

    if (rank_of(t->left) < rank_of(t->right)) {
        struct heap_node *left = t->left;

        t->left = t->right;
        t->right = left;
    }
    rank = rank_of(t->right) + 1;
    if (t->rank == rank)
        return false;
    t->rank = (uint8_t)rank; /* at most 64 */
    return true;
}

/* One tree of two, without a parent: their right paths merged, then repaired from below. */
static struct heap_node *merge(struct heap_node *a, struct heap_node *b)
{
    struct heap_node *root = NULL;
    struct heap_node *last = NULL;
    struct heap_node **link = &root;

    while (a != NULL && b != NULL) { /* at most two right paths: 2 log2(n + 1) turns */
        struct heap_node *first = is_earlier(a, b) ? a : b;
        struct heap_node *rest = first == a ? b : a;

        *link = first;
        first->parent = last;
        last = first;
        link = &first->right;
        a = first->right;
        b = rest;
    }
    *link = a != NULL ? a : b;
    if (*link != NULL)
        (*link)->parent = last;
    for (; last != NULL; last = last->parent) /* the way back up */
        (void)repair(last);
    return root;
}

/* Put `t`, the merged children of a removed node, into its place below `parent`. */
static void replace(struct heap *heap, struct heap_node *parent, const struct heap_node *old,
                    struct heap_node *t)
{
    if (t != NULL)
        t->parent = parent;
    if (parent == NULL) {
        heap->root = t;
        return;
    }
    if (parent->left == old)
        parent->left = t;
    else
        parent->right = t;
    /* Every turn raises what the rank above can be by one, so at most log2(n + 1) turns. */
    for (; parent != NULL && repair(parent); parent = parent->parent)
        continue;
}

void heap_insert(struct heap *heap, struct heap_node *node, struct mono at, uint32_t owner)
{
    *node =
        (struct heap_node){.at = at, .arrival = heap->arrivals++, .rank = 1, .note = node->note};
    port_store32(&node->owner, owner);
    heap->root = merge(heap->root, node);
    heap->count++;
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
    ASSERT(heap->count > 0);
    replace(heap, node->parent, node, merge(node->left, node->right));
    heap->count--;
}

void heap_check(const struct heap *heap, uint32_t owner)
{
    const struct heap_node *from = NULL;
    const struct heap_node *at = heap->root;
    uint64_t count = 0;

    while (at != NULL) { /* in-order walk by parents: each link twice */
        const struct heap_node *next;

        if (from == at->parent) {
            count++;
            ASSERT(at->parent == NULL || is_earlier(at->parent, at));
            ASSERT(at->rank == rank_of(at->right) + 1);
            ASSERT(rank_of(at->left) >= rank_of(at->right));
            ASSERT(port_load32(&at->owner) == owner);
        }
        if (from == at->parent && at->left != NULL)
            next = at->left;
        else if (from != at->right && at->right != NULL && (from == at->parent || from == at->left))
            next = at->right;
        else
            next = at->parent;
        from = at;
        at = next;
    }
    ASSERT(count == heap->count);
}
