/* SPDX-License-Identifier: MIT */
/* Malformed entries and rings: each gets its typed refusal, and nothing else notices. */
#include "abi/bootinfo.h"
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/memory.h"
#include "user/rt/print.h"
#include "user/rt/program.h"
#include "user/rt/syscall.h"

#define UNMAPPED UINT64_C(0x0000500000000000)
#define KERNEL_HALF UINT64_C(0xffff800000000000)
#define KERNEL_IMAGE UINT64_C(0xffffffff80000000)
#define NON_CANONICAL UINT64_C(0x0000800000000000)
#define PAST 1
#define LATE (UINT64_C(1) << 63)
#define FUZZ_THREADS 60u
#define EMPTY_SLOT 900u /* nothing is ever put there */
#define HANDLE(slot, gen) ((slot) | (uint32_t)(gen) << CAP_SLOT_BITS)

struct malformed {
    const char *what;
    int64_t wanted; /* enum status */
    struct ring_sqe entry;
};

static uint32_t word;
static const char text[] = "never shown";

/* What garbage may write to, between what it may not. */
static struct {
    uint64_t before[16];
    union {
        struct cap_cpu_stat cpu;
        struct cap_machine_stat machine;
        struct ledger_account account;
        struct cpumask mask;
    } target;
    uint64_t behind[16];
} memory;

#define AT(symbol) ((uint64_t)(uintptr_t)&(symbol))
#define CALL(slot, number, ...) \
    {.op = RING_OP_CALL, .cap = (slot), .method = (number), .args = {__VA_ARGS__}}

#define MESSAGE(name, slot, flag, ...) \
    {.op = RING_OP_##name, .cap = (slot), .flags = RING_FLAG_MESSAGE | (flag), \
     .args = {__VA_ARGS__}}

