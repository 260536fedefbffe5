/* SPDX-License-Identifier: MIT */
#include "workload/image.h"

#include "abi/sched.h"
#include "base/assert.h"
#include "base/cpumask.h"
#include "base/hash.h"

_Static_assert(WORKLOAD_MASK_WORDS == CPUMASK_WORDS, "a mask is a row of base/cpumask.h");

#define IMAGE_ALIGNMENT 8u

/* ---- Header and layout ----------------------------------------------------------------------- */

/* Does the table start where the one before ended (`*end`)?  Then move `*end` behind it. */
static bool table_follows(uint64_t *end, uint32_t offset, uint32_t count, uint64_t record_bytes)
{
    if (offset != *end)
        return false;
    *end += count * record_bytes;
    return true;
}

static enum workload_refusal check_counts(const struct workload_header *h)
{
    if (h->task_count == 0 || h->task_count > WORKLOAD_TASKS_MAX)
        return WORKLOAD_IMAGE_LIMIT;
    if (h->phase_count == 0 || h->phase_count > WORKLOAD_PHASES_MAX)
        return WORKLOAD_IMAGE_LIMIT;
    if (h->event_count == 0 || h->event_count > WORKLOAD_EVENTS_MAX)
        return WORKLOAD_IMAGE_LIMIT;
    if (h->mask_count > WORKLOAD_MASKS_MAX || h->object_count > WORKLOAD_OBJECTS_MAX)
        return WORKLOAD_IMAGE_LIMIT;
    if (h->thread_count == 0 || h->thread_count > WORKLOAD_THREADS_MAX)
        return WORKLOAD_IMAGE_LIMIT;
    if (h->duration_ns > WORKLOAD_DURATION_NS_MAX)
        return WORKLOAD_IMAGE_LIMIT;
    if ((h->flags & ~WORKLOAD_FLAG_CUMULATIVE_SLACK) != 0 ||
        h->process_count > WORKLOAD_PROCESSES_MAX)
        return WORKLOAD_IMAGE_LIMIT;
    if (h->buffer_bytes != 0 && (h->buffer_bytes < WORKLOAD_BUFFER_BYTES_MIN ||
                                 h->buffer_bytes > WORKLOAD_BUFFER_BYTES_MAX))
        return WORKLOAD_IMAGE_LIMIT;
    return WORKLOAD_IMAGE_OK;
}

/* The tables follow one another in the documented order and fill the image. */
static enum workload_refusal check_layout(const struct workload_header *h)
{
    uint64_t end = sizeof *h;

    if (!table_follows(&end, h->tasks_offset, h->task_count, sizeof(struct workload_task)) ||
        !table_follows(&end, h->phases_offset, h->phase_count, sizeof(struct workload_phase)) ||
        !table_follows(&end, h->events_offset, h->event_count, sizeof(struct workload_event)) ||
        !table_follows(&end, h->masks_offset, h->mask_count, sizeof(struct workload_mask)) ||
        !table_follows(&end, h->objects_offset, h->object_count, sizeof(struct workload_object)) ||
        !table_follows(&end, h->strings_offset, h->strings_bytes, 1))
        return WORKLOAD_IMAGE_BOUNDS;
    return end == h->bytes ? WORKLOAD_IMAGE_OK : WORKLOAD_IMAGE_BOUNDS;
}

static enum workload_refusal check_header(const struct workload_header *h, uint64_t size)
{
    if (h->magic != WORKLOAD_MAGIC)
        return WORKLOAD_IMAGE_MAGIC;
    if (h->bytes != size || h->bytes % IMAGE_ALIGNMENT != 0)
        return WORKLOAD_IMAGE_SIZE;

    enum workload_refusal refusal = check_counts(h);

    return refusal != WORKLOAD_IMAGE_OK ? refusal : check_layout(h);
}

/* ---- Records --------------------------------------------------------------------------------- */

