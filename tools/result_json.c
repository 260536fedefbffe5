/* SPDX-License-Identifier: MIT */
#include "tools/result_json.h"

#include <json-c/json.h>
#include <string.h>

#include "base/assert.h"
#include "tools/message.h"

#define KEY_BYTES 64u
#define VERDICT_BYTES 512u

static struct json_object *new_object(void)
{
    struct json_object *object = json_object_new_object();

    if (object == NULL)
        message_no_memory(sizeof(void *));
    return object;
}

/* NULL is JSON's null, so memory that ran out must not look like it. */
static struct json_object *made(struct json_object *value)
{
    if (value == NULL)
        message_no_memory(sizeof(void *));
    return value;
}

static void put(struct json_object *object, const char *key, struct json_object *value)
{
    if (json_object_object_add(object, key, value) != 0)
        message_no_memory(strlen(key));
}

static void put_text(struct json_object *object, const char *key, const char *text)
{
    put(object, key, made(json_object_new_string(text)));
}

static struct json_object *known(int64_t value)
{
    return value == RESULT_UNKNOWN ? NULL : made(json_object_new_int64(value));
}

/* Set `path` ("key" or "outer.key"), making the outer object when its first field comes. */
static void put_path(struct json_object *object, const char *path, int64_t value)
{
    const char *dot = strchr(path, '.');
    struct json_object *inner;
    char outer[KEY_BYTES];

    if (dot == NULL) {
        put(object, path, known(value));
        return;
    }
    ASSERT((size_t)(dot - path) < sizeof outer);
    memcpy(outer, path, (size_t)(dot - path));
    outer[dot - path] = '\0';
    if (!json_object_object_get_ex(object, outer, &inner)) {
        inner = new_object();
        put(object, outer, inner);
    }
    put(inner, dot + 1, known(value));
}

static struct json_object *thread_object(const struct run_view *run, uint32_t thread)
{
    const struct result_thread *r = &run->result.threads[thread];
    const struct workload_task *task = run_task(run, thread);
    struct cpumask cpus = run_task_cpus(run->image, task, run->cpu_count);
    struct json_object *object = new_object();
    struct json_object *list = made(json_object_new_array());

    put_text(object, "name", workload_image_name(run->image, task->name));
    put(object, "instance", known(workload_image_instance_of(run->image, thread)));
    put_text(object, "class", latency_class_name(task->latency_class));
    put(object, "weight", known(task->weight));
    for (uint32_t cpu = 0; cpu < run->cpu_count; cpu++)
        if (cpumask_test(cpus.words, cpu) && json_object_array_add(list, known(cpu)) != 0)
            message_no_memory(sizeof(void *));
    put(object, "cpus", list);
#define PUT_FIELD(name, path) put_path(object, path, r->name);
    RESULT_THREAD_TABLE(PUT_FIELD)
    return object;
}

static struct json_object *cpu_object(const struct result_cpu *r)
{
    struct json_object *object = new_object();

    RESULT_CPU_TABLE(PUT_FIELD)
#undef PUT_FIELD
    return object;
}

static struct json_object *totals_object(const struct run_view *run)
{
    struct result_totals totals = result_total(&run->result);
    struct json_object *object = new_object();

    put(object, "wasted_ns", known(run->result.header->wasted_ns));
    put(object, "fairness_error_max",
        totals.fairness_error_max < 0 ? NULL
                                      : made(json_object_new_double(totals.fairness_error_max)));
    put(object, "migrations", known(totals.migrations));
    return object;
}

/* The fields before the lists, and behind them: what the outer object holds beside them. */
static struct json_object *head_object(const struct run_view *run)
{
    struct json_object *object = new_object();

    put_text(object, "format", RESULT_JSON_FORMAT);
    put_text(object, "engine", engine_name(run->engine));
    put_text(object, "workload", run->workload);
    put(object, "cpus_count", known(run->cpu_count));
    put(object, "duration_ns", known((int64_t)run->result.header->duration_ns));
    put(object, "seed", made(json_object_new_uint64(run->seed)));
    return object;
}

static struct json_object *tail_object(const struct run_view *run)
{
    struct json_object *object = new_object();
    char reasons[VERDICT_BYTES], verdict[VERDICT_BYTES + sizeof "FAILED ()"];

    run_failure_text(run, reasons, sizeof reasons);
    snprintf(verdict, sizeof verdict, "FAILED (%s)", reasons);
    put(object, "totals", totals_object(run));
    put(object, "denied", made(json_object_new_array()));
    put_text(object, "verdict", run_held(run) ? "ok" : verdict);
    return object;
}

static const char *text_of(struct json_object *object)
{
    const char *text =
        json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                   JSON_C_TO_STRING_NOSLASHESCAPE);

    if (text == NULL)
        message_no_memory(sizeof(void *));
    return text;
}

/* Write the object's fields without its braces, and drop it. */
static void write_fields(struct json_object *object, FILE *stream)
{
    const char *text = text_of(object);

    fwrite(text + 1, 1, strlen(text) - 2, stream);
    json_object_put(object);
}

static void write_record(struct json_object *object, bool is_last, FILE *stream)
{
    fprintf(stream, "%s%s\n", text_of(object), is_last ? "" : ",");
    json_object_put(object);
}

void result_json_write(const struct run_view *run, FILE *stream)
{
    const struct result_header *header = run->result.header;

    fputc('{', stream);
    write_fields(head_object(run), stream);
    fputs(",\n\"threads\":[\n", stream);
    for (uint32_t i = 0; i < header->thread_count; i++)
        write_record(thread_object(run, i), i + 1 == header->thread_count, stream);
    fputs("],\n\"cpus\":[\n", stream);
    for (uint32_t i = 0; i < header->cpu_count; i++)
        write_record(cpu_object(&run->result.cpus[i]), i + 1 == header->cpu_count, stream);
    fputs("],\n", stream);
    write_fields(tail_object(run), stream);
    fputs("}\n", stream);
}
