/* SPDX-License-Identifier: MIT */
#include "kernel/archive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bits.h"
#include "base/hash.h"

#define FILES 5u
#define ARCHIVE_BYTES 512u
#define FIRST_AT (sizeof(struct boot_archive) + FILES * sizeof(struct boot_entry))

/* An archive being made or damaged; as aligned as the loader's. */
static struct {
    union {
        struct boot_archive header;
        unsigned char bytes[ARCHIVE_BYTES];
    };
} image ALIGNED(8);

static struct boot_entry *entry(uint32_t i)
{
    return (struct boot_entry *)(void *)(image.bytes + sizeof(struct boot_archive)) + i;
}

static void seal(void)
{
    image.header.checksum = hash_sealed(image.bytes, image.header.bytes,
                                        offsetof(struct boot_archive, checksum));
}

/* A good archive: a program of 11 bytes, a workload of 16, arguments of 5, another program of 3,
 * a manifest of 8. */
static void make(void)
{
    static const uint32_t kinds[FILES] = {BOOT_PROGRAM, BOOT_WORKLOAD, BOOT_ARGUMENTS,
                                          BOOT_PROGRAM, BOOT_MANIFEST};
    static const uint64_t lengths[FILES] = {11, 16, 5, 3, 8};
    uint64_t offset = FIRST_AT;

    memset(image.bytes, 0, sizeof(image.bytes));
    for (uint32_t i = 0; i < FILES; i++) {
        *entry(i) = (struct boot_entry){.kind = kinds[i], .offset = offset, .bytes = lengths[i]};
        memcpy(entry(i)->name, "file", 5);
        memset(image.bytes + offset, (int)('a' + i), lengths[i]);
        offset = bits_round_up(offset + lengths[i], 8);
    }
    image.header.magic = BOOT_ARCHIVE_MAGIC;
    image.header.bytes = offset;
    image.header.entry_count = FILES;
    seal();
}

/* What archive_read says of the first `length` bytes, from memory that ends right behind them, so
 * that the sanitizer sees a read too far. */
static const char *read_copy(uint64_t length, struct archive *archive)
{
    unsigned char *copy = malloc(length > 0 ? length : 1);
    const char *wrong;

    assert_non_null(copy);
    memcpy(copy, image.bytes, length);
    wrong = archive_read(copy, length, archive);
    free(copy);
    return wrong;
}

static const char *read_whole(void)
{
    struct archive archive;

    return read_copy(image.header.bytes, &archive);
}

/* Goal: a good archive gives its files.  Method: read one, compare every file. */
static void test_archive_files_are_found(void **state)
{
    (void)state;
    struct archive archive;

    make();
    assert_null(archive_read(image.bytes, image.header.bytes, &archive));
    struct archive_file program = archive_find(&archive, BOOT_PROGRAM);
    struct archive_file arguments = archive_find(&archive, BOOT_ARGUMENTS);

    assert_int_equal(program.length, 11);
    assert_memory_equal(program.bytes, "aaaaaaaaaaa", 11);
    assert_int_equal(arguments.length, 5);
    assert_memory_equal(arguments.bytes, "ccccc", 5);
    assert_int_equal(archive_find(&archive, BOOT_MANIFEST).length, 8);
}

/* Goal: programs are counted among themselves, from 0.  Method: both, and one more. */
static void test_archive_programs_have_numbers(void **state)
{
    (void)state;
    struct archive archive;

    make();
    assert_null(archive_read(image.bytes, image.header.bytes, &archive));
    assert_memory_equal(archive_program(&archive, 0).bytes, "aaaaaaaaaaa", 11);
    assert_int_equal(archive_program(&archive, 1).length, 3);
    assert_memory_equal(archive_program(&archive, 1).bytes, "ddd", 3);
    assert_null(archive_program(&archive, 2).bytes);
    assert_null(archive_program(&archive, UINT32_MAX).bytes);
}

/* Goal: a pause seed comes through, and is under the checksum.  Method: set one, then another
 * without sealing. */
static void test_archive_pause_seed_is_read(void **state)
{
    (void)state;
    struct archive archive;

    make();
    image.header.pause_seed = UINT64_MAX;
    seal();
    assert_null(archive_read(image.bytes, image.header.bytes, &archive));
    assert_int_equal(archive.header->pause_seed, UINT64_MAX);
    image.header.pause_seed = 1;
    assert_non_null(read_whole());
}

/* Goal: a kind that is not there is an answer.  Method: none has it. */
static void test_archive_missing_kind_is_null(void **state)
{
    (void)state;
    struct archive archive;

    make();
    entry(2)->kind = BOOT_WORKLOAD;
    seal();
    assert_null(archive_read(image.bytes, image.header.bytes, &archive));
    assert_null(archive_find(&archive, BOOT_ARGUMENTS).bytes);
}

