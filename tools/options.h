/* SPDX-License-Identifier: MIT */
/*
 * options.h - the command lines of the commands that run a workload.
 *
 * One parser knows all the options; each command lists those it takes.  A wrong command line ends
 * the program with EXIT_UNUSABLE and a line that says what was expected.
 */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include <argp.h>

#include "base/types.h"
#include "tools/boot.h"

#define OPTIONS_CPUS_DEFAULT 4u
#define OPTIONS_SEED_DEFAULT 1u
#define OPTIONS_MACHINE_DEFAULT "microvm"

struct options {
    const char *workload; /* NULL: not given */
    const char *manifest; /* NULL: the one that runs a workload */
    struct boot_programs programs; /* for the manifest */
    uint32_t cpu_count;
    uint32_t cpus_max; /* the command's limit, set before parsing */
    uint64_t duration_ns; /* 0: the workload's own */
    uint64_t seed;
    const char *json;   /* NULL: none; "-": standard output */
    const char *events; /* NULL: none; "-": standard output */
    const char *keep;   /* NULL: nothing is kept */
    const char *machine; /* QEMU's name of it; one of those the kernel knows */
    uint64_t hang_limit_ns; /* 0: the engine's own */
    bool is_quiet;
    bool is_verbose;
    bool is_concurrent;
    bool is_costless; /* the simulator's interrupts take no time */
};

/* Rows of a command's option table; OPTIONS_COMMON holds those that all of them take. */
enum option_key {
    OPTION_CPUS = 'c',
    OPTION_DURATION = 'd',
    OPTION_SEED = 's',
    OPTION_JSON = 'j',
    OPTION_QUIET = 'q',
    OPTION_VERBOSE = 'v',
    OPTION_CONCURRENT = 256,
    OPTION_KEEP,
    OPTION_MACHINE,
    OPTION_HANG_LIMIT,
    OPTION_EVENTS,
    OPTION_NO_COSTS,
    OPTION_MANIFEST,
    OPTION_PROGRAM
};

#define OPTIONS_COMMON                                                                            \
    {"cpus", OPTION_CPUS, "N", 0, "CPUs of the machine (default 4)", 0},                          \
    {"duration", OPTION_DURATION, "SECONDS", 0,                                                   \
     "how long the workload runs, instead of its file's duration", 0},                            \
    {"seed", OPTION_SEED, "N", 0, "number that decides what is left open (default 1)", 0},        \
    {"quiet", OPTION_QUIET, NULL, 0, "print the verdict only: no table, no notes, no progress", 0}

#define OPTIONS_QEMU                                                                             \
    {"machine", OPTION_MACHINE, "NAME", 0, "microvm or q35 (default microvm)", 0},                \
    {"keep", OPTION_KEEP, "DIR", 0, "keep archive, console, result and QEMU's command there", 0}, \
    {"hang-limit", OPTION_HANG_LIMIT, "SECONDS", 0,                                               \
     "processor time, or time without any, after which QEMU is stopped (default 60 and 60 for "   \
     "each second of the workload; 120)", 0},                                                     \
    {"verbose", OPTION_VERBOSE, NULL, 0, "show the kernel's console on standard error", 0}

#define OPTIONS_MANIFEST                                                                         \
    {"manifest", OPTION_MANIFEST, "FILE", 0,                                                      \
     "start this manifest's services instead of the one that runs a workload; it may name "       \
     "loadgen.elf", 0},                                                                           \
    {"program", OPTION_PROGRAM, "NAME=PATH", 0,                                                   \
     "another program that the manifest may name; may be given several times", 0}

#define OPTION_ROW_JSON                                                                          \
    {"json", OPTION_JSON, "FILE", 0, "write the result as JSON (capos-result-1); - is standard " \
                                     "output", 0}

/*
 * Parse `arguments`, whose first is the command's name as messages show it ("capos run"), or end
 * the program.  `table` ends in an all-zero row; `about` is what --help says first.
 */
void options_parse(struct options *options, const struct argp_option *table, const char *about,
                   int argument_count, char **arguments);

#endif /* TOOLS_OPTIONS_H */