/* A name: inside the strings, NUL-terminated, below the limit. */
static bool name_is_sound(const struct workload_image *image, uint32_t name)
{
    uint32_t bytes = image->header->strings_bytes;

    if (name >= bytes)
        return false;

    uint32_t left = bytes - name < WORKLOAD_NAME_BYTES_MAX ? bytes - name : WORKLOAD_NAME_BYTES_MAX;

    for (uint32_t i = 0; i < left; i++)
        if (image->strings[name + i] == '\0')
            return true;
    return false;
}

static bool mask_is_sound(const struct workload_image *image, uint32_t mask)
{
    return mask == WORKLOAD_INDEX_NONE || mask < image->header->mask_count;
}

static bool has_kind(const struct workload_image *image, uint32_t object,
                     enum workload_object_kind kind)
{
    return object < image->header->object_count && image->objects[object].kind == (uint32_t)kind;
}

static bool users_are_sound(const struct workload_object *object)
{
    if (object->kind != WORKLOAD_BARRIER_POINT)
        return object->users == 0;
    return object->users >= 1 && object->users <= WORKLOAD_THREADS_MAX;
}

static bool flags_are_sound(const struct workload_object *object)
{
    return object->flags == 0 ||
           (object->kind == WORKLOAD_ENDPOINT && object->flags == WORKLOAD_OBJECT_PASSIVE);
}

static enum workload_refusal check_objects(const struct workload_image *image)
{
    for (uint32_t i = 0; i < image->header->object_count; i++) {
        const struct workload_object *object = &image->objects[i];
        uint32_t timers_max = 1;

        if (!name_is_sound(image, object->name))
            return WORKLOAD_IMAGE_STRINGS;
        if (object->kind >= WORKLOAD_OBJECT_KIND_COUNT || !users_are_sound(object) ||
            !flags_are_sound(object))
            return WORKLOAD_IMAGE_OBJECT;
        if (object->kind == WORKLOAD_TIMER_SHARED)
            timers_max = WORKLOAD_SHARED_TIMERS_MAX;
        else if (object->kind == WORKLOAD_TIMER_UNIQUE)
            timers_max = WORKLOAD_UNIQUE_TIMERS_MAX;
        if (object->process > image->header->process_count)
            return WORKLOAD_IMAGE_PROCESS;
        if (object->timer_index >= timers_max)
            return WORKLOAD_IMAGE_OBJECT;
    }
    return WORKLOAD_IMAGE_OK;
}

static enum workload_refusal check_masks(const struct workload_image *image)
{
    for (uint32_t i = 0; i < image->header->mask_count; i++)
        if (cpumask_is_empty(image->masks[i].words, WORKLOAD_MASK_WORDS))
            return WORKLOAD_IMAGE_MASK;
    return WORKLOAD_IMAGE_OK;
}

static bool may_have_object2(uint32_t kind)
{
    return kind == WORKLOAD_WAIT || kind == WORKLOAD_SYNC || kind == WORKLOAD_SYNC_ALONE ||
           kind == WORKLOAD_SUSPEND || kind == WORKLOAD_RESUME;
}

static bool is_condition_with_mutex(const struct workload_image *image,
                                    const struct workload_event *event)
{
    return has_kind(image, event->object, WORKLOAD_CONDITION) &&
           has_kind(image, event->object2, WORKLOAD_MUTEX);
}

