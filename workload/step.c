/* SPDX-License-Identifier: MIT */
#include "workload/step.h"

#include "base/assert.h"

/* ---- Small leaves ---------------------------------------------------------------------------- */

static const struct workload_phase *phase_of(const struct step_thread *t)
{
    return &t->image->phases[t->task->first_phase + t->phase];
}

static bool is_done(const struct step_thread *t)
{
    return t->phase == t->task->phase_count;
}

/* a + b, held at the ends of the range instead of wrapping. */
static int64_t add_held(int64_t a, int64_t b)
{
    int64_t sum;

    if (!__builtin_add_overflow(a, b, &sum))
        return sum;
    return b > 0 ? INT64_MAX : INT64_MIN;
}

uint64_t step_start_offset_ns(const struct workload_image *image, uint32_t thread)
{
    uint64_t apart_ns = WORKLOAD_START_SPREAD_NS_MAX / image->header->thread_count;

    if (apart_ns > WORKLOAD_START_STAGGER_NS)
        apart_ns = WORKLOAD_START_STAGGER_NS;
    return apart_ns * thread;
}

void step_init(struct step_thread *t, const struct workload_image *image, uint32_t thread,
               struct mono start, struct mono end)
{
    ASSERT(thread < image->header->thread_count);

    const struct workload_task *task = &image->tasks[workload_image_task_of(image, thread)];
    uint64_t wait_ns = step_start_offset_ns(image, thread) + task->delay_ns;

    *t = (struct step_thread){
        .image = image,
        .task = task,
        .start = mono_add(start, wait_ns),
        .end = end,
        .pending = STEP_PENDING_NONE,
        .mask = task->mask,
    };
}

void step_init_forked(struct step_thread *t, const struct workload_image *image, uint32_t thread,
                      struct mono now, struct mono end)
{
    step_init(t, image, thread, now, end);
    t->start = mono_add(now, t->task->delay_ns);
}

bool step_uses_shared(const struct step_thread *t)
{
    return (t->task->flags & WORKLOAD_TASK_USES_SHARED_TIMER) != 0;
}

/* ---- The end of an action -------------------------------------------------------------------- */

/* A turn's slack becomes one sample, as one line of rt-app's log. */
static void record_slack(struct step_thread *t)
{
    if (!t->has_turn_slack)
        return;
    if (t->slack_count == 0 || t->turn_slack_ns < t->slack_min_ns)
        t->slack_min_ns = t->turn_slack_ns;
    t->slack_sum_ns = add_held(t->slack_sum_ns, t->turn_slack_ns);
    t->slack_count++;
    t->has_turn_slack = false;
    t->turn_slack_ns = 0;
}

/* The phase's last event is complete: count the turn and find the next phase. */
static void finish_turn(struct step_thread *t)
{
    const struct workload_phase *phase = phase_of(t);

    record_slack(t);
    t->activations++;
    t->event = 0;
    if (phase->loop == LOOP_FOREVER)
        return;
    if (++t->phase_turns < phase->loop)
        return;
    t->phase_turns = 0;
    if (++t->phase < t->task->phase_count)
        return;
    if (t->task->loop == LOOP_FOREVER || ++t->task_turns < t->task->loop)
        t->phase = 0;
}

static void finish_action(struct step_thread *t, struct mono now)
{
    enum step_pending pending = t->pending;

    t->pending = STEP_PENDING_NONE;
    if (pending == STEP_PENDING_NONE)
        return;
    if (pending == STEP_PENDING_WAKE)
        hist_add(&t->wake_latency, mono_diff_ns(now, t->wake_at));
    if (++t->event == phase_of(t)->event_count)
        finish_turn(t);
}

/* ---- The next action ------------------------------------------------------------------------- */

static struct step_action sleep_until(struct mono at, uint32_t line)
{
    return (struct step_action){.kind = STEP_SLEEP_UNTIL, .at = at, .line = line};
}

static struct step_action begin_sleep(struct step_thread *t, const struct workload_event *event,
                                      struct mono now)
{
    struct mono at = mono_add(now, event->ns);

    if (event->ns != 0 && (t->task->flags & WORKLOAD_TASK_USES_TIMER) == 0) {
        t->pending = STEP_PENDING_WAKE;
        t->wake_at = at;
    }
    return sleep_until(at, event->line);
}

