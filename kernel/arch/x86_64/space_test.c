/* SPDX-License-Identifier: MIT */
/* space_test.c - page tables in the test's own memory, which stands in the direct map: its physical
 * addresses are what arch_phys_to_virt makes of them. */
#include "kernel/arch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/paging.h"

#define PAGE ((uint64_t)ARCH_PAGE_BYTES)
#define ARENA_FRAMES 256u
#define TABLE_LEVELS 3u /* of tables below the root: 0, whose entries are pages, 1, 2 */
#define TURNS 100000u
#define KERNEL_ENTRY UINT64_C(0x123)

uint64_t paging_root;

uint32_t arch_cpu(void)
{
    return 0;
}

static uint64_t arena[ARENA_FRAMES][PAGING_ENTRIES] ALIGNED(ARCH_PAGE_BYTES);
static uint32_t free_frames[ARENA_FRAMES]; /* a stack */
static uint32_t free_count;
static uint64_t root;

/* ---- Frames ---- */

static uint64_t phys_of(uint32_t i)
{
    return (uint64_t)arena[i] - DIRECT_BASE;
}

static uint64_t take(void *context)
{
    uint32_t *left = context; /* how many may be taken */
    uint32_t i;

    if (*left == 0)
        return 0;
    (*left)--;
    assert_true(free_count > 0);
    i = free_frames[--free_count];
    memset(arena[i], 0, ARCH_PAGE_BYTES);
    return phys_of(i);
}

/* Back from the space; taken apart frames are dirty. */
static void give_back(uint64_t phys)
{
    uint64_t i = (phys + DIRECT_BASE - (uint64_t)arena) / ARCH_PAGE_BYTES;

    assert_true(i < ARENA_FRAMES);
    memset(arena[i], 0xee, ARCH_PAGE_BYTES);
    free_frames[free_count++] = (uint32_t)i;
}

/* ---- A model: candidate pages, and which tables there are ---- */

struct candidate {
    uint64_t virt;
    uint64_t phys;
    uint32_t access;
    bool is_mapped;
    uint64_t tables[TABLE_LEVELS]; /* the frame of the table of this level, or 0 */
};

static struct candidate candidates[72];
static uint32_t candidate_count;

static void add_candidates(uint64_t third, uint64_t second, uint64_t first)
{
    static const uint64_t zeroth[] = {0, 1, 2, 511};

    for (size_t i = 0; i < ARRAY_COUNT(zeroth); i++) {
        uint64_t virt = third << 39 | second << 30 | first << 21 | zeroth[i] << 12;

        if (virt >= ARCH_USER_LOW)
            candidates[candidate_count++] = (struct candidate){.virt = virt};
    }
}

static void start(void)
{
    static const uint64_t thirds[] = {0, 1, 255};
    static const uint64_t seconds[] = {0, 1, 511};
    uint32_t left = 2;

    for (free_count = 0; free_count < ARENA_FRAMES; free_count++)
        free_frames[free_count] = free_count;
    paging_root = take(&left);
    arena[ARENA_FRAMES - 1][PAGING_ENTRIES / 2] = KERNEL_ENTRY;
    arena[ARENA_FRAMES - 1][PAGING_ENTRIES - 1] = KERNEL_ENTRY;
    root = take(&left);
    arch_space_create(root);
    candidate_count = 0;
    for (size_t i = 0; i < ARRAY_COUNT(thirds); i++)
        for (size_t j = 0; j < ARRAY_COUNT(seconds); j++) {
            add_candidates(thirds[i], seconds[j], 0);
            add_candidates(thirds[i], seconds[j], 511);
        }
}

/* Which table of `level` maps `virt`, as a number. */
static uint64_t prefix(uint64_t virt, uint32_t level)
{
    return virt >> (12 + 9 * (level + 1));
}

static bool has_table(uint64_t number, uint32_t level)
{
    for (uint32_t i = 0; i < candidate_count; i++)
        if (candidates[i].tables[level] != 0 && prefix(candidates[i].virt, level) == number)
            return true;
    return false;
}

static void set_table(uint64_t number, uint32_t level, uint64_t frame)
{
    for (uint32_t i = 0; i < candidate_count; i++)
        if (prefix(candidates[i].virt, level) == number)
            candidates[i].tables[level] = frame;
}

