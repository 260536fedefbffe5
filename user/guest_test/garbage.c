/* SPDX-License-Identifier: MIT */
#include "user/guest_test/garbage.h"

#include "abi/sched.h"
#include "abi/status.h"
#include "user/rt/clock.h"
#include "user/rt/layout.h"
#include "user/rt/memory.h"

#define KERNEL_HALF UINT64_C(0xffff800000000000)
#define KERNEL_IMAGE UINT64_C(0xffffffff80000000)
#define NON_CANONICAL UINT64_C(0x0000800000000000)
#define UNMAPPED UINT64_C(0x0000500000000000)
#define LATE (UINT64_C(1) << 63)
#define UNKNOWN_FLAG 128u
#define INDEXES 16u /* of threads, so many may be there */
#define SOON_NS (100 * NS_PER_US)
#define STACK_BYTES 64u
#define HANDLE_OF(sort) (UINT32_MAX - (uint32_t)GARBAGE_##sort)
#define WORDS_OF_ENTRY (sizeof(struct ring_sqe) / sizeof(uint64_t))

/* No stack is needed. */
__asm__(".text\n"
        ".globl garbage_land\n"
        "garbage_land:\n"
        "    movl $1, %eax\n" /* SYSCALL_EXIT */
        "    xorl %edi, %edi\n"
        "    syscall\n"
        "    ud2\n");

void garbage_arena_fill(struct garbage_arena *arena, const struct cap_process_params *process)
{
    arena->process = *process;
    arena->thread = (struct cap_thread_params){.weight = WEIGHT_UNIT,
                                               .latency_class = LATENCY_NORMAL};
    arena->mask = (struct cpumask){{UINT64_MAX}};
}

/* ---- Arguments of each kind ---- */

static bool one_in(struct garbage *g, uint64_t bound)
{
    return prng_below(&g->random, bound) == 0;
}

uint64_t garbage_word(struct garbage *g)
{
    const uint64_t near[] = {0,
                             1,
                             UINT64_MAX,
                             (uint64_t)(uintptr_t)g->arena,
                             (uint64_t)(uintptr_t)g->arena->words,
                             (uint64_t)(uintptr_t)&garbage_land,
                             RT_FREE_BASE + GARBAGE_MAP_OFFSET,
                             TELEMETRY_BASE,
                             UNMAPPED,
                             NON_CANONICAL,
                             KERNEL_HALF,
                             KERNEL_IMAGE,
                             LATE};

    if (one_in(g, 4))
        return prng_next(&g->random);
    return near[prng_below(&g->random, ARRAY_COUNT(near))] + (one_in(g, 4) ? 1 : 0);
}

/* Soon, mostly. */
static uint64_t instant(struct garbage *g)
{
    uint64_t r = prng_below(&g->random, 32);

    if (r == 0)
        return 1;
    if (r == 1)
        return LATE;
    if (r == 2 && !g->is_alone)
        return RING_NO_DEADLINE;
    return mono_add(rt_now(), prng_below(&g->random, SOON_NS)).ns;
}

/* One of those that were answered, of this sort mostly; a well-known one; or any number. */
static uint32_t handle(struct garbage *g, enum garbage_sort sort)
{
    uint64_t r = prng_below(&g->random, 16);

    if (r == 0)
        return (uint32_t)prng_next(&g->random);
    if (r == 1) /* a copy of THREADS makes threads of any entry: it ends the process soon */
        return !g->is_alone && one_in(g, 64) ? CAP_THREADS
                                             : CAP_MACHINE + (uint32_t)prng_below(&g->random, 8);
    if (r < 4 || sort == GARBAGE_ANY)
        sort = (enum garbage_sort)prng_below(&g->random, GARBAGE_SORTS);
    return __atomic_load_n(&g->arena->handles[sort][prng_below(&g->random, GARBAGE_HANDLES)],
                           __ATOMIC_RELAXED);
}

static uint64_t index_of_thread(struct garbage *g)
{
    if (g->is_alone || !one_in(g, 256)) /* the first one keeps the others going */
        return 1 + prng_below(&g->random, INDEXES - 1);
    return 0;
}

