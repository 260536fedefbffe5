/* SPDX-License-Identifier: MIT */
/*
 * paths.h - where capos finds what was built with it: beside its own program file.
 *
 *     build/capos   build/capos-kernel.elf   build/user/loadgen.elf   workloads/default.json
 */
#ifndef TOOLS_PATHS_H
#define TOOLS_PATHS_H

#include "base/types.h"
#include "tools/file.h"

struct paths {
    char kernel[FILE_PATH_BYTES_MAX];
    char loadgen[FILE_PATH_BYTES_MAX];
    char default_workload[FILE_PATH_BYTES_MAX];
};

/* Fill in absolute paths.  Whether files are there is not looked at.  false: said why. */
MUST_USE bool paths_find(struct paths *paths);

#endif /* TOOLS_PATHS_H */
