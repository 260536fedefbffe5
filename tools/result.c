/* SPDX-License-Identifier: MIT */
#include "tools/result.h"

#include "abi/workload.h"
#include "base/hash.h"

/* A run may overshoot its duration; nothing lasts twice the longest one. */
#define DURATION_NS_MAX (2 * WORKLOAD_DURATION_NS_MAX)

_Static_assert(sizeof(struct result_header) % 8 == 0, "the tables behind are aligned");
_Static_assert(RESULT_THREADS_MAX >= WORKLOAD_THREADS_MAX, "every workload's result fits");
_Static_assert(sizeof(struct result_header) + RESULT_THREADS_MAX * sizeof(struct result_thread) +
                       RESULT_CPUS_MAX * sizeof(struct result_cpu) <=
                   RESULT_BYTES_MAX,
               "the limits agree");

static const char *const verdict_sentences[] = {
#define VERDICT_SENTENCE(name, bit, sentence) [bit] = sentence,
    RESULT_VERDICT_TABLE(VERDICT_SENTENCE)
#undef VERDICT_SENTENCE
};

const char *result_refusal_sentence(enum result_refusal refusal)
{
    static const char *const sentences[] = {
#define REFUSAL_SENTENCE(name, sentence) [RESULT_##name] = sentence,
        RESULT_REFUSAL_TABLE(REFUSAL_SENTENCE)
#undef REFUSAL_SENTENCE
    };

    return refusal < RESULT_REFUSAL_COUNT ? sentences[refusal] : "unknown";
}

const char *result_verdict_sentence(unsigned bit)
{
    return bit < ARRAY_COUNT(verdict_sentences) ? verdict_sentences[bit] : NULL;
}

static bool is_count(int64_t value)
{
    return value >= 0 || value == RESULT_UNKNOWN;
}

static bool is_thread_possible(const struct result_thread *t)
{
    return is_count(t->process) && is_count(t->runtime_ns) && is_count(t->activations) &&
           is_count(t->wake_latency_min_ns) && is_count(t->wake_latency_mean_ns) &&
           is_count(t->wake_latency_p50_ns) && is_count(t->wake_latency_p99_ns) &&
           is_count(t->wake_latency_max_ns) && is_count(t->deadline_misses) &&
           is_count(t->switches) && is_count(t->preemptions) && is_count(t->voluntary_blocks) &&
           is_count(t->migrations) && is_count(t->ideal_ns);
}

static bool is_cpu_possible(const struct result_cpu *cpu)
{
#define CPU_COUNT(name, path) is_count(cpu->name) &&
    return RESULT_CPU_TABLE(CPU_COUNT) true;
#undef CPU_COUNT
}

static bool are_numbers_possible(const struct result *result)
{
    if (result->header->duration_ns > DURATION_NS_MAX || !is_count(result->header->wasted_ns))
        return false;
    for (uint32_t i = 0; i < result->header->thread_count; i++)
        if (!is_thread_possible(&result->threads[i]))
            return false;
    for (uint32_t i = 0; i < result->header->cpu_count; i++)
        if (!is_cpu_possible(&result->cpus[i]))
            return false;
    return true;
}

enum result_refusal result_open(struct result *result, const unsigned char *data, size_t bytes)
{
    struct result found = {.header = (const void *)data};
    const struct result_header *header = found.header;

    if (bytes == 0)
        return RESULT_EMPTY;
    if (bytes < sizeof *header)
        return RESULT_SHORT;
    if (header->magic != RESULT_MAGIC)
        return RESULT_MAGIC_WRONG;
    if (header->thread_count > RESULT_THREADS_MAX || header->cpu_count == 0 ||
        header->cpu_count > RESULT_CPUS_MAX)
        return RESULT_COUNTS_WRONG;
    if (header->bytes != bytes ||
        bytes != sizeof *header + header->thread_count * sizeof *found.threads +
                     header->cpu_count * sizeof *found.cpus)
        return RESULT_SIZE_WRONG;
    if (header->checksum !=
        hash_sealed(data, bytes, offsetof(struct result_header, checksum)))
        return RESULT_CHECKSUM_WRONG;
    if (header->failed >> ARRAY_COUNT(verdict_sentences) != 0)
        return RESULT_VERDICT_UNKNOWN;

    found.threads = (const void *)(data + sizeof *header);
    found.cpus = (const void *)(found.threads + header->thread_count);
    if (!are_numbers_possible(&found))
        return RESULT_NUMBER_IMPOSSIBLE;
    *result = found;
    return RESULT_OK;
}

void result_add_known(int64_t *sum, int64_t value)
{
    if (value == RESULT_UNKNOWN)
        return;
    if (*sum == RESULT_UNKNOWN)
        *sum = value;
    else if (__builtin_add_overflow(*sum, value, sum))
        *sum = INT64_MAX;
}

/* |runtime - ideal| / ideal, or RESULT_FAIRNESS_UNKNOWN. */
static double fairness_error(const struct result_thread *t)
{
    if (t->runtime_ns == RESULT_UNKNOWN || t->ideal_ns == RESULT_UNKNOWN || t->ideal_ns == 0)
        return RESULT_FAIRNESS_UNKNOWN;

    double error = (double)(t->runtime_ns - t->ideal_ns) / (double)t->ideal_ns;

    return error < 0 ? -error : error;
}

struct result_totals result_total(const struct result *result)
{
    struct result_totals totals = {RESULT_UNKNOWN, RESULT_UNKNOWN, RESULT_UNKNOWN,
                                   RESULT_FAIRNESS_UNKNOWN};

    for (uint32_t i = 0; i < result->header->thread_count; i++) {
        const struct result_thread *t = &result->threads[i];

        result_add_known(&totals.runtime_ns, t->runtime_ns);
        result_add_known(&totals.migrations, t->migrations);
        result_add_known(&totals.deadline_misses, t->deadline_misses);
        if (fairness_error(t) > totals.fairness_error_max)
            totals.fairness_error_max = fairness_error(t);
    }
    return totals;
}
