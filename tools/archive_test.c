/* SPDX-License-Identifier: MIT */
#include "tools/archive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"

static const struct archive_part parts[] = {
    {"init.elf", BOOT_PROGRAM, "\177ELF and so on", 14},
    {"loadgen.elf", BOOT_PROGRAM, "\177ELF", 4},
    {"workload", BOOT_WORKLOAD, "0123456789abcdef", 16},
    {"arguments", BOOT_ARGUMENTS, "", 0},
    {"manifest", BOOT_MANIFEST, "01234567", 8},
};

static struct blob build_parts(void)
{
    struct blob blob;

    assert_int_equal(archive_build(parts, ARRAY_COUNT(parts), BOOT_FLAG_QUIET, &blob), ARCHIVE_OK);
    return blob;
}

/* Goal: what goes in comes out.  Method: build from five files, check, compare each. */
static void test_archive_holds_its_parts(void **state)
{
    (void)state;
    struct blob blob = build_parts();

    assert_int_equal(archive_check(blob.data, blob.bytes), ARCHIVE_OK);
    assert_int_equal(archive_header(blob.data)->entry_count, ARRAY_COUNT(parts));
    assert_int_equal(archive_header(blob.data)->flags, BOOT_FLAG_QUIET);
    for (uint32_t i = 0; i < ARRAY_COUNT(parts); i++) {
        const struct boot_entry *entry = archive_entry(blob.data, i);

        assert_string_equal(entry->name, parts[i].name);
        assert_int_equal(entry->kind, parts[i].kind);
        assert_int_equal(entry->bytes, parts[i].bytes);
        assert_int_equal(entry->offset % 8, 0);
        assert_memory_equal(blob.data + entry->offset, parts[i].data, parts[i].bytes);
    }
    blob_fini(&blob);
}

/* Goal: the same files give the same bytes.  Method: build twice, compare; padding is zero. */
static void test_archive_is_deterministic(void **state)
{
    (void)state;
    struct blob first = build_parts();
    struct blob second = build_parts();

    assert_int_equal(first.bytes, second.bytes);
    assert_memory_equal(first.data, second.data, first.bytes);
    assert_int_equal(first.data[archive_entry(first.data, 0)->offset + 14], 0);
    assert_int_equal(first.data[archive_entry(first.data, 0)->offset + 15], 0);
    blob_fini(&first);
    blob_fini(&second);
}

/* Goal: parts that the format cannot hold are refused, each for its reason.  Method: one each. */
static void test_archive_refuses_impossible_parts(void **state)
{
    (void)state;
    static const struct archive_part no_name[] = {{"", BOOT_PROGRAM, "x", 1}};
    static const struct archive_part long_name[] = {
        {"a name of thirty-two characters.", BOOT_PROGRAM, "x", 1}};
    static const struct archive_part no_kind[] = {{"x", (enum boot_kind)9, "x", 1}};
    static const struct archive_part large[] = {
        {"x", BOOT_PROGRAM, "x", (size_t)BOOT_ARCHIVE_BYTES_MAX}};
    struct archive_part many[BOOT_ARCHIVE_ENTRIES_MAX + 1];
    struct blob blob;

    for (size_t i = 0; i < ARRAY_COUNT(many); i++)
        many[i] = parts[2];
    assert_int_equal(archive_build(many, 0, 0, &blob), ARCHIVE_COUNT);
    assert_int_equal(archive_build(many, ARRAY_COUNT(many), 0, &blob), ARCHIVE_COUNT);
    assert_int_equal(archive_build(no_name, 1, 0, &blob), ARCHIVE_NAME);
    assert_int_equal(archive_build(long_name, 1, 0, &blob), ARCHIVE_NAME);
    assert_int_equal(archive_build(no_kind, 1, 0, &blob), ARCHIVE_KIND);
    assert_int_equal(archive_build(large, 1, 0, &blob), ARCHIVE_LARGE);
}

/* Goal: an archive cut anywhere is refused.  Method: every length below the whole one, in memory
 * of exactly that length, so that the sanitizer sees a read beyond it. */
