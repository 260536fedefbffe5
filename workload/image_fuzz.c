/* SPDX-License-Identifier: MIT */
/*
 * image_fuzz.c - any bytes as a workload image.
 *
 * Random bytes would never pass the checksum, so an input is a list of changes to a sound image:
 * (offset, value) in three bytes each, after which the checksum is made to fit.  An input whose
 * first byte is odd is taken as the image itself.  What is accepted must run.
 */
#include "base/assert.h"
#include "base/hash.h"
#include "workload/image.h"
#include "workload/reader.h"
#include "workload/step.h"

#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 100u
#define CHANGE_BYTES 3u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static const char text[] =
    "{\"tasks\":{"
    "\"a\":{\"instance\":3,\"cpus\":[1],\"phases\":{\"p\":{\"run\":1,\"sleep\":2},"
    "\"q\":{\"cpus\":[0,70],\"timer\":{\"ref\":\"unique\",\"period\":5}}}},"
    "\"b\":{\"loop\":2,\"timer\":{\"ref\":\"t\",\"period\":9},\"lock\":\"m\","
    "\"wait\":{\"ref\":\"c\",\"mutex\":\"m\"},\"unlock\":\"m\",\"signal\":\"c\",\"suspend\","
    "\"resume\":\"b\",\"runtime\":3,\"broad\":\"c\",\"sync\":{\"ref\":\"c\",\"mutex\":\"m\"},"
    "\"suspend\":\"c\",\"barrier\":\"x\",\"sem_wait\":\"s\",\"sem_post\":\"s\",\"mem\":5,"
    "\"memrun\":6,\"yield\",\"fork\":\"d\"},\"d\":{\"instance\":0,\"sync\":{\"ref\":\"c\","
    "\"mutex\":\"m\"}},\"g\":{\"taskgroup\":\"/g\",\"sem_post\":\"u\"},"
    "\"h\":{\"taskgroup\":\"/h\",\"run\":1},\"i\":{\"capos-call\":\"e\"},\"k\":{\"capos-serve\":"
    "{\"endpoint\":\"e\",\"run\":4,\"passive\":true}}},\"global\":{\"duration\":1}}";

/* Touch all that an opened image gives. */
static void use(const struct workload_image *image)
{
    static struct step_shared shared;
    static struct step_thread t;
    struct result_thread result;
    struct mono now = {0};
    uint32_t last = workload_image_threads(image) - 1;

    for (uint32_t i = 0; i < image->header->task_count; i++)
        ASSERT(strlen(workload_image_name(image, image->tasks[i].name)) < WORKLOAD_NAME_BYTES_MAX);
    for (uint32_t i = 0; i <= image->header->process_count; i++)
        ASSERT(strlen(workload_image_process_name(image, i)) < WORKLOAD_NAME_BYTES_MAX);
    ASSERT(workload_image_process_of(image, last) <= image->header->process_count);
    (void)workload_image_ends(image);
    (void)workload_image_instance_of(image, last);
    (void)workload_image_starts(image, last);
    shared = (struct step_shared){0};
    step_init(&t, image, last, now, MONO_NEVER);
    for (uint32_t step = 0; step < STEPS_MAX; step++) {
        struct step_action action = step_next(&t, &shared, now);

        if (action.kind == STEP_SET_MASK)
            (void)workload_image_mask(image, action.object);
        if (action.kind == STEP_FORK)
            ASSERT(action.object < image->header->task_count);
        now = mono_add(now, action.ns + 1);
    }
    step_result(&t, &result);
}

static void open_and_use(const void *bytes, uint64_t size)
{
    struct workload_image image;

    if (workload_image_open(&image, bytes, size) == WORKLOAD_IMAGE_OK)
        use(&image);
}

/* A copy on the heap, so that reading beyond its end is seen, and aligned. */
static unsigned char *copy_of(const void *bytes, size_t size)
{
    unsigned char *copy = malloc(size + (size == 0));

    if (copy == NULL)
        abort();
    memcpy(copy, bytes, size);
    return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct workload_diagnostics d;
    static struct workload_blob sound;

    if (sound.bytes == NULL && workload_read(text, strlen(text), NULL, &d, &sound) != WORKLOAD_READ)
        abort();
    if (bytes == 0)
        return 0;
    if (data[0] % 2 == 1) {
        unsigned char *raw = copy_of(data + 1, bytes - 1);

        open_and_use(raw, bytes - 1);
        free(raw);
        return 0;
    }

    unsigned char *image = copy_of(sound.bytes, sound.size);
    struct workload_header *header = (struct workload_header *)(void *)image;

    for (size_t i = 1; i + CHANGE_BYTES <= bytes; i += CHANGE_BYTES)
        image[((size_t)data[i] << 8 | data[i + 1]) % sound.size] = data[i + 2];
    header->checksum = hash_sealed(image, sound.size, offsetof(struct workload_header, checksum));
    open_and_use(image, sound.size);
    free(image);
    return 0;
}
