/* SPDX-License-Identifier: MIT */
/*
 * reader_fuzz.c - any bytes as workload files: a typed answer, no leak, nothing read or written
 * outside, and what is accepted is an image that opens and runs.  A NUL, which no file may have,
 * stands between two files.
 */
#include "base/assert.h"
#include "workload/image.h"
#include "workload/prepass.h"
#include "workload/reader.h"
#include "workload/step.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 4u
#define STEPS_MAX 200u
#define THREADS_MAX 4u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void run_steps(const struct workload_image *image)
{
    static struct step_shared shared;
    static struct step_thread t;
    struct mono now = {0};

    shared = (struct step_shared){0};
    for (uint32_t i = 0; i < THREADS_MAX && i < workload_image_threads(image); i++) {
        step_init(&t, image, i, now, MONO_NEVER);
        for (uint32_t step = 0; step < STEPS_MAX; step++) {
            struct step_action action = step_next(&t, &shared, now);

            if (action.kind == STEP_DONE)
                break;
            if (action.kind == STEP_SLEEP_UNTIL && mono_before(now, action.at))
                now = action.at;
            now = mono_add(now, action.ns + 1);
        }
    }
}

/* The texts between NULs, each in memory of its own, so that reading on is seen; the last has the
 * rest. */
static uint32_t split(const uint8_t *data, size_t bytes, struct workload_text texts[FILES_MAX],
                      char *copies[FILES_MAX])
{
    uint32_t count = 0;

    for (bool is_last = false; !is_last; count++) { /* at most FILES_MAX */
        const uint8_t *end = count + 1 < FILES_MAX ? memchr(data, '\0', bytes) : NULL;
        size_t length = end == NULL ? bytes : (size_t)(end - data);

        copies[count] = malloc(length + (length == 0));
        ASSERT(copies[count] != NULL);
        memcpy(copies[count], data, length);
        texts[count] = (struct workload_text){copies[count], length};
        is_last = end == NULL;
        data += length + !is_last;
        bytes -= length + !is_last;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct workload_diagnostics d;
    struct workload_image image;
    struct workload_blob blob;
    struct prepass p;

    /* The other hash is seeded by the time; this one lets a run be made again. */
    (void)json_global_set_string_hash(JSON_C_STR_HASH_PERLLIKE);
    d = (struct workload_diagnostics){0};

    const struct workload_options options = {
        bytes % 2 == 0 ? WORKLOAD_FIFO_REFUSED : WORKLOAD_FIFO_WEIGHT};
    struct workload_text texts[FILES_MAX];
    char *copies[FILES_MAX];
    uint32_t count = split(data, bytes, texts, copies);
    enum workload_status status = workload_read_texts(texts, count, &options, &d, &blob);

    for (uint32_t i = 0; i < count; i++)
        free(copies[i]);

    ASSERT(status == WORKLOAD_READ || status == WORKLOAD_REFUSED);
    ASSERT((status == WORKLOAD_REFUSED) == (d.error_count != 0));
    for (uint32_t i = 0; i < d.count; i++) {
        ASSERT(strcmp(d.items[i].text, "json-c refuses it") != 0);
        ASSERT(d.items[i].file < count);
    }
    if (status == WORKLOAD_READ) {
        ASSERT(workload_image_open(&image, blob.bytes, blob.size) == WORKLOAD_IMAGE_OK);
        run_steps(&image);
    }
    workload_blob_fini(&blob);

    (void)!prepass_run(&p, (const char *)data, bytes, PREPASS_KEYS_UNIQUE, &d);
    prepass_fini(&p);
    return 0;
}
