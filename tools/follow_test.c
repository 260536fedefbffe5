/* SPDX-License-Identifier: MIT */
#include "tools/follow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "abi/stream.h"

#define FILE_NAME "stream"
#define DIRECTORY_BYTES 64u

/* As much of a snapshot as is looked at here. */
struct test_record {
    struct stream_record head;
    uint64_t number;
};

static char directory[DIRECTORY_BYTES], path[DIRECTORY_BYTES];

static int make_directory(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/capos-follow-test.XXXXXX");
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof path, "%.40s/" FILE_NAME, directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(directory);
}

static void append(const void *data, size_t bytes)
{
    FILE *stream = fopen(path, "ab");

    assert_non_null(stream);
    assert_int_equal(fwrite(data, 1, bytes, stream), bytes);
    assert_int_equal(fclose(stream), 0);
}

static struct test_record snapshot(uint64_t number)
{
    return (struct test_record){{STREAM_MAGIC_SNAPSHOT, sizeof(struct test_record), 0}, number};
}

static void append_snapshot(uint64_t number)
{
    struct test_record record = snapshot(number);

    append(&record, sizeof record);
}

/* The number of the newest snapshot, 0: there is no new one. */
static uint64_t look(struct follow *follow)
{
    struct blob record;
    uint64_t number = 0;

    if (follow_look(follow, &record)) {
        assert_int_equal(record.bytes, sizeof(struct test_record));
        number = ((const struct test_record *)(const void *)record.data)->number;
    }
    blob_fini(&record);
    return number;
}

/* Goal: the newest whole snapshot is found, once.  Method: no file; an empty one; one record; three
 * at once; a part of one, then its rest. */
static void test_follow_finds_the_newest(void **state)
{
    (void)state;
    struct test_record cut = snapshot(6);
    struct follow follow;

    assert_true(follow_begin(&follow, directory, FILE_NAME));
    assert_int_equal(look(&follow), 0);
    append("", 0);
    assert_int_equal(look(&follow), 0);
    append_snapshot(1);
    assert_int_equal(look(&follow), 1);
    assert_int_equal(look(&follow), 0);
    append_snapshot(2);
    append_snapshot(3);
    append_snapshot(4);
    assert_int_equal(look(&follow), 4);
    append_snapshot(5);
    append(&cut, 10);
    assert_int_equal(look(&follow), 5);
    assert_int_equal(look(&follow), 0);
    append((const unsigned char *)&cut + 10, sizeof cut - 10);
    assert_int_equal(look(&follow), 6);
    follow_end(&follow);
}

/* Goal: more than is read at once is followed too.  Method: 100,000 snapshots, then one more. */
static void test_follow_of_many(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    struct test_record *records = calloc(MANY, sizeof *records);
    struct follow follow;

    assert_non_null(records);
    for (uint64_t i = 0; i < MANY; i++)
        records[i] = snapshot(i + 1);
    append(records, MANY * sizeof *records);
    free(records);
    assert_true(follow_begin(&follow, directory, FILE_NAME));
    assert_int_equal(look(&follow), MANY);
    append_snapshot(7);
    assert_int_equal(look(&follow), 7);
    follow_end(&follow);
}

/* Goal: the result ends it, and so does anything unknown.  Method: one behind a snapshot, and then
 * another snapshot. */
static void test_follow_ends_at_the_result(void **state)
{
    (void)state;
    static const uint64_t magics[] = {RESULT_MAGIC, 0x1234};

    for (size_t i = 0; i < ARRAY_COUNT(magics); i++) {
        struct test_record other = snapshot(2);
        struct follow follow;

        unlink(path);
        other.head.magic = magics[i];
        append_snapshot(1);
        append(&other, sizeof other);
        assert_true(follow_begin(&follow, directory, FILE_NAME));
        assert_int_equal(look(&follow), 1);
        append_snapshot(3);
        assert_int_equal(look(&follow), 0);
        follow_end(&follow);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_follow_finds_the_newest, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(test_follow_of_many, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_follow_ends_at_the_result, make_directory,
                                        remove_directory),
    };

    return cmocka_run_group_tests_name("tools/follow", tests, NULL, NULL);
}
