/* SPDX-License-Identifier: MIT */
/* multiboot2_test.c - a loader's information, good and bad, on the host. */
#include "kernel/arch/x86_64/multiboot2.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"

#define BYTES_MAX 8192u
#define MIB (UINT64_C(1) << 20)

enum { END, MODULE = 3, MEMORY = 6, OLD_ROOT = 14, NEW_ROOT = 15, OTHER = 9 };

static uint8_t info[BYTES_MAX];
static uint32_t used;

static void put(uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        info[used++] = (uint8_t)(value >> (8 * i));
}

static void begin(void)
{
    memset(info, 0x5a, sizeof(info));
    used = MULTIBOOT2_HEAD_BYTES;
}

/* A tag's head; `size` is what it says, its content follows. */
static void tag(uint32_t type, uint32_t size)
{
    used = (used + 7) / 8 * 8;
    put(type, 4);
    put(size, 4);
}

static void add_memory(uint64_t base, uint64_t bytes, uint32_t type)
{
    put(base, 8);
    put(bytes, 8);
    put(type, 4);
    put(0, 4);
}

static void add_module(uint32_t first, uint32_t end)
{
    tag(MODULE, 17);
    put(first, 4);
    put(end, 4);
    put(0, 1);
}

static void add_root(uint32_t type, uint32_t bytes)
{
    tag(type, 8 + bytes);
    used += bytes;
}

static void finish(void)
{
    uint32_t bytes;

    tag(END, 8);
    bytes = used;
    used = 0;
    put(bytes, 4);
    put(0, 4);
    used = bytes;
}

/* Low memory, memory around a reserved range, memory above 4 GiB. */
static void add_map(void)
{
    tag(MEMORY, 16 + 4 * 24);
    put(24, 4);
    put(0, 4);
    add_memory(0, 0x9f000, 1);
    add_memory(MIB, 511 * MIB, 1);
    add_memory(100 * MIB, 1 * MIB, 2);
    add_memory(4096 * MIB, 1024 * MIB, 1);
}

static void build(void)
{
    begin();
    tag(OTHER, 8 + 3); /* a size that is no multiple of 8 */
    put(0, 3);
    add_module(0x800000, 0x812345);
    add_map();
    add_root(OLD_ROOT, 20);
    add_root(NEW_ROOT, 36);
    finish();
}

/* Read a copy that ends where the information ends, so that ASan sees a read beyond it. */
static const char *read_info(struct multiboot2 *found)
{
    uint32_t bytes = multiboot2_bytes(info);
    const char *wrong;
    uint8_t *copy;

    if (bytes == 0)
        return "size";
    assert_in_range(bytes, 1, MULTIBOOT2_BYTES_MAX);
    copy = calloc(1, bytes);
    assert_non_null(copy);
    memcpy(copy, info, bytes < BYTES_MAX ? bytes : BYTES_MAX);
    wrong = multiboot2_read(copy, bytes, found);
    free(copy);
    return wrong;
}

static void expect_refused(const char *text)
{
    struct multiboot2 found;
    const char *wrong = read_info(&found);

    assert_non_null(wrong);
    assert_non_null(strstr(wrong, text));
}

static void expect_range(const struct ranges *r, uint32_t index, uint64_t base, uint64_t bytes)
{
    assert_true(index < r->count);
    assert_int_equal(r->items[index].base, base);
    assert_int_equal(r->items[index].bytes, bytes);
}

/* Goal: memory, module and the newer ACPI root are found, memory above 4 GiB too; reserved memory
 * inside RAM is no RAM. */
static void test_multiboot2_reads(void **state)
{
    struct multiboot2 found;

    (void)state;
    build();
    assert_null(read_info(&found));
    assert_int_equal(found.ram.count, 4);
    expect_range(&found.ram, 0, 0, 0x9f000);
    expect_range(&found.ram, 1, MIB, 99 * MIB);
    expect_range(&found.ram, 2, 101 * MIB, 411 * MIB);
    expect_range(&found.ram, 3, 4096 * MIB, 1024 * MIB);
    assert_int_equal(found.archive.base, 0x800000);
    assert_int_equal(found.archive.bytes, 0x12345);
    assert_int_equal(found.rsdp_at, used - 48); /* behind: 36 bytes, padding, end tag */
}

/* Goal: the newer root wins in either order; the older one does when alone; none is no error. */
static void test_multiboot2_roots(void **state)
{
    struct multiboot2 found;
    uint32_t at;

    (void)state;
    begin();
    add_map();
    finish();
    assert_null(read_info(&found));
    assert_int_equal(found.rsdp_at, 0);
    assert_int_equal(found.archive.bytes, 0);
    begin();
    add_map();
    at = used + 8;
    add_root(OLD_ROOT, 20);
    finish();
    assert_null(read_info(&found));
    assert_int_equal(found.rsdp_at, at);
    begin();
    add_map();
    add_root(NEW_ROOT, 36);
    add_root(OLD_ROOT, 20);
    finish();
    assert_null(read_info(&found));
    assert_int_equal(found.rsdp_at, at);
}

/* Goal: a size that cannot be is refused before anything behind it is read. */
static void test_multiboot2_size(void **state)
{
    static const uint32_t bad[] = {0, 8, 15, 20, MULTIBOOT2_BYTES_MAX + 8, UINT32_MAX};

    (void)state;
    for (uint32_t i = 0; i < ARRAY_COUNT(bad); i++) {
        build();
        memcpy(info, &bad[i], 4);
        assert_int_equal(multiboot2_bytes(info), 0);
    }
}