/* Goal: every truncation is refused and nothing behind the end is read.  Method: all lengths. */
static void test_archive_truncated_anywhere_is_refused(void **state)
{
    (void)state;
    struct archive archive;

    make();
    for (uint64_t length = 0; length < image.header.bytes; length++)
        assert_non_null(read_copy(length, &archive));
}

/* Goal: a truncated archive that says so itself is refused too.  Method: shorten, say so, seal. */
static void test_archive_cut_and_resealed_is_refused(void **state)
{
    (void)state;
    make();
    uint64_t whole = image.header.bytes;

    for (uint64_t length = sizeof(struct boot_archive); length < whole - 8; length++) {
        make();
        image.header.bytes = length;
        seal();
        assert_non_null(read_whole());
    }
}

/* Goal: one flipped bit is noticed.  Method: every bit. */
static void test_archive_flipped_bit_is_refused(void **state)
{
    (void)state;
    struct archive archive;

    make();
    for (uint64_t bit = 0; bit < image.header.bytes * 8; bit++) {
        uint64_t length = image.header.bytes;

        image.bytes[bit / 8] ^= (unsigned char)(1u << (bit % 8));
        assert_non_null(read_copy(length, &archive));
        image.bytes[bit / 8] ^= (unsigned char)(1u << (bit % 8));
    }
}

/* Goal: tables that are damaged and then sealed are refused by their bounds, not by the checksum.
 * Method: one field at a time gets a value it may not have. */
static void test_archive_bad_entry_is_refused(void **state)
{
    (void)state;
    static const struct {
        uint64_t offset, bytes;
        uint32_t kind, reserved;
    } bad[] = {
        {0, 11, BOOT_PROGRAM, 0},
        {FIRST_AT, 11, 0, 0},
        {FIRST_AT, 11, BOOT_MANIFEST + 1, 0},
        {FIRST_AT, 11, BOOT_PROGRAM, 1},
        {FIRST_AT, UINT64_MAX, BOOT_PROGRAM, 0},
        {FIRST_AT, 10000, BOOT_PROGRAM, 0},
        {UINT64_MAX - 7, 8, BOOT_PROGRAM, 0},
        {FIRST_AT + 1, 11, BOOT_PROGRAM, 0},
        {FIRST_AT + 8, 11, BOOT_PROGRAM, 0},
    };

    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        make();
        assert_int_equal(entry(0)->offset, FIRST_AT);
        entry(0)->offset = bad[i].offset;
        entry(0)->bytes = bad[i].bytes;
        entry(0)->kind = bad[i].kind;
        entry(0)->reserved = bad[i].reserved;
        seal();
        assert_non_null(read_whole());
    }
}

/* Goal: a name must end and not be empty.  Method: 32 letters; none. */
static void test_archive_bad_name_is_refused(void **state)
{
    (void)state;
    make();
    memset(entry(1)->name, 'x', BOOT_NAME_BYTES);
    seal();
    assert_non_null(read_whole());
    make();
    entry(1)->name[0] = '\0';
    seal();
    assert_non_null(read_whole());
}

/* Goal: impossible numbers of files are refused.  Method: none; too many; more than fit. */
static void test_archive_bad_count_is_refused(void **state)
{
    (void)state;
    static const uint32_t counts[] = {0, BOOT_ARCHIVE_ENTRIES_MAX, BOOT_ARCHIVE_ENTRIES_MAX + 1,
                                      UINT32_MAX};

    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        make();
        image.header.entry_count = counts[i];
        assert_non_null(read_whole());
    }
}

/* Goal: an archive without a program is refused, except for the self-test.  Method: both. */
static void test_archive_needs_a_program(void **state)
{
    (void)state;
    make();
    entry(0)->kind = BOOT_ARGUMENTS;
    entry(3)->kind = BOOT_ARGUMENTS;
    seal();
    assert_non_null(read_whole());
    image.header.flags = BOOT_FLAG_SELF_TEST;
    seal();
    assert_null(read_whole());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_archive_files_are_found),
        cmocka_unit_test(test_archive_programs_have_numbers),
        cmocka_unit_test(test_archive_pause_seed_is_read),
        cmocka_unit_test(test_archive_missing_kind_is_null),
        cmocka_unit_test(test_archive_truncated_anywhere_is_refused),
        cmocka_unit_test(test_archive_cut_and_resealed_is_refused),
        cmocka_unit_test(test_archive_flipped_bit_is_refused),
        cmocka_unit_test(test_archive_bad_entry_is_refused),
        cmocka_unit_test(test_archive_bad_name_is_refused),
        cmocka_unit_test(test_archive_bad_count_is_refused),
        cmocka_unit_test(test_archive_needs_a_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