static uint32_t model_missing(uint64_t virt, uint64_t pages)
{
    uint32_t count = 0;

    for (uint32_t level = 0; level < TABLE_LEVELS; level++)
        for (uint64_t number = prefix(virt, level);
             number <= prefix(virt + (pages - 1) * PAGE, level); number++)
            count += !has_table(number, level);
    return count;
}

/* Does anything hang in the table of `level` that maps `virt`? */
static bool model_is_empty(uint64_t virt, uint32_t level)
{
    for (uint32_t i = 0; i < candidate_count; i++) {
        const struct candidate *c = &candidates[i];

        if (prefix(c->virt, level) != prefix(virt, level))
            continue;
        if (level == 0 ? c->is_mapped : c->tables[level - 1] != 0)
            return false;
    }
    return true;
}

/* ---- Operations, each on the space and the model ---- */

static struct candidate *pick(struct prng *p)
{
    return &candidates[prng_next(p) % candidate_count];
}

static void check_missing(struct prng *p)
{
    static const uint64_t lengths[] = {1, 2, 3, 511, 512, 513, 1000, 1024};
    uint64_t virt = pick(p)->virt;
    uint64_t pages = lengths[prng_next(p) % ARRAY_COUNT(lengths)];

    if (virt + pages * PAGE > ARCH_USER_END)
        pages = (ARCH_USER_END - virt) / PAGE;
    assert_int_equal(arch_space_missing(root, virt, pages), model_missing(virt, pages));
}

static void map_one(struct prng *p)
{
    static const uint32_t accesses[] = {ARCH_READ, ARCH_READ | ARCH_WRITE, ARCH_EXECUTE,
                                        ARCH_READ | ARCH_OWNED,
                                        ARCH_READ | ARCH_WRITE | ARCH_OWNED};
    struct candidate *c = pick(p);
    uint32_t access = accesses[prng_next(p) % ARRAY_COUNT(accesses)];
    uint64_t phys = (1 + prng_next(p) % 1000000) * PAGE;
    uint32_t missing = model_missing(c->virt, 1);
    uint32_t supply = (uint32_t)(prng_next(p) % 8); /* now and then too few */
    uint32_t left = supply;
    enum arch_map outcome = arch_space_map(root, c->virt, phys, access, take, &left);
    uint32_t taken = supply < missing ? supply : missing;

    assert_int_equal(supply - left, taken);
    for (uint32_t level = TABLE_LEVELS, made = 0; level-- > 0 && made < taken;) {
        if (c->tables[level] != 0)
            continue;
        set_table(prefix(c->virt, level), level,
                  phys_of(free_frames[free_count + taken - 1 - made]));
        made++;
    }
    if (supply < missing) {
        assert_int_equal(outcome, ARCH_MAP_NO_FRAME);
    } else if (c->is_mapped) {
        assert_int_equal(outcome, ARCH_MAP_IN_USE);
    } else {
        assert_int_equal(outcome, ARCH_MAP_DONE);
        c->is_mapped = true;
        c->phys = phys;
        c->access = access;
    }
}

static void unmap_one(struct prng *p)
{
    struct candidate *c = pick(p);

    arch_space_unmap(root, c->virt);
    c->is_mapped = false;
}

static void prune_one(struct prng *p)
{
    const struct candidate *c = pick(p);
    uint32_t level = 0;
    uint64_t expected = 0;

    while (level < TABLE_LEVELS && c->tables[level] == 0)
        level++;
    if (level < TABLE_LEVELS && model_is_empty(c->virt, level))
        expected = c->tables[level];
    assert_int_equal(arch_space_prune(root, c->virt), expected);
    if (expected != 0) {
        set_table(prefix(c->virt, level), level, 0);
        give_back(expected);
    }
}

static void check_lookup(void)
{
    for (uint32_t i = 0; i < candidate_count; i++) {
        const struct candidate *c = &candidates[i];
        uint64_t there = c->is_mapped ? c->phys + i : 0;

        assert_int_equal(arch_space_lookup(root, c->virt + i, ARCH_READ), there);
        assert_int_equal(arch_space_lookup(root, c->virt + i, ARCH_WRITE),
                         (c->access & ARCH_WRITE) != 0 ? there : 0);
        assert_int_equal(arch_space_lookup(root, c->virt + i, ARCH_EXECUTE),
                         (c->access & ARCH_EXECUTE) != 0 ? there : 0);
    }
}