static uint64_t gen_of_thread(uint64_t index)
{
    const struct telemetry_record *records =
        (const struct telemetry_record *)(TELEMETRY_BASE + sizeof(struct telemetry_header));

    return __atomic_load_n(&records[index].gen, __ATOMIC_RELAXED);
}

/* Kinds of arguments. */
enum kind {
    ZERO,
    SMALL,
    INDEX, /* of a thread; its generation comes next */
    GEN,
    HANDLE,
    MEMORY,
    GRANT,
    INSTANT,
    WORD,
    OUT,
    MASK,
    THREAD_PARAMS,
    PROCESS_PARAMS,
    ENTRY,
    STACK,
    WEIGHT,
    BYTES,
    MESSAGE, /* where its words lie; of a message of a ring, as GIFT: what goes along */
    GIFT,
    PLACE
};

static uint64_t in_arena(struct garbage *g, uint64_t address)
{
    return one_in(g, 16) ? garbage_word(g) : address;
}

#define AT(field) ((uint64_t)(uintptr_t)&g->arena->field)

static uint64_t address_of(struct garbage *g, enum kind kind)
{
    uint64_t r = prng_next(&g->random);

    switch (kind) {
    case WORD:
        return in_arena(g, AT(words[r % GARBAGE_WORDS]));
    case OUT:
        return in_arena(g, AT(out[r % 2]));
    case MASK:
        return in_arena(g, AT(mask));
    case THREAD_PARAMS:
        return in_arena(g, r % 4 == 0 ? 0 : AT(thread));
    case PROCESS_PARAMS:
        return in_arena(g, AT(process));
    case ENTRY:
        return (uint64_t)(uintptr_t)&garbage_land;
    case STACK:
        return in_arena(g, AT(out[0]) & ~(uint64_t)15);
    default: /* PLACE */
        return in_arena(g, RT_FREE_BASE + GARBAGE_MAP_OFFSET + r % GARBAGE_PAGES * RT_PAGE_BYTES);
    }
}

static uint64_t argument_of(struct garbage *g, enum kind kind, uint64_t previous)
{
    switch (kind) {
    case ZERO:
        return 0;
    case SMALL:
        return prng_below(&g->random, 4);
    case INDEX:
        return index_of_thread(g);
    case GEN:
        return gen_of_thread(previous);
    case HANDLE:
        return handle(g, GARBAGE_ANY);
    case MEMORY:
        return handle(g, GARBAGE_MEMORY);
    case GRANT:
        return handle(g, GARBAGE_GRANT);
    case INSTANT:
        return instant(g);
    case WEIGHT:
        return 1 + prng_below(&g->random, 4 * WEIGHT_UNIT);
    case BYTES:
        return prng_below(&g->random, one_in(g, 16) ? LATE : 3 * RT_PAGE_BYTES);
    case MESSAGE:
        return RING_MESSAGE(prng_below(&g->random, RING_MESSAGE_WORDS),
                            prng_below(&g->random, one_in(g, 8) ? 256 : 8),
                            prng_below(&g->random, one_in(g, 8) ? 256 : 8));
    case GIFT:
        return RING_GIFT(handle(g, GARBAGE_ANY), one_in(g, 2) ? 0 : handle(g, GARBAGE_GRANT));
    default:
        return address_of(g, kind);
    }
}

/* ---- Entries ---- */

struct template {
    uint8_t op; /* enum ring_op */
    uint8_t flags; /* some of RING_FLAG_* */
    uint8_t args[4]; /* enum kind */
    uint16_t method;
    uint16_t one_in; /* 0: as often as others */
    uint32_t cap;
};

#define OP(name, ...) {.op = RING_OP_##name, .args = {__VA_ARGS__}}
#define METHOD(slot, number, ...) \
    {.op = RING_OP_CALL, .cap = (slot), .method = (number), .args = {__VA_ARGS__}}
#define RARE(slot, number, times, ...) \
    {.op = RING_OP_CALL, .cap = (slot), .method = (number), .one_in = (times), \
     .args = {__VA_ARGS__}}

#define PASS(name, slot, number, marks, ...) \
    {.op = RING_OP_##name, .cap = (slot), .method = (number), .flags = RING_FLAG_##marks, \
     .args = {__VA_ARGS__}}
#define TO HANDLE_OF(CLIENT)
#define AT_HOME HANDLE_OF(ENDPOINT)

