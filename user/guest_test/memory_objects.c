/* SPDX-License-Identifier: MIT */
/* Memory objects: made, mapped, shared and taken away, with the access that the capability has. */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/layout.h"
#include "user/rt/program.h"

#define SHARED_SLOT 20u /* in children: a page to talk over */
#define OBJECT_SLOT 21u /* what the child is to map */
#define PAGES 3u
#define SHARED_AT RT_FREE_BASE
#define OBJECT_AT (RT_FREE_BASE + (UINT64_C(1) << 20))
#define OTHER_AT (RT_FREE_BASE + (UINT64_C(8) << 20))
#define FAR_AT (RT_FREE_BASE + (UINT64_C(1) << 40))
#define WORDS (PAGES * RT_PAGE_BYTES / 8)
#define VECTOR_PAGE 14u
#define WHILE_NS (10 * NS_PER_MS)
#define STRIDE 64u

enum role { SHARE, READ_VIEW, WRITE_VIEW, USE_UNMAPPED, USE_SHOT_DOWN, USE_DESTROYED };

struct shared {
    uint32_t reads;
};

static struct shared *const shared = (struct shared *)SHARED_AT;
static uint64_t *const object = (uint64_t *)OBJECT_AT;
static uint32_t shared_memory;

static void map(uint32_t handle, uint64_t address, uint32_t flags)
{
    int64_t status = rt_memory_map(handle, address, flags, NULL);

    ASSERT(status == STATUS_OK);
}

static uint32_t create(uint64_t bytes)
{
    int64_t handle = rt_memory_create(bytes);

    ASSERT(handle > 0);
    return (uint32_t)handle;
}

static void destroy(uint32_t handle)
{
    int64_t destroyed = rt_memory_destroy(handle);
    int64_t released = rt_release(handle);

    ASSERT(destroyed == STATUS_OK);
    ASSERT(released == STATUS_OK);
}

