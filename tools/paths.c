/* SPDX-License-Identifier: MIT */
#include "tools/paths.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tools/message.h"

/* Cut `path` before its last '/'; the root stays. */
static void to_parent(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash != NULL)
        slash[slash == path ? 1 : 0] = '\0';
}

bool paths_find(struct paths *paths)
{
    char build[FILE_PATH_BYTES_MAX], root[FILE_PATH_BYTES_MAX];
    ssize_t length = readlink("/proc/self/exe", build, sizeof build - 1);

    if (length < 0) {
        message("/proc/self/exe: %s", strerror(errno));
        return false;
    }
    build[length] = '\0';
    to_parent(build);
    memcpy(root, build, sizeof root);
    to_parent(root);
    return path_join(paths->kernel, build, "capos-kernel.elf") &&
           path_join(paths->init, build, "user/init.elf") &&
           path_join(paths->loadgen, build, "user/loadgen.elf") &&
           path_join(paths->default_workload, root, "workloads/default.json") &&
           path_join(paths->manifest_loadgen, root, "manifests/loadgen.json") &&
           path_join(paths->manifest_test, root, "manifests/test.json");
}