/* What is wrong with the entry itself. */
static const struct malformed entries[] = {
    {"operation beyond the table", STATUS_BAD_OP, {.op = RING_OP_COUNT}},
    {"operation 255", STATUS_BAD_OP, {.op = 255}},
    {"a flag", STATUS_BAD_FLAGS, {.op = RING_OP_NOP, .flags = 1}},
    {"the reserved field", STATUS_BAD_FLAGS, {.op = RING_OP_NOP, .reserved = 1}},
    {"NOP with a capability", STATUS_BAD_FLAGS, {.op = RING_OP_NOP, .cap = 1}},
    {"NOP with a method", STATUS_BAD_FLAGS, {.op = RING_OP_NOP, .method = 1}},
    {"NOP with an argument", STATUS_BAD_FLAGS, {.op = RING_OP_NOP, .args = {1}}},
    {"NOP with its last argument", STATUS_BAD_FLAGS, {.op = RING_OP_NOP, .args = {0, 0, 0, 1}}},
    {"YIELD with an argument", STATUS_BAD_FLAGS, {.op = RING_OP_YIELD, .args = {1}}},
    {"SLEEP with two arguments", STATUS_BAD_FLAGS, {.op = RING_OP_SLEEP_UNTIL, .args = {1, 1}}},
    {"PARK with four", STATUS_BAD_FLAGS, {.op = RING_OP_PARK, .args = {AT(word), 0, PAST, 1}}},
    {"UNPARK with three", STATUS_BAD_FLAGS, {.op = RING_OP_UNPARK, .args = {AT(word), 1, 1}}},
    {"CANCEL with two arguments", STATUS_BAD_FLAGS, {.op = RING_OP_CANCEL, .args = {1, 1}}},
    {"CANCEL with a capability", STATUS_BAD_FLAGS, {.op = RING_OP_CANCEL, .cap = 1}},
    {"CANCEL of nothing", STATUS_STALE, {.op = RING_OP_CANCEL, .args = {UINT64_MAX}}},
    {"RELEASE with an argument", STATUS_BAD_FLAGS,
     {.op = RING_OP_RELEASE, .cap = CAP_CONSOLE, .args = {1}}},
    {"RELEASE with a method", STATUS_BAD_FLAGS,
     {.op = RING_OP_RELEASE, .cap = CAP_CONSOLE, .method = 1}},
    {"RELEASE of no capability", STATUS_BAD_CAP, {.op = RING_OP_RELEASE}},
    {"RELEASE of slot 0, another generation", STATUS_BAD_CAP,
     {.op = RING_OP_RELEASE, .cap = HANDLE(0, 1)}},
    {"RELEASE of an empty slot", STATUS_BAD_CAP, {.op = RING_OP_RELEASE, .cap = EMPTY_SLOT}},
    {"RELEASE of another generation", STATUS_STALE,
     {.op = RING_OP_RELEASE, .cap = HANDLE(CAP_CONSOLE, 1)}},
    {"a message's flag for the console", STATUS_BAD_FLAGS,
     {.op = RING_OP_CALL, .cap = CAP_CONSOLE, .method = CONSOLE_WRITE, .flags = RING_FLAG_ACCEPT}},
    {"SEND to nobody", STATUS_BAD_CAP, MESSAGE(SEND, CAP_NONE, 0, 0)},
    {"SEND to the console", STATUS_BAD_CAP, MESSAGE(SEND, CAP_CONSOLE, 0, 0)},
    {"SEND to an empty slot", STATUS_BAD_CAP, MESSAGE(SEND, EMPTY_SLOT, 0, 0)},
    {"RECV nowhere", STATUS_BAD_CAP, MESSAGE(RECV, CAP_NONE, 0, 0)},
    {"RECV at the console", STATUS_BAD_CAP, MESSAGE(RECV, CAP_CONSOLE, 0, 0)},
    {"RECV with an unknown flag", STATUS_BAD_FLAGS, MESSAGE(RECV, CAP_CONSOLE, 32, 0)},
    {"RECV beyond the area", STATUS_BAD_ARGUMENT,
     MESSAGE(RECV, CAP_CONSOLE, 0, RING_MESSAGE(1, 0, RING_MESSAGE_WORDS))},
    {"RETURN with a capability", STATUS_BAD_FLAGS, MESSAGE(RETURN, CAP_CONSOLE, 0, 0)},
    {"RETURN of two gifts", STATUS_BAD_FLAGS,
     MESSAGE(RETURN, CAP_NONE, RING_FLAG_COPY | RING_FLAG_MOVE, 0)},
    {"RETURN with a word too many", STATUS_BAD_FLAGS, MESSAGE(RETURN, CAP_NONE, 0, 0, 1)},
    {"RETURN with a gift but no flag", STATUS_BAD_FLAGS, MESSAGE(RETURN, CAP_NONE, 0, 0, 0, 0, 1)},
    {"RETURN to nobody", STATUS_STALE, MESSAGE(RETURN, CAP_NONE, 0, 0)},
    {"RETURN_RECV at the console", STATUS_BAD_CAP, MESSAGE(RETURN_RECV, CAP_CONSOLE, 0, 0)},
    {"freshness that is past", STATUS_EXPIRED, {.op = RING_OP_NOP, .deadline_ns = PAST}},
    {"freshness out of range", STATUS_BAD_ARGUMENT, {.op = RING_OP_NOP, .deadline_ns = LATE}},
    {"sleep out of range", STATUS_BAD_ARGUMENT, {.op = RING_OP_SLEEP_UNTIL, .args = {LATE}}},
    {"no capability", STATUS_BAD_CAP, CALL(CAP_NONE, 0, 0)},
    {"slot 0, another generation", STATUS_BAD_CAP, CALL(HANDLE(0, 1), 0, 0)},
    {"an empty slot", STATUS_BAD_CAP, CALL(EMPTY_SLOT, 0, 0)},
    {"a capability of another generation", STATUS_STALE, CALL(HANDLE(CAP_CONSOLE, 1), 0, 0)},
    {"method unknown to CONSOLE", STATUS_BAD_CAP, CALL(CAP_CONSOLE, 2, 0)},
    {"method unknown to THREADS", STATUS_BAD_CAP, CALL(CAP_THREADS, THREADS_SET_FAULT + 1, 0)},
    {"method unknown to MACHINE", STATUS_BAD_CAP, CALL(CAP_MACHINE, 4, 0)},
    {"method unknown to POLICY", STATUS_BAD_CAP, CALL(CAP_POLICY, UINT16_MAX, 0)},
    {"method unknown to POWER", STATUS_BAD_CAP, CALL(CAP_POWER, 1, 0)},
    {"method unknown to SPAWNER", STATUS_BAD_CAP, CALL(CAP_SPAWNER, 1, 0)},
    {"method unknown to LEDGER", STATUS_BAD_CAP, CALL(CAP_LEDGER, LEDGER_ENDPOINT_CREATE + 1, 0)},
    {"method unknown to TABLE", STATUS_BAD_CAP, CALL(CAP_TABLE, 4, 0)},
    {"method unknown to CPUS", STATUS_BAD_CAP, CALL(CAP_CPUS, 3, 0)},
};