static void churn(struct prng *p, uint32_t turns)
{
    for (uint32_t turn = 0; turn < turns; turn++) {
        check_missing(p);
        switch (prng_next(p) % 4) {
        case 0:
        case 1:
            map_one(p);
            break;
        case 2:
            unmap_one(p);
            break;
        default:
            prune_one(p);
        }
        if (turn % 16 == 0)
            check_lookup();
    }
}

/* ---- Tests ---- */

/* Goal: missing, map, unmap, prune and lookup do what they say after any history.  Method: 100,000
 * random operations on 71 pages at the ends of tables of every level, against the model; pruned
 * tables are overwritten. */
static void test_space_agrees_with_a_model(void **state)
{
    (void)state;
    struct prng p = prng_seed(3);

    start();
    churn(&p, TURNS);
}

/* What strip gave: each frame of the model once. */
struct given {
    uint64_t count;
    uint64_t in_call;
};

static void expect_given(uint64_t frame, void *context)
{
    struct given *given = context;

    given->count++;
    given->in_call++;
    for (uint32_t i = 0; i < candidate_count; i++) {
        struct candidate *c = &candidates[i];

        for (uint32_t level = 0; level < TABLE_LEVELS; level++)
            if (c->tables[level] == frame) {
                assert_true(model_is_empty(c->virt, level)); /* nothing is lost with it */
                set_table(prefix(c->virt, level), level, 0);
                give_back(frame);
                return;
            }
        if (c->is_mapped && (c->access & ARCH_OWNED) != 0 && c->phys == frame) {
            c->is_mapped = false;
            return;
        }
    }
    fail(); /* given twice, or not its own */
}

/* Pages that are not the space's own go without a word, at the latest with their table. */
static void forget_foreign(void)
{
    for (uint32_t i = 0; i < candidate_count; i++)
        if ((candidates[i].access & ARCH_OWNED) == 0)
            candidates[i].is_mapped = false;
}

static uint64_t model_count(void)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < candidate_count; i++) {
        const struct candidate *c = &candidates[i];

        count += c->is_mapped && (c->access & ARCH_OWNED) != 0;
        for (uint32_t level = 0; level < TABLE_LEVELS; level++) {
            bool is_first = c->tables[level] != 0;

            for (uint32_t j = 0; j < i; j++)
                is_first &= prefix(candidates[j].virt, level) != prefix(c->virt, level);
            count += is_first;
        }
    }
    return count;
}

static void strip_all(uint32_t budget)
{
    uint64_t count = model_count();
    struct given given = {0, 0};
    uint64_t cursor = 0;
    uint64_t calls = 0;
    bool is_done;

    forget_foreign();
    do {
        given.in_call = 0;
        is_done = arch_space_strip(root, &cursor, budget, expect_given, &given);
        assert_true(given.in_call <= budget + TABLE_LEVELS);
        assert_true(is_done || given.in_call >= budget);
        assert_true(++calls <= count + 1);
    } while (!is_done);
    assert_int_equal(given.count, count);
    given.in_call = 0;
    assert_true(arch_space_strip(root, &cursor, budget, expect_given, &given));
    assert_int_equal(given.in_call, 0);
}

/* Goal: strip gives each table and each owned frame once, nothing else, whatever the budget, about
 * as many a call; the kernel's half stays.  Method: a random space for every budget from 1 to more
 * than there is. */
static void test_space_strip_gives_each_frame_once(void **state)
{
    (void)state;
    struct prng p = prng_seed(4);

    for (uint32_t budget = 1; budget <= 130; budget++) {
        const uint64_t *words;

        start();
        churn(&p, 300);
        strip_all(budget);
        words = arch_phys_to_virt(root);
        for (uint32_t i = 0; i < PAGING_ENTRIES / 2; i++)
            assert_int_equal(words[i], 0);
        assert_int_equal(words[PAGING_ENTRIES / 2], KERNEL_ENTRY);
        assert_int_equal(words[PAGING_ENTRIES - 1], KERNEL_ENTRY);
        assert_int_equal(free_count, ARENA_FRAMES - 2);
    }
}

/* Pages 1 to FULL_PAGES, and tables, given once each. */
#define FULL_PAGES 1100u

struct full {
    bool was_given[FULL_PAGES];
    uint32_t page_count, table_count, in_call;
};

