/* SPDX-License-Identifier: MIT */
/*
 * workload.h - the workload image: an rt-app file after reading, as flat tables.
 *
 * Produced by workload/ on the host; interpreted by user/loadgen on the kernel and by sim/ in the
 * simulator, both through workload/step.h.  No pointers: offsets in bytes from the image's start,
 * indices into tables.  Little-endian, aligned to 8 bytes.  Whoever takes one in calls
 * workload_image_open (workload/image.h) first and trusts nothing before.
 *
 *   header | tasks[task_count] | phases[phase_count] | events[event_count] | masks[mask_count]
 *          | objects[object_count] | strings
 *
 * A task stands for `instance_count` threads.  The first `start_count` of them start with the
 * workload; the others are there to be forked, and may never be.  Threads are numbered in file
 * order, instances consecutively.  A phase is `loop` turns over its events; the task's phases
 * together repeat `loop` times (LOOP_FOREVER = until the workload's end).  Tables are partitions:
 * the tasks' phases follow one another without gap or overlap, and so do the phases' events.
 *
 * Tasks may run in processes of their own.  Process 0 is that of whoever runs the workload; the
 * others are 1..process_count, numbered in the order of their first tasks.  What processes do not
 * share is an object or a fork: every event's objects, and the task that it forks, belong to the
 * process of the event's task.
 */
#ifndef ABI_WORKLOAD_H
#define ABI_WORKLOAD_H

#include <stdint.h>

#define WORKLOAD_MAGIC UINT64_C(0x33776c6f73706163) /* "capslow3" */
#define WORKLOAD_BYTES_MAX (UINT64_C(16) << 20)
#define WORKLOAD_TASKS_MAX 65536u
#define WORKLOAD_THREADS_MAX (1u << 20)
#define WORKLOAD_KERNEL_THREADS_MAX 511u /* of these, loadgen can run so many on the kernel */
#define WORKLOAD_PROCESSES_MAX 32u /* besides process 0 */
#define WORKLOAD_PHASES_MAX (1u << 20)
#define WORKLOAD_EVENTS_MAX (1u << 20)
#define WORKLOAD_MASKS_MAX 1024u
#define WORKLOAD_OBJECTS_MAX 65536u
#define WORKLOAD_NAME_BYTES_MAX 256u /* of any name, its NUL included */
#define WORKLOAD_DURATION_NS_MAX (UINT64_C(86400) * 1000000000)
#define WORKLOAD_EVENT_NS_MAX (UINT64_C(3600) * 1000000000)
#define WORKLOAD_NICE_MIN (-20)
#define WORKLOAD_NICE_MAX 19
#define WORKLOAD_DURATION_FOREVER 0u /* until every thread has ended */
#define LOOP_FOREVER UINT32_MAX
#define WORKLOAD_INDEX_NONE UINT32_MAX

/*
 * Threads start one after the other, this far apart, as they do where creating one takes time;
 * many threads start closer together, so that the last starts within the spread.  It is part of the
 * workload's meaning: rt-app files rely on who comes first (a resume that nobody waits for is
 * lost), and both engines must agree on it (step_start_offset_ns).
 */
#define WORKLOAD_START_STAGGER_NS UINT64_C(100000)
#define WORKLOAD_START_SPREAD_NS_MAX UINT64_C(10000000)

struct workload_header {
    uint64_t magic;
    uint64_t bytes;
    uint64_t checksum; /* FNV-1a (hash_sealed) over everything, with 0 here */
    uint64_t duration_ns;
    uint32_t task_count, tasks_offset;
    uint32_t phase_count, phases_offset;
    uint32_t event_count, events_offset;
    uint32_t mask_count, masks_offset;
    uint32_t object_count, objects_offset;
    uint32_t strings_bytes, strings_offset;
    uint32_t thread_count; /* sum of the tasks' instance_count */
    uint32_t flags;        /* WORKLOAD_FLAG_* */
    uint32_t buffer_bytes; /* that mem and memrun write to; 0: no event does */
    uint32_t process_count; /* besides process 0 */
};

/* Of one task, so many threads can be forked in a run; more forks fail the verdict. */
#define WORKLOAD_FORKS_MAX 128u
#define WORKLOAD_FORK_EVENTS_MAX 1024u

#define WORKLOAD_BUFFER_BYTES_MAX (UINT32_C(4) << 20)
#define WORKLOAD_BUFFER_BYTES_MIN 4096u

#define WORKLOAD_FLAG_CUMULATIVE_SLACK 1u

struct workload_task {
    uint32_t name; /* offset into strings, NUL-terminated */
    uint32_t instance_count;
    uint32_t first_phase;
    uint32_t phase_count;
    uint32_t loop;
    uint32_t weight;        /* WEIGHT_MIN..WEIGHT_MAX */
    uint32_t latency_class; /* enum latency_class */
    uint32_t mask;          /* index into masks, or WORKLOAD_INDEX_NONE = all CPUs */
    uint64_t delay_ns;
    int32_t nice; /* as written, for the table */
    uint32_t flags;        /* WORKLOAD_TASK_*: what its events use */
    uint32_t first_thread; /* sum of instance_count over the tasks before */
    uint32_t start_count;  /* at most instance_count */
    uint32_t process;      /* 0..process_count */
    uint32_t process_name; /* offset into strings; WORKLOAD_INDEX_NONE for process 0 */
};