/* What is wrong with an address. */
static const struct malformed addresses[] = {
    {"PARK misaligned", STATUS_BAD_ALIGNMENT,
     {.op = RING_OP_PARK, .args = {AT(word) + 1, 0, PAST}}},
    {"PARK at 0", STATUS_BAD_ADDRESS, {.op = RING_OP_PARK, .args = {0, 0, PAST}}},
    {"PARK unmapped", STATUS_BAD_ADDRESS, {.op = RING_OP_PARK, .args = {UNMAPPED, 0, PAST}}},
    {"PARK in the kernel's half", STATUS_BAD_ADDRESS,
     {.op = RING_OP_PARK, .args = {KERNEL_HALF, 0, PAST}}},
    {"PARK in the kernel image", STATUS_BAD_ADDRESS,
     {.op = RING_OP_PARK, .args = {KERNEL_IMAGE, 0, PAST}}},
    {"PARK at no address at all", STATUS_BAD_ADDRESS,
     {.op = RING_OP_PARK, .args = {NON_CANONICAL, 0, PAST}}},
    {"PARK for more than 32 bits", STATUS_BAD_ARGUMENT,
     {.op = RING_OP_PARK, .args = {AT(word), UINT64_C(1) << 32, PAST}}},
    {"PARK until out of range", STATUS_BAD_ARGUMENT,
     {.op = RING_OP_PARK, .args = {AT(word), 1, LATE}}},
    {"UNPARK misaligned", STATUS_BAD_ALIGNMENT, {.op = RING_OP_UNPARK, .args = {AT(word) + 2, 1}}},
    {"UNPARK unmapped", STATUS_BAD_ADDRESS, {.op = RING_OP_UNPARK, .args = {UNMAPPED, 1}}},
    {"UNPARK in the kernel", STATUS_BAD_ADDRESS, {.op = RING_OP_UNPARK, .args = {KERNEL_IMAGE, 1}}},
    {"text unmapped", STATUS_BAD_ADDRESS, CALL(CAP_CONSOLE, CONSOLE_WRITE, UNMAPPED, 1)},
    {"text in the kernel", STATUS_BAD_ADDRESS, CALL(CAP_CONSOLE, CONSOLE_WRITE, KERNEL_IMAGE, 1)},
    {"text across the user's end", STATUS_BAD_ADDRESS,
     CALL(CAP_CONSOLE, CONSOLE_WRITE, NON_CANONICAL - 1, 2)},
    {"text across 2^64", STATUS_BAD_ADDRESS, CALL(CAP_CONSOLE, CONSOLE_WRITE, UINT64_MAX, 2)},
    {"text half unmapped", STATUS_BAD_ADDRESS,
     CALL(CAP_CONSOLE, CONSOLE_WRITE, TELEMETRY_BASE - 1, 2)},
    {"text too long", STATUS_BAD_ARGUMENT,
     CALL(CAP_CONSOLE, CONSOLE_WRITE, AT(text), CONSOLE_WRITE_BYTES_MAX + 1)},
    {"result too long", STATUS_BAD_ARGUMENT, CALL(CAP_CONSOLE, CONSOLE_RESULT, AT(text), LATE)},
    {"CPU figures to code", STATUS_BAD_ADDRESS,
     CALL(CAP_MACHINE, MACHINE_CPU_STAT, 0, UINT64_C(0x400000))},
    {"CPU figures to constants", STATUS_BAD_ADDRESS,
     CALL(CAP_MACHINE, MACHINE_CPU_STAT, 0, AT(text))},
    {"CPU figures to telemetry", STATUS_BAD_ADDRESS,
     CALL(CAP_MACHINE, MACHINE_CPU_STAT, 0, TELEMETRY_BASE)},
    {"CPU figures to the kernel", STATUS_BAD_ADDRESS,
     CALL(CAP_MACHINE, MACHINE_CPU_STAT, 0, KERNEL_HALF)},
    {"machine figures to code", STATUS_BAD_ADDRESS,
     CALL(CAP_MACHINE, MACHINE_STAT, UINT64_C(0x400000))},
    {"the account to constants", STATUS_BAD_ADDRESS, CALL(CAP_LEDGER, LEDGER_READ, AT(text))},
    {"a set of CPUs to the kernel", STATUS_BAD_ADDRESS, CALL(CAP_CPUS, CPUS_READ, KERNEL_IMAGE)},
    {"a set of CPUs from nowhere", STATUS_BAD_ADDRESS, CALL(CAP_CPUS, CPUS_NARROW, UNMAPPED)},
    {"a process's parameters from nowhere", STATUS_BAD_ADDRESS,
     CALL(CAP_SPAWNER, SPAWNER_SPAWN, UNMAPPED)},
};

