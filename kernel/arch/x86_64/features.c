/* SPDX-License-Identifier: MIT */
/*
 * features.c - see features.h.  Bit numbers: Intel SDM volume 2 (CPUID) and volume 3, section 2.5
 * (control registers).  All CPUs of a machine are taken to be alike.
 */
#include "kernel/arch/x86_64/features.h"

#include "kernel/arch/x86_64/boot.h"
#include "kernel/arch/x86_64/x86.h"

#define BIT(n) (UINT32_C(1) << (n))

#define CPUID_1C_XSAVE BIT(26)
#define CPUID_1C_AVX BIT(28)
#define CPUID_1D_MCE BIT(7)
#define CPUID_1D_APIC BIT(9)
#define CPUID_1D_PGE BIT(13)
#define CPUID_7B_SMEP BIT(7)
#define CPUID_7B_SMAP BIT(20)
#define CPUID_7C_UMIP BIT(2)
#define CPUID_EXTENDED_D_SYSCALL BIT(11)
#define CPUID_EXTENDED_D_NX BIT(20)

#define CR0_WANTED (BIT(31) | BIT(16) | BIT(5) | BIT(4) | BIT(1) | BIT(0)) /* PG WP NE ET MP PE */
#define CR4_PAE BIT(5)
#define CR4_MCE BIT(6)
#define CR4_PGE BIT(7)
#define CR4_OSFXSR BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP BIT(11)
#define CR4_OSXSAVE BIT(18)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)

#define XCR0_X87_SSE UINT64_C(3)
#define XCR0_AVX UINT64_C(4)
#define EFER_WANTED (BIT(0) | BIT(8) | BIT(11)) /* SYSCALL, long mode, NX */

static uint32_t found;

uint32_t features_find(void)
{
    struct cpuid one = x86_cpuid(1, 0);
    struct cpuid seven = x86_cpuid(0, 0).a >= 7 ? x86_cpuid(7, 0) : (struct cpuid){0, 0, 0, 0};
    struct cpuid extended = x86_cpuid(0x80000001u, 0);

    if (!(extended.d & CPUID_EXTENDED_D_NX) || !(extended.d & CPUID_EXTENDED_D_SYSCALL))
        boot_refuse("the CPU has no NX or no SYSCALL");
    if (!(one.d & CPUID_1D_APIC) || !(one.d & CPUID_1D_PGE))
        boot_refuse("the CPU has no LAPIC or no global pages");
    if (!(one.c & CPUID_1C_XSAVE))
        boot_refuse("the CPU has no XSAVE (with QEMU: -cpu max)");

    found = ((seven.b & CPUID_7B_SMEP) ? FEATURE_SMEP : 0u) |
            ((seven.b & CPUID_7B_SMAP) ? FEATURE_SMAP : 0u) |
            ((seven.c & CPUID_7C_UMIP) ? FEATURE_UMIP : 0u) |
            ((one.c & CPUID_1C_AVX) ? FEATURE_AVX : 0u) |
            ((one.d & CPUID_1D_MCE) ? FEATURE_MCE : 0u);
    return found;
}

uint32_t features_found(void)
{
    return found;
}

void features_enable(void)
{
    uint64_t cr4 = CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE;

    cr4 |= ((found & FEATURE_SMEP) ? CR4_SMEP : 0u) | ((found & FEATURE_SMAP) ? CR4_SMAP : 0u) |
           ((found & FEATURE_UMIP) ? CR4_UMIP : 0u) | ((found & FEATURE_MCE) ? CR4_MCE : 0u);
    x86_write_msr(MSR_EFER, EFER_WANTED);
    x86_write_cr0(CR0_WANTED);
    x86_write_cr4(cr4);
    x86_xsetbv(0, XCR0_X87_SSE | ((found & FEATURE_AVX) ? XCR0_AVX : 0));
    if (x86_cpuid(0xd, 0).b > ARCH_FPU_BYTES)
        boot_refuse("the CPU's XSAVE area is larger than x87, SSE and AVX need");
}