static const struct template templates[] = {
    OP(NOP, ZERO),
    OP(YIELD, ZERO),
    OP(SLEEP_UNTIL, INSTANT),
    OP(PARK, WORD, SMALL, INSTANT),
    OP(UNPARK, WORD, SMALL),
    OP(CANCEL, SMALL),
    {.op = RING_OP_RELEASE, .cap = HANDLE_OF(ANY)},
    METHOD(CAP_THREADS, THREADS_SPAWN, ENTRY, STACK, SMALL, THREAD_PARAMS),
    METHOD(CAP_THREADS, THREADS_JOIN, INDEX, GEN),
    METHOD(CAP_THREADS, THREADS_SELF, ZERO),
    METHOD(CAP_THREADS, THREADS_DETACH, INDEX, GEN),
    METHOD(CAP_THREADS, THREADS_STAT, INDEX, GEN, OUT),
    METHOD(CAP_THREADS, THREADS_WHY, INDEX, GEN, OUT),
    METHOD(CAP_THREADS, THREADS_SET_FAULT, INDEX, GEN, HANDLE),
    RARE(CAP_THREADS, THREADS_KILL, 4, INDEX, GEN),
    RARE(CAP_THREADS, THREADS_END, 4096, SMALL),
    METHOD(CAP_MACHINE, MACHINE_CPU_COUNT, ZERO),
    METHOD(CAP_MACHINE, MACHINE_CPU_STAT, SMALL, OUT),
    METHOD(CAP_MACHINE, MACHINE_CONSERVATION, ZERO),
    METHOD(CAP_MACHINE, MACHINE_STAT, OUT),
    METHOD(CAP_POLICY, POLICY_SET_WEIGHT, INDEX, GEN, WEIGHT),
    METHOD(CAP_POLICY, POLICY_SET_CLASS, INDEX, GEN, SMALL),
    METHOD(CAP_POLICY, POLICY_SET_MASK, INDEX, GEN, MASK),
    METHOD(CAP_POLICY, POLICY_SET_PROCESS, HANDLE, OUT),
    METHOD(CAP_POLICY, POLICY_SET_PROCESS, ZERO, MASK),
    METHOD(CAP_THREADS, THREADS_PROCESS_STAT, OUT),
    RARE(CAP_SPAWNER, SPAWNER_SPAWN, 2, PROCESS_PARAMS),
    METHOD(CAP_LEDGER, LEDGER_READ, OUT),
    METHOD(CAP_LEDGER, LEDGER_MEMORY_CREATE, BYTES),
    METHOD(CAP_LEDGER, LEDGER_MEMORY_DESTROY, MEMORY),
    METHOD(CAP_LEDGER, LEDGER_FAIL_AFTER, SMALL),
    METHOD(CAP_LEDGER, LEDGER_ENDPOINT_CREATE, SMALL),
    METHOD(AT_HOME, ENDPOINT_MINT, SMALL),
    METHOD(AT_HOME, ENDPOINT_STAT, OUT),
    RARE(AT_HOME, ENDPOINT_DESTROY, 4, ZERO),
    PASS(CALL, TO, 1, MESSAGE, MESSAGE),
    PASS(CALL, TO, 2, MESSAGE | RING_FLAG_ACCEPT, MESSAGE),
    PASS(CALL, TO, 3, MESSAGE | RING_FLAG_COPY, MESSAGE, ZERO, ZERO, GIFT),
    PASS(CALL, TO, 4, ACCEPT, WORD, WORD, SMALL, GIFT),
    PASS(CALL, TO, 5, MOVE, WORD, WORD, SMALL, HANDLE),
    PASS(SEND, TO, 6, MESSAGE | RING_FLAG_MOVE, MESSAGE, ZERO, ZERO, HANDLE),
    PASS(SEND, TO, 7, MESSAGE | RING_FLAG_NARROW, MESSAGE, ZERO, ZERO, GIFT),
    PASS(SEND, TO, 8, COPY, WORD, WORD, SMALL, GIFT),
    PASS(RECV, AT_HOME, 0, MESSAGE | RING_FLAG_ACCEPT, MESSAGE),
    PASS(RECV, AT_HOME, 0, ACCEPT, ZERO),
    PASS(RETURN, CAP_NONE, 9, MESSAGE, MESSAGE),
    PASS(RETURN, CAP_NONE, 9, COPY, WORD, WORD, SMALL, GIFT),
    PASS(RETURN, CAP_NONE, 9, MESSAGE | RING_FLAG_MOVE, MESSAGE, ZERO, ZERO, HANDLE),
    PASS(RETURN_RECV, AT_HOME, 9, MESSAGE, MESSAGE),
    PASS(RETURN_RECV, AT_HOME, 9, ACCEPT, WORD, WORD, SMALL, SMALL),
    METHOD(CAP_TABLE, TABLE_GRANT_CREATE, HANDLE),
    METHOD(CAP_TABLE, TABLE_COPY, HANDLE, GRANT),
    METHOD(CAP_TABLE, TABLE_COPY, HANDLE, ZERO),
    METHOD(CAP_TABLE, TABLE_REVOKE, GRANT),
    METHOD(CAP_TABLE, TABLE_KIND, HANDLE),
    METHOD(CAP_CPUS, CPUS_READ, OUT),
    METHOD(CAP_CPUS, CPUS_NARROW, MASK),
    METHOD(CAP_CPUS, CPUS_ASSIGN, INDEX, GEN, MASK),
    METHOD(HANDLE_OF(MEMORY), MEMORY_MAP, PLACE, SMALL),
    METHOD(HANDLE_OF(MEMORY), MEMORY_MAP, PLACE, ZERO),
    METHOD(HANDLE_OF(MEMORY), MEMORY_MAP, PLACE, SMALL, HANDLE),
    METHOD(HANDLE_OF(MEMORY), MEMORY_UNMAP, PLACE),
    METHOD(HANDLE_OF(MEMORY), MEMORY_INFO, ZERO),
    METHOD(HANDLE_OF(MEMORY), MEMORY_TO_VIEW, ZERO),
    METHOD(HANDLE_OF(PROCESS), PROCESS_WAIT, ZERO),
    METHOD(HANDLE_OF(PROCESS), PROCESS_KILL, ZERO),
    METHOD(HANDLE_OF(PROCESS), PROCESS_INFO, OUT),
    METHOD(HANDLE_OF(PROCESS), PROCESS_STAT, OUT),
    METHOD(HANDLE_OF(PROCESS), PROCESS_WHY, INDEX, GEN, OUT),
    METHOD(HANDLE_OF(PROCESS), PROCESS_SET_FAULT, INDEX, GEN, HANDLE),
    METHOD(CAP_SESSIONS, SESSIONS_CREATE, ZERO),
    METHOD(CAP_SESSIONS, SESSIONS_STAT, OUT),
    METHOD(CAP_SESSIONS, SESSIONS_SERVICE_STAT, SMALL, OUT),
    METHOD(HANDLE_OF(SESSION), SESSION_LOGOUT, ZERO),
    METHOD(HANDLE_OF(SESSION), SESSION_STAT, OUT),
    METHOD(CAP_IRQS, IRQS_BIND, SMALL, SMALL, ZERO),
    METHOD(HANDLE_OF(ANY), IRQ_WAIT, ZERO),
    METHOD(HANDLE_OF(ANY), IRQ_ACK, ZERO),
    METHOD(HANDLE_OF(ANY), IRQ_STAT, OUT),
    METHOD(CAP_PORTS, PORTS_NARROW, SMALL, SMALL),
    METHOD(CAP_PORTS, PORTS_READ8, SMALL),
    METHOD(CAP_PORTS, PORTS_WRITE8, SMALL, SMALL),
};

