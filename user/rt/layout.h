/* SPDX-License-Identifier: MIT */
/*
 * layout.h - where the runtime maps what: fixed places from MAP_BASE on (abi/bootinfo.h).
 *
 *     RT_FILES_BASE    the boot archive's files, each in a place of MEMORY_BYTES_MAX (files.h)
 *     RT_STACKS_BASE   a place of RT_STACK_STRIDE for each thread but the first (stack.h)
 *     RT_FREE_BASE     from here on nothing: the program's own
 *
 * All up to RT_FREE_BASE and some of what is behind lies in the first GiB, so that a process needs
 * one page directory.
 */
#ifndef USER_RT_LAYOUT_H
#define USER_RT_LAYOUT_H

#include "abi/bootinfo.h"
#include "abi/cap.h"

#define RT_PAGE_BYTES 4096u
#define RT_THREADS_MAX 512u

#define RT_FILES_BASE MAP_BASE
#define RT_FILE_SLOT_FIRST CAP_WORKLOAD
#define RT_FILE_COUNT (CAP_MANIFEST - CAP_WORKLOAD + 1u)

/* A stack has the upper half of its place; nothing is ever mapped in the lower. */
#define RT_STACK_BYTES PROCESS_STACK_BYTES
#define RT_STACK_STRIDE (UINT64_C(2) * RT_STACK_BYTES)
#define RT_STACKS_BASE (RT_FILES_BASE + RT_FILE_COUNT * MEMORY_BYTES_MAX)

#define RT_FREE_BASE (RT_STACKS_BASE + RT_THREADS_MAX * RT_STACK_STRIDE)

_Static_assert(RT_STACKS_BASE % RT_STACK_STRIDE == 0, "stacks are aligned to their size");
_Static_assert(PROCESS_STACK_TOP % RT_STACK_BYTES == 0, "so is the first thread's");
_Static_assert((RT_STACK_BYTES & (RT_STACK_BYTES - 1u)) == 0, "rt_self clears low bits");

#endif /* USER_RT_LAYOUT_H */
