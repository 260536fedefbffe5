/* SPDX-License-Identifier: MIT */
#include "user/loadgen/load.h"

#include "base/assert.h"
#include "user/loadgen/calls.h"
#include "user/rt/burn.h"

/* ---- The thread's figures at its end --------------------------------------------------------- */

/*
 * The own usage, cut at the run's end: who notices it late, because it was not on a CPU or the CPU
 * stood still, has not used more for that.  From `since` on the thread has run without a break.
 */
static struct rt_usage usage_until_end(void)
{
    struct rt_usage usage = rt_own_usage();
    struct mono from = mono_before(usage.since, load.end) ? load.end : usage.since;

    if (mono_before(load.end, usage.at))
        usage.runtime_ns -= (uint64_t)mono_diff_ns(usage.at, from);
    return usage;
}

static void note_end(struct load_thread *t)
{
    t->end = usage_until_end();
    t->ended_at = t->end.at;
}

/*
 * ---- Waiting for another thread: true when the wait ended, false when the run did ----
 *
 * The figures are taken before: if the run ends during the wait they are the final ones, whatever
 * waking so many threads at that instant costs them.
 */

void load_wait_begin(struct load_thread *t)
{
    note_end(t);
    __atomic_store_n(&t->wait_count, t->wait_count + 1, __ATOMIC_RELAXED);
    __atomic_store_n(&t->is_waiting, 1, __ATOMIC_RELEASE);
}

bool load_wait_end(struct load_thread *t, enum status status)
{
    __atomic_store_n(&t->is_waiting, 0, __ATOMIC_RELEASE);
    if (status == STATUS_OK) {
        t->has_blocked = rt_own_usage().voluntary_blocks != t->end.voluntary_blocks;
        return true;
    }
    ASSERT(!mono_is_never(load.end));
    t->end.voluntary_blocks++; /* this wait */
    return false;
}

static bool lock(struct load_thread *t, uint32_t object)
{
    struct load_object *o = &load.objects[object];

    load_wait_begin(t);
    enum status status = rt_mutex_lock_until(&o->mutex, load.end.ns);

    if (status == STATUS_OK)
        __atomic_store_n(&o->holder, t->number, __ATOMIC_RELAXED);
    return load_wait_end(t, status);
}

/* Does `t` hold it?  If so, it is about to give it away. */
static bool disown(struct load_thread *t, struct load_object *o)
{
    if (__atomic_load_n(&o->holder, __ATOMIC_RELAXED) != t->number) {
        load_fail(RESULT_FAILED_SYNC);
        return false;
    }
    __atomic_store_n(&o->holder, LOAD_NOBODY, __ATOMIC_RELAXED);
    return true;
}

static void unlock(struct load_thread *t, uint32_t object)
{
    struct load_object *o = &load.objects[object];

    if (disown(t, o))
        rt_mutex_unlock(&o->mutex);
}

static bool holds(const struct load_thread *t, const struct rt_mutex *mutex)
{
    const struct load_object *o = (const struct load_object *)(const void *)mutex;

    return __atomic_load_n(&o->holder, __ATOMIC_RELAXED) == t->number;
}

/* As rt_waitlist_wake_one, for a thread that may hold several mutexes. */
static void signal(struct load_thread *t, uint32_t object)
{
    struct rt_mutex *mutex = NULL;
    const uint32_t *word = rt_waitlist_take_one(&load.objects[object].waiters, &mutex);

    if (word != NULL && mutex != NULL && holds(t, mutex))
        rt_mutex_unpark_at_unlock(mutex, word);
    else if (word != NULL)
        (void)rt_unpark(word, 1);
}

/* A thread that does not hold the mutex waits all the same, as in the simulator. */
static bool wait_on_condition(struct load_thread *t, uint32_t condition, uint32_t mutex)
{
    struct load_object *m = &load.objects[mutex];
    struct rt_mutex *held = disown(t, m) ? &m->mutex : NULL;

    load_wait_begin(t);
    enum status status =
        rt_waitlist_wait(&load.objects[condition].waiters, held, load.end.ns);

    return load_wait_end(t, status) && lock(t, mutex);
}

static bool suspend(struct load_thread *t, uint32_t object)
{
    load_wait_begin(t);
    enum status status = rt_waitlist_wait(&load.objects[object].waiters, NULL, load.end.ns);

    return load_wait_end(t, status);
}

static bool meet(struct load_thread *t, uint32_t object)
{
    load_wait_begin(t);
    enum status status =
        rt_barrier_wait_until(&load.objects[object].barrier, load.end.ns, NULL);

    return load_wait_end(t, status);
}

static bool take_semaphore(struct load_thread *t, uint32_t object)
{
    load_wait_begin(t);
    enum status status = rt_semaphore_wait_until(&load.objects[object].semaphore, load.end.ns);

    return load_wait_end(t, status);
}

/* ---- Forking --------------------------------------------------------------------------------- */

static int64_t forked_run(void *argument);