static struct ring_sqe from_template(struct garbage *g)
{
    const struct template *t = &templates[prng_below(&g->random, ARRAY_COUNT(templates))];

    if (t->one_in > 1 && !one_in(g, t->one_in))
        t = &templates[0];
    struct ring_sqe entry = {
        .op = t->op,
        .flags = t->flags,
        .method = t->method,
        .cap = t->cap >= HANDLE_OF(SORTS) ? handle(g, (enum garbage_sort)(UINT32_MAX - t->cap))
                                          : t->cap,
        .user_data = prng_below(&g->random, 4),
    };

    for (uint32_t i = 0; i < ARRAY_COUNT(entry.args); i++)
        entry.args[i] = argument_of(g, (enum kind)t->args[i], i > 0 ? entry.args[i - 1] : 0);
    if (one_in(g, t->cap == TO ? 1 : 16)) /* who calls does not wait for long */
        entry.deadline_ns = instant(g);
    return entry;
}

/* One word exchanged, or a bit of it flipped. */
static void change_word(struct garbage *g, struct ring_sqe *entry)
{
    uint64_t *words = (uint64_t *)(void *)entry;
    uint64_t *word = &words[prng_below(&g->random, WORDS_OF_ENTRY)];

    *word = one_in(g, 2) ? garbage_word(g) : *word ^ UINT64_C(1) << prng_below(&g->random, 64);
}