static const struct cap_thread_params heavy = {.weight = WEIGHT_MAX + 1};
static const struct cap_thread_params classless = {.latency_class = LATENCY_CLASS_COUNT};
static const struct cap_thread_params cookie_only = {.fault_cookie = 1};
static const struct cap_thread_params masked = {.has_mask = 2};
static const struct cap_thread_params nowhere = {.has_mask = 1};
static const struct cpumask empty;
static const struct cpumask all = {{UINT64_MAX}};

static const struct cap_process_params no_program = {.program = BOOT_ARCHIVE_ENTRIES_MAX};
static const struct cap_process_params generous = {.program = HELPER_PROGRAM,
                                                   .gift_count = CAP_GIFTS_MAX + 1};
static const struct cap_process_params gift_to_0 = {
    .program = HELPER_PROGRAM, .gift_count = 1, .gifts = {{.from = CAP_CONSOLE, .slot = 0}}};
static const struct cap_process_params gift_outside = {
    .program = HELPER_PROGRAM,
    .gift_count = 1,
    .gifts = {{.from = CAP_CONSOLE, .slot = CAP_SLOT_COUNT}}};
static const struct cap_process_params gifts_alike = {
    .program = HELPER_PROGRAM,
    .gift_count = 2,
    .gifts = {{.from = CAP_CONSOLE, .slot = 1}, {.from = CAP_POLICY, .slot = 1}}};

#define STACK PROCESS_STACK_TOP
#define SPAWN(...) CALL(CAP_THREADS, THREADS_SPAWN, __VA_ARGS__)

