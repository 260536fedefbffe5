/* SPDX-License-Identifier: MIT */
#include "sim/scenario.h"

#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct workload_blob scenario_read(const char *text)
{
    struct workload_diagnostics *d = calloc(1, sizeof *d);
    struct workload_blob blob = {NULL, 0};

    ASSERT(d != NULL);
    enum workload_status status = workload_read(text, strlen(text), NULL, d, &blob);

    for (uint32_t i = 0; i < d->count && status != WORKLOAD_READ; i++)
        fprintf(stderr, "%u:%u: %s\n", d->items[i].position.line, d->items[i].position.column,
                d->items[i].text);
    ASSERT(status == WORKLOAD_READ);
    free(d);
    return blob;
}

void scenario_run(struct scenario *s, const struct sim_config *config, const char *text)
{
    struct workload_blob blob = scenario_read(text);
    const char *what;
    enum sim_refusal refusal = sim_run(config, blob.bytes, blob.size, &s->output, &what);

    ASSERT(refusal == SIM_OK);
    workload_blob_fini(&blob);
    s->header = (const struct result_header *)(const void *)s->output.result;
    s->threads = (const struct result_thread *)(const void *)(s->header + 1);
    s->cpus = (const struct result_cpu *)(const void *)(s->threads + s->header->thread_count);
    ASSERT(s->header->bytes == s->output.result_bytes);
}

void scenario_fini(struct scenario *s)
{
    free(s->output.result);
    *s = (struct scenario){0};
}
