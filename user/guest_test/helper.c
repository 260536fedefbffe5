/* SPDX-License-Identifier: MIT */
#include "user/guest_test/helper.h"

#include "base/assert.h"
#include "user/rt/files.h"
#include "user/rt/memory.h"

#define LOOK_NS (200 * NS_PER_US)
#define LOOKS_MAX 5000u
#define QUIET_LOOKS 3u /* so many readings in a row are the same */
#define QUIET_NS NS_PER_MS
#define QUIET_NS_CONCURRENT (10 * NS_PER_MS)
#define NEAR 40u /* thousandths: a slice at each end of a look of 120 ms is 50 */
#define BASE_TEN 10u
#define ROLE_MASK ((UINT64_C(1) << HELPER_ROLE_BITS) - 1)
#define ROLE_NOTHING ROLE_MASK /* of a child that ends at once */

/* Of a child: enough for a program of this folder and a few threads. */
#define CHILD_FRAMES 512u
#define CHILD_SLOTS 128u
#define CHILD_THREADS 16u
#define CHILD_OBJECTS 64u
#define CHILD_GRANTS 8u

static const char *arguments;
static uint64_t arguments_bytes;
static bool is_concurrent;
static uint32_t cpu_count;

/* Where the word that begins with `name` goes on behind it, or NULL. */
static const char *find_word(const char *name)
{
    size_t bytes = 0;

    while (name[bytes] != '\0') /* bound: a name of this program */
        bytes++;
    for (uint64_t at = 0; at + bytes <= arguments_bytes; at++)
        if ((at == 0 || arguments[at - 1] == ' ') && memcmp(&arguments[at], name, bytes) == 0)
            return &arguments[at + bytes];
    return NULL;
}

void helper_begin_suite(void)
{
    arguments = rt_file_map(CAP_ARGUMENTS, &arguments_bytes);
    is_concurrent = find_word("concurrent") != NULL;
    cpu_count = rt_cpu_count();
}

void helper_begin(uint32_t planned)
{
    helper_begin_suite();
    if (find_word("suite") != NULL)
        tap_indent();
    tap_plan(planned);
}

void helper_numbers(const char *name, uint64_t *numbers, uint32_t count)
{
    const char *at = find_word(name);
    const char *end = arguments + arguments_bytes;

    if (at == NULL || at == end || *at != '=')
        return;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t number = 0;
        bool has_digit = false;

        for (at++; at < end && *at >= '0' && *at <= '9'; at++) {
            number = number * BASE_TEN + (uint64_t)(*at - '0');
            has_digit = true;
        }
        if (has_digit)
            numbers[i] = number;
        if (at == end || *at != ',')
            return;
    }
}

bool helper_is_concurrent(void)
{
    return is_concurrent;
}

struct cpumask helper_only(uint32_t cpu)
{
    struct cpumask mask = {{0}};

    cpumask_set(mask.words, cpu);
    return mask;
}

struct cpumask helper_all(void)
{
    struct cpumask mask;

    if (cpu_count == 0) /* a child that has MACHINE */
        cpu_count = rt_cpu_count();
    cpumask_fill(mask.words, CPUMASK_WORDS, cpu_count);
    return mask;
}

struct cap_thread_params helper_params(void)
{
    return (struct cap_thread_params){.weight = WEIGHT_UNIT, .latency_class = LATENCY_NORMAL};
}

struct cap_thread_params helper_on(uint32_t cpu)
{
    struct cap_thread_params params = helper_params();

    params.has_mask = 1;
    cpumask_set(params.mask, cpu);
    return params;
}

struct rt_thread_ref helper_spawn(int64_t (*run)(void *argument), void *argument,
                                  const struct cap_thread_params *params)
{
    struct rt_thread_ref ref;
    int64_t status = rt_thread_spawn(&ref, run, argument, params);

    ASSERT(status == STATUS_OK);
    return ref;
}

int64_t helper_join(const struct rt_thread_ref *ref)
{
    int64_t exit_status;
    int64_t status = rt_thread_join(ref, &exit_status);

    ASSERT(status == STATUS_OK);
    return exit_status;
}

static void set_own_mask(struct cpumask mask)
{
    struct rt_thread_ref self = rt_thread_self();
    int64_t status = rt_set_mask(&self, &mask);

    ASSERT(status == STATUS_OK);
}

