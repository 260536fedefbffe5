/* SPDX-License-Identifier: MIT */
/* A fault in user code ends its process, says what it was, and nobody else notices. */
#include "abi/bootinfo.h"
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/program.h"

#define SHARED_SLOT 20u
#define MAPPED_AT RT_FREE_BASE
#define KERNEL_HALF UINT64_C(0xffff800000000000)
#define NON_CANONICAL UINT64_C(0x0000800000000000)
#define TEXT UINT64_C(0x400000)

enum role { FAULT, FAULT_IN_THREAD, COUNT };

/* Of the processor: Intel SDM volume 3, table 6-1. */
enum vector { VECTOR_DIVIDE = 0, VECTOR_OPCODE = 6, VECTOR_PROTECTION = 13, VECTOR_PAGE = 14 };

struct shared {
    uint64_t turns;
    uint32_t should_end;
};

static struct shared *const shared = (struct shared *)MAPPED_AT;
static unsigned char data[16] = {0xc3}; /* a return, if it could be executed */

/* ---- Functions whose first instruction faults: parent and child are the same program ---- */

void fault_read(uint64_t address);
void fault_write(uint64_t address);
void fault_push(uint64_t unused); /* down through the record at the stack's base, and beyond */
void fault_divide(uint64_t zero);
void fault_opcode(uint64_t unused);
void fault_halt(uint64_t unused);
void fault_jump(uint64_t address);

__asm__(".pushsection .text\n"
        "fault_read:   movb (%rdi), %al\n\tret\n"
        "fault_write:  movb $0, (%rdi)\n\tret\n"
        "fault_push:   pushq $0\n\tjmp fault_push\n"
        "fault_divide: divl %edi\n\tret\n"
        "fault_opcode: ud2\n"
        "fault_halt:   hlt\n\tret\n"
        "fault_jump:   jmp *%rdi\n"
        ".popsection");

struct fault {
    const char *what;
    void (*at)(uint64_t argument);
    uint64_t argument;
    enum vector vector;
    uint64_t address; /* of a page fault */
};

#define AT(symbol) ((uint64_t)(uintptr_t)&(symbol))
#define GAP (PROCESS_STACK_TOP - PROCESS_STACK_BYTES - 8)

static const struct fault faults[] = {
    {"a read at 0", fault_read, 0, VECTOR_PAGE, 0},
    {"a read of the kernel's memory", fault_read, KERNEL_HALF, VECTOR_PAGE, KERNEL_HALF},
    {"a read where nothing is mapped", fault_read, MAP_BASE - 1, VECTOR_PAGE, MAP_BASE - 1},
    {"a write to its own code", fault_write, TEXT, VECTOR_PAGE, TEXT},
    {"a write to the kernel's numbers", fault_write, TELEMETRY_BASE, VECTOR_PAGE, TELEMETRY_BASE},
    {"a stack that grows into the gap", fault_push, 0, VECTOR_PAGE, GAP},
    {"a jump into data", fault_jump, AT(data), VECTOR_PAGE, AT(data)},
    {"a jump to 0", fault_jump, 0, VECTOR_PAGE, 0},
    {"a division by 0", fault_divide, 0, VECTOR_DIVIDE, 0},
    {"an unknown instruction", fault_opcode, 0, VECTOR_OPCODE, 0},
    {"an instruction of the kernel's", fault_halt, 0, VECTOR_PROTECTION, 0},
    {"a jump to no address", fault_jump, NON_CANONICAL, VECTOR_PROTECTION, 0},
};

static void do_fault(uint64_t number)
{
    faults[number].at(faults[number].argument);
}

/* ---- What children do ---- */

static int64_t fault(uint64_t word)
{
    do_fault(word);
    return 0;
}

static int64_t fault_as_thread(void *argument)
{
    do_fault((uint64_t)(uintptr_t)argument);
    return 0;
}

static int64_t hang(void *argument)
{
    (void)argument;
    helper_hang();
}

/* The others wait for it, or for ever. */
static int64_t fault_in_thread(uint64_t word)
{
    (void)helper_spawn(hang, NULL, NULL);
    struct rt_thread_ref ref = helper_spawn(fault_as_thread, (void *)(uintptr_t)word, NULL);

    return helper_join(&ref);
}

static int64_t count(uint64_t word)
{
    int64_t status = rt_memory_map(SHARED_SLOT, MAPPED_AT, MEMORY_MAP_WRITE, NULL);

    (void)word;
    ASSERT(status == STATUS_OK);
    while (__atomic_load_n(&shared->should_end, __ATOMIC_ACQUIRE) == 0) {
        (void)__atomic_add_fetch(&shared->turns, 1, __ATOMIC_ACQ_REL);
        helper_sleep(50 * NS_PER_US);
        rt_pause();
    }
    return 0;
}

