/* SPDX-License-Identifier: MIT */
#include "tools/cleanup.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATH_BYTES 64u

static char directory[PATH_BYTES], file[PATH_BYTES];

/* A directory with a file in it. */
static int make_files(void **state)
{
    FILE *stream;

    (void)state;
    snprintf(directory, sizeof directory, "/tmp/capos-cleanup-test.XXXXXX");
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(file, sizeof file, "%.40s/file", directory);
    stream = fopen(file, "w");
    return stream != NULL ? fclose(stream) : -1;
}

static int remove_files(void **state)
{
    (void)state;
    unlink(file);
    rmdir(directory);
    return 0;
}

/* Run `body` in a process of its own; returns how it ended (waitpid). */
static int in_child(void (*body)(void))
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        cleanup_init();
        body();
        exit(7);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void add_both(void)
{
    if (!cleanup_add(directory) || !cleanup_add(file))
        abort();
}

static void add_and_raise(void)
{
    add_both();
    raise(SIGINT);
}

static void add_and_keep_file(void)
{
    add_both();
    cleanup_drop(file);
}

static void set_child_and_terminate(void)
{
    pid_t child = fork();

    if (child == 0) {
        pause();
        _exit(0);
    }
    cleanup_set_child(child);
    printf("%d\n", (int)child);
    fflush(stdout);
    raise(SIGTERM);
}

/* Goal: the end of the program removes what is registered.  Method: a child that returns. */
static void test_cleanup_at_exit(void **state)
{
    (void)state;
    int status = in_child(add_both);

    assert_int_equal(WEXITSTATUS(status), 7);
    assert_int_equal(access(directory, F_OK), -1);
}

/* Goal: a signal removes it too, and is still seen as the cause.  Method: a child that gets one. */
static void test_cleanup_on_a_signal(void **state)
{
    (void)state;
    int status = in_child(add_and_raise);

    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGINT);
    assert_int_equal(access(directory, F_OK), -1);
}

/* Goal: what is dropped stays.  Method: drop the file; so the directory stays as well. */
static void test_cleanup_drop_keeps(void **state)
{
    (void)state;
    in_child(add_and_keep_file);
    assert_int_equal(access(file, F_OK), 0);
}

/* Goal: a signal ends the registered process, before capos itself ends.  Method: a grandchild that
 * waits for ever; its number comes through a pipe; afterwards there is no such process. */
static void test_cleanup_ends_the_child(void **state)
{
    (void)state;
    int ends[2], saved = dup(STDOUT_FILENO);
    char text[PATH_BYTES] = "";

    fflush(stdout);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
    in_child(set_child_and_terminate);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    close(ends[0]);
    assert_int_equal(kill((pid_t)strtol(text, NULL, 10), 0), -1);
}

static void fill_registry(void)
{
    unsigned added = 0;

    while (added <= CLEANUP_PATHS_MAX && cleanup_add("/nonexistent/capos"))
        added++;
    _exit(added == CLEANUP_PATHS_MAX ? 0 : 1);
}

/* Goal: the limit is refused, not passed.  Method: register until refused, and count. */
static void test_cleanup_add_refuses_beyond_the_limit(void **state)
{
    (void)state;
    assert_int_equal(in_child(fill_registry), 0);
}

static const char last_words[] = "as it was\n";

static void speak_at_the_end(void)
{
    cleanup_set_text("not this\n");
    cleanup_set_text(last_words);
}

static void speak_at_abort(void)
{
    cleanup_set_text(last_words);
    abort();
}

static void speak_at_once(void)
{
    cleanup_set_text(last_words);
    cleanup_write_text();
    cleanup_write_text();
}

static void forget_to_speak(void)
{
    cleanup_set_text(last_words);
    cleanup_set_text(NULL);
}

/* Standard output of a process with `body`. */
static void output_of(void (*body)(void), char *text, size_t size)
{
    int saved = dup(STDOUT_FILENO);
    int ends[2];
    ssize_t got;

    assert_int_equal(fflush(stdout), 0);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
    close(ends[1]);
    (void)in_child(body);
    assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
    close(saved);
    got = read(ends[0], text, size - 1);
    assert_true(got >= 0);
    text[got] = '\0';
    close(ends[0]);
}

/* Goal: the last words are written once, at a return and at an abort, unless taken back.
 * Method: a pipe instead of standard output. */
static void test_cleanup_writes_the_text(void **state)
{
    (void)state;
    char text[PATH_BYTES];

    output_of(speak_at_the_end, text, sizeof text);
    assert_string_equal(text, last_words);
    output_of(speak_at_abort, text, sizeof text);
    assert_string_equal(text, last_words);
    output_of(speak_at_once, text, sizeof text);
    assert_string_equal(text, last_words);
    output_of(forget_to_speak, text, sizeof text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cleanup_at_exit, make_files, remove_files),
        cmocka_unit_test_setup_teardown(test_cleanup_on_a_signal, make_files, remove_files),
        cmocka_unit_test_setup_teardown(test_cleanup_drop_keeps, make_files, remove_files),
        cmocka_unit_test(test_cleanup_ends_the_child),
        cmocka_unit_test(test_cleanup_add_refuses_beyond_the_limit),
        cmocka_unit_test(test_cleanup_writes_the_text),
    };

    return cmocka_run_group_tests_name("cleanup", tests, NULL, NULL);
}