static struct ring_sqe noise(struct garbage *g)
{
    uint64_t words[WORDS_OF_ENTRY];
    struct ring_sqe entry;

    for (uint32_t i = 0; i < WORDS_OF_ENTRY; i++)
        words[i] = prng_next(&g->random);
    memcpy(&entry, words, sizeof(entry));
    if (one_in(g, 2)) {
        entry.op %= RING_OP_COUNT;
        entry.flags &= one_in(g, 2) ? RING_FLAG_MESSAGE | RING_FLAG_COPY | RING_FLAG_ACCEPT : 0;
        entry.reserved = 0;
    }
    return entry;
}

static bool is_method(const struct ring_sqe *entry, uint32_t slot, uint16_t method)
{
    return entry->op == RING_OP_CALL && CAP_SLOT(entry->cap) == slot && entry->method == method;
}

/* Of an instant that would never come. */
static void bring_near(struct garbage *g, uint64_t *at)
{
    if (*at < LATE)
        *at = mono_add(rt_now(), prng_below(&g->random, SOON_NS)).ns;
}

static bool is_message(const struct ring_sqe *entry)
{
    return entry->op >= RING_OP_SEND ||
           (entry->op == RING_OP_CALL && CAP_SLOT(entry->cap) >= CAP_SLOT_FIRST_FREE);
}

/* A process's tools are not moved away; who is alone is not called, and does not wait for ever. */
static void tame_message(struct garbage *g, struct ring_sqe *entry)
{
    if ((entry->flags & RING_FLAG_MOVE) != 0 && CAP_SLOT(entry->args[3]) < CAP_SLOT_FIRST_FREE &&
        !(one_in(g, 1024) && !g->is_alone))
        entry->args[3] |= CAP_SLOT_FIRST_FREE;
    if (!g->is_alone)
        return;
    if (entry->op == RING_OP_RECV || entry->op == RING_OP_RETURN_RECV)
        entry->flags |= UNKNOWN_FLAG;
    if (entry->deadline_ns == 0)
        entry->deadline_ns = 1;
    bring_near(g, &entry->deadline_ns);
}

static void tame(struct garbage *g, struct ring_sqe *entry)
{
    if (is_method(entry, CAP_THREADS, THREADS_SPAWN) && !(one_in(g, 64) && !g->is_alone))
        entry->args[0] = (uint64_t)(uintptr_t)&garbage_land;
    if (entry->op == RING_OP_RELEASE && CAP_SLOT(entry->cap) < CAP_SLOT_FIRST_FREE &&
        !(one_in(g, 1024) && !g->is_alone))
        entry->cap |= CAP_SLOT_FIRST_FREE;
    if (is_message(entry))
        tame_message(g, entry);
    if (!g->is_alone)
        return;
    if (entry->op == RING_OP_PARK)
        bring_near(g, &entry->args[2]);
    if (entry->op == RING_OP_SLEEP_UNTIL)
        bring_near(g, &entry->args[0]);
    if (is_method(entry, CAP_THREADS, THREADS_END) ||
        (is_method(entry, CAP_THREADS, THREADS_KILL) && (uint32_t)entry->args[0] == 0))
        entry->method = UINT16_MAX;
}

struct ring_sqe garbage_entry(struct garbage *g)
{
    uint64_t r = prng_below(&g->random, 16);
    struct ring_sqe entry = r == 0 ? noise(g) : from_template(g);

    if (r < 4)
        change_word(g, &entry);
    tame(g, &entry);
    return entry;
}

/* ---- Answers ---- */