/* What is wrong with an argument of a method. */
static const struct malformed methods[] = {
    {"figures of no CPU", STATUS_BAD_ARGUMENT,
     CALL(CAP_MACHINE, MACHINE_CPU_STAT, CPU_MAX, AT(word))},
    {"power off with 2", STATUS_BAD_ARGUMENT, CALL(CAP_POWER, POWER_OFF, 2)},
    {"thread with misaligned stack", STATUS_BAD_ALIGNMENT,
     SPAWN((uint64_t)(uintptr_t)rt_thread_entry, STACK - 8)},
    {"thread in the kernel", STATUS_BAD_ADDRESS, SPAWN(KERNEL_IMAGE, STACK)},
    {"thread at no address", STATUS_BAD_ADDRESS, SPAWN(NON_CANONICAL, STACK)},
    {"parameters unmapped", STATUS_BAD_ADDRESS,
     SPAWN((uint64_t)(uintptr_t)rt_thread_entry, STACK, 0, UNMAPPED)},
    {"weight too large", STATUS_BAD_ARGUMENT,
     SPAWN((uint64_t)(uintptr_t)rt_thread_entry, STACK, 0, AT(heavy))},
    {"latency class unknown", STATUS_BAD_ARGUMENT,
     SPAWN((uint64_t)(uintptr_t)rt_thread_entry, STACK, 0, AT(classless))},
    {"parameters with a cookie for no fault endpoint", STATUS_BAD_ARGUMENT,
     SPAWN((uint64_t)(uintptr_t)rt_thread_entry, STACK, 0, AT(cookie_only))},
    {"parameters with a mask and a half", STATUS_BAD_ARGUMENT,
     SPAWN((uint64_t)(uintptr_t)rt_thread_entry, STACK, 0, AT(masked))},
    {"thread without a CPU", STATUS_OUTSIDE_MASK,
     SPAWN((uint64_t)(uintptr_t)rt_thread_entry, STACK, 0, AT(nowhere))},
    {"join of nobody", STATUS_STALE, CALL(CAP_THREADS, THREADS_JOIN, UINT64_MAX, 1)},
    {"detaching nobody", STATUS_STALE, CALL(CAP_THREADS, THREADS_DETACH, UINT32_MAX, 1)},
    {"killing nobody", STATUS_STALE, CALL(CAP_THREADS, THREADS_KILL, UINT32_MAX, 1)},
    {"how nobody stands", STATUS_STALE, CALL(CAP_THREADS, THREADS_STAT, UINT32_MAX, 1, AT(word))},
    {"weight of nobody", STATUS_STALE, CALL(CAP_POLICY, POLICY_SET_WEIGHT, UINT32_MAX, 1, 1024)},
    {"class of nobody", STATUS_STALE, CALL(CAP_POLICY, POLICY_SET_CLASS, 0, UINT32_MAX, 1)},
    {"mask of nobody", STATUS_STALE, CALL(CAP_POLICY, POLICY_SET_MASK, 0, 0, AT(empty))},
    {"CPUs for nobody", STATUS_STALE, CALL(CAP_CPUS, CPUS_ASSIGN, UINT32_MAX, 1, AT(all))},
    {"no CPU in common", STATUS_OUTSIDE_MASK, CALL(CAP_CPUS, CPUS_NARROW, AT(empty))},
    {"a program that is not there", STATUS_BAD_ARGUMENT,
     CALL(CAP_SPAWNER, SPAWNER_SPAWN, AT(no_program))},
    {"too many gifts", STATUS_BAD_ARGUMENT, CALL(CAP_SPAWNER, SPAWNER_SPAWN, AT(generous))},
    {"a gift to slot 0", STATUS_BAD_ARGUMENT, CALL(CAP_SPAWNER, SPAWNER_SPAWN, AT(gift_to_0))},
    {"a gift beyond the table", STATUS_BAD_ARGUMENT,
     CALL(CAP_SPAWNER, SPAWNER_SPAWN, AT(gift_outside))},
    {"two gifts to one slot", STATUS_BAD_ARGUMENT,
     CALL(CAP_SPAWNER, SPAWNER_SPAWN, AT(gifts_alike))},
    {"memory of 0 bytes", STATUS_BAD_ARGUMENT, CALL(CAP_LEDGER, LEDGER_MEMORY_CREATE, 0)},
    {"too much memory", STATUS_BAD_ARGUMENT,
     CALL(CAP_LEDGER, LEDGER_MEMORY_CREATE, MEMORY_BYTES_MAX + 1)},
    {"destroying what is no memory", STATUS_BAD_CAP,
     CALL(CAP_LEDGER, LEDGER_MEMORY_DESTROY, CAP_CONSOLE)},
    {"the kind of an empty slot", STATUS_BAD_CAP, CALL(CAP_TABLE, TABLE_KIND, EMPTY_SLOT)},
    {"a grant under an empty slot", STATUS_BAD_CAP,
     CALL(CAP_TABLE, TABLE_GRANT_CREATE, EMPTY_SLOT)},
    {"a copy through what is no grant", STATUS_BAD_CAP,
     CALL(CAP_TABLE, TABLE_COPY, CAP_CONSOLE, CAP_POLICY)},
    {"revoking what is no grant", STATUS_BAD_CAP, CALL(CAP_TABLE, TABLE_REVOKE, CAP_CONSOLE)},
};

/* Goal: the entry is refused as it should be, in the ring and in registers, and its neighbours are
 * not touched.  Method: a batch of a good entry, the bad one, and a good one; the bad one alone in
 * registers, which have no place for the reserved field. */