#define WORKLOAD_TASK_USES_TIMER 1u
#define WORKLOAD_TASK_USES_SHARED_TIMER 2u

struct workload_phase {
    uint32_t name;
    uint32_t loop;
    uint32_t first_event;
    uint32_t event_count;
    uint32_t mask; /* this phase's CPU set, or WORKLOAD_INDEX_NONE = the task's */
    uint32_t reserved;
};

/* X(NAME, what `ns`, `object` and `object2` mean) */
#define WORKLOAD_EVENT_TABLE(X)                                                     \
    X(RUN, "ns of the thread's own CPU time")                                       \
    X(RUNTIME, "ns of wall time, spent running")                                    \
    X(MEM, "bytes written to the buffer, each 1 ns of the thread's own CPU time")   \
    X(MEMRUN, "ns of the thread's own CPU time, spent writing to the buffer")       \
    X(YIELD, "gives up the rest of the slice")                                      \
    X(SLEEP, "ns from now")                                                         \
    X(TIMER, "period in ns; object = timer, relative to its last use")              \
    X(TIMER_ABSOLUTE, "period in ns; object = timer, on a fixed grid")              \
    X(LOCK, "object = mutex")                                                       \
    X(UNLOCK, "object = mutex")                                                     \
    X(WAIT, "object = condition, object2 = mutex held")                             \
    X(SIGNAL, "object = condition; wakes the longest waiter, lost without one")     \
    X(BROAD, "object = condition; wakes all who wait, lost without one")            \
    X(SYNC, "object = condition, object2 = mutex held: signal, then wait")          \
    X(SYNC_ALONE, "as SYNC, with the mutex locked before and unlocked after")       \
    X(BARRIER, "object = barrier; waits until all its users have come")             \
    X(SEM_WAIT, "object = semaphore; takes one, or waits for one")                  \
    X(SEM_POST, "object = semaphore; gives one to the longest waiter, or keeps it") \
    X(FORK, "object = number of a task, of which one more thread starts now")       \
    X(SUSPEND, "object = suspend point; or condition, object2 = its mutex: lock, wait, unlock") \
    X(RESUME, "object = suspend point; or condition, object2 = its mutex; wakes all who wait") \
    X(CALL, "object = endpoint; calls there, and waits for the answer")                 \
    X(SERVE, "object = endpoint; receives a call there, runs for ns, answers")

enum workload_event_kind {
#define WORKLOAD_EVENT_ENUM(name, meaning) WORKLOAD_##name,
    WORKLOAD_EVENT_TABLE(WORKLOAD_EVENT_ENUM)
#undef WORKLOAD_EVENT_ENUM
    WORKLOAD_EVENT_KIND_COUNT
};

struct workload_event {
    uint32_t kind; /* enum workload_event_kind */
    uint32_t object;
    uint32_t object2;
    uint32_t line; /* where it stands, for messages: workload_line_*() */
    uint64_t ns;
};

/* A workload may come from several files; its events' lines then say of which file. */
#define WORKLOAD_FILES_MAX 64u
#define WORKLOAD_LINE_BITS 24u

static inline uint32_t workload_line_number(uint32_t line)
{
    return line & ((1u << WORKLOAD_LINE_BITS) - 1);
}

static inline uint32_t workload_line_file(uint32_t line)
{
    return line >> WORKLOAD_LINE_BITS;
}

#define WORKLOAD_MASK_WORDS 16u

struct workload_mask {
    uint64_t words[WORKLOAD_MASK_WORDS]; /* CPU n = bit n % 64 of word n / 64; never empty */
};

enum workload_object_kind {
    WORKLOAD_MUTEX,
    WORKLOAD_CONDITION,
    WORKLOAD_SUSPEND_POINT,
    WORKLOAD_BARRIER_POINT,
    WORKLOAD_SEMAPHORE,    /* begins with 0 */
    WORKLOAD_TIMER_SHARED, /* one timer for all threads that name it */
    WORKLOAD_TIMER_UNIQUE, /* one timer in each thread of the task that names it */
    WORKLOAD_ENDPOINT,
    WORKLOAD_OBJECT_KIND_COUNT
};

struct workload_object {
    uint32_t name;
    uint32_t kind; /* enum workload_object_kind */
    uint32_t timer_index; /* timers: 0.. within their task (unique) or in the image (shared) */
    uint32_t users;       /* of a barrier: threads that meet there, at least 1; others: 0 */
    uint32_t process;     /* whose tasks use it */
    uint32_t flags;       /* WORKLOAD_OBJECT_* */
};

/* An endpoint whose calls are served on their callers' contexts (ENDPOINT_PASSIVE). */
#define WORKLOAD_OBJECT_PASSIVE 1u

#define WORKLOAD_UNIQUE_TIMERS_MAX 8u
#define WORKLOAD_SHARED_TIMERS_MAX 1024u

_Static_assert(sizeof(struct workload_header) == 96, "abi");
_Static_assert(sizeof(struct workload_task) == 64, "abi");
_Static_assert(sizeof(struct workload_phase) == 24, "abi");
_Static_assert(sizeof(struct workload_event) == 24, "abi");
_Static_assert(sizeof(struct workload_mask) == 128, "abi");
_Static_assert(sizeof(struct workload_object) == 24, "abi");

#endif /* ABI_WORKLOAD_H */
