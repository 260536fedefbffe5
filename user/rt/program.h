/* SPDX-License-Identifier: MIT */
/*
 * program.h - what a program supplies.  It runs on the first thread, with the argument that the
 * process's parent chose; its result is the process's exit status, and ends all its threads.
 *
 * What else the process was given it finds in the well-known slots (abi/cap.h); files with
 * rt_file_map (files.h).  Threads need THREADS and, for their stacks, LEDGER.
 */
#ifndef USER_RT_PROGRAM_H
#define USER_RT_PROGRAM_H

#include "base/types.h"

int64_t rt_main(uint64_t argument);

#endif /* USER_RT_PROGRAM_H */