void helper_move_to(uint32_t cpu)
{
    set_own_mask(helper_only(cpu));
}

void helper_move_anywhere(void)
{
    set_own_mask(helper_all());
}

void helper_sleep(uint64_t ns)
{
    int64_t status = rt_sleep_until(mono_add(rt_now(), ns).ns);

    ASSERT(status == STATUS_OK);
}

void helper_unpark_all(uint32_t *word, uint32_t count)
{
    for (uint32_t woken = 0; woken < count; helper_sleep(LOOK_NS)) {
        woken += (uint32_t)rt_unpark(word, count - woken);
        ASSERT(woken <= count);
    }
}

void helper_wait_for(const uint32_t *word, uint32_t count)
{
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) < count) {
        rt_pause();
        helper_sleep(LOOK_NS);
    }
}

uint64_t helper_used_ns(const struct rt_thread_ref *ref)
{
    struct cap_thread_stat stat = {0};
    int64_t status = rt_thread_stat(ref, &stat);

    ASSERT(status == STATUS_OK);
    return stat.runtime_ns;
}

bool helper_is_near(uint64_t share, uint64_t expected)
{
    bool is_near = share + NEAR >= expected && share <= expected + NEAR;

    if (!is_near)
        tap_note("thousandths:", (int64_t)share);
    return is_near || is_concurrent;
}

void helper_hang(void)
{
    static uint32_t never;

    for (;;) /* waits in the kernel */
        (void)rt_park(&never, 0, RT_NO_DEADLINE);
}

uint32_t helper_must(int64_t handle)
{
    ASSERT(handle > 0);
    return (uint32_t)handle;
}

void helper_release(uint32_t handle)
{
    int64_t status = rt_release(handle);

    ASSERT(status == STATUS_OK);
}

/* ---- Endpoints ---- */

struct cap_endpoint_stat helper_endpoint_stat(uint32_t endpoint)
{
    struct cap_endpoint_stat stat = {0};
    int64_t status = rt_endpoint_stat(endpoint, &stat);

    ASSERT(status == STATUS_OK);
    return stat;
}

void helper_wait_for_line(uint32_t endpoint, uint64_t count)
{
    while (helper_endpoint_stat(endpoint).waiting < count) {
        rt_pause();
        helper_sleep(LOOK_NS);
    }
}

/* ---- Children ---- */

int64_t helper_child(uint64_t argument, helper_role *const *roles, uint32_t count)
{
    uint64_t role = argument & ROLE_MASK;

    if (role == ROLE_NOTHING)
        return 0;
    ASSERT(role > 0 && role <= count);
    return roles[role - 1](argument >> HELPER_ROLE_BITS);
}

struct cap_process_params helper_child_params(uint32_t role, uint64_t word)
{
    static const uint32_t slots[] = {CAP_CONSOLE, CAP_THREADS, CAP_MACHINE, CAP_POLICY,
                                     CAP_LEDGER,  CAP_TABLE,   CAP_CPUS};
    struct cap_process_params params =
        rt_process_params(HELPER_PROGRAM, word << HELPER_ROLE_BITS | (role + 1), CHILD_THREADS);

    params.limits[LEDGER_FRAMES] = CHILD_FRAMES;
    params.limits[LEDGER_SLOTS] = CHILD_SLOTS;
    params.limits[LEDGER_GRANTS] = CHILD_GRANTS;
    params.limits[LEDGER_OBJECTS] = CHILD_OBJECTS;
    for (uint32_t i = 0; i < ARRAY_COUNT(slots); i++)
        rt_process_give(&params, slots[i], slots[i], CAP_NONE);
    return params;
}

void helper_withhold(struct cap_process_params *params, uint32_t slot)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < params->gift_count; i++)
        if (params->gifts[i].slot != slot)
            params->gifts[kept++] = params->gifts[i];
    params->gift_count = kept;
}

uint32_t helper_start(const struct cap_process_params *params)
{
    int64_t child = rt_process_spawn(params);

    if (child <= 0)
        tap_note("a child was refused:", child);
    ASSERT(child > 0);
    return (uint32_t)child;
}

static int64_t end_of(uint32_t child, int64_t *exit_status)
{
    int64_t end = rt_process_wait(child, exit_status);
    int64_t released = rt_release(child);

    ASSERT(released == STATUS_OK);
    return end;
}

