/* SPDX-License-Identifier: MIT */
/*
 * test_flips.c - every bit of every file of the rt-app package flipped, one at a time.  Prints TAP.
 *
 *     flips FILE...
 *
 * Goal: whatever a flip hits, the reader answers: it accepts, with an image that opens (the reader
 * asserts that), or refuses with at least one error.  Method: all 8 * bytes flips of each file, by
 * turns with and without --fifo-as weight.  Without sanitizers, which take four times as long;
 * examples_test flips at random under them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "workload/reader.h"

#define FILE_BYTES_MAX (1u << 20)

static unsigned char text[FILE_BYTES_MAX];
static struct workload_diagnostics diagnostics;

/* Does the reader give a typed answer? */
static bool read_answers(size_t bytes, bool is_weight)
{
    const struct workload_options options = {is_weight ? WORKLOAD_FIFO_WEIGHT
                                                       : WORKLOAD_FIFO_REFUSED};
    struct workload_blob blob;

    diagnostics.count = 0;
    diagnostics.lost_count = 0;
    diagnostics.error_count = 0;

    enum workload_status status =
        workload_read((const char *)text, bytes, &options, &diagnostics, &blob);
    bool is_typed = status == WORKLOAD_READ
                        ? diagnostics.error_count == 0 && blob.bytes != NULL
                        : status == WORKLOAD_REFUSED && diagnostics.error_count > 0;

    workload_blob_fini(&blob);
    return is_typed;
}

static bool flip_all(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t bytes = file == NULL ? 0 : fread(text, 1, sizeof text, file);

    if (file != NULL)
        (void)fclose(file);
    if (bytes == 0 || bytes == sizeof text)
        return false;
    for (size_t bit = 0; bit < 8 * bytes; bit++) {
        text[bit / 8] ^= (unsigned char)(1u << bit % 8);
        if (!read_answers(bytes, bit % 2 == 0)) {
            printf("# %s: byte %zu, bit %zu\n", path, bit / 8, bit % 8);
            return false;
        }
        text[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    return true;
}

int main(int argc, char **argv)
{
    printf("1..%d\n", argc - 1);
    for (int i = 1; i < argc; i++)
        printf("%s %d - every bit of %s flipped is a typed answer\n",
               flip_all(argv[i]) ? "ok" : "not ok", i, argv[i]);
    return argc > 1 ? 0 : 1;
}
