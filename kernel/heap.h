/* SPDX-License-Identifier: MIT */
/*
 * heap.h - records in order of an instant, then of arrival: the kernel's one sorted queue.
 *
 * A leftist tree threaded through the records that are in it (Crane 1972; Knuth, TAOCP 3, 5.2.3):
 * every right path is at most log2(n + 1) long, and all work happens on right paths.
 *
 *   HP1  A parent is not later than its children; equal instants come in the order of insertion.
 *   HP2  rank(left) >= rank(right); rank(node) = rank(right) + 1; rank of nothing = 0.
 *
 * Memory: never allocates.   Locks: the owner's of the heap.   Cost: O(log n) each.
 */
#ifndef KERNEL_HEAP_H
#define KERNEL_HEAP_H

#include "kernel/lock.h"

struct heap_node {
    struct heap_node *parent;
    struct heap_node *left;
    struct heap_node *right;
    struct mono at;
    uint64_t arrival;
    struct port_atomic32 owner; /* its owner's note: in which heap it is; 0: none */
    uint8_t rank;
    uint8_t note; /* its owner's; heap_insert keeps it */
};

struct heap {
    struct heap_node *root; /* the first; NULL: empty */
    uint64_t arrivals;
    uint64_t count;
};

/* Put `node` in with the key `at`.  `owner` is not 0. */
void heap_insert(struct heap *heap, struct heap_node *node, struct mono at, uint32_t owner);

/* Take it out; what it notes as owner stays for the caller to clear. */
void heap_remove(struct heap *heap, struct heap_node *node);

/* HP1, HP2, the count, and that each node notes `owner`; panics.  O(n): tests. */
void heap_check(const struct heap *heap, uint32_t owner);

#endif /* KERNEL_HEAP_H */
