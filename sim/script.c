/* SPDX-License-Identifier: MIT */
#include "sim/script.h"

#include "sim/calls.h"

#include "base/fmt.h"

#include <stdlib.h>

bool script_init(struct script *s, const struct workload_image *image, struct machine *machine,
                 struct mono start, struct mono end)
{
    uint32_t thread_count = workload_image_threads(image);
    uint32_t object_count = image->header->object_count;

    *s = (struct script){.image = image, .machine = machine};
    s->threads = calloc(thread_count, sizeof *s->threads);
    s->objects = calloc(object_count != 0 ? object_count : 1, sizeof *s->objects);
    s->forked = calloc(image->header->task_count, sizeof *s->forked);
    if (s->threads == NULL || s->objects == NULL || s->forked == NULL ||
        !lag_begin(&s->lag, image, machine, start)) {
        script_fini(s);
        return false;
    }
    for (uint32_t thread = 0; thread < thread_count; thread++) {
        step_init(&s->threads[thread].step, image, thread, start, end);
        s->threads[thread].next_waiting = MACHINE_THREAD_NONE;
        s->threads[thread].served = MACHINE_THREAD_NONE;
    }
    for (uint32_t object = 0; object < object_count; object++) {
        s->objects[object].holder = MACHINE_THREAD_NONE;
        s->objects[object].first_waiting = MACHINE_THREAD_NONE;
        s->objects[object].last_waiting = MACHINE_THREAD_NONE;
    }
    return true;
}

void script_fini(struct script *s)
{
    free(s->threads);
    free(s->objects);
    free(s->forked);
    lag_fini(&s->lag);
    *s = (struct script){0};
}

uint32_t script_class_of(const struct workload_image *image, uint32_t mask)
{
    return mask == WORKLOAD_INDEX_NONE ? image->header->mask_count : mask;
}

void script_name(const void *context, uint32_t thread, char text[SCRIPT_NAME_BYTES])
{
    const struct workload_image *image = context;
    const struct workload_task *task = &image->tasks[workload_image_task_of(image, thread)];
    struct fmt f = fmt_start(text, SCRIPT_NAME_BYTES);

    fmt_text(&f, workload_image_name(image, task->name));
    if (task->instance_count > 1) {
        fmt_char(&f, '-');
        fmt_u64(&f, workload_image_instance_of(image, thread), 1, ' ');
    }
}

/* ---- Parking --------------------------------------------------------------------------------- */

void script_join(struct script *s, uint32_t thread, uint32_t object)
{
    struct script_object *o = &s->objects[object];
    struct script_thread *t = &s->threads[thread];

    ASSERT(!t->is_waiting);
    ASSERT(t->next_waiting == MACHINE_THREAD_NONE);
    if (o->first_waiting == MACHINE_THREAD_NONE)
        o->first_waiting = thread;
    else
        s->threads[o->last_waiting].next_waiting = thread;
    o->last_waiting = thread;
    t->is_waiting = true;
}

uint32_t script_take_first(struct script *s, uint32_t object)
{
    struct script_object *o = &s->objects[object];
    uint32_t thread = o->first_waiting;
    struct script_thread *t = &s->threads[thread];

    ASSERT(thread != MACHINE_THREAD_NONE);
    o->first_waiting = t->next_waiting;
    t->next_waiting = MACHINE_THREAD_NONE;
    t->is_waiting = false;
    return thread;
}

static void park(struct script *s, uint32_t cpu, uint32_t thread, uint32_t object)
{
    script_join(s, thread, object);
    machine_block(s->machine, cpu, WAKE_PARK, MONO_NEVER);
}

/* Wake the longest waiter; false if nobody waits. */
static bool unpark(struct script *s, uint32_t cpu, uint32_t object)
{
    if (s->objects[object].first_waiting == MACHINE_THREAD_NONE)
        return false;
    machine_wake(s->machine, cpu, script_take_first(s, object), WAKE_PARK);
    return true;
}

/* ---- Mutex ----------------------------------------------------------------------------------- */

/* Take the mutex if it is free, leaving `word` in it; else it is contended now. */
static bool try_lock(struct script *s, uint32_t thread, uint32_t mutex, enum mutex_word word)
{
    struct script_object *o = &s->objects[mutex];

    if (o->word != MUTEX_FREE) {
        o->word = MUTEX_CONTENDED;
        return false;
    }
    ASSERT(o->holder == MACHINE_THREAD_NONE);
    o->word = word;
    o->holder = thread;
    return true;
}

/*
 * SCRIPT_LOCK: HELD says that nobody waits.  SCRIPT_LOCK_AGAIN: whoever has parked cannot know
 * whether others still are, so it leaves CONTENDED and its unlock looks.
 */