/* The task's next thread, or NULL when it has had all it may have. */
static struct load_thread *next_forked(uint32_t number)
{
    const struct workload_task *task = &load.image.tasks[number];
    uint32_t forks = __atomic_fetch_add(&load.forked[number], 1, __ATOMIC_RELAXED);

    if (forks >= task->instance_count - task->start_count) {
        (void)__atomic_fetch_sub(&load.forked[number], 1, __ATOMIC_RELAXED);
        return NULL;
    }
    return &load.threads[task->first_thread + task->start_count + forks];
}

static void fork(uint32_t task)
{
    struct load_thread *child = next_forked(task);
    struct cap_thread_params params;

    if (child == NULL) {
        load_fail(RESULT_FAILED_FORK);
        return;
    }
    child->forked_at = rt_now();
    (void)__atomic_fetch_add(&load.started, 1, __ATOMIC_ACQ_REL);
    if (load_params(child, &params) &&
        rt_thread_spawn(&child->ref, forked_run, child, &params) == STATUS_OK) {
        __atomic_store_n(&child->has_started, true, __ATOMIC_RELEASE);
        return;
    }
    (void)__atomic_fetch_sub(&load.started, 1, __ATOMIC_ACQ_REL);
    load_fail(RESULT_FAILED_SPAWN);
}

/* ---- Actions: false when the thread's part is over ------------------------------------------- */

_Static_assert(offsetof(struct load_object, mutex) == 0, "holds() relies on it");

/* A sleep beyond the end is as good as an end. */
static bool sleep(struct load_thread *t, struct mono at)
{
    if (mono_before(at, load.end)) {
        (void)rt_sleep_until(at.ns);
        return true;
    }
    note_end(t);
    t->end.voluntary_blocks++;
    return false;
}

/* CPU time is counted from the thread's own start, as in the simulator. */
static void run(struct load_thread *t, uint64_t ns)
{
    uint64_t begin_ns = t->begin.runtime_ns;
    uint64_t target_ns = step_run_target(&t->step, rt_own_ns() - begin_ns, ns);

    rt_burn_own_until(begin_ns + target_ns, load.end);
}

/* Write a piece of the buffer and give the other CPUs a turn. */
static void touch_piece(struct load_thread *t)
{
    volatile uint64_t *piece = (volatile uint64_t *)(LOAD_BUFFER_BASE + t->touch_at);

    for (uint32_t i = 0; i < LOAD_TOUCH_BYTES / sizeof *piece; i++)
        piece[i] = t->number;
    t->touch_at += LOAD_TOUCH_BYTES;
    if (t->touch_at > load.image.header->buffer_bytes - LOAD_TOUCH_BYTES)
        t->touch_at = 0;
    rt_pause();
}

/* As run.  A piece takes less than 1 ns a byte, so no fewer bytes than ns are written. */
static void touch(struct load_thread *t, uint64_t ns)
{
    uint64_t begin_ns = t->begin.runtime_ns;
    uint64_t target_ns = step_run_target(&t->step, rt_own_ns() - begin_ns, ns);

    while (rt_own_ns() - begin_ns < target_ns && mono_before(rt_now(), load.end))
        touch_piece(t); /* at most `ns` long; it pauses */
}

static void yield(struct load_thread *t)
{
    uint64_t switches = rt_own_usage().switches;

    rt_yield();
    t->has_blocked = rt_own_usage().switches != switches;
}

static void set_mask(uint32_t mask)
{
    struct cpumask cpus = load_cpus_of(mask);
    struct rt_thread_ref self = rt_thread_self(); /* who forked it may not have noted `ref` yet */

    if (rt_set_mask(&self, &cpus) != STATUS_OK)
        load_fail(RESULT_FAILED_SPAWN); /* it may use none of the CPUs: it stays where it is */
}

static bool perform(struct load_thread *t, const struct step_action *action)
{
    load_answer_before(t, action);
    switch (action->kind) {
    case STEP_RUN:
        run(t, action->ns);
        return true;
    case STEP_TOUCH:
        touch(t, action->ns);
        return true;
    case STEP_RUNTIME:
        rt_burn_until(mono_earlier(action->at, load.end));
        return true;
    case STEP_SLEEP_UNTIL:
        return sleep(t, action->at);
    case STEP_LOCK:
        return lock(t, action->object);
    case STEP_UNLOCK:
        unlock(t, action->object);
        return true;
    case STEP_WAIT:
        return wait_on_condition(t, action->object, action->mutex);
    case STEP_SIGNAL:
        signal(t, action->object);
        return true;
    case STEP_BROADCAST:
        (void)rt_waitlist_wake_all(&load.objects[action->object].waiters);
        return true;
    case STEP_SUSPEND:
        return suspend(t, action->object);
    case STEP_BARRIER:
        return meet(t, action->object);
    case STEP_SEM_WAIT:
        return take_semaphore(t, action->object);
    case STEP_SEM_POST:
        rt_semaphore_post(&load.objects[action->object].semaphore);
        return true;
    case STEP_CALL:
        return load_call(t, action->object);
    case STEP_RECEIVE:
        return load_receive(t, action->object);
    case STEP_ANSWER:
        t->owes = true;
        return true;
    case STEP_YIELD:
        yield(t);
        return true;
    case STEP_FORK:
        fork(action->object);
        return true;
    case STEP_SET_MASK:
        set_mask(action->object);
        return true;
    case STEP_DONE:
        note_end(t);
        return false;
    }
    UNREACHABLE();
}

