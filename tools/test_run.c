/* SPDX-License-Identifier: MIT */
#include "tools/test_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"

static size_t result_bytes(uint32_t threads, uint32_t cpus)
{
    return sizeof(struct result_header) + threads * sizeof(struct result_thread) +
           cpus * sizeof(struct result_cpu);
}

struct result_header *test_run_header(struct test_run *run)
{
    return (void *)run->bytes;
}

struct result_thread *test_run_thread(struct test_run *run, uint32_t thread)
{
    void *table = run->bytes + sizeof(struct result_header);

    return (struct result_thread *)table + thread;
}

struct result_cpu *test_run_cpu(struct test_run *run, uint32_t cpu)
{
    void *table = test_run_thread(run, test_run_header(run)->thread_count);

    return (struct result_cpu *)table + cpu;
}

void test_run_seal(struct test_run *run)
{
    struct result_header *header = test_run_header(run);

    header->checksum =
        hash_sealed(run->bytes, run->size, offsetof(struct result_header, checksum));
    ASSERT(result_open(&run->view.result, run->bytes, run->size) == RESULT_OK);
}

/* Counting up gives each figure a value of its own. */
static void fill_records(struct test_run *run, uint32_t threads, uint32_t cpus)
{
    int64_t next = 1000;

    for (uint32_t i = 0; i < threads; i++) {
        struct result_thread *t = test_run_thread(run, i);
#define FILL_FIELD(name, path) t->name = next++;
        RESULT_THREAD_TABLE(FILL_FIELD)
#undef FILL_FIELD
    }
    for (uint32_t i = 0; i < cpus; i++) {
        struct result_cpu *cpu = test_run_cpu(run, i);
#define FILL_FIELD(name, path) cpu->name = next++;
        RESULT_CPU_TABLE(FILL_FIELD)
#undef FILL_FIELD
    }
}

void test_run_init(struct test_run *run, const char *json, uint32_t cpu_count)
{
    struct workload_diagnostics *d = calloc(1, sizeof *d);
    struct result_header *header;
    uint32_t threads;

    ASSERT(d != NULL);
    *run = (struct test_run){.bytes = NULL};
    ASSERT(workload_read(json, strlen(json), NULL, d, &run->blob) == WORKLOAD_READ);
    free(d);
    ASSERT(workload_image_open(&run->image, run->blob.bytes, run->blob.size) ==
           WORKLOAD_IMAGE_OK);

    threads = workload_image_threads(&run->image);
    run->size = result_bytes(threads, cpu_count);
    run->bytes = calloc(1, run->size);
    ASSERT(run->bytes != NULL);
    header = test_run_header(run);
    *header = (struct result_header){.magic = RESULT_MAGIC,
                                     .bytes = run->size,
                                     .duration_ns = TEST_RUN_DURATION_NS,
                                     .thread_count = threads,
                                     .cpu_count = cpu_count,
                                     .wasted_ns = RESULT_UNKNOWN};
    fill_records(run, threads, cpu_count);
    run->view = (struct run_view){.engine = ENGINE_KERNEL,
                                  .workload = "some.json",
                                  .image = &run->image,
                                  .cpu_count = cpu_count,
                                  .seed = 7};
    test_run_seal(run);
}

void test_run_fini(struct test_run *run)
{
    workload_blob_fini(&run->blob);
    free(run->bytes);
}

char *test_run_text(void (*print)(const struct run_view *run, FILE *stream),
                    const struct run_view *run)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    ASSERT(stream != NULL);
    print(run, stream);
    ASSERT(fclose(stream) == 0);
    return text;
}
