/* SPDX-License-Identifier: MIT */
#include "tools/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/assert.h"

static char directory[] = "/tmp/capos-file-test.XXXXXX";

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) != NULL ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    return rmdir(directory);
}

/* "DIRECTORY/NAME" in a buffer that the next call uses again. */
static const char *in_directory(const char *name)
{
    static char path[FILE_PATH_BYTES_MAX];
    bool fits = path_join(path, directory, name);

    ASSERT(fits);
    return path;
}

/* Goal: a file is read whole, up to the limit and not beyond.  Method: limits around its size. */
static void test_file_read_is_bounded(void **state)
{
    (void)state;
    const char *path = in_directory("f");
    struct blob blob;

    assert_true(file_write(path, "12345", 5));
    assert_true(file_read(path, 5, &blob));
    assert_int_equal(blob.bytes, 5);
    assert_memory_equal(blob.data, "12345", 5);
    blob_fini(&blob);
    assert_false(file_read(path, 4, &blob));
    assert_null(blob.data);
    assert_int_equal(unlink(path), 0);
}

/* Goal: what cannot be read is refused.  Method: a name that is not there, a directory. */
static void test_file_read_refuses(void **state)
{
    (void)state;
    struct blob blob;

    assert_false(file_read(in_directory("none"), 100, &blob));
    assert_false(file_read(directory, 100, &blob));
}

/* Goal: output appears under its name only on commit.  Method: look before and after. */
static void test_output_appears_on_commit(void **state)
{
    (void)state;
    const char *path = in_directory("out");
    struct output output;
    struct stat status;

    assert_true(output_open(&output, path));
    fputs("text", output.stream);
    assert_int_equal(access(path, F_OK), -1);
    assert_true(output_commit(&output));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, 4);
    assert_int_equal(unlink(path), 0);
}

/* Goal: an aborted output leaves nothing, and an old file stays.  Method: abort over a file; the
 * directory is empty but for it (remove_directory would fail). */
static void test_output_abort_leaves_nothing(void **state)
{
    (void)state;
    const char *path = in_directory("out");
    struct output output;
    struct blob blob;

    assert_true(file_write(path, "old", 3));
    assert_true(output_open(&output, path));
    fputs("new text", output.stream);
    output_abort(&output);
    output_abort(&output);
    assert_true(file_read(path, 100, &blob));
    assert_int_equal(blob.bytes, 3);
    blob_fini(&blob);
    assert_int_equal(unlink(path), 0);
}

/* Goal: an unusable place is refused before the run.  Method: a missing directory. */
static void test_output_refuses_an_unusable_place(void **state)
{
    (void)state;
    struct output output;

    assert_false(output_open(&output, in_directory("none/out")));
    assert_null(output.stream);
}

/* Goal: a device is written directly, never replaced.  Method: /dev/null is still one after. */
static void test_output_writes_devices_directly(void **state)
{
    (void)state;
    struct output output;
    struct stat status;

    assert_true(output_open(&output, "/dev/null"));
    fputs("text", output.stream);
    assert_true(output_commit(&output));
    assert_int_equal(stat("/dev/null", &status), 0);
    assert_true(S_ISCHR(status.st_mode));
}

/* Goal: an error while writing is seen on commit.  Method: the device that is always full. */
static void test_output_commit_sees_errors(void **state)
{
    (void)state;
    struct output output;

    assert_true(output_open(&output, "/dev/full"));
    fputs("text", output.stream);
    assert_false(output_commit(&output));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_read_is_bounded),
        cmocka_unit_test(test_file_read_refuses),
        cmocka_unit_test(test_output_appears_on_commit),
        cmocka_unit_test(test_output_abort_leaves_nothing),
        cmocka_unit_test(test_output_refuses_an_unusable_place),
        cmocka_unit_test(test_output_writes_devices_directly),
        cmocka_unit_test(test_output_commit_sees_errors),
    };

    return cmocka_run_group_tests_name("file", tests, make_directory, remove_directory);
}