static void note_slack(struct step_thread *t, int64_t slack_ns)
{
    bool is_sum = (t->image->header->flags & WORKLOAD_FLAG_CUMULATIVE_SLACK) != 0;

    t->turn_slack_ns = is_sum ? add_held(t->turn_slack_ns, slack_ns) : slack_ns;
    t->has_turn_slack = true;
    if (slack_ns < 0)
        t->deadline_misses++;
}

static struct step_action begin_timer(struct step_thread *t, struct step_timer *timer,
                                      const struct workload_event *event, struct mono now)
{
    if (!timer->is_started) {
        timer->is_started = true;
        timer->next = t->start;
    }
    timer->next = mono_add(timer->next, event->ns);

    int64_t slack_ns = mono_diff_ns(timer->next, now);
    struct step_action action = sleep_until(timer->next, event->line);

    if (event->ns != 0)
        note_slack(t, slack_ns);
    if (slack_ns > 0) {
        t->pending = STEP_PENDING_WAKE;
        t->wake_at = timer->next;
    } else if (event->kind == WORKLOAD_TIMER) {
        timer->next = now;
    }
    return action;
}

static struct step_timer *timer_of(struct step_thread *t, struct step_shared *shared,
                                   const struct workload_event *event)
{
    const struct workload_object *object = &t->image->objects[event->object];

    return object->kind == WORKLOAD_TIMER_SHARED ? &shared->timers[object->timer_index]
                                                 : &t->timers[object->timer_index];
}

static struct step_action on_object(enum step_kind kind, const struct workload_event *event)
{
    return (struct step_action){
        .kind = kind, .object = event->object, .mutex = event->object2, .line = event->line};
}

/* An event that is several actions, one after the other. */
struct sequence {
    uint32_t count;
    enum step_kind kinds[4];
};

static const struct sequence sync_held = {2, {STEP_SIGNAL, STEP_WAIT}};
static const struct sequence sync_alone = {4, {STEP_LOCK, STEP_SIGNAL, STEP_WAIT, STEP_UNLOCK}};
static const struct sequence suspend_at_condition = {3, {STEP_LOCK, STEP_WAIT, STEP_UNLOCK}};
static const struct sequence resume_condition = {3, {STEP_LOCK, STEP_BROADCAST, STEP_UNLOCK}};

static struct step_action begin_part(struct step_thread *t, const struct sequence *sequence,
                                     const struct workload_event *event)
{
    struct step_action action = on_object(sequence->kinds[t->part], event);

    if (action.kind == STEP_LOCK || action.kind == STEP_UNLOCK)
        action.object = event->object2;
    t->part++;
    if (t->part == sequence->count)
        t->part = 0;
    else
        t->pending = STEP_PENDING_NONE;
    return action;
}

/* A service is three actions, or two where it takes no time. */
static struct step_action begin_serve(struct step_thread *t, const struct workload_event *event)
{
    static const struct sequence serve = {3, {STEP_RECEIVE, STEP_RUN, STEP_ANSWER}};
    static const struct sequence serve_at_once = {2, {STEP_RECEIVE, STEP_ANSWER}};
    struct step_action action = begin_part(t, event->ns != 0 ? &serve : &serve_at_once, event);

    if (action.kind == STEP_RUN)
        action.ns = event->ns;
    return action;
}

static struct step_action begin_suspend(struct step_thread *t, const struct workload_event *event)
{
    if (event->object2 != WORKLOAD_INDEX_NONE)
        return begin_part(t, &suspend_at_condition, event);
    return on_object(STEP_SUSPEND, event);
}

static struct step_action begin_resume(struct step_thread *t, const struct workload_event *event)
{
    if (event->object2 != WORKLOAD_INDEX_NONE)
        return begin_part(t, &resume_condition, event);
    return on_object(STEP_BROADCAST, event);
}