static bool event_is_sound(const struct workload_image *image, const struct workload_event *event)
{
    if (event->ns > WORKLOAD_EVENT_NS_MAX)
        return false;
    if (!may_have_object2(event->kind) && event->object2 != WORKLOAD_INDEX_NONE)
        return false;

    switch (event->kind) {
    case WORKLOAD_RUN:
    case WORKLOAD_RUNTIME:
    case WORKLOAD_SLEEP:
        return event->object == WORKLOAD_INDEX_NONE;
    case WORKLOAD_MEM:
    case WORKLOAD_MEMRUN:
        return event->object == WORKLOAD_INDEX_NONE && image->header->buffer_bytes != 0;
    case WORKLOAD_YIELD:
        return event->object == WORKLOAD_INDEX_NONE && event->ns == 0;
    case WORKLOAD_TIMER:
    case WORKLOAD_TIMER_ABSOLUTE:
        return has_kind(image, event->object, WORKLOAD_TIMER_SHARED) ||
               has_kind(image, event->object, WORKLOAD_TIMER_UNIQUE);
    case WORKLOAD_LOCK:
    case WORKLOAD_UNLOCK:
        return event->ns == 0 && has_kind(image, event->object, WORKLOAD_MUTEX);
    case WORKLOAD_WAIT:
    case WORKLOAD_SYNC:
    case WORKLOAD_SYNC_ALONE:
        return event->ns == 0 && is_condition_with_mutex(image, event);
    case WORKLOAD_SIGNAL:
    case WORKLOAD_BROAD:
        return event->ns == 0 && has_kind(image, event->object, WORKLOAD_CONDITION);
    case WORKLOAD_BARRIER:
        return event->ns == 0 && has_kind(image, event->object, WORKLOAD_BARRIER_POINT);
    case WORKLOAD_SEM_WAIT:
    case WORKLOAD_SEM_POST:
        return event->ns == 0 && has_kind(image, event->object, WORKLOAD_SEMAPHORE);
    case WORKLOAD_CALL:
        return event->ns == 0 && has_kind(image, event->object, WORKLOAD_ENDPOINT);
    case WORKLOAD_SERVE:
        return has_kind(image, event->object, WORKLOAD_ENDPOINT);
    case WORKLOAD_FORK:
        return event->ns == 0 && event->object < image->header->task_count;
    case WORKLOAD_SUSPEND:
    case WORKLOAD_RESUME:
        if (event->object2 != WORKLOAD_INDEX_NONE)
            return event->ns == 0 && is_condition_with_mutex(image, event);
        return event->ns == 0 && has_kind(image, event->object, WORKLOAD_SUSPEND_POINT);
    default:
        return false;
    }
}

static bool object_is_in(const struct workload_image *image, uint32_t object, uint32_t process)
{
    return object == WORKLOAD_INDEX_NONE || image->objects[object].process == process;
}

/* Does a sound event, of a task in this process, stay in it? */
static bool event_stays(const struct workload_image *image, const struct workload_event *event,
                        uint32_t process)
{
    if (event->kind == WORKLOAD_FORK)
        return image->tasks[event->object].process == process;
    return object_is_in(image, event->object, process) &&
           object_is_in(image, event->object2, process);
}

/* The WORKLOAD_TASK_* flags that an event asks for. */
static uint32_t flags_of(const struct workload_image *image, const struct workload_event *event)
{
    if (event->kind != WORKLOAD_TIMER && event->kind != WORKLOAD_TIMER_ABSOLUTE)
        return 0;
    if (image->objects[event->object].kind == WORKLOAD_TIMER_UNIQUE)
        return WORKLOAD_TASK_USES_TIMER;
    return WORKLOAD_TASK_USES_TIMER | WORKLOAD_TASK_USES_SHARED_TIMER;
}

/* What the walk over tasks, phases and events has consumed so far. */
struct walk {
    uint32_t phase;
    uint32_t event;
    uint32_t thread;
    uint32_t flags;   /* of the task under way */
    uint32_t process; /* the same */
    uint32_t process_count; /* besides process 0, so far */
};

static enum workload_refusal check_phase(const struct workload_image *image, struct walk *walk)
{
    const struct workload_phase *phase = &image->phases[walk->phase];

    if (!name_is_sound(image, phase->name))
        return WORKLOAD_IMAGE_STRINGS;
    if (phase->first_event != walk->event || phase->event_count == 0 ||
        phase->event_count > image->header->event_count - walk->event)
        return WORKLOAD_IMAGE_PHASE;
    if (phase->loop == 0 || phase->reserved != 0 || !mask_is_sound(image, phase->mask))
        return WORKLOAD_IMAGE_PHASE;

