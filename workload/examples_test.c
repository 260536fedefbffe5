/* SPDX-License-Identifier: MIT */
/*
 * The example files of Debian's rt-app package and our own: what the reader says of each, and what
 * it does when they are damaged.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "workload/test_reading.h"

#define PACKAGE "/usr/share/doc/rt-app/"
#define FILES_MAX 64u
#define PATH_BYTES_MAX 300u
#define FLIPS_PER_FILE 400u

/* What comes of a file of the package: so many tasks and threads, or the first error. */
struct verdict {
    const char *path;
    uint32_t tasks;
    uint32_t threads;
    uint32_t line;
    uint32_t column;
    const char *part;
};

#define ACCEPTED(path, tasks, threads) {path, tasks, threads, 0, 0, NULL}
#define REFUSED(path, line, column, part) {path, 0, 0, line, column, part}

static const struct verdict verdicts[] = {
    ACCEPTED("examples/template.json", 1, 1),
    ACCEPTED("examples/mp3-short.json", 5, 5),
    ACCEPTED("examples/mp3-long.json", 5, 5),
    ACCEPTED("examples/spreading-tasks.json", 2, 2),
    ACCEPTED("examples/tutorial/example1.json", 1, 1),
    ACCEPTED("examples/tutorial/example2.json", 1, 1),
    ACCEPTED("examples/tutorial/example3.json", 1, 12),
    ACCEPTED("examples/tutorial/example4.json", 2, 2),
    ACCEPTED("examples/tutorial/example5.json", 2, 2),
    ACCEPTED("examples/tutorial/example8.json", 1, 1),
    ACCEPTED("examples/browser-short.json", 9, 9),
    ACCEPTED("examples/browser-long.json", 9, 9),
    ACCEPTED("examples/video-short.json", 17, 17),
    ACCEPTED("examples/video-long.json", 17, 17),
    REFUSED("examples/tutorial/example6.json", 13, 4, "\"iorun\" is not supported"),
    ACCEPTED("examples/tutorial/example7.json", 2, 2),
    REFUSED("examples/cpufreq_governor_efficiency/calibration.json", 19, 22, "\"SCHED_FIFO\" has"),
    REFUSED("examples/cpufreq_governor_efficiency/dvfs.json", 5, 15, "\"SCHED_FIFO\" has"),
    REFUSED("examples/merge/global.json", 1, 1, "the file has no \"tasks\""),
    REFUSED("examples/merge/resources.json", 1, 1, "the file has no \"tasks\""),
    REFUSED("examples/merge/thread0.json", 9, 7, "there is no \"m0\" in the file's \"resources\""),
    REFUSED("examples/merge/thread1.json", 9, 7, "there is no \"m0\" in the file's \"resources\""),
    REFUSED("examples/merge/thread2.json", 9, 7, "there is no \"wake\" in the file's"),
    REFUSED("examples/merge/thread3.json", 9, 7, "there is no \"wake\" in the file's"),
    ACCEPTED("taskset.json", 4, 4),
};

struct file {
    char path[PATH_BYTES_MAX];
    char *text;
    size_t bytes;
};

static struct file files[FILES_MAX];
static size_t file_count;

static void load(const char *folder, const char *name)
{
    struct file *file = &files[file_count++];
    FILE *stream;

    assert_true(file_count <= FILES_MAX);
    snprintf(file->path, sizeof file->path, "%s%s", folder, name);
    stream = fopen(file->path, "rb");
    if (stream == NULL)
        fail_msg("%s: cannot be read; is the package rt-app installed?", file->path);
    fseek(stream, 0, SEEK_END);
    file->bytes = (size_t)ftell(stream);
    rewind(stream);
    file->text = malloc(file->bytes);
    assert_non_null(file->text);
    assert_int_equal(fread(file->text, 1, file->bytes, stream), file->bytes);
    fclose(stream);
}

/* All files: the package's, then those of workloads/.  Tests run in the repository's root. */
static int load_all(void **state)
{
    DIR *folder = opendir("workloads");
    struct dirent *entry;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(verdicts); i++)
        load(PACKAGE, verdicts[i].path);
    if (folder == NULL)
        return -1;
    while ((entry = readdir(folder)) != NULL) /* at most FILES_MAX, see load */
        if (strstr(entry->d_name, ".json") != NULL)
            load("workloads/", entry->d_name);
    closedir(folder);
    return file_count > ARRAY_COUNT(verdicts) ? 0 : -1;
}

static int unload_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < file_count; i++)
        free(files[i].text);
    return 0;
}

/* Goal: each of the package's files is accepted or refused as expected, at the right place.
 * Method: the table above. */
static void test_examples_verdicts(void **state)
{
    struct test_reading t;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(verdicts); i++) {
        const struct verdict *v = &verdicts[i];
        const struct workload_diagnostic *error;

        test_read_bytes(&t, files[i].text, files[i].bytes);
        error = test_first_error(&t.d);
        if ((error == NULL) != (v->part == NULL))
            fail_msg("%s: %s", v->path, error == NULL ? "accepted" : error->text);
        if (error == NULL) {
            assert_int_equal(t.image.header->task_count, v->tasks);
            assert_int_equal(workload_image_threads(&t.image), v->threads);
        } else if (error->position.line != v->line || error->position.column != v->column ||
                   strstr(error->text, v->part) == NULL) {
            fail_msg("%s:%u:%u: %s", v->path, error->position.line, error->position.column,
                     error->text);
        }
        test_fini(&t);
    }
}

/* Goal: what is refused for its policy alone is run with --fifo-as weight; the rest of the table
 * stays as it is.  Method: all files, read so. */