static void go_on_locking(struct script *s, uint32_t cpu, uint32_t thread)
{
    struct script_thread *t = &s->threads[thread];
    enum mutex_word word = t->state == SCRIPT_LOCK ? MUTEX_HELD : MUTEX_CONTENDED;

    if (try_lock(s, thread, t->mutex, word)) {
        t->state = SCRIPT_NEXT;
        return;
    }
    t->state = SCRIPT_LOCK_AGAIN;
    park(s, cpu, thread, t->mutex);
}

static void unlock(struct script *s, uint32_t cpu, uint32_t thread, uint32_t mutex)
{
    struct script_object *o = &s->objects[mutex];
    enum mutex_word old = o->word;

    if (o->holder != thread) {
        s->has_sync_error = true;
        return;
    }
    o->word = MUTEX_FREE;
    o->holder = MACHINE_THREAD_NONE;
    if (old == MUTEX_CONTENDED)
        (void)unpark(s, cpu, mutex); /* nobody there: the last waiter has it now, or had it */
}

/* ---- Actions --------------------------------------------------------------------------------- */

/* SCRIPT_WAIT_UNLOCKED: park, unless somebody signalled since the number was noted. */
static void go_on_waiting(struct script *s, uint32_t cpu, uint32_t thread)
{
    struct script_thread *t = &s->threads[thread];

    t->state = SCRIPT_LOCK;
    if (s->objects[t->object].seq == t->seq)
        park(s, cpu, thread, t->object);
}

static void begin_wait(struct script *s, uint32_t cpu, uint32_t thread,
                       const struct step_action *action)
{
    struct script_thread *t = &s->threads[thread];

    t->object = action->object;
    t->mutex = action->mutex;
    t->seq = s->objects[action->object].seq;
    t->state = SCRIPT_WAIT_UNLOCKED;
    unlock(s, cpu, thread, action->mutex);
}

static void begin_run(struct script *s, uint32_t thread, uint64_t ns)
{
    struct script_thread *t = &s->threads[thread];

    t->target_ns = step_run_target(&t->step, s->machine->threads[thread].used_ns, ns);
    t->state = SCRIPT_RUN;
}

static void unpark_all(struct script *s, uint32_t cpu, uint32_t object)
{
    while (unpark(s, cpu, object)) /* bound: the threads that wait now; none can come in between */
        continue;
}

static void begin_barrier(struct script *s, uint32_t cpu, uint32_t thread, uint32_t object)
{
    struct script_object *o = &s->objects[object];

    o->count++;
    if (o->count < s->image->objects[object].users) {
        park(s, cpu, thread, object);
        return;
    }
    o->count = 0;
    unpark_all(s, cpu, object);
}

static void begin_sem_wait(struct script *s, uint32_t cpu, uint32_t thread, uint32_t object)
{
    struct script_object *o = &s->objects[object];

    if (o->count > 0)
        o->count--;
    else
        park(s, cpu, thread, object);
}

static void post(struct script *s, uint32_t cpu, uint32_t object)
{
    struct script_object *o = &s->objects[object];

    if (!unpark(s, cpu, object) && o->count < UINT32_MAX)
        o->count++;
}

static void begin_fork(struct script *s, uint32_t cpu, uint32_t forker, uint32_t number)
{
    const struct workload_task *task = &s->image->tasks[number];
    uint32_t instance = task->start_count + s->forked[number];
    uint32_t thread = task->first_thread + instance;

    if (instance >= task->instance_count) {
        s->has_fork_error = true;
        return;
    }
    struct step_thread *step = &s->threads[thread].step;
    struct hist wake_latency = step->wake_latency; /* empty, but says where to count */

    s->forked[number]++;
    step_init_forked(step, s->image, thread, s->machine->now, s->threads[forker].step.end);
    step->wake_latency = wake_latency;
    machine_fork(s->machine, cpu, thread);
}

static void begin_action(struct script *s, uint32_t cpu, uint32_t thread,
                         const struct step_action *action)
{
    struct script_thread *t = &s->threads[thread];

    switch (action->kind) {
    case STEP_RUN:
    case STEP_TOUCH:
        begin_run(s, thread, action->ns);
        break;
    case STEP_RUNTIME:
        t->until = action->at;
        t->state = SCRIPT_RUNTIME;
        break;
    case STEP_SLEEP_UNTIL:
        t->until = action->at;
        t->state = SCRIPT_SLEEP;
        break;
    case STEP_LOCK:
        t->mutex = action->object;
        t->state = SCRIPT_LOCK;
        break;
    case STEP_UNLOCK:
        unlock(s, cpu, thread, action->object);
        break;
    case STEP_WAIT:
        begin_wait(s, cpu, thread, action);
        break;
    case STEP_SIGNAL:
        s->objects[action->object].seq++;
        (void)unpark(s, cpu, action->object);
        break;
    case STEP_BROADCAST:
        s->objects[action->object].seq++;
        unpark_all(s, cpu, action->object);
        break;
    case STEP_SUSPEND:
        park(s, cpu, thread, action->object);
        break;
    case STEP_BARRIER:
        begin_barrier(s, cpu, thread, action->object);
        break;
    case STEP_SEM_WAIT:
        begin_sem_wait(s, cpu, thread, action->object);
        break;
    case STEP_SEM_POST:
        post(s, cpu, action->object);
        break;
    case STEP_CALL:
    case STEP_RECEIVE:
    case STEP_ANSWER:
        calls_begin(s, cpu, thread, action);
        break;
    case STEP_YIELD:
        machine_give_up(s->machine, cpu);
        break;
    case STEP_FORK:
        begin_fork(s, cpu, thread, action->object);
        break;
    case STEP_SET_MASK:
        machine_set_mask(s->machine, cpu, thread, script_class_of(s->image, action->object));
        break;
    case STEP_DONE:
        if (s->lag.is_known)
            lag_ends(&s->lag, thread);
        machine_exit(s->machine, cpu);
        break;
    }
}