/* Has time passed in it, other than for the system call?  A wait may have ended at once. */
static bool spends_time(const struct load_thread *t, enum step_kind kind)
{
    return kind == STEP_RUN || kind == STEP_TOUCH || kind == STEP_RUNTIME ||
           kind == STEP_SLEEP_UNTIL || t->has_blocked;
}

/* What the actions really took counts; what was burnt too long is taken off the next toll, as
 * step_run_target does. */
static void pay_toll(struct load_thread *t)
{
    uint64_t ledger_ns = rt_own_ns();
    uint64_t target_ns = t->paid_ns + STEP_TOLL_NS;

    if (target_ns + STEP_RUN_CARRY_NS_MAX < ledger_ns)
        target_ns = ledger_ns;
    rt_burn_own_until(target_ns, load.end);
    t->paid_ns = target_ns;
    t->free_actions = 0;
}

/* After each action: give the other CPUs a turn, and pay for what takes no time. */
static void settle(struct load_thread *t, enum step_kind kind)
{
    if (++t->unpaused == LOAD_UNPAUSED_MAX) {
        t->unpaused = 0;
        rt_pause();
    }
    if (spends_time(t, kind)) {
        t->has_blocked = false;
        t->free_actions = 0;
        t->paid_ns = 0;
    } else if (++t->free_actions == STEP_FREE_ACTIONS) {
        pay_toll(t);
    } else if (t->free_actions == 1 && t->paid_ns == 0) {
        t->paid_ns = rt_own_ns();
    }
}

static struct step_action next(struct load_thread *t)
{
    bool is_shared = step_uses_shared(&t->step);

    if (load.watch_ns != 0)
        rt_mutex_lock(&t->guard);
    if (is_shared)
        rt_mutex_lock(&load.shared_guard);
    struct step_action action = step_next(&t->step, &load.shared, rt_now());

    if (is_shared)
        rt_mutex_unlock(&load.shared_guard);
    if (load.watch_ns != 0)
        rt_mutex_unlock(&t->guard);
    return action;
}

/* ---- From start to end ----------------------------------------------------------------------- */

static void count_up(uint32_t *word)
{
    if (__atomic_add_fetch(word, 1, __ATOMIC_ACQ_REL) == load.start_count)
        (void)rt_unpark(word, 1);
}

static void count_exactly(struct load_thread *t)
{
    if (load.histogram_us != 0)
        hist_count_exactly(&t->step.wake_latency, &load.counts[t->number * load.histogram_us],
                           load.histogram_us);
}

/* From now on snapshots show it. */
static void note_begun(struct load_thread *t)
{
    t->self = rt_thread_self();
    t->process = load.process;
    __atomic_store_n(&t->has_begun, true, __ATOMIC_RELEASE);
}

/* Until its own start.  The dispatch that ends this sleep is the first of the run and counts. */
static void sleep_until_start(struct load_thread *t)
{
    uint64_t offset_ns = step_start_offset_ns(&load.image, t->number);

    step_init(&t->step, &load.image, t->number, load.start, load.end);
    count_exactly(t);
    count_up(&load.asleep);
    (void)rt_sleep_until(mono_earlier(mono_add(load.start, offset_ns), load.end).ns);
    t->begin = usage_until_end();
    t->begin.switches--;
    note_begun(t);
}

static void run_to_end(struct load_thread *t)
{
    for (;;) { /* at most until load.end; settle pauses */
        struct step_action action = next(t);

        if (!perform(t, &action))
            break;
        settle(t, action.kind);
    }
    __atomic_store_n(&t->has_ended, true, __ATOMIC_RELEASE);
    /* Who forks counts `started` up before: equal means that nobody is left. */
    if (__atomic_add_fetch(&load.ended, 1, __ATOMIC_ACQ_REL) ==
        __atomic_load_n(&load.started, __ATOMIC_ACQUIRE))
        (void)rt_unpark(&load.ended, 1);
}

/* A forked thread's figures count from its birth. */
static int64_t forked_run(void *argument)
{
    struct load_thread *t = argument;

    step_init_forked(&t->step, &load.image, t->number, t->forked_at, load.end);
    count_exactly(t);
    note_begun(t);
    run_to_end(t);
    return 0;
}

int64_t load_thread_run(void *argument)
{
    struct load_thread *t = argument;

    count_up(&load.ready);
    while (__atomic_load_n(&load.gate, __ATOMIC_ACQUIRE) == GATE_CLOSED)
        (void)rt_park(&load.gate, GATE_CLOSED, RT_NO_DEADLINE);
    if (__atomic_load_n(&load.gate, __ATOMIC_RELAXED) == GATE_GO_HOME)
        return 0;

    sleep_until_start(t);
    run_to_end(t);
    return 0;
}
