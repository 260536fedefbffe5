/* SPDX-License-Identifier: MIT */
#include "kernel/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "kernel/fixture/fixture.h"

#define COUNT 300u
#define OWNER 7u

static struct heap_node nodes[COUNT];

/* What must come first of what is in: the least instant, of equal ones the first inserted. */
static const struct heap_node *first_by_hand(void)
{
    const struct heap_node *first = NULL;

    for (uint32_t i = 0; i < COUNT; i++) {
        if (port_load32(&nodes[i].owner) == 0)
            continue;
        if (first == NULL || mono_before(nodes[i].at, first->at) ||
            (nodes[i].at.ns == first->at.ns && nodes[i].arrival < first->arrival))
            first = &nodes[i];
    }
    return first;
}

static void take(struct heap *heap, struct heap_node *node)
{
    heap_remove(heap, node);
    port_store32(&node->owner, 0);
}

/* Goal: the first is the first, whatever is put in and taken out.  Method: 20,000 random insertions
 * and removals anywhere of few different instants, against a search, the invariants each time. */
static void test_heap_against_a_search(void **state)
{
    struct heap heap = {.root = NULL};
    struct prng p = prng_seed(3);

    (void)state;
    fixture_init();
    for (unsigned step = 0; step < 20000; step++) {
        struct heap_node *node = &nodes[prng_below(&p, COUNT)];

        if (port_load32(&node->owner) == 0)
            heap_insert(&heap, node, (struct mono){prng_below(&p, 50)}, OWNER);
        else
            take(&heap, node);
        heap_check(&heap, OWNER);
        assert_ptr_equal(heap.root, first_by_hand());
    }
    while (heap.root != NULL)
        take(&heap, heap.root);
    assert_int_equal(heap.count, 0);
}

/* Goal: a check sees a broken heap.  Method: an instant changed in place, a wrong owner. */
static void test_heap_check_sees(void **state)
{
    struct heap heap = {.root = NULL};

    (void)state;
    fixture_init();
    for (uint32_t i = 0; i < 10; i++)
        heap_insert(&heap, &nodes[i], (struct mono){i}, OWNER);
    heap_check(&heap, OWNER);
    expect_assert_failure(heap_check(&heap, OWNER + 1));
    heap.root->at.ns = 100;
    expect_assert_failure(heap_check(&heap, OWNER));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heap_against_a_search),
        cmocka_unit_test(test_heap_check_sees),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