/* Goal: the list must end where the information ends.  Method: less, more, no end tag. */
static void test_multiboot2_end(void **state)
{
    uint32_t bytes;

    (void)state;
    build();
    bytes = used - 8;
    memcpy(info, &bytes, 4);
    expect_refused("no end");
    bytes = used + 8;
    memcpy(info, &bytes, 4);
    expect_refused("not at the end");
    begin();
    add_map();
    for (uint32_t i = 0; i < MULTIBOOT2_TAGS_MAX; i++)
        tag(OTHER, 8);
    finish();
    expect_refused("too many");
}

/* Goal: a tag's size is at least its head and at most what is left. */
static void test_multiboot2_tag_size(void **state)
{
    static const uint32_t bad[] = {0, 7, 200, UINT32_MAX, UINT32_MAX - 7};

    (void)state;
    for (uint32_t i = 0; i < ARRAY_COUNT(bad); i++) {
        begin();
        tag(OTHER, bad[i]);
        finish();
        expect_refused("beyond");
    }
}

static void build_with(uint32_t type, uint32_t size)
{
    begin();
    tag(type, size);
    used += 64;
    finish();
}

/* Goal: a tag that is used has room for what is read from it. */
static void test_multiboot2_short(void **state)
{
    (void)state;
    build_with(MODULE, 16);
    expect_refused("too short");
    build_with(MEMORY, 15);
    expect_refused("too short");
    build_with(OLD_ROOT, 27);
    expect_refused("too short");
    build_with(NEW_ROOT, 43);
    expect_refused("too short");
}

/* Goal: the memory map's entries are checked before they are read.  Method: entry sizes too small,
 * odd, zero, larger than the tag; no entry. */
static void test_multiboot2_entries(void **state)
{
    static const uint32_t bad[] = {0, 8, 23, 25, 28, 72, UINT32_MAX};

    (void)state;
    for (uint32_t i = 0; i < ARRAY_COUNT(bad); i++) {
        begin();
        tag(MEMORY, 16 + 48);
        put(bad[i], 4);
        put(0, 4);
        used += 48;
        finish();
        expect_refused("wrong size");
    }
    begin();
    tag(MEMORY, 16);
    put(24, 4);
    put(0, 4);
    finish();
    expect_refused("empty");
    begin();
    finish();
    expect_refused("no memory map");
}

static void build_two_entries(uint64_t base, uint64_t bytes)
{
    begin();
    tag(MEMORY, 16 + 2 * 24);
    put(24, 4);
    put(0, 4);
    add_memory(MIB, 10 * MIB, 1);
    add_memory(base, bytes, 1);
    finish();
}

/* Goal: RAM that overlaps RAM or the end of 64 bits is refused: a frame must not be given twice. */
static void test_multiboot2_overlap(void **state)
{
    (void)state;
    build_two_entries(10 * MIB, 2 * MIB);
    expect_refused("twice");
    build_two_entries(0, 64 * MIB);
    expect_refused("twice");
    build_two_entries(UINT64_MAX - 4096, 8192);
    expect_refused("address space");
}

/* Goal: what may be there once is refused twice; so is a module without a byte. */
static void test_multiboot2_twice(void **state)
{
    (void)state;
    begin();
    add_module(MIB, 2 * MIB);
    add_module(3 * MIB, 4 * MIB);
    finish();
    expect_refused("more than one module");
    begin();
    add_map();
    add_map();
    finish();
    expect_refused("two memory maps");
    begin();
    add_root(NEW_ROOT, 36);
    add_root(NEW_ROOT, 36);
    finish();
    expect_refused("two ACPI roots");
    begin();
    add_module(2 * MIB, 2 * MIB);
    finish();
    expect_refused("empty");
}

/* Goal: no information, however damaged, makes us read outside it or invents memory twice.
 * Method: random bytes and numbers changed; ASan watches; RAM ranges that are found never meet. */
static void test_multiboot2_damage(void **state)
{
    static const uint32_t numbers[] = {0,  1,    7,          8,          16,
                                       24, 4096, 0x7fffffff, 0xfffffff8, UINT32_MAX};
    struct prng p = prng_seed(11);
    uint32_t accepted = 0;

    (void)state;
    for (uint32_t round = 0; round < 100000; round++) {
        struct multiboot2 found;

        build();
        for (uint32_t i = 0; i < 1 + round % 3; i++) {
            uint32_t at = (uint32_t)prng_below(&p, used / 4) * 4;

            if (prng_below(&p, 2) == 0)
                info[at + prng_below(&p, 4)] = (uint8_t)prng_next(&p);
            else
                memcpy(info + at, &numbers[prng_below(&p, ARRAY_COUNT(numbers))], 4);
        }
        if (read_info(&found) != NULL)
            continue;
        accepted++;
        assert_true(found.rsdp_at < used);
        for (uint32_t i = 0; i < found.ram.count; i++)
            for (uint32_t j = 0; j < i; j++)
                assert_true(
                    found.ram.items[i].base >= found.ram.items[j].base + found.ram.items[j].bytes ||
                    found.ram.items[j].base >= found.ram.items[i].base + found.ram.items[i].bytes);
    }
    assert_in_range(accepted, 1000, 99000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_multiboot2_reads),    cmocka_unit_test(test_multiboot2_roots),
        cmocka_unit_test(test_multiboot2_size),     cmocka_unit_test(test_multiboot2_end),
        cmocka_unit_test(test_multiboot2_tag_size), cmocka_unit_test(test_multiboot2_short),
        cmocka_unit_test(test_multiboot2_entries),  cmocka_unit_test(test_multiboot2_overlap),
        cmocka_unit_test(test_multiboot2_twice),    cmocka_unit_test(test_multiboot2_damage),
    };

    return cmocka_run_group_tests_name("multiboot2", tests, NULL, NULL);
}