/* Has the thread done so much in this instant that it must pay now? */
static bool owes_toll(struct script *s, struct script_thread *t)
{
    if (t->instant.ns != s->machine->now.ns) {
        t->instant = s->machine->now;
        t->instant_count = 0;
    }
    return t->instant_count++ == STEP_FREE_ACTIONS;
}

static void go_on_next(struct script *s, uint32_t cpu, uint32_t thread)
{
    struct script_thread *t = &s->threads[thread];

    if (owes_toll(s, t)) {
        t->target_ns = s->machine->threads[thread].used_ns + STEP_TOLL_NS;
        t->state = SCRIPT_RUN;
        return;
    }
    struct step_action action = step_next(&t->step, &s->shared, s->machine->now);

    if (!calls_may_begin(t, &action)) { /* who answers may lose the CPU */
        calls_answer(s, cpu, thread);
        t->action = action;
        t->state = SCRIPT_BEGIN;
        return;
    }
    begin_action(s, cpu, thread, &action);
}

/* ---- Going on -------------------------------------------------------------------------------- */

/* Spend CPU time until `until`; true while it is ahead. */
static bool spend(struct script *s, uint32_t cpu, struct script_thread *t, struct mono until)
{
    if (mono_before(s->machine->now, until)) {
        machine_spend_until(s->machine, cpu, until);
        return true;
    }
    t->state = SCRIPT_NEXT;
    return false;
}

/* The instant at which the thread has used what it wants to, if nothing interrupts it. */
static struct mono run_end(const struct script *s, uint32_t thread)
{
    uint64_t used_ns = s->machine->threads[thread].used_ns;
    uint64_t target_ns = s->threads[thread].target_ns;

    return mono_add(s->machine->now, target_ns > used_ns ? target_ns - used_ns : 0);
}

static void go_on_sleeping(struct script *s, uint32_t cpu, struct script_thread *t)
{
    if (mono_before(s->machine->now, t->until))
        machine_block(s->machine, cpu, WAKE_TIMER, t->until);
    else
        t->state = SCRIPT_NEXT;
}

bool script_go_on(void *context, uint32_t cpu, uint32_t thread)
{
    struct script *s = context;
    struct script_thread *t = &s->threads[thread];

    ASSERT(!t->is_waiting); /* whoever wakes it takes it out of its queue first */
    if (s->lag.is_known)
        lag_has_cpu(&s->lag, cpu, thread);
    switch (t->state) {
    case SCRIPT_NEXT:
        go_on_next(s, cpu, thread);
        return false;
    case SCRIPT_RUN:
        return spend(s, cpu, t, run_end(s, thread));
    case SCRIPT_RUNTIME:
        return spend(s, cpu, t, t->until);
    case SCRIPT_SLEEP:
        go_on_sleeping(s, cpu, t);
        return false;
    case SCRIPT_LOCK:
    case SCRIPT_LOCK_AGAIN:
        go_on_locking(s, cpu, thread);
        return false;
    case SCRIPT_WAIT_UNLOCKED:
        go_on_waiting(s, cpu, thread);
        return false;
    case SCRIPT_BEGIN:
        t->state = SCRIPT_NEXT;
        begin_action(s, cpu, thread, &t->action);
        return false;
    }
    UNREACHABLE();
}

void script_check(const struct script *s)
{
    uint32_t queued_count = 0;
    uint32_t waiting_count = 0;

    for (uint32_t object = 0; object < s->image->header->object_count; object++) {
        const struct script_object *o = &s->objects[object];

        ASSERT((o->word == MUTEX_FREE) == (o->holder == MACHINE_THREAD_NONE));
        for (uint32_t at = o->first_waiting; at != MACHINE_THREAD_NONE;
             at = s->threads[at].next_waiting) {
            ASSERT(s->threads[at].is_waiting);
            ASSERT(queued_count < workload_image_threads(s->image));
            queued_count++;
        }
    }
    for (uint32_t thread = 0; thread < workload_image_threads(s->image); thread++)
        waiting_count += s->threads[thread].is_waiting;
    ASSERT(waiting_count == queued_count);
}