static helper_role *const roles[] = {fault, fault_in_thread, count};

/* ---- What the parent sees ---- */

static bool is_right(const struct fault *f, const struct cap_process_info *info)
{
    bool is_there = info->fault_pc == (uint64_t)(uintptr_t)f->at;

    /* What faults is the instruction jumped to, or, without an address, perhaps the jump. */
    if (f->at == fault_jump)
        is_there = info->fault_pc == f->argument || (is_there && f->vector == VECTOR_PROTECTION);
    return info->state == PROCESS_GONE && info->end == PROCESS_FAULTED &&
           info->fault_vector == f->vector && is_there &&
           (f->vector != VECTOR_PAGE || info->fault_address == f->address);
}

/* Goal: a fault is told, with vector, address and place.  Method: a child for each. */
static void test_fault(uint32_t number)
{
    const struct fault *f = &faults[number];
    struct cap_process_params params = helper_child_params(FAULT, number);
    uint32_t child = helper_start(&params);
    struct cap_process_info info = {0};
    int64_t end = rt_process_wait(child, NULL);
    int64_t status = rt_process_info(child, &info);

    (void)rt_release(child);
    if (tap_ok(end == PROCESS_FAULTED && status == STATUS_OK && is_right(f, &info) &&
                   info.fault_thread == 0,
               f->what))
        return;
    tap_note("it ended with", end);
    tap_note("vector", info.fault_vector);
    tap_note("address", (int64_t)info.fault_address);
    tap_note("place", (int64_t)info.fault_pc);
}

/* Goal: any thread's fault ends the process, and is told as that thread's.  Method: the third
 * thread reads at 0. */
static void test_other_thread(void)
{
    struct cap_process_params params = helper_child_params(FAULT_IN_THREAD, 0);
    uint32_t child = helper_start(&params);
    struct cap_process_info info = {0};
    int64_t end = rt_process_wait(child, NULL);

    (void)rt_process_info(child, &info);
    (void)rt_release(child);
    tap_ok(end == PROCESS_FAULTED && is_right(&faults[0], &info) && info.fault_thread != 0,
           "a fault of another thread ends the process too");
}

static uint32_t number_of(void (*at)(uint64_t argument))
{
    for (uint32_t i = 0; i < ARRAY_COUNT(faults); i++)
        if (faults[i].at == at)
            return i;
    UNREACHABLE();
}

/* Goal: the runtime's stacks have a gap below too.  Method: overflow the second one it made. */
static void test_other_stack(void)
{
    struct cap_process_params params = helper_child_params(FAULT_IN_THREAD, number_of(fault_push));
    uint32_t child = helper_start(&params);
    struct cap_process_info info = {0};
    int64_t end = rt_process_wait(child, NULL);

    (void)rt_process_info(child, &info);
    (void)rt_release(child);
    tap_ok(end == PROCESS_FAULTED && info.fault_vector == VECTOR_PAGE &&
               info.fault_address == rt_stack_base(2) - 8,
           "a thread's stack that grows into the gap below");
}

int64_t rt_main(uint64_t argument)
{
    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(ARRAY_COUNT(faults) + 2 + 3);
    struct cap_process_params params = helper_child_params(COUNT, 0);
    int64_t memory = rt_memory_create(sizeof(struct shared));

    if (rt_memory_map((uint32_t)memory, MAPPED_AT, MEMORY_MAP_WRITE, NULL) != STATUS_OK)
        UNREACHABLE();
    rt_process_give(&params, (uint32_t)memory, SHARED_SLOT, CAP_NONE);
    uint32_t sibling = helper_start(&params);
    struct helper_holdings before = helper_holdings();

    for (uint32_t i = 0; i < ARRAY_COUNT(faults); i++)
        test_fault(i);
    test_other_thread();
    test_other_stack();

    uint64_t turns = __atomic_load_n(&shared->turns, __ATOMIC_ACQUIRE);

    while (__atomic_load_n(&shared->turns, __ATOMIC_ACQUIRE) < turns + 3) { /* or it hangs here */
        helper_sleep(NS_PER_MS);
        rt_pause();
    }
    tap_ok(true, "a sibling goes on meanwhile");
    tap_ok(helper_is_as_before(&before), "all that they held is back");
    __atomic_store_n(&shared->should_end, 1, __ATOMIC_RELEASE);
    tap_equal(helper_finish(sibling), 0, "and the sibling ends well");
    return tap_end();
}