static struct step_action begin_event(struct step_thread *t, struct step_shared *shared,
                                      const struct workload_event *event, struct mono now)
{
    t->pending = STEP_PENDING_EVENT;
    switch (event->kind) {
    case WORKLOAD_RUN:
        return (struct step_action){.kind = STEP_RUN, .ns = event->ns, .line = event->line};
    case WORKLOAD_MEM:
    case WORKLOAD_MEMRUN:
        return (struct step_action){.kind = STEP_TOUCH, .ns = event->ns, .line = event->line};
    case WORKLOAD_YIELD:
        return on_object(STEP_YIELD, event);
    case WORKLOAD_RUNTIME:
        return (struct step_action){
            .kind = STEP_RUNTIME, .at = mono_add(now, event->ns), .line = event->line};
    case WORKLOAD_SLEEP:
        return begin_sleep(t, event, now);
    case WORKLOAD_TIMER:
    case WORKLOAD_TIMER_ABSOLUTE:
        return begin_timer(t, timer_of(t, shared, event), event, now);
    case WORKLOAD_LOCK:
        return on_object(STEP_LOCK, event);
    case WORKLOAD_UNLOCK:
        return on_object(STEP_UNLOCK, event);
    case WORKLOAD_WAIT:
        return on_object(STEP_WAIT, event);
    case WORKLOAD_SIGNAL:
        return on_object(STEP_SIGNAL, event);
    case WORKLOAD_BROAD:
        return on_object(STEP_BROADCAST, event);
    case WORKLOAD_BARRIER:
        return on_object(STEP_BARRIER, event);
    case WORKLOAD_SEM_WAIT:
        return on_object(STEP_SEM_WAIT, event);
    case WORKLOAD_SEM_POST:
        return on_object(STEP_SEM_POST, event);
    case WORKLOAD_CALL:
        return on_object(STEP_CALL, event);
    case WORKLOAD_SERVE:
        return begin_serve(t, event);
    case WORKLOAD_FORK:
        return on_object(STEP_FORK, event);
    case WORKLOAD_SYNC:
        return begin_part(t, &sync_held, event);
    case WORKLOAD_SYNC_ALONE:
        return begin_part(t, &sync_alone, event);
    case WORKLOAD_SUSPEND:
        return begin_suspend(t, event);
    case WORKLOAD_RESUME:
        return begin_resume(t, event);
    default:
        UNREACHABLE(); /* workload_image_open has checked the kinds */
    }
}

struct step_action step_next(struct step_thread *t, struct step_shared *shared, struct mono now)
{
    if (!mono_before(now, t->end))
        return (struct step_action){.kind = STEP_DONE};
    finish_action(t, now);
    if (is_done(t))
        return (struct step_action){.kind = STEP_DONE};
    if (mono_before(now, t->start))
        return sleep_until(t->start, 0);

    const struct workload_phase *phase = phase_of(t);
    uint32_t mask = phase->mask != WORKLOAD_INDEX_NONE ? phase->mask : t->task->mask;

    if (t->event == 0 && mask != t->mask) {
        t->mask = mask;
        return (struct step_action){.kind = STEP_SET_MASK, .object = mask};
    }
    return begin_event(t, shared, &t->image->events[phase->first_event + t->event], now);
}

/* ---- CPU time and results -------------------------------------------------------------------- */

uint64_t step_run_target(struct step_thread *t, uint64_t ledger_ns, uint64_t ns)
{
    uint64_t from = ledger_ns > STEP_RUN_CARRY_NS_MAX ? ledger_ns - STEP_RUN_CARRY_NS_MAX : 0;

    if (from < t->run_target_ns)
        from = t->run_target_ns < ledger_ns ? t->run_target_ns : ledger_ns;
    t->run_target_ns = from + ns;
    return t->run_target_ns;
}

static int64_t count_of(uint64_t count)
{
    return count > (uint64_t)INT64_MAX ? INT64_MAX : (int64_t)count;
}

void step_result(const struct step_thread *t, struct result_thread *result)
{
    const struct hist *h = &t->wake_latency;
    bool has_wakes = h->count != 0;
    bool has_slack = t->slack_count != 0;
    bool has_timer = (t->task->flags & WORKLOAD_TASK_USES_TIMER) != 0;

    result->activations = count_of(t->activations);
    result->wake_latency_min_ns = has_wakes ? h->min_ns : RESULT_UNKNOWN;
    result->wake_latency_mean_ns = has_wakes ? hist_mean_ns(h) : RESULT_UNKNOWN;
    result->wake_latency_p50_ns = has_wakes ? hist_percentile_ns(h, 50) : RESULT_UNKNOWN;
    result->wake_latency_p99_ns = has_wakes ? hist_percentile_ns(h, 99) : RESULT_UNKNOWN;
    result->wake_latency_max_ns = has_wakes ? h->max_ns : RESULT_UNKNOWN;
    result->slack_min_ns = has_slack ? t->slack_min_ns : RESULT_UNKNOWN;
    result->slack_mean_ns =
        has_slack ? t->slack_sum_ns / (int64_t)t->slack_count : RESULT_UNKNOWN;
    result->deadline_misses = has_timer ? count_of(t->deadline_misses) : RESULT_UNKNOWN;
}