static void test_entry(const struct malformed *m)
{
    struct ring_sqe batch[3] = {{.op = RING_OP_NOP}, m->entry, {.op = RING_OP_NOP}};
    struct ring_cqe completions[3];
    struct rt_line line;
    uint64_t value = 0;
    int64_t in_registers =
        m->entry.reserved == 0 ? syscall_entry(&m->entry, &value) : m->wanted;

    rt_ring_batch(batch, 3, completions);
    bool is_right = completions[0].status == STATUS_OK && completions[1].status == m->wanted &&
                    completions[2].status == STATUS_OK && in_registers == m->wanted && value == 0;

    rt_line_begin(&line);
    fmt_text(&line.f, m->what);
    fmt_text(&line.f, ": ");
    fmt_text(&line.f, status_name(m->wanted));
    if (!tap_ok(is_right, line.text))
        tap_note("completed with", completions[1].status), tap_note("and", in_registers);
}

/* The caller's own policy: the thread exists, the value does not fit. */
static void test_own_policy(void)
{
    struct rt_thread_ref self = rt_thread_self();

    tap_equal(rt_set_weight(&self, 0), STATUS_BAD_ARGUMENT, "weight 0 is refused");
    tap_equal(rt_set_weight(&self, WEIGHT_MAX + 1), STATUS_BAD_ARGUMENT, "too large a weight too");
    tap_equal(rt_set_class(&self, (enum latency_class)LATENCY_CLASS_COUNT), STATUS_BAD_ARGUMENT,
              "an unknown class too");
    tap_equal(rt_set_mask(&self, (const struct cpumask *)UNMAPPED), STATUS_BAD_ADDRESS,
              "a set at an unmapped address too");
}

/* Goal: system calls check their own arguments.  Method: each wrong one. */
static void test_system_calls(void)
{
    tap_equal(syscall_raw(3, 0, 0), STATUS_BAD_OP, "system call 3 is refused");
    tap_equal(syscall_raw(UINT64_MAX, 0, 0), STATUS_BAD_OP, "system call 2^64 - 1 is refused");
    tap_equal(syscall_cap_enter(RING_CQ_ENTRIES + 1, 0), STATUS_BAD_ARGUMENT,
              "waiting for more completions than fit is refused");
    tap_equal(syscall_cap_enter(0, LATE), STATUS_BAD_ARGUMENT, "a deadline out of range too");
}

/* Goal: a released slot is free and its handle STALE.  Method: a copy of the console. */
static void test_release(void)
{
    int64_t copy = rt_copy(CAP_CONSOLE, CAP_NONE);

    tap_ok(copy >= CAP_SLOT_FIRST_FREE && rt_cap_kind((uint32_t)copy) == CAP_KIND_CONSOLE,
           "a copy lies where no well-known slot is");
    tap_equal(rt_release((uint32_t)copy), STATUS_OK, "RELEASE gives it back");
    tap_equal(rt_cap_kind((uint32_t)copy), STATUS_STALE, "then its handle is STALE");
    tap_equal(rt_release((uint32_t)copy), STATUS_STALE, "and cannot be released again");
}

/* Does the ring work?  Its indices may be anything that the kernel left consistent. */
static bool ring_works(void)
{
    struct ring_sqe entry = {.op = RING_OP_NOP};

    return rt_ring_do(&entry, NULL) == STATUS_OK;
}

/* Goal: impossible indices are refused, then the ring works again.  Method: each index. */
static void test_indices(void)
{
    struct ring_header *header = rt_ring_header(rt_self()->index);
    static const uint32_t sq_steps[] = {RING_SQ_ENTRIES + 1, 1000, UINT32_MAX, UINT32_C(1) << 31};
    /* Not UINT32_MAX: the kernel has not seen yet that the latest completion was read. */
    static const uint32_t cq_steps[] = {1, RING_CQ_ENTRIES + 1, UINT32_MAX - 1, UINT32_C(1) << 31};
    uint32_t right = 0;

    for (uint32_t i = 0; i < ARRAY_COUNT(sq_steps); i++) {
        __atomic_store_n(&header->sq_tail, header->sq_tail + sq_steps[i], __ATOMIC_RELEASE);
        right += syscall_cap_enter(0, SYSCALL_NO_DEADLINE) == STATUS_RING_CORRUPT && ring_works();
    }
    tap_equal(right, ARRAY_COUNT(sq_steps), "an impossible sq_tail: RING_CORRUPT, then it works");

    right = 0;
    for (uint32_t i = 0; i < ARRAY_COUNT(cq_steps); i++) {
        __atomic_store_n(&header->cq_head, header->cq_head + cq_steps[i], __ATOMIC_RELEASE);
        right += syscall_cap_enter(0, SYSCALL_NO_DEADLINE) == STATUS_RING_CORRUPT && ring_works();
    }
    tap_equal(right, ARRAY_COUNT(cq_steps), "an impossible cq_head: RING_CORRUPT, then it works");
}

