/* SPDX-License-Identifier: MIT */
/*
 * test_run.h - for unit tests: a workload read from text and a run of it with figures made up.
 */
#ifndef TOOLS_TEST_RUN_H
#define TOOLS_TEST_RUN_H

#include "tools/file.h"
#include "tools/run_view.h"
#include "workload/reader.h"

#define TEST_RUN_DURATION_NS UINT64_C(2000000000)

struct test_run {
    struct workload_blob blob;
    struct workload_image image;
    unsigned char *bytes; /* the binary result */
    size_t size;
    struct run_view view;
};

/* Read `json` and make a result in which every figure is known, differs from its neighbours and is
 * possible; `view` shows it as a kernel run on `cpu_count` CPUs. */
void test_run_init(struct test_run *run, const char *json, uint32_t cpu_count);
void test_run_fini(struct test_run *run);

/* The tables of `view.result`, to change figures in; test_run_seal opens the result again. */
struct result_header *test_run_header(struct test_run *run);
struct result_thread *test_run_thread(struct test_run *run, uint32_t thread);
struct result_cpu *test_run_cpu(struct test_run *run, uint32_t cpu);

/* Compute the checksum again and open the result; it must be sound. */
void test_run_seal(struct test_run *run);

/* What `print` writes, as text that the caller frees. */
char *test_run_text(void (*print)(const struct run_view *run, FILE *stream),
                    const struct run_view *run);

#endif /* TOOLS_TEST_RUN_H */
