/* SPDX-License-Identifier: MIT */
/* files.h - the boot archive's files that the process was given, mapped for reading. */
#ifndef USER_RT_FILES_H
#define USER_RT_FILES_H

#include "user/rt/layout.h"

/*
 * The file in `slot`: CAP_WORKLOAD, CAP_ARGUMENTS or CAP_MANIFEST.  It is mapped at the first use
 * and stays.  Only the first thread calls this.
 * Returns: where it is, with its size in *bytes; NULL with 0 if the process does not have it or it
 * cannot be mapped.
 */
const void *rt_file_map(uint32_t slot, uint64_t *bytes);

#endif /* USER_RT_FILES_H */