static uint64_t read_word(const uint64_t *at)
{
    return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

/* ---- What children do ---- */

/* Add one to each word. */
static int64_t share(uint64_t word)
{
    (void)word;
    map(OBJECT_SLOT, OBJECT_AT, MEMORY_MAP_WRITE);
    for (uint32_t i = 0; i < WORDS; i += STRIDE)
        __atomic_store_n(&object[i], read_word(&object[i]) + 1, __ATOMIC_RELEASE);
    return 0;
}

/* What the view says, and what it refuses. */
static int64_t read_view(uint64_t word)
{
    int64_t refused = rt_memory_map(OBJECT_SLOT, OBJECT_AT, MEMORY_MAP_WRITE, NULL);

    (void)word;
    if (refused != STATUS_BAD_ARGUMENT)
        return refused;
    map(OBJECT_SLOT, OBJECT_AT, 0);
    return (int64_t)read_word(&object[WORDS - 1]);
}

static int64_t write_view(uint64_t word)
{
    map(OBJECT_SLOT, OBJECT_AT, 0);
    __atomic_store_n(&object[0], word, __ATOMIC_RELEASE); /* a fault */
    return 0;
}

static int64_t use_unmapped(uint64_t word)
{
    map(OBJECT_SLOT, OBJECT_AT, 0);
    (void)read_word(object);
    int64_t status = rt_memory_unmap(OBJECT_SLOT, OBJECT_AT);

    ASSERT(status == STATUS_OK);
    return (int64_t)(read_word(object) + word); /* a fault */
}

/* Until it faults. */
static int64_t read_on(void *argument)
{
    (void)argument;
    while (read_word(object) == 0) {
        (void)__atomic_add_fetch(&shared->reads, 1, __ATOMIC_ACQ_REL);
        rt_burn();
    }
    return 0;
}

/* Another thread, on another CPU where there is one, reads while this one unmaps. */
static int64_t use_shot_down(uint64_t word)
{
    struct cap_thread_params params = helper_on(rt_cpu_count() - 1);

    (void)word;
    map(SHARED_SLOT, SHARED_AT, MEMORY_MAP_WRITE);
    map(OBJECT_SLOT, OBJECT_AT, 0);
    helper_move_to(0);
    (void)helper_spawn(read_on, NULL, &params);
    helper_wait_for(&shared->reads, 3);
    int64_t status = rt_memory_unmap(OBJECT_SLOT, OBJECT_AT);

    helper_sleep(WHILE_NS); /* enough for the fault */
    return status == STATUS_OK ? 1 : status;
}

static int64_t use_destroyed(uint64_t word)
{
    (void)word;
    map(SHARED_SLOT, SHARED_AT, MEMORY_MAP_WRITE);
    map(OBJECT_SLOT, OBJECT_AT, MEMORY_MAP_WRITE);
    return read_on(NULL);
}

static helper_role *const roles[] = {share,        read_view,     write_view,
                                     use_unmapped, use_shot_down, use_destroyed};

/* ---- What the parent does ---- */

static uint32_t start(uint32_t role, uint32_t handle)
{
    struct cap_process_params params = helper_child_params(role, 0);

    *shared = (struct shared){.reads = 0};
    rt_process_give(&params, shared_memory, SHARED_SLOT, CAP_NONE);
    rt_process_give(&params, handle, OBJECT_SLOT, CAP_NONE);
    return helper_start(&params);
}

/* Does the child end with a page fault at the object's first word? */
static bool ends_with_fault(uint32_t child)
{
    struct cap_process_info info = {0};
    int64_t end = rt_process_wait(child, NULL);
    int64_t status = rt_process_info(child, &info);

    (void)rt_release(child);
    return end == PROCESS_FAULTED && status == STATUS_OK && info.fault_vector == VECTOR_PAGE &&
           info.fault_address == OBJECT_AT;
}

/* Goal: an object is as large as was asked for, zeroed, and can be mapped at several places.
 * Method: write at one place, read at the others. */
static void test_map(void)
{
    uint64_t mapped_bytes = 0;
    uint64_t bytes = 0;
    uint32_t handle = create(PAGES * RT_PAGE_BYTES - 5);
    int64_t status = rt_memory_map(handle, OBJECT_AT, MEMORY_MAP_WRITE, &mapped_bytes);
    uint64_t *other = (uint64_t *)OTHER_AT;
    bool is_zero = true;
    bool is_same = true;

    tap_ok(status == STATUS_OK && mapped_bytes == PAGES * RT_PAGE_BYTES, "an object is mapped");
    tap_ok(rt_memory_info(handle, &bytes) == STATUS_OK && bytes == mapped_bytes,
           "its size is whole pages");
    for (uint32_t i = 0; i < WORDS; i++)
        is_zero = is_zero && object[i] == 0;
    tap_ok(is_zero, "it begins as zeroes");
    map(handle, OTHER_AT, 0);
    map(handle, FAR_AT, MEMORY_MAP_WRITE);
    for (uint32_t i = 0; i < WORDS; i += STRIDE) {
        object[i] = i + 1;
        is_same = is_same && read_word(&other[i]) == i + 1;
        is_same = is_same && read_word((uint64_t *)FAR_AT + i) == i + 1;
    }
    tap_ok(is_same, "what is written at one place is read at the others");
    tap_ok(rt_memory_unmap(handle, OTHER_AT) == STATUS_OK && read_word(object) == 1,
           "one place is unmapped, the others stay");
    map(handle, OTHER_AT, 0);
    tap_equal((int64_t)read_word(other), 1, "it can be mapped there again");
    destroy(handle);
}

/* Goal: what cannot be mapped is refused.  Method: places that are taken, or no places; flags. */
static void test_refusals(void)
{
    uint32_t handle = create(PAGES * RT_PAGE_BYTES);
    uint64_t overlapping = OBJECT_AT + (PAGES - 1) * RT_PAGE_BYTES;

    map(handle, OBJECT_AT, 0);
    tap_equal(rt_memory_map(handle, overlapping, 0, NULL), STATUS_ADDRESS_IN_USE,
              "where something is mapped nothing else is");
    tap_equal(rt_memory_map(handle, OBJECT_AT - RT_PAGE_BYTES, 0, NULL), STATUS_ADDRESS_IN_USE,
              "not even in part");
    tap_ok(rt_memory_map(handle, OTHER_AT + 8, 0, NULL) < 0, "a page has an address of its own");
    tap_ok(rt_memory_map(handle, UINT64_C(0xffff800000000000), 0, NULL) < 0,
           "the kernel's half is not for mapping");
    tap_ok(rt_memory_map(handle, UINT64_C(0x800000000000) - RT_PAGE_BYTES, 0, NULL) < 0,
           "nor what reaches beyond the user's half");
    tap_ok(rt_memory_map(handle, PROGRAM_END, 0, NULL) < 0, "nor what the kernel has mapped");
    tap_ok(rt_memory_map(handle, OTHER_AT, MEMORY_MAP_WRITE << 1, NULL) < 0, "flags are checked");
    tap_ok(rt_memory_unmap(handle, OTHER_AT) < 0, "what is not mapped is not unmapped");
    destroy(handle);
}

/* Goal: processes share an object.  Method: a gift; the child adds, the parent reads. */
static void test_share(void)
{
    uint32_t handle = create(PAGES * RT_PAGE_BYTES);
    bool is_right = true;

    map(handle, OBJECT_AT, MEMORY_MAP_WRITE);
    for (uint32_t i = 0; i < WORDS; i += STRIDE)
        object[i] = i;
    int64_t exit_status = helper_finish(start(SHARE, handle));

    for (uint32_t i = 0; i < WORDS; i += STRIDE)
        is_right = is_right && read_word(&object[i]) == i + 1;
    tap_ok(exit_status == 0 && is_right, "parent and child see what the other writes");
    destroy(handle);
}

/* Goal: a view is for reading.  Method: a child maps it, reads, writes. */
static void test_view(void)
{
    uint32_t handle = create(PAGES * RT_PAGE_BYTES);
    int64_t view = rt_memory_to_view(handle);

    map(handle, OBJECT_AT, MEMORY_MAP_WRITE);
    object[WORDS - 1] = 77;
    tap_ok(view > 0 && rt_cap_kind((uint32_t)view) == CAP_KIND_VIEW, "a view is made of an object");
    tap_equal(helper_finish(start(READ_VIEW, (uint32_t)view)), 77,
              "who holds a view maps it for reading only, and reads");
    tap_ok(ends_with_fault(start(WRITE_VIEW, (uint32_t)view)) && read_word(object) == 0,
           "who writes to it faults");
    destroy(handle);
    tap_equal(rt_memory_info((uint32_t)view, NULL), STATUS_STALE,
              "with the object its views are STALE");
    (void)rt_release((uint32_t)view);
}

/* Goal: what is unmapped cannot be used, on any CPU.  Method: children that try. */
static void test_unmap(void)
{
    uint32_t handle = create(PAGES * RT_PAGE_BYTES);

    tap_ok(ends_with_fault(start(USE_UNMAPPED, handle)), "who uses what it unmapped faults");
    tap_ok(ends_with_fault(start(USE_SHOT_DOWN, handle)),
           "so does another thread that was using it");
    destroy(handle);
}

/* Goal: a destroyed object is gone for all.  Method: a child that uses it all the time. */
static void test_destroy(void)
{
    uint32_t handle = create(PAGES * RT_PAGE_BYTES);
    uint32_t child = start(USE_DESTROYED, handle);

    helper_wait_for(&shared->reads, 3);
    tap_equal(rt_memory_destroy(handle), STATUS_OK, "an object that others use is destroyed");
    tap_ok(ends_with_fault(child), "who uses it then faults");
    tap_equal(rt_memory_map(handle, OBJECT_AT, 0, NULL), STATUS_STALE, "it cannot be mapped");
    tap_equal(rt_memory_destroy(handle), STATUS_STALE, "nor destroyed again");
    tap_equal(rt_release(handle), STATUS_OK, "its slot can be given back");
}

int64_t rt_main(uint64_t argument)
{
    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(6 + 8 + 1 + 4 + 2 + 5 + 1);
    helper_warm(2);
    shared_memory = create(sizeof(struct shared));
    map(shared_memory, SHARED_AT, MEMORY_MAP_WRITE);
    test_map();
    struct helper_holdings before = helper_holdings();

    test_refusals();
    test_share();
    test_view();
    test_unmap();
    test_destroy();
    tap_ok(helper_is_as_before(&before), "all pages and records are back");
    return tap_end();
}