/* Goal: what the kernel writes it does not believe.  Method: overwrite its indices; submit. */
static void test_kernel_indices(void)
{
    struct ring_header *header = rt_ring_header(rt_self()->index);
    uint32_t tail = header->sq_tail;
    uint32_t head = header->cq_head;

    rt_ring_sq(rt_self()->index)[tail % RING_SQ_ENTRIES] =
        (struct ring_sqe){.op = RING_OP_NOP, .user_data = 77};
    __atomic_store_n(&header->sq_head, 12345, __ATOMIC_RELAXED);
    __atomic_store_n(&header->cq_tail, 54321, __ATOMIC_RELAXED);
    __atomic_store_n(&header->sq_tail, tail + 1, __ATOMIC_RELEASE);
    int64_t result = syscall_cap_enter(1, SYSCALL_NO_DEADLINE);
    bool is_right = result == 1 && header->sq_head == tail + 1 && header->cq_tail == head + 1 &&
                    rt_ring_cq(rt_self()->index)[head % RING_CQ_ENTRIES].user_data == 77;

    __atomic_store_n(&header->cq_head, header->cq_tail, __ATOMIC_RELEASE);
    tap_ok(is_right, "overwritten kernel indices are put right");
}

/* xorshift64 (Marsaglia 2003), enough to make garbage. */
static uint64_t garbage(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Often 0, often near something real, else anything. */
static uint64_t garbage_word(uint64_t *state)
{
    static const uint64_t near[] = {0,          1,           AT(memory.target), AT(text), UNMAPPED,
                                    UINT64_MAX, KERNEL_HALF, KERNEL_IMAGE,      TELEMETRY_BASE};
    uint64_t r = garbage(state);

    return r % 4 == 0 ? garbage(state) : near[(r >> 8) % ARRAY_COUNT(near)];
}

/*
 * What must not happen by accident, though it is permitted: a thread or process at a random place,
 * the end of this one, of a sibling or of the machine, text on the console, a refusal of somebody
 * else's reservation, the release of what others use.  Nobody's policy but its own.
 */
static void tame(struct ring_sqe *entry)
{
    static const struct {
        uint32_t cap;
        uint16_t method;
    } never[] = {{CAP_THREADS, THREADS_SPAWN},    {CAP_THREADS, THREADS_DETACH},
                 {CAP_THREADS, THREADS_KILL},     {CAP_THREADS, THREADS_END},
                 {CAP_POWER, POWER_OFF},          {CAP_SPAWNER, SPAWNER_SPAWN},
                 {CAP_LEDGER, LEDGER_FAIL_AFTER}, {CAP_CONSOLE, CONSOLE_WRITE},
                 {CAP_CONSOLE, CONSOLE_RESULT}};

    if (entry->op == RING_OP_RELEASE)
        entry->cap |= CAP_SLOT_COUNT / 2;
    entry->flags &= (uint8_t)~RING_FLAG_MOVE;
    if (entry->op != RING_OP_CALL)
        return;
    for (uint32_t i = 0; i < ARRAY_COUNT(never); i++)
        if (entry->cap == never[i].cap && entry->method == never[i].method)
            entry->method = UINT16_MAX;
    if (entry->cap == CAP_POLICY || entry->cap == CAP_CPUS) {
        bool is_assign = entry->cap == CAP_POLICY || entry->method == CPUS_ASSIGN;

        if (is_assign)
            entry->args[0] = rt_self()->index, entry->args[1] = rt_self()->gen;
    }
}

/* Half of them where something is. */
static uint32_t garbage_cap(uint64_t *state)
{
    uint64_t r = garbage(state);

    return (uint32_t)((r >> 1) % (r % 2 == 0 ? CAP_SLOT_FIRST_FREE : CAP_SLOT_COUNT + 1));
}

static struct ring_sqe garbage_entry(uint64_t *state)
{
    struct ring_sqe entry = {
        .op = (uint8_t)(garbage(state) % (RING_OP_COUNT + 1)),
        .flags = (uint8_t)(garbage(state) % 2 == 0 ? 0 : garbage(state)),
        .cap = garbage_cap(state),
        .method = (uint16_t)(garbage(state) % 8),
        .user_data = garbage(state),
        .args = {garbage_word(state), garbage_word(state), garbage_word(state),
                 garbage_word(state)},
    };

    /* Half of those that need no capability without what they do not need. */
    if (entry.op != RING_OP_CALL && garbage(state) % 2 == 0) {
        entry.method = 0;
        entry.args[3] = 0;
        if (entry.op != RING_OP_RELEASE)
            entry.cap = 0;
        else
            memset(entry.args, 0, sizeof entry.args);
    }
    tame(&entry);
    return entry;
}

/* The same in registers, but nothing that could wait for ever. */
static void submit_in_registers(uint64_t *state)
{
    struct ring_sqe entry = garbage_entry(state);
    uint64_t value;

    if (entry.op == RING_OP_PARK || entry.op == RING_OP_SLEEP_UNTIL ||
        (entry.op == RING_OP_CALL && entry.cap == CAP_THREADS))
        entry.op = RING_OP_COUNT;
    (void)syscall_entry(&entry, &value);
}

/* Submits garbage for a while and ends with operations in flight. */
static int64_t submit_garbage(void *argument)
{
    uint64_t state = (uint64_t)(uintptr_t)argument * UINT64_C(0x9e3779b97f4a7c15) + 1;
    struct ring_header *header = rt_ring_header(rt_self()->index);
    uint32_t index = rt_self()->index;

    for (uint32_t round = 0; round < 20; round++) {
        for (uint32_t i = 0; i < RING_SQ_ENTRIES; i++)
            rt_ring_sq(index)[i] = garbage_entry(&state);
        __atomic_store_n(&header->sq_tail, header->sq_head + RING_SQ_ENTRIES, __ATOMIC_RELEASE);
        if (syscall_cap_enter(0, SYSCALL_NO_DEADLINE) == STATUS_BAD_OP)
            return 1;
        submit_in_registers(&state);
        __atomic_store_n(&header->cq_head, header->cq_tail, __ATOMIC_RELEASE);
        rt_pause();
    }
    return 0;
}

/* Goal: garbage hurts nobody else.  Method: threads full of it, of fixed seeds; main goes on. */
static void test_garbage(void)
{
    struct cap_thread_params params = helper_params();
    int64_t bad = 0;
    uint32_t works = 0;
    bool is_clean = true;

    for (uintptr_t i = 0; i < FUZZ_THREADS; i++) {
        struct rt_thread_ref ref = helper_spawn(submit_garbage, (void *)i, &params);

        works += ring_works();
        bad += helper_join(&ref);
    }
    tap_equal(bad, 0, "19200 entries of garbage are all taken");
    tap_equal(works, FUZZ_THREADS, "while others' rings work");
    for (uint32_t i = 0; i < ARRAY_COUNT(memory.before); i++)
        is_clean = is_clean && memory.before[i] == 0 && memory.behind[i] == 0;
    tap_ok(is_clean && word == 0, "and nothing is written but where it may");
}

#define TEST_ALL(table) \
    for (uint32_t i = 0; i < ARRAY_COUNT(table); i++) \
        test_entry(&(table)[i])

int64_t rt_main(uint64_t argument)
{
    (void)argument;
    helper_begin(ARRAY_COUNT(entries) + ARRAY_COUNT(addresses) + ARRAY_COUNT(methods) + 4 + 4 + 4 +
                 2 + 1 + 3);
    TEST_ALL(entries);
    TEST_ALL(addresses);
    TEST_ALL(methods);
    test_own_policy();
    test_system_calls();
    test_release();
    test_indices();
    test_kernel_indices();
    test_garbage();
    return tap_end();
}
