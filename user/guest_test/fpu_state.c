/* SPDX-License-Identifier: MIT */
/* Vector and x87 registers belong to the thread: kept over system calls, preemption and migration,
 * never seen by another. */
#include "user/guest_test/helper.h"
#include "user/rt/memory.h"
#include "user/rt/program.h"

#define REGISTERS 16u
#define REGISTER_WORDS 4u
#define HOLDERS 4u
#define HOLDS 12u
#define HOLD_TURNS 300u /* of about 3,000 instructions and a system call: 1 ms */
#define MXCSR_START 0x1f80u
#define CONTROL_START 0x37fu

/* All that a thread can have in those registers. */
struct vectors {
    uint64_t ymm[REGISTERS][REGISTER_WORDS];
    uint64_t x87; /* an integer on the x87 stack */
    uint32_t mxcsr;
    uint16_t control;
    uint16_t reserved;
};

#define LOAD(n) "vmovups 32*" #n "(%[in]), %%ymm" #n "\n\t"
#define STORE(n) "vmovups %%ymm" #n ", 32*" #n "(%[out])\n\t"
#define EACH(X) \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define CLOBBERED \
    "memory", "cc", "rax", "rcx", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", \
        "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"


/* Put `in` into the registers, run and enter the kernel for a while, take them out to `out`. */
static void hold(const struct vectors *in, struct vectors *out)
{
    uint32_t turns = HOLD_TURNS;

    __asm__ volatile(EACH(LOAD)
                     "ldmxcsr %c[mxcsr](%[in])\n\t"
                     "fldcw %c[control](%[in])\n\t"
                     "fildll %c[x87](%[in])\n"
                     "1:\tmovl $1500, %%ecx\n"
                     "2:\tdecl %%ecx\n\t"
                     "jnz 2b\n\t"
                     "pause\n\t"
                     "xorl %%eax, %%eax\n\t" /* SYSCALL_CAP_ENTER, nothing to wait for */
                     "syscall\n\t"
                     "decl %[turns]\n\t"
                     "jnz 1b\n\t"
                     "fistpll %c[x87](%[out])\n\t"
                     "fnstcw %c[control](%[out])\n\t"
                     "stmxcsr %c[mxcsr](%[out])\n\t" EACH(STORE)
                     : [turns] "+r"(turns)
                     : [in] "r"(in), [out] "r"(out), "D"(UINT64_C(0)), "S"(RT_NO_DEADLINE),
                       [mxcsr] "i"(offsetof(struct vectors, mxcsr)),
                       [control] "i"(offsetof(struct vectors, control)),
                       [x87] "i"(offsetof(struct vectors, x87))
                     : CLOBBERED);
}

static struct vectors pattern(uint64_t number)
{
    struct vectors v;

    for (uint64_t r = 0; r < REGISTERS; r++)
        for (uint64_t w = 0; w < REGISTER_WORDS; w++)
            v.ymm[r][w] = (number + 1) * UINT64_C(0x0101010101010101) + (r << 32) + w;
    v.x87 = (number + 1) * UINT64_C(0x123456789abcd);
    v.mxcsr = MXCSR_START | (uint32_t)(number % 4) << 13; /* rounding */
    v.control = (uint16_t)(CONTROL_START | (number % 4) << 10);
    v.reserved = 0;
    return v;
}

struct holder {
    uint32_t number;
    uint32_t wrong;
    struct rt_usage used;
};

static int64_t hold_often(void *argument)
{
    struct holder *h = argument;
    struct vectors out;

    for (uint32_t i = 0; i < HOLDS; i++) {
        struct vectors in = pattern(h->number + HOLDERS * i);

        memset(&out, 0, sizeof out);
        hold(&in, &out);
        h->wrong += memcmp(&in, &out, sizeof in) != 0;
    }
    h->used = rt_own_usage();
    return 0;
}

/* Goal: registers survive.  Method: more threads than a CPU can run at once, each with values of
 * its own; preempted by the others or, where there are CPUs enough, moved about by main. */
static void test_kept(bool is_moving, const char *what)
{
    static struct holder holders[HOLDERS];
    struct rt_thread_ref refs[HOLDERS];
    struct cap_thread_params params = helper_on(0);
    uint64_t preemptions = 0, migrations = 0;
    uint32_t wrong = 0;

    for (uint32_t i = 0; i < HOLDERS; i++) {
        holders[i] = (struct holder){.number = i};
        refs[i] = helper_spawn(hold_often, &holders[i], &params);
    }
    for (uint32_t i = 0; is_moving && i < 60; i++) {
        struct cpumask mask = helper_only(i / HOLDERS % rt_cpu_count());

        if (rt_set_mask(&refs[i % HOLDERS], &mask) != STATUS_OK)
            break; /* it has ended meanwhile */
        helper_sleep(300 * NS_PER_US);
    }
    for (uint32_t i = 0; i < HOLDERS; i++) {
        (void)helper_join(&refs[i]);
        wrong += holders[i].wrong;
        preemptions += holders[i].used.preemptions;
        migrations += holders[i].used.migrations;
    }
    tap_equal(wrong, 0, what);
    if (is_moving && rt_cpu_count() > 1)
        tap_ok(migrations > 0, "they did migrate");
    else
        tap_ok(preemptions > 0, "they were preempted");
}

/* What the registers hold when a thread begins. */
static int64_t look(void *argument)
{
    struct vectors *out = argument;

    __asm__ volatile(EACH(STORE) "fnstcw %c[control](%[out])\n\t"
                                 "stmxcsr %c[mxcsr](%[out])\n\t"
                     :
                     : [out] "r"(out), [mxcsr] "i"(offsetof(struct vectors, mxcsr)),
                       [control] "i"(offsetof(struct vectors, control))
                     : "memory");
    return 0;
}

/* Goal: a new thread sees nothing of others.  Method: leave values behind on the CPU, start one. */
static void test_fresh(void)
{
    static struct holder dirty = {.number = 2};
    static struct vectors out;
    static const struct vectors zero;
    struct cap_thread_params params = helper_on(0);
    struct rt_thread_ref ref = helper_spawn(hold_often, &dirty, &params);

    (void)helper_join(&ref);
    memset(&out, 0xff, sizeof out);
    ref = helper_spawn(look, &out, &params);
    (void)helper_join(&ref);
    tap_ok(memcmp(out.ymm, zero.ymm, sizeof out.ymm) == 0, "a new thread's registers are zero");
    tap_equal(out.mxcsr, MXCSR_START, "its MXCSR is the processor's default");
    tap_equal(out.control, CONTROL_START, "its x87 control word is the processor's default");
}

/* May user code use AVX?  Processor: CPUID.1:ECX bits 27 and 28; kernel: XCR0 bits 1 and 2. */
static bool has_avx(void)
{
    uint32_t a = 1, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if ((c >> 27 & 3) != 3)
        return false;
    __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    return (a & 6) == 6;
}

int64_t rt_main(uint64_t argument)
{
    (void)argument;
    helper_begin(8);
    if (!tap_ok(has_avx(), "AVX is enabled"))
        return tap_end();
    test_kept(false, "registers survive preemption and system calls");
    test_kept(true, "registers survive migration");
    test_fresh();
    return tap_end();
}