int64_t helper_finish(uint32_t child)
{
    int64_t exit_status = 0;
    int64_t end = end_of(child, &exit_status);

    ASSERT(end == PROCESS_EXITED);
    return exit_status;
}

int64_t helper_end_of(uint32_t child)
{
    return end_of(child, NULL);
}

/* ---- What the process and the machine hold ---- */

static int64_t come_and_go(void *argument)
{
    const uint32_t *gate = argument;

    while (__atomic_load_n(gate, __ATOMIC_ACQUIRE) == 0)
        (void)rt_park(gate, 0, RT_NO_DEADLINE);
    return 0;
}

void helper_warm(uint32_t count)
{
    static struct rt_thread_ref refs[RT_THREADS_MAX];
    static uint32_t gate;

    ASSERT(count < RT_THREADS_MAX);

    __atomic_store_n(&gate, 0, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < count; i++) {
        refs[i] = helper_spawn(come_and_go, &gate, NULL);
        rt_pause();
    }
    __atomic_store_n(&gate, 1, __ATOMIC_RELEASE);
    (void)rt_unpark(&gate, count);
    for (uint32_t i = 0; i < count; i++) {
        (void)helper_join(&refs[i]);
        rt_pause();
    }
    struct cap_process_params params = helper_child_params(0, 0);

    params.argument = ROLE_NOTHING;
    (void)helper_finish(helper_start(&params));
}

struct helper_holdings helper_read(void)
{
    struct helper_holdings held;
    int64_t account = rt_ledger_read(&held.account);
    int64_t stat = rt_machine_stat(&held.stat);

    ASSERT(account == STATUS_OK);
    ASSERT(stat == STATUS_OK);
    return held;
}

struct held {
    const char *what;
    size_t offset;
};

#define OF_ROW(name, number, word, what) \
    {word " used", offsetof(struct helper_holdings, account.rows[number].used)}, \
        {word " reserved", offsetof(struct helper_holdings, account.rows[number].reserved)}, \
        {word " limit", offsetof(struct helper_holdings, account.rows[number].limit)},
#define OF_STAT(name) {#name, offsetof(struct helper_holdings, stat.name)}

static const struct held held_things[] = {
    LEDGER_TABLE(OF_ROW) OF_STAT(frames_free),
    OF_STAT(thread_slots_free),
    OF_STAT(processes_free),
    OF_STAT(memories_free),
    OF_STAT(mappings_free),
    OF_STAT(grants_free),
    OF_STAT(cpusets_free),
    OF_STAT(sessions_free),
    OF_STAT(irqs_free),
    OF_STAT(queued_count),
    OF_STAT(inbox_count),
    OF_STAT(stale_entry_count),
};

static int64_t count_of(const struct helper_holdings *held, const struct held *thing)
{
    return *(const int64_t *)(const void *)((const char *)held + thing->offset);
}

bool helper_is_same(const struct helper_holdings *a, const struct helper_holdings *b)
{
    bool same = true;

    for (uint32_t i = 0; i < ARRAY_COUNT(held_things); i++)
        same = same && count_of(a, &held_things[i]) == count_of(b, &held_things[i]);
    return same;
}

struct helper_holdings helper_holdings(void)
{
    struct helper_holdings held = helper_read();
    uint32_t same_looks = 0;

    for (uint32_t look = 0; look < LOOKS_MAX && same_looks < QUIET_LOOKS; look++) {
        helper_sleep(is_concurrent ? QUIET_NS_CONCURRENT : QUIET_NS);
        struct helper_holdings now = helper_read();

        same_looks = helper_is_same(&held, &now) ? same_looks + 1 : 0;
        held = now;
    }
    return held;
}

bool helper_is_as_before(const struct helper_holdings *before)
{
    struct helper_holdings now;

    for (uint32_t look = 0; look < LOOKS_MAX; look++) {
        now = helper_read();
        if (helper_is_same(&now, before))
            return true;
        helper_sleep(LOOK_NS);
    }
    for (uint32_t i = 0; i < ARRAY_COUNT(held_things); i++) {
        int64_t more = count_of(&now, &held_things[i]) - count_of(before, &held_things[i]);

        if (more != 0)
            tap_note(held_things[i].what, more);
    }
    return false;
}