bool garbage_is_status(int64_t status)
{
    switch (status) {
#define CASE(name, value, sentence) case (value):
        STATUS_TABLE(CASE)
#undef CASE
        return true;
    default:
        return false;
    }
}

/* The greatest result of a method of what is in a well-known slot, which only its own kind is. */
static int64_t greatest_of(uint32_t slot, uint16_t method)
{
    static const struct {
        uint32_t slot;
        uint16_t method;
        int64_t greatest;
    } results[] = {{CAP_THREADS, THREADS_SPAWN, RT_THREADS_MAX},
                   {CAP_THREADS, THREADS_SELF, RT_THREADS_MAX},
                   {CAP_MACHINE, MACHINE_CPU_COUNT, CPU_MAX},
                   {CAP_MACHINE, MACHINE_CONSERVATION, 1},
                   {CAP_SPAWNER, SPAWNER_SPAWN, UINT32_MAX},
                   {CAP_LEDGER, LEDGER_MEMORY_CREATE, UINT32_MAX},
                   {CAP_LEDGER, LEDGER_ENDPOINT_CREATE, UINT32_MAX},
                   {CAP_TABLE, TABLE_GRANT_CREATE, UINT32_MAX},
                   {CAP_TABLE, TABLE_COPY, UINT32_MAX},
                   {CAP_TABLE, TABLE_KIND, CAP_KIND_COUNT - 1},
                   {CAP_CPUS, CPUS_NARROW, UINT32_MAX},
                   {CAP_SESSIONS, SESSIONS_CREATE, UINT32_MAX},
                   {CAP_IRQS, IRQS_BIND, UINT32_MAX},
                   {CAP_PORTS, PORTS_NARROW, UINT32_MAX}};

    for (uint32_t i = 0; i < ARRAY_COUNT(results); i++)
        if (results[i].slot == slot && results[i].method == method)
            return results[i].greatest;
    return 0;
}

bool garbage_is_documented(const struct ring_sqe *entry, int64_t status)
{
    if (status <= 0)
        return garbage_is_status(status);
    if (entry->op == RING_OP_UNPARK)
        return (uint64_t)status <= entry->args[1];
    if (entry->op == RING_OP_RECV || entry->op == RING_OP_RETURN_RECV)
        return status <= GARBAGE_RESULT_MAX;
    if (entry->op != RING_OP_CALL)
        return false;
    if (CAP_SLOT(entry->cap) < CAP_SLOT_FIRST_FREE)
        return status <= greatest_of(CAP_SLOT(entry->cap), entry->method);
    return (status & ~RECEIVED_GIFT) <= UINT32_MAX; /* of any kind, or an answer */
}

static enum garbage_sort sort_of(const struct ring_sqe *entry)
{
    if (entry->cap == CAP_SPAWNER)
        return GARBAGE_PROCESS;
    if (entry->cap == CAP_SESSIONS)
        return GARBAGE_SESSION;
    if (entry->cap == CAP_LEDGER && entry->method == LEDGER_ENDPOINT_CREATE)
        return GARBAGE_ENDPOINT;
    if (CAP_SLOT(entry->cap) >= CAP_SLOT_FIRST_FREE && entry->method == ENDPOINT_MINT)
        return GARBAGE_CLIENT;
    if (entry->cap == CAP_LEDGER || CAP_SLOT(entry->cap) >= CAP_SLOT_FIRST_FREE)
        return GARBAGE_MEMORY; /* MEMORY_CREATE, TO_VIEW */
    if (entry->cap == CAP_TABLE && entry->method == TABLE_GRANT_CREATE)
        return GARBAGE_GRANT;
    return GARBAGE_ANY;
}

void garbage_remember(struct garbage *g, const struct ring_sqe *entry, int64_t status)
{
    uint32_t *handles = g->arena->handles[sort_of(entry)];

    if (entry->op == RING_OP_CALL && status > 0 &&
        CAP_SLOT((uint64_t)status) >= CAP_SLOT_FIRST_FREE)
        __atomic_store_n(&handles[prng_below(&g->random, GARBAGE_HANDLES)], (uint32_t)status,
                         __ATOMIC_RELAXED);
    if (entry->op == RING_OP_CALL && status > 0 && sort_of(entry) == GARBAGE_SESSION)
        g->arena->process.session = one_in(g, 2) ? (uint32_t)status : CAP_NONE;
}
