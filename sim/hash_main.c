/* SPDX-License-Identifier: MIT */
/*
 * hash_main.c - run workload files and print one line each: what a build computed, so that builds
 * can be compared (tests/hash-matrix).
 *
 *     hash CPUS SEED DURATION_MS FILE[+FILE...]...
 *
 * Files joined by + are one workload.  Files that the reader refuses print their refusal, which
 * must be equal as well.
 * Exit status: 0, or 2 for unusable arguments.
 */
#include "abi/workload.h"
#include "base/hash.h"
#include "sim/sim.h"
#include "workload/reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_EVERY 1000u

static void run_image(const struct sim_config *config, const struct workload_blob *blob)
{
    struct sim_output output;
    const char *what;
    enum sim_refusal refusal = sim_run(config, blob->bytes, blob->size, &output, &what);

    if (refusal != SIM_OK) {
        printf("refused: %s\n", what);
        return;
    }
    printf("events %" PRIu64 " trace %016" PRIx64 " result %016" PRIx64 "\n", output.event_count,
           output.trace_hash, hash_bytes(HASH_START, output.result, output.result_bytes));
    free(output.result);
}

/* What the reader found wrong first. */
static const char *first_error(const struct workload_diagnostics *d)
{
    for (uint32_t i = 0; i < d->count; i++)
        if (d->items[i].severity == WORKLOAD_ERROR)
            return d->items[i].text;
    return "no memory";
}

/* Cut `joined` into paths at each +; how many they are. */
static uint32_t split(char *joined, const char *paths[WORKLOAD_FILES_MAX])
{
    uint32_t count = 0;
    char *rest = NULL;

    for (char *path = strtok_r(joined, "+", &rest); path != NULL && count < WORKLOAD_FILES_MAX;
         path = strtok_r(NULL, "+", &rest))
        paths[count++] = path;
    return count;
}

static void run_files(const struct sim_config *config, char *joined)
{
    const char *paths[WORKLOAD_FILES_MAX];
    const struct workload_options options = {.fifo_as = WORKLOAD_FIFO_WEIGHT};
    struct workload_diagnostics *d = calloc(1, sizeof *d);
    struct workload_blob blob;

    if (d == NULL)
        abort();
    printf("%s: ", joined);

    uint32_t count = split(joined, paths);

    if (count > 0 && workload_read_files(paths, count, &options, d, &blob) == WORKLOAD_READ) {
        run_image(config, &blob);
        workload_blob_fini(&blob);
    } else {
        printf("unreadable: %s\n", first_error(d));
    }
    free(d);
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: hash CPUS SEED DURATION_MS FILE[+FILE...]...\n");
        return 2;
    }
    struct sim_config config = {.cpu_count = (uint32_t)strtoul(argv[1], NULL, 10),
                                .seed = strtoull(argv[2], NULL, 10),
                                .duration_ns = strtoull(argv[3], NULL, 10) * NS_PER_MS,
                                .has_costs = true,
                                .check_every = CHECK_EVERY};

    for (int i = 4; i < argc; i++)
        run_files(&config, argv[i]);
    return 0;
}