    for (uint32_t i = 0; i < phase->event_count; i++) {
        const struct workload_event *event = &image->events[walk->event + i];

        if (!event_is_sound(image, event))
            return WORKLOAD_IMAGE_EVENT;
        if (!event_stays(image, event, walk->process))
            return WORKLOAD_IMAGE_PROCESS;
        walk->flags |= flags_of(image, event);
    }
    walk->event += phase->event_count;
    return WORKLOAD_IMAGE_OK;
}

static bool task_is_in_range(const struct workload_image *image, const struct workload_task *task)
{
    if (task->instance_count == 0 || task->instance_count > WORKLOAD_THREADS_MAX)
        return false;
    if (task->loop == 0 || task->phase_count == 0 || task->start_count > task->instance_count)
        return false;
    if (task->weight < WEIGHT_MIN || task->weight > WEIGHT_MAX)
        return false;
    if (task->latency_class >= LATENCY_CLASS_COUNT || task->delay_ns > WORKLOAD_EVENT_NS_MAX)
        return false;
    return task->nice >= WORKLOAD_NICE_MIN && task->nice <= WORKLOAD_NICE_MAX &&
           mask_is_sound(image, task->mask);
}

/* Processes are numbered in the order of their first tasks, and have names. */
static bool process_is_sound(const struct workload_image *image, const struct workload_task *task,
                             struct walk *walk)
{
    walk->process = task->process;
    if (task->process == 0)
        return task->process_name == WORKLOAD_INDEX_NONE;
    if (task->process > walk->process_count + 1)
        return false;
    if (task->process > walk->process_count)
        walk->process_count++;
    return name_is_sound(image, task->process_name);
}

static enum workload_refusal check_task(const struct workload_image *image,
                                        const struct workload_task *task, struct walk *walk)
{
    if (!name_is_sound(image, task->name))
        return WORKLOAD_IMAGE_STRINGS;
    if (!task_is_in_range(image, task))
        return WORKLOAD_IMAGE_TASK;
    if (task->first_phase != walk->phase ||
        task->phase_count > image->header->phase_count - walk->phase)
        return WORKLOAD_IMAGE_TASK;
    if (task->first_thread != walk->thread ||
        task->instance_count > image->header->thread_count - walk->thread)
        return WORKLOAD_IMAGE_THREADS;

    if (!process_is_sound(image, task, walk))
        return WORKLOAD_IMAGE_PROCESS;
    walk->flags = 0;
    for (uint32_t i = 0; i < task->phase_count; i++) {
        enum workload_refusal refusal = check_phase(image, walk);

        if (refusal != WORKLOAD_IMAGE_OK)
            return refusal;
        walk->phase++;
    }
    walk->thread += task->instance_count;
    return task->flags == walk->flags ? WORKLOAD_IMAGE_OK : WORKLOAD_IMAGE_TASK;
}

static enum workload_refusal check_tasks(const struct workload_image *image)
{
    const struct workload_header *h = image->header;
    struct walk walk = {0};

    for (uint32_t i = 0; i < h->task_count; i++) {
        enum workload_refusal refusal = check_task(image, &image->tasks[i], &walk);

        if (refusal != WORKLOAD_IMAGE_OK)
            return refusal;
    }
    if (walk.process_count != h->process_count)
        return WORKLOAD_IMAGE_PROCESS;
    if (walk.phase != h->phase_count)
        return WORKLOAD_IMAGE_TASK;
    if (walk.event != h->event_count)
        return WORKLOAD_IMAGE_PHASE;
    return walk.thread == h->thread_count ? WORKLOAD_IMAGE_OK : WORKLOAD_IMAGE_THREADS;
}