static void test_examples_fifo_as_weight(void **state)
{
    static const struct workload_options options = {.fifo_as = WORKLOAD_FIFO_WEIGHT};
    struct test_reading t;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(verdicts); i++) {
        bool is_fifo = strstr(verdicts[i].path, "cpufreq_governor_efficiency") != NULL;

        test_read_options(&t, files[i].text, files[i].bytes, &options);
        if ((t.status == WORKLOAD_READ) != (is_fifo || verdicts[i].part == NULL))
            fail_msg("%s: status %d", verdicts[i].path, (int)t.status);
        test_fini(&t);
    }
}

/* Goal: the pieces for merge.py are a workload together.  Method: all of examples/merge. */
static void test_examples_merged(void **state)
{
    struct workload_text texts[ARRAY_COUNT(verdicts)];
    struct test_reading t = {.status = WORKLOAD_READ};
    uint32_t count = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(verdicts); i++)
        if (strstr(verdicts[i].path, "/merge/") != NULL)
            texts[count++] = (struct workload_text){files[i].text, files[i].bytes};
    assert_int_equal(count, 6);
    t.status = workload_read_texts(texts, count, NULL, &t.d, &t.blob);
    assert_int_equal(t.status, WORKLOAD_READ);
    assert_int_equal(workload_image_open(&t.image, t.blob.bytes, t.blob.size), WORKLOAD_IMAGE_OK);
    assert_int_equal(t.image.header->task_count, 4);
    assert_int_equal(t.image.header->duration_ns, 5 * NS_PER_S);
    test_fini(&t);
}

/* Goal: the table misses none of the package's files.  Method: count them as find does. */
static void test_examples_all_listed(void **state)
{
    FILE *find = popen("find " PACKAGE " -name '*.json' -type f | wc -l", "r");
    unsigned count = 0;

    (void)state;
    assert_non_null(find);
    assert_int_equal(fscanf(find, "%u", &count), 1);
    pclose(find);
    assert_int_equal(count, ARRAY_COUNT(verdicts));
}

/* Goal: our own files are accepted without a word.  Method: all of workloads/. */
static void test_examples_own_files(void **state)
{
    struct test_reading t;

    (void)state;
    for (size_t i = ARRAY_COUNT(verdicts); i < file_count; i++) {
        test_read_bytes(&t, files[i].text, files[i].bytes);
        if (t.status != WORKLOAD_READ || t.d.count != 0)
            fail_msg("%s: %s", files[i].path, t.d.items[0].text);
        test_fini(&t);
    }
}

/* Goal: a file cut anywhere before its last brace is refused, with a place.  Method: every length
 * of every file. */
static void test_examples_truncated(void **state)
{
    struct test_reading t;

    (void)state;
    for (size_t i = 0; i < file_count; i++) {
        const char *last = memrchr(files[i].text, '}', files[i].bytes);

        assert_non_null(last);
        for (size_t cut = 0; cut <= (size_t)(last - files[i].text); cut++) {
            test_read_bytes(&t, files[i].text, cut);
            if (t.status != WORKLOAD_REFUSED)
                fail_msg("%s: accepted with %zu bytes", files[i].path, cut);
            assert_true(t.d.items[0].position.line > 0);
        }
    }
}

/* Goal: a flipped bit is a typed answer, whatever it hits.  Method: random bits of every file from
 * one seed; the sanitizers watch. */
static void test_examples_bit_flips(void **state)
{
    struct prng p = prng_seed(2);
    struct test_reading t;

    (void)state;
    for (size_t i = 0; i < file_count; i++) {
        for (unsigned flip = 0; flip < FLIPS_PER_FILE; flip++) {
            uint64_t bit = prng_below(&p, 8 * files[i].bytes);
            char *byte = &files[i].text[bit / 8];
            char before = *byte;

            *byte = (char)(before ^ 1 << bit % 8);
            test_read_bytes(&t, files[i].text, files[i].bytes);
            *byte = before;
            test_fini(&t);
        }
    }
}

/* The text with the number that starts at `at` replaced. */
static char *replace_number(const struct file *file, size_t at, const char *number)
{
    size_t end = at;
    char *text;

    while (end < file->bytes && isdigit((unsigned char)file->text[end]))
        end++;
    assert_true(asprintf(&text, "%.*s%s%.*s", (int)at, file->text, number,
                         (int)(file->bytes - end), file->text + end) > 0);
    return text;
}

/* Goal: absurd numbers are typed answers.  Method: each number of every file replaced by each. */
static void test_examples_absurd_numbers(void **state)
{
    static const char *const numbers[] = {"0",    "-1",  "4294967296", "99999999999999999999",
                                          "1e99", "0.1", "-0"};
    struct test_reading t;

    (void)state;
    for (size_t i = 0; i < file_count; i++) {
        for (size_t at = 1; at < files[i].bytes; at++) {
            bool is_first = isdigit((unsigned char)files[i].text[at]) &&
                            !isdigit((unsigned char)files[i].text[at - 1]);

            for (size_t n = 0; is_first && n < ARRAY_COUNT(numbers); n++) {
                char *text = replace_number(&files[i], at, numbers[n]);

                test_read_bytes(&t, text, strlen(text));
                test_fini(&t);
                free(text);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_verdicts),
        cmocka_unit_test(test_examples_fifo_as_weight),
        cmocka_unit_test(test_examples_merged),
        cmocka_unit_test(test_examples_all_listed),
        cmocka_unit_test(test_examples_own_files),
        cmocka_unit_test(test_examples_truncated),
        cmocka_unit_test(test_examples_bit_flips),
        cmocka_unit_test(test_examples_absurd_numbers),
    };

    return cmocka_run_group_tests_name("workload/examples", tests, load_all, unload_all);
}
