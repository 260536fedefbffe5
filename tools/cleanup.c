/* SPDX-License-Identifier: MIT */
#include "tools/cleanup.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"

static char paths[CLEANUP_PATHS_MAX][CLEANUP_PATH_BYTES_MAX]; /* "" = dropped */
static volatile sig_atomic_t path_count;
static volatile sig_atomic_t child_pid;
static const char *volatile last_text;

static const int caught_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT, SIGABRT};

void cleanup_write_text(void)
{
    const char *text = last_text;

    last_text = NULL;
    if (text != NULL && write(STDOUT_FILENO, text, strlen(text)) < 0)
        text = NULL; /* the terminal is gone */
}

void cleanup_run(void)
{
    pid_t child = child_pid;

    cleanup_write_text();
    child_pid = 0;
    if (child > 0) {
        kill(child, SIGKILL);
        while (waitpid(child, NULL, 0) == -1 && errno == EINTR)
            continue;
    }
    while (path_count > 0) {
        path_count--;
        if (paths[path_count][0] != '\0' && unlink(paths[path_count]) != 0)
            rmdir(paths[path_count]);
    }
}

static void handle_signal(int number)
{
    cleanup_run();
    signal(number, SIG_DFL);
    raise(number);
}

void cleanup_init(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = handle_signal;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < ARRAY_COUNT(caught_signals); i++)
        sigaddset(&action.sa_mask, caught_signals[i]);
    for (size_t i = 0; i < ARRAY_COUNT(caught_signals); i++)
        sigaction(caught_signals[i], &action, NULL);
    atexit(cleanup_run);
}

bool cleanup_add(const char *path)
{
    size_t length = strlen(path);

    ASSERT(length > 0);
    if (length >= CLEANUP_PATH_BYTES_MAX || path_count >= (sig_atomic_t)CLEANUP_PATHS_MAX)
        return false;
    memcpy(paths[path_count], path, length + 1);
    path_count++;
    return true;
}

void cleanup_drop(const char *path)
{
    for (sig_atomic_t i = 0; i < path_count; i++)
        if (strcmp(paths[i], path) == 0)
            paths[i][0] = '\0';
    while (path_count > 0 && paths[path_count - 1][0] == '\0')
        path_count--;
}

void cleanup_set_text(const char *text)
{
    last_text = text;
}

void cleanup_set_child(pid_t child)
{
    child_pid = child;
}