/* ---- The interface --------------------------------------------------------------------------- */

static const void *table_at(const struct workload_header *h, uint32_t offset)
{
    return (const unsigned char *)h + offset;
}

enum workload_refusal workload_image_open(struct workload_image *image, const void *bytes,
                                          uint64_t size)
{
    const struct workload_header *h = bytes;

    if ((uintptr_t)bytes % IMAGE_ALIGNMENT != 0)
        return WORKLOAD_IMAGE_ALIGNMENT;
    if (size < sizeof *h || size > WORKLOAD_BYTES_MAX)
        return WORKLOAD_IMAGE_SIZE;

    enum workload_refusal refusal = check_header(h, size);

    if (refusal != WORKLOAD_IMAGE_OK)
        return refusal;
    if (hash_sealed(h, size, offsetof(struct workload_header, checksum)) != h->checksum)
        return WORKLOAD_IMAGE_CHECKSUM;

    struct workload_image found = {
        .header = h,
        .tasks = table_at(h, h->tasks_offset),
        .phases = table_at(h, h->phases_offset),
        .events = table_at(h, h->events_offset),
        .masks = table_at(h, h->masks_offset),
        .objects = table_at(h, h->objects_offset),
        .strings = table_at(h, h->strings_offset),
    };

    refusal = check_objects(&found);
    if (refusal == WORKLOAD_IMAGE_OK)
        refusal = check_masks(&found);
    if (refusal == WORKLOAD_IMAGE_OK)
        refusal = check_tasks(&found);
    if (refusal == WORKLOAD_IMAGE_OK)
        *image = found;
    return refusal;
}

const char *workload_refusal_sentence(enum workload_refusal refusal)
{
    static const char *const sentences[] = {
#define WORKLOAD_REFUSAL_SENTENCE(name, sentence) sentence,
        WORKLOAD_REFUSAL_TABLE(WORKLOAD_REFUSAL_SENTENCE)
#undef WORKLOAD_REFUSAL_SENTENCE
    };

    return (uint32_t)refusal < WORKLOAD_REFUSAL_COUNT ? sentences[refusal] : "unknown";
}

uint32_t workload_image_task_of(const struct workload_image *image, uint32_t thread)
{
    ASSERT(thread < image->header->thread_count);

    uint32_t low = 0;
    uint32_t high = image->header->task_count;

    /* tasks[low].first_thread <= thread < tasks[high].first_thread; at most 17 turns */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (image->tasks[middle].first_thread <= thread)
            low = middle;
        else
            high = middle;
    }
    return low;
}

uint32_t workload_image_process_of(const struct workload_image *image, uint32_t thread)
{
    if (image->header->process_count == 0)
        return 0;
    return image->tasks[workload_image_task_of(image, thread)].process;
}

const char *workload_image_process_name(const struct workload_image *image, uint32_t process)
{
    for (uint32_t i = 0; i < image->header->task_count; i++)
        if (image->tasks[i].process == process && process != 0)
            return workload_image_name(image, image->tasks[i].process_name);
    return "";
}

uint32_t workload_image_instance_of(const struct workload_image *image, uint32_t thread)
{
    return thread - image->tasks[workload_image_task_of(image, thread)].first_thread;
}

bool workload_image_starts(const struct workload_image *image, uint32_t thread)
{
    const struct workload_task *task = &image->tasks[workload_image_task_of(image, thread)];

    return thread - task->first_thread < task->start_count;
}

bool workload_image_ends(const struct workload_image *image)
{
    const struct workload_header *h = image->header;

    if (h->duration_ns != WORKLOAD_DURATION_FOREVER)
        return true;
    for (uint32_t i = 0; i < h->task_count; i++)
        if (image->tasks[i].loop == LOOP_FOREVER)
            return false;
    for (uint32_t i = 0; i < h->phase_count; i++)
        if (image->phases[i].loop == LOOP_FOREVER)
            return false;
    return true;
}
