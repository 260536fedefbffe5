/* SPDX-License-Identifier: MIT */
/* machine_test.c - the harness of machine.h: boots, runs all cases, powers off with the verdict. */
#include "kernel/arch/x86_64/test/machine.h"

#include "base/assert.h"
#include "base/fmt.h"
#include "kernel/arch/x86_64/memory.h"

#define LINE_BYTES 160u
#define CASES_MAX 128u

uint32_t stage;
uint64_t test_root;
volatile uint64_t *test_data;
struct arch_context test_context, other_context;
void (*volatile on_other_cpu)(void);

extern const char user_last_syscall[], user_last_syscall_end[];

static const struct test_case *const groups[] = {cases_user, cases_fault, cases_time, cases_memory};
static const struct test_case *cases[CASES_MAX];
static uint32_t case_count, case_now, failure_count;
static struct arch_boot *boot;

static void say(const char *before, uint64_t number, const char *after, const char *name)
{
    char text[LINE_BYTES];
    struct fmt line = fmt_start(text, sizeof(text));

    fmt_text(&line, before);
    fmt_u64(&line, number, 1, ' ');
    fmt_text(&line, after);
    fmt_text(&line, name);
    fmt_char(&line, '\n');
    arch_console_write(text, fmt_length(&line));
}

uint64_t take_frame(void)
{
    for (uint32_t i = 0; i < boot->free_count; i++) {
        struct arch_range *range = &boot->free[i];

        if (range->bytes < ARCH_PAGE_BYTES)
            continue;
        range->base += ARCH_PAGE_BYTES;
        range->bytes -= ARCH_PAGE_BYTES;
        memset(arch_phys_to_virt(range->base - ARCH_PAGE_BYTES), 0, ARCH_PAGE_BYTES);
        return range->base - ARCH_PAGE_BYTES;
    }
    return 0;
}

uint64_t take_table(void *context)
{
    (void)context;
    return take_frame();
}

uint32_t cpus_running(void)
{
    return boot->cpu_count;
}

void run_user(struct arch_context *context, uint64_t entry, uint64_t a, uint64_t b)
{
    arch_context_init(context, entry, USER_STACK_TOP, a, b, 0);
    arch_return_to_user(context);
}

NORETURN static void next_case(void)
{
    if (case_now == case_count) {
        say("# clock at the end: ", arch_clock_ns(), " ns", "");
        arch_power_off(failure_count != 0);
    }
    stage = 0;
    arch_timer_disarm();
    cases[case_now]->start();
    UNREACHABLE();
}

NORETURN static void event(enum event_kind kind, uint64_t number, uint64_t a, uint64_t b)
{
    struct event e = {kind, number, a, b, 0};
    bool is_good;

    __asm__ volatile("pushfq; popq %0" : "=r"(e.flags));
    is_good = cases[case_now]->check(&e);
    if (!is_good) {
        failure_count++;
        say("# event kind ", kind, "", "");
        say("#   number ", number, "", "");
        say("#   a ", a, "", "");
        say("#   b ", b, "", "");
    }
    case_now++;
    say(is_good ? "ok " : "not ok ", case_now, " - ", cases[case_now - 1]->name);
    next_case();
}

static bool map_page(uint64_t virt, uint64_t phys, uint32_t access)
{
    return arch_space_map(test_root, virt, phys, access, take_table, NULL) == ARCH_MAP_DONE;
}

static void prepare_space(void)
{
    uint64_t code = take_frame(), data = take_frame(), stack = take_frame(), last = take_frame();
    uint64_t last_bytes = (uint64_t)(user_last_syscall_end - user_last_syscall);
    unsigned char *last_page = arch_phys_to_virt(last);
    bool is_mapped = true;

    memcpy(arch_phys_to_virt(code), user_code, (size_t)(user_code_end - user_code));
    memcpy(last_page + ARCH_PAGE_BYTES - last_bytes, user_last_syscall, last_bytes);
    test_data = arch_phys_to_virt(data);
    test_root = take_frame();
    arch_space_create(test_root);
    is_mapped &= map_page(USER_CODE, code, ARCH_EXECUTE);
    is_mapped &= map_page(USER_DATA, data, ARCH_WRITE);
    is_mapped &= map_page(USER_STACK_TOP - ARCH_PAGE_BYTES, stack, ARCH_WRITE);
    is_mapped &= map_page(USER_LAST_PAGE, last, ARCH_EXECUTE);
    ASSERT(is_mapped);
    arch_space_activate(test_root);
}

void kernel_main(struct arch_boot *facts)
{
    boot = facts;
    arch_start_cpus(boot);
    for (uint32_t i = 0; i < boot->step_count; i++) {
        say("# boot: ", boot->steps[i].took_ns, " ns ", boot->steps[i].what);
        say("#   found ", boot->steps[i].detail, "", "");
    }
    say("# booted at ", arch_clock_ns(), " ns", "");
    for (uint32_t g = 0; g < ARRAY_COUNT(groups); g++)
        for (uint32_t i = 0; groups[g][i].name != NULL && case_count < CASES_MAX; i++)
            cases[case_count++] = &groups[g][i];
    prepare_space();
    say("1..", case_count, "", "");
    next_case();
}

void kernel_cpu_main(uint32_t cpu)
{
    (void)cpu;
    arch_idle();
}

void kernel_kick(void)
{
    if (arch_cpu() == 0)
        event(EVENT_KICK, 0, 0, 0);
    if (on_other_cpu != NULL)
        on_other_cpu();
    arch_idle();
}

void kernel_syscall(uint64_t argument0, uint64_t argument1, uint64_t number)
{
    event(EVENT_SYSCALL, number, argument0, argument1);
}

void kernel_timer(void)
{
    event(EVENT_TIMER, 0, 0, 0);
}

void kernel_resume(void)
{
    arch_idle();
}

void kernel_irq(uint32_t line)
{
    event(EVENT_LINE, line, 0, 0);
}

void kernel_spurious(uint32_t vector)
{
    event(EVENT_SPURIOUS, vector, 0, 0);
}

void kernel_user_fault(const struct arch_fault *fault)
{
    event(EVENT_FAULT, fault->vector, fault->error, fault->address);
}

void kernel_panic(const char *what, const struct arch_fault *fault, uint64_t pc, uint64_t frame)
{
    (void)pc;
    (void)frame;
    if (fault == NULL) {
        say("Bail out! ", 0, " ", what);
        arch_power_off(1);
    }
    event(EVENT_PANIC, fault->vector, fault->error, fault->address);
}

void assert_fail(const char *condition, const char *file, int line)
{
    say("Bail out! line ", (uint64_t)line, " of ", file);
    kernel_panic(condition, NULL, 0, 0);
}
