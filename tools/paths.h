/* SPDX-License-Identifier: MIT */
/*
 * paths.h - where capos finds what was built with it: beside its own program file.
 *
 *     build/capos   build/capos-kernel.elf   build/user/init.elf   build/user/loadgen.elf
 *     workloads/default.json   manifests/loadgen.json   manifests/test.json
 */
#ifndef TOOLS_PATHS_H
#define TOOLS_PATHS_H

#include "base/types.h"
#include "tools/file.h"

struct paths {
    char kernel[FILE_PATH_BYTES_MAX];
    char init[FILE_PATH_BYTES_MAX];
    char loadgen[FILE_PATH_BYTES_MAX];
    char default_workload[FILE_PATH_BYTES_MAX];
    char manifest_loadgen[FILE_PATH_BYTES_MAX]; /* for a workload */
    char manifest_test[FILE_PATH_BYTES_MAX];    /* for a single program */
};

/* Fill in absolute paths.  Whether files are there is not looked at.  false: said why. */
MUST_USE bool paths_find(struct paths *paths);

#endif /* TOOLS_PATHS_H */