static void count_given(uint64_t frame, void *context)
{
    struct full *full = context;
    uint64_t i = frame / PAGE - 1;

    full->in_call++;
    if (i >= FULL_PAGES) {
        full->table_count++;
        give_back(frame); /* at most 6 are taken */
        return;
    }
    assert_false(full->was_given[i]);
    full->was_given[i] = true;
    full->page_count++;
}

/* Goal: full tables are taken apart as well as sparse ones.  Method: 1,100 owned pages in a row, in
 * 6 tables, by every budget from 1 to 20. */
static void test_space_strip_of_full_tables(void **state)
{
    (void)state;
    const uint64_t from = UINT64_C(0x40000000) - 300 * PAGE; /* across a table of level 1 */

    for (uint32_t budget = 1; budget <= 20; budget++) {
        struct full full = {.page_count = 0};
        uint32_t left = 6; /* 1 + 2 + 3 */
        uint64_t cursor = 0;

        start();
        assert_int_equal(arch_space_missing(root, from, FULL_PAGES), left);
        for (uint64_t i = 0; i < FULL_PAGES; i++)
            assert_int_equal(arch_space_map(root, from + i * PAGE, (i + 1) * PAGE,
                                            ARCH_READ | ARCH_OWNED, take, &left),
                             ARCH_MAP_DONE);
        assert_int_equal(left, 0);
        while (!arch_space_strip(root, &cursor, budget, count_given, &full)) { /* all are given */
            assert_in_range(full.in_call, budget, budget + TABLE_LEVELS);
            full.in_call = 0;
        }
        assert_int_equal(full.page_count, FULL_PAGES);
        assert_int_equal(full.table_count, 6);
        assert_int_equal(free_count, ARENA_FRAMES - 2);
    }
}

/* Goal: what a pruned table holds, once it is linked in a list, reads as nothing.  Method: a walk
 * that still stands in such a table: its entry says an even number. */
static void test_space_lookup_in_a_pruned_table(void **state)
{
    (void)state;
    uint32_t left = TABLE_LEVELS;
    uint64_t *table;

    start();
    assert_int_equal(arch_space_map(root, PAGE, PAGE, ARCH_READ, take, &left), ARCH_MAP_DONE);
    table = arch_phys_to_virt(phys_of(free_frames[free_count])); /* the lowest came last */
    table[0] = phys_of(3);
    assert_int_equal(arch_space_lookup(root, 0x1000, ARCH_READ), PAGE);
    arch_space_unmap(root, PAGE * 2); /* so that the page looked up last is looked up again */
    table[1] = phys_of(3);            /* a link */
    assert_int_equal(arch_space_lookup(root, 0x1000, ARCH_READ), 0);
}

/* Goal: what only a bug of the caller asks for panics.  Method: W^X; outside the user's half; not
 * aligned. */
static void test_space_bad_requests_panic(void **state)
{
    (void)state;
    uint32_t left = 100;

    start();
    expect_assert_failure((void)(arch_space_map(root, PAGE, PAGE, ARCH_WRITE | ARCH_EXECUTE, take,
                                                &left) == ARCH_MAP_DONE));
    expect_assert_failure(
        (void)(arch_space_map(root, KERNEL_BASE, PAGE, ARCH_READ, take, &left) == ARCH_MAP_DONE));
    expect_assert_failure(
        (void)(arch_space_map(root, ARCH_USER_END, PAGE, ARCH_READ, take, &left) == ARCH_MAP_DONE));
    expect_assert_failure(
        (void)(arch_space_map(root, 0, PAGE, ARCH_READ, take, &left) == ARCH_MAP_DONE));
    expect_assert_failure(
        (void)(arch_space_map(root, PAGE + 8, PAGE, ARCH_READ, take, &left) == ARCH_MAP_DONE));
    expect_assert_failure(
        (void)(arch_space_map(root, PAGE, PAGE + 8, ARCH_READ, take, &left) == ARCH_MAP_DONE));
    assert_int_equal(left, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_space_agrees_with_a_model),
        cmocka_unit_test(test_space_strip_gives_each_frame_once),
        cmocka_unit_test(test_space_strip_of_full_tables),
        cmocka_unit_test(test_space_lookup_in_a_pruned_table),
        cmocka_unit_test(test_space_bad_requests_panic),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
