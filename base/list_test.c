/* SPDX-License-Identifier: MIT */
#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/prng.h"

struct item {
    uint32_t number;
    struct list link;
};

#define ITEM_COUNT 32u

static struct list head;
static struct item items[ITEM_COUNT];

static int fresh(void **state)
{
    (void)state;
    list_init(&head);
    for (uint32_t i = 0; i < ITEM_COUNT; i++) {
        items[i].number = i;
        list_init(&items[i].link);
    }
    return 0;
}

/* Goal: inserting before the head appends.  Method: walk forwards and backwards. */
static void test_list_keeps_order(void **state)
{
    (void)state;
    uint32_t seen = 0;

    assert_true(list_is_empty(&head));
    for (uint32_t i = 0; i < ITEM_COUNT; i++)
        list_insert_before(&head, &items[i].link);
    assert_false(list_is_empty(&head));

    for (struct list *at = head.next; at != &head; at = at->next)
        assert_int_equal(LIST_ENTRY(at, struct item, link)->number, seen++);
    for (struct list *at = head.prev; at != &head; at = at->prev)
        assert_int_equal(LIST_ENTRY(at, struct item, link)->number, --seen);
    assert_int_equal(seen, 0);
}

/* Goal: an item goes before the one named, not only to the tail.  Method: two items, reversed. */
static void test_list_inserts_in_the_middle(void **state)
{
    (void)state;
    list_insert_before(&head, &items[1].link);
    list_insert_before(&items[1].link, &items[0].link);
    assert_ptr_equal(head.next, &items[0].link);
    assert_ptr_equal(items[0].link.next, &items[1].link);
    assert_ptr_equal(head.prev, &items[1].link);
}

/* Goal: removing twice is harmless, and a removed link says so.  Method: remove, remove, look. */
static void test_list_remove_twice_is_harmless(void **state)
{
    (void)state;
    list_insert_before(&head, &items[0].link);
    list_insert_before(&head, &items[1].link);
    list_remove(&items[0].link);
    assert_true(list_is_empty(&items[0].link));
    list_remove(&items[0].link);
    assert_ptr_equal(head.next, &items[1].link);
    assert_ptr_equal(items[1].link.next, &head);
}

/* Goal: both directions stay whole under any sequence.  Method: 10,000 random inserts and removes
 * beside a count; every link's neighbours point back. */
static void test_list_stays_whole(void **state)
{
    (void)state;
    struct prng p = prng_seed(5);
    uint32_t count = 0;

    for (int turn = 0; turn < 10000; turn++) {
        struct list *link = &items[prng_below(&p, ITEM_COUNT)].link;
        uint32_t walked = 0;

        if (list_is_empty(link)) {
            list_insert_before(&head, link);
            count++;
        } else {
            list_remove(link);
            count--;
        }
        for (struct list *at = head.next; at != &head; at = at->next, walked++) {
            assert_ptr_equal(at->next->prev, at);
            assert_ptr_equal(at->prev->next, at);
        }
        assert_int_equal(walked, count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_list_keeps_order, fresh),
        cmocka_unit_test_setup(test_list_inserts_in_the_middle, fresh),
        cmocka_unit_test_setup(test_list_remove_twice_is_harmless, fresh),
        cmocka_unit_test_setup(test_list_stays_whole, fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
