/* SPDX-License-Identifier: MIT */
/*
 * program.h - what a program supplies.  It runs on the first thread; its result ends the machine:
 * 0 is success.  The workload image is at WORKLOAD_BASE, the arguments' text at ARGUMENTS_BASE
 * (abi/bootinfo.h), each mapped for reading if its size is not 0.
 */
#ifndef USER_RT_PROGRAM_H
#define USER_RT_PROGRAM_H

#include "base/types.h"

int64_t rt_main(uint64_t workload_bytes, uint64_t arguments_bytes);

#endif /* USER_RT_PROGRAM_H */
