/* SPDX-License-Identifier: MIT */
/*
 * qemu.h - one boot of the kernel in QEMU, watched until it ends.
 *
 * The emulator runs in a work directory of its own, where it finds the archive and leaves the
 * console's text and the result, so no path of the user's goes through its option syntax.
 * It is killed with capos, however capos ends.
 *
 * Hang detector.  It judges the processor time that QEMU used, not the time that passed, so that a
 * busy host is never taken for a hang: far more processor time than the duration can need, or none
 * at all for QEMU_IDLE_S seconds (beyond the duration, where the guest's clock is the host's).
 * A limit given by the user replaces both.
 */
#ifndef TOOLS_QEMU_H
#define TOOLS_QEMU_H

#include "base/types.h"
#include "tools/file.h"

#define QEMU_PROGRAM "qemu-system-x86_64"
#define QEMU_CPUS_MAX 64u      /* what the kernel is built for */
#define QEMU_MEMORY_MB 256u
#define QEMU_START_S 60u   /* processor time allowed beside the duration */
#define QEMU_CPU_S_PER_S 60u  /* processor time allowed for each second of duration */
#define QEMU_ENDLESS_S 3600u  /* processor time allowed for a workload without duration */
#define QEMU_IDLE_S 120u

/* Files in the work directory. */
#define QEMU_ARCHIVE "boot.archive"
#define QEMU_CONSOLE "console.log"
#define QEMU_RESULT "result.bin"
#define QEMU_MESSAGES "qemu.log"
#define QEMU_COMMAND "command"

struct qemu_config {
    const char *kernel;    /* absolute path of the ELF */
    const char *machine;   /* QEMU's name of the machine: "microvm", "q35" */
    const char *directory; /* holds QEMU_ARCHIVE; gets the other files */
    uint32_t cpu_count;
    uint64_t seed;
    uint64_t duration_ns;   /* 0: until the workload's threads have ended */
    uint64_t hang_limit_ns; /* for both limits of the hang detector; 0: those described above */
    bool is_concurrent;
    bool is_verbose; /* show the console's lines on standard error as they come */
    void (*look)(void *context); /* called a few times a second, and once at the end; or NULL */
    void *look_context;
};

enum qemu_end {
    QEMU_SUCCESS,     /* the guest powered off and reported success */
    QEMU_FAILURE,     /* the guest powered off and reported failure */
    QEMU_RESET,       /* the machine reset: a triple fault, or an early death of the kernel */
    QEMU_HUNG,        /* the hang detector stopped it */
    QEMU_NOT_STARTED, /* no such program; `detail` is errno */
    QEMU_REFUSED,     /* QEMU refused to run; `detail` is its exit status */
    QEMU_KILLED       /* a signal ended QEMU; `detail` is its number */
};

struct qemu_outcome {
    enum qemu_end end;
    int detail;
};

/* Run to the end. */
struct qemu_outcome qemu_run(const struct qemu_config *config);

#endif /* TOOLS_QEMU_H */