static void test_archive_truncated_anywhere_is_refused(void **state)
{
    (void)state;
    struct blob blob = build_parts();

    for (size_t bytes = 0; bytes < blob.bytes; bytes++) {
        unsigned char *part = malloc(bytes != 0 ? bytes : 1);

        assert_non_null(part);
        memcpy(part, blob.data, bytes);
        assert_int_not_equal(archive_check(part, bytes), ARCHIVE_OK);
        free(part);
    }
    blob_fini(&blob);
}

/* Goal: every flipped bit is found.  Method: flip each bit in turn. */
static void test_archive_flipped_bits_are_refused(void **state)
{
    (void)state;
    struct blob blob = build_parts();

    for (size_t bit = 0; bit < 8 * blob.bytes; bit++) {
        blob.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_int_not_equal(archive_check(blob.data, blob.bytes), ARCHIVE_OK);
        blob.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    blob_fini(&blob);
}

/* Write a changed record and a matching checksum, and check. */
static enum archive_refusal check_changed(struct blob *blob, const struct boot_entry *entry)
{
    struct boot_archive *header = (void *)blob->data;

    memcpy(blob->data + sizeof *header, entry, sizeof *entry);
    header->checksum =
        hash_sealed(blob->data, blob->bytes, offsetof(struct boot_archive, checksum));
    return archive_check(blob->data, blob->bytes);
}

/* Goal: a record that lies about its place is refused although the checksum fits.  Method: one
 * field each of the first record, checksum computed again. */
static void test_archive_records_outside_are_refused(void **state)
{
    (void)state;
    struct blob blob = build_parts();
    const struct boot_entry good = *archive_entry(blob.data, 0);
    struct boot_entry bad;

    bad = good, bad.offset = 0;
    assert_int_equal(check_changed(&blob, &bad), ARCHIVE_BOUNDS);
    bad = good, bad.offset += 4;
    assert_int_equal(check_changed(&blob, &bad), ARCHIVE_BOUNDS);
    bad = good, bad.offset = UINT64_MAX - 7;
    assert_int_equal(check_changed(&blob, &bad), ARCHIVE_BOUNDS);
    bad = good, bad.bytes = UINT64_MAX;
    assert_int_equal(check_changed(&blob, &bad), ARCHIVE_BOUNDS);
    bad = good, bad.kind = 0;
    assert_int_equal(check_changed(&blob, &bad), ARCHIVE_KIND);
    bad = good, memset(bad.name, 'x', sizeof bad.name);
    assert_int_equal(check_changed(&blob, &bad), ARCHIVE_NAME);
    assert_int_equal(check_changed(&blob, &good), ARCHIVE_OK);
    blob_fini(&blob);
}

/* Goal: a pause seed goes in, and nothing else changes.  Method: set one, check, set none, compare
 * with the archive that never had one. */
static void test_archive_holds_a_pause_seed(void **state)
{
    (void)state;
    struct blob blob = build_parts();
    struct blob untouched = build_parts();

    assert_int_equal(archive_header(blob.data)->pause_seed, 0);
    archive_set_pause_seed(&blob, UINT64_MAX);
    assert_int_equal(archive_check(blob.data, blob.bytes), ARCHIVE_OK);
    assert_int_equal(archive_header(blob.data)->pause_seed, UINT64_MAX);
    archive_set_pause_seed(&blob, 0);
    assert_int_equal(blob.bytes, untouched.bytes);
    assert_memory_equal(blob.data, untouched.data, blob.bytes);
    blob_fini(&blob);
    blob_fini(&untouched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_archive_holds_its_parts),
        cmocka_unit_test(test_archive_is_deterministic),
        cmocka_unit_test(test_archive_holds_a_pause_seed),
        cmocka_unit_test(test_archive_refuses_impossible_parts),
        cmocka_unit_test(test_archive_truncated_anywhere_is_refused),
        cmocka_unit_test(test_archive_flipped_bits_are_refused),
        cmocka_unit_test(test_archive_records_outside_are_refused),
    };

    return cmocka_run_group_tests_name("archive", tests, NULL, NULL);
}
